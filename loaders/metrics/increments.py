"""What was added between the points of metrics, whatever their temporality, repetition and cutting.

A cumulative series says the same total again and again; a delta series says each part once. A process that starts anew
begins at nothing, and a delivery may come twice or late. ``Increments`` turns all of it into parts that may be added
up: what it returns for the points of a history does not depend on how they are cut into requests, and a point that
comes again adds nothing.

**One series** is what one process counts under the same labels since the same start. Where the resource tells one
process from another, a start that lies before the last point known is no new beginning: one process cannot count
twice at once. Where it does not, two starts at once are two replicas of the same description.

**The first point** of a cumulative series tells a total of which it is not known when it was counted. It counts from
its start where nothing of it can have been told before: where the service was listened to before that start; where
the very same process was heard before and did not have that series yet; or where the start lies no longer back than
``NEW``, as for a program that was started before the receiver. Else, and where no start is told, it is only what the
next one is compared with; but where each telling lists all that there is, a series that comes to be was nothing before.

**A total that falls** is a new beginning, and counts whole from the last point on. One that comes late, in time, was
in the one that came before it.
"""

from __future__ import annotations

import hashlib
import struct
from collections import OrderedDict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Generic, NamedTuple

from stratagraph.loaders.metrics.distributions import Distribution
from stratagraph.loaders.metrics.points import Amount, Mode, Point, S

NEW: Final = 3_600 * 10**9
"""Nanoseconds for which a program may have counted before it was first heard, and all of it counts."""
MOST_SERIES: Final = 20_000
"""Series whose last values are known. Beyond, those that were silent for ``SILENT`` make room, or a new one waits."""
SILENT: Final = 24 * NEW
MOST_PARTS: Final = 64
"""Delta parts of one series that are remembered, to know one that comes again."""
_EXPORT: Final = 10**9
"""Nanoseconds within which the points of one export are told."""
SERIES: Final = "metrics/series/"
PROCESS: Final = "metrics/process/"
SERVICE: Final = "metrics/service/"
_KNOWN: Final = struct.Struct("<cQQd")
_TIMES: Final = struct.Struct("<QQQ")
_PART: Final = struct.Struct("<Q")
_NUMBER: Final = struct.Struct("<d")


class Increment(NamedTuple, Generic[S]):
    """What was added to a series after ``since``, up to ``time``."""

    series: S
    since: int
    time: int
    amount: Amount


@dataclass(slots=True)
class _Known:
    """The last point of a series: the total of a cumulative one, the last parts of a delta one."""

    start: int
    time: int
    total: Amount | None = None
    parts: tuple[int, ...] = ()

    def packed(self) -> bytes:
        """Return it as a mark."""
        if isinstance(self.total, Distribution):
            return _KNOWN.pack(b"d", self.start, self.time, 0) + self.total.packed()
        if self.total is not None:
            return _KNOWN.pack(b"n", self.start, self.time, self.total)
        return _KNOWN.pack(b"p", self.start, self.time, 0) + b"".join(map(_PART.pack, self.parts))

    @classmethod
    def unpacked(cls, data: bytes) -> _Known:
        """Return what a mark says."""
        kind, start, time, number = _KNOWN.unpack_from(data)
        rest = data[_KNOWN.size :]
        if kind == b"d":
            return cls(start, time, Distribution.unpacked(rest))
        if kind == b"n":
            return cls(start, time, number)
        return cls(start, time, None, tuple(part for (part,) in _PART.iter_unpack(rest)))


@dataclass(slots=True)
class _Heard:
    """When something was heard: first, and in its last two exports."""

    first: int
    before: int
    last: int

    def again(self, time: int) -> None:
        """Hear it at a time."""
        self.first = min(self.first, time)
        if time > self.last + _EXPORT:
            self.before = self.last
        self.last = max(self.last, time)


@dataclass
class Increments:
    """Turns points into increments, remembering the last value of each series. Not safe between threads."""

    limit: int = MOST_SERIES
    overflow: int = 0
    """Points of series that are not told, for there are too many."""
    repeated: int = 0
    """Points that told nothing new: they came again, or late."""
    _known: OrderedDict[bytes, _Known] = field(default_factory=OrderedDict)
    _starts: dict[bytes, list[int]] = field(default_factory=dict)
    _processes: OrderedDict[bytes, _Heard] = field(default_factory=OrderedDict)
    _services: OrderedDict[bytes, int] = field(default_factory=OrderedDict)
    _changed: dict[str, bytes | None] = field(default_factory=dict)

    @property
    def size(self) -> int:
        """How many series are known."""
        return len(self._known)

    def take(self, points: Iterable[Point[S]]) -> list[Increment[S]]:
        """Return what the points add, in the order of their times."""
        ordered = sorted(points, key=lambda point: (point.time, point.start, point.series.key))
        found = []
        for point in ordered:
            increment = self._cumulative(point) if point.mode is Mode.CUMULATIVE else self._delta(point)
            if increment is None:
                continue
            if _something(increment.amount):
                found.append(increment)
        for point in ordered:
            self._hear(point)
        return found

    def changes(self) -> dict[str, bytes | None]:
        """Return the marks of what changed since the last call."""
        changed, self._changed = self._changed, {}
        return changed

    def restore(self, marks: Mapping[str, bytes]) -> None:
        """Know what the marks tell."""
        for name, value in marks.items():
            if name.startswith(SERIES):
                key = bytes.fromhex(name.removeprefix(SERIES))
                self._remember(key, _Known.unpacked(value))
            elif name.startswith(PROCESS):
                self._processes[bytes.fromhex(name.removeprefix(PROCESS))] = _Heard(*_TIMES.unpack(value))
            elif name.startswith(SERVICE):
                (self._services[bytes.fromhex(name.removeprefix(SERVICE))],) = _PART.unpack(value)
        # The marks come in no order: the one that was quiet the longest comes first.
        self._known = OrderedDict(sorted(self._known.items(), key=lambda item: item[1].time))

    def _cumulative(self, point: Point[S]) -> Increment[S] | None:
        start = self._start(point)
        place = _place(point.series.key, start)
        known = self._known.get(place)
        if known is None:
            return self._first(point, place)
        if point.time <= known.time or known.total is None:
            self.repeated += 1
            return None
        before, since = known.total, known.time
        self._keep(place, _Known(start, point.time, point.amount))
        if _fell(before, point.amount):
            # Begun anew: everything it says was added since.
            return Increment(point.series, max(since, point.start), point.time, point.amount)
        return Increment(point.series, since, point.time, _difference(before, point.amount))

    def _start(self, point: Point[Any]) -> int:
        """Return the start of the series that a point belongs to."""
        starts = self._starts.get(point.series.key, [])
        if point.start in starts or not point.series.single:
            return point.start
        for start in reversed(starts):
            known = self._known.get(_place(point.series.key, start))
            # One process does not begin anew while it still counts.
            if known is not None and start <= point.start < known.time:
                return start
        return point.start

    def _first(self, point: Point[S], place: bytes) -> Increment[S] | None:
        """Return what the first point of a series adds."""
        since = self._began(point)
        if not self._room(point):
            self.overflow += 1
            return None
        self._keep(place, _Known(point.start, point.time, point.amount))
        self._starts.setdefault(point.series.key, []).append(point.start)
        return None if since is None else Increment(point.series, since, point.time, point.amount)

    def _began(self, point: Point[Any]) -> int | None:
        """Return since when the first total of a series was counted, None where that is not known."""
        if not point.start and not point.series.listed:
            return None
        process = self._processes.get(_process(point))
        if process is not None and process.first + _EXPORT < point.time:
            last = process.last if process.last + _EXPORT < point.time else process.before
            return max(point.start, last)
        if not point.start:
            return None
        listened = self._services.get(_service(point))
        if (listened is not None and point.start >= listened) or point.time - point.start <= NEW:
            return point.start
        return None

    def _delta(self, point: Point[S]) -> Increment[S] | None:
        place = point.series.key
        part = _hash(_TIMES.pack(point.start, point.time, 0))
        known = self._known.get(place)
        if known is None and not self._room(point):
            self.overflow += 1
            return None
        known = known or _Known(point.start, 0)
        if part in known.parts:
            self.repeated += 1
            return None
        parts = (*known.parts, part)[-MOST_PARTS:]
        self._keep(place, _Known(point.start, max(known.time, point.time), None, parts))
        return Increment(point.series, point.start or point.time, point.time, point.amount)

    def _room(self, point: Point[Any]) -> bool:
        """Tell whether one more series can be known; one that fell silent makes room."""
        while len(self._known) >= self.limit:
            place, oldest = next(iter(self._known.items()))
            if oldest.time + SILENT > point.time:
                return False
            self._forget(place)
        return True

    def _forget(self, place: bytes) -> None:
        del self._known[place]
        self._changed[SERIES + place.hex()] = None
        key, start = place[:16], int.from_bytes(place[16:])
        starts = [one for one in self._starts.get(key, ()) if one != start]
        if starts:
            self._starts[key] = starts
        else:
            self._starts.pop(key, None)

    def _keep(self, place: bytes, known: _Known) -> None:
        self._known[place] = known
        self._known.move_to_end(place)
        self._changed[SERIES + place.hex()] = known.packed()

    def _remember(self, place: bytes, known: _Known) -> None:
        self._known[place] = known
        if len(place) > _KEY:
            self._starts.setdefault(place[:_KEY], []).append(int.from_bytes(place[_KEY:]))

    def _hear(self, point: Point[Any]) -> None:
        """Remember that a process and its service were heard."""
        process, service = _process(point), _service(point)
        heard = self._processes.setdefault(process, _Heard(point.time, point.time, point.time))
        heard.again(point.time)
        self._processes.move_to_end(process)
        self._changed[PROCESS + process.hex()] = _TIMES.pack(heard.first, heard.before, heard.last)
        if point.time < self._services.get(service, point.time + 1):
            self._services[service] = point.time
            self._changed[SERVICE + service.hex()] = _PART.pack(point.time)
        for known, kind in ((self._processes, PROCESS), (self._services, SERVICE)):
            while len(known) > self.limit:
                gone, _ = known.popitem(last=False)
                self._changed[kind + gone.hex()] = None


_KEY: Final = 16
"""Bytes of the digest of a series; of a cumulative one its start comes behind."""


def _place(key: bytes, start: int) -> bytes:
    return key + start.to_bytes(8)


def _process(point: Point[Any]) -> bytes:
    """Return what the points of one process share: its description, and since when it counts."""
    return _hash_bytes(point.series.resource + point.start.to_bytes(8))


def _service(point: Point[Any]) -> bytes:
    """Return what identifies a service from one start to the next."""
    return _hash_bytes(point.series.service)


def _hash_bytes(data: bytes) -> bytes:
    return hashlib.blake2b(data, digest_size=8).digest()


def _hash(data: bytes) -> int:
    return int.from_bytes(_hash_bytes(data))


def _something(amount: Amount) -> bool:
    """Tell whether anything was added."""
    return bool(amount.number if isinstance(amount, Distribution) else amount)


def _fell(before: Amount, after: Amount) -> bool:
    """Tell whether a total is less than it was."""
    if isinstance(before, Distribution) and isinstance(after, Distribution):
        return after.fell_since(before)
    return not isinstance(before, Distribution) and not isinstance(after, Distribution) and after < before


def _difference(before: Amount, after: Amount) -> Amount:
    """Return what was added between two totals."""
    if isinstance(before, Distribution) and isinstance(after, Distribution):
        return after.minus(before)
    if isinstance(before, Distribution) or isinstance(after, Distribution):
        return after
    return after - before

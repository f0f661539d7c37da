"""What a stream of spans tells, however it is cut, ordered and repeated.

A story takes call records in any order and grouping, with repetitions, and says what happened as soon as it is told to
settle. What it has said in the end depends on the set of the spans alone.

**State.** Spans wait in groups: the spans of one trace, and of the traces that share a response id, or a failure that
two libraries report, or a stream whose end is told apart. Of each group the story holds its records, by (trace id, span
id), and what it last said of them.

**Settling.** ``settle(until)`` looks at every group that has a span which is not told yet, and that either waits for
no parent or was heard at or before ``until``: a caller that waits for late parents passes the present less the lateness
it allows. A parent that was not waited for any longer is not waited for again. The answer has what is new and what no
longer holds, for a group is always told as a whole. So a parent that arrives late corrects what was said before: the
call without an agent is withdrawn, the same call of the agent is added. A caller adds the first to its figures and
takes the second away.

**What cannot be told.** A group of which telling fails is left as it was told before, is named in the answer, and waits
no longer; spans that come later have it tried again.

**Confirming.** Nothing counts as said until ``confirm``: where a commit fails, the next settling says the same again.

**Bounds.** At most ``limit`` records are held of what was told, and as many of what waits: beyond, what has waited the
longest is told without its parents. Groups that were told and have been quiet the longest are forgotten first, also by
``forget``. The keys of their spans go into a memory, where there is one: a span that is in it is known, and nobody
waits for it. Without, a span of a forgotten trace is told by itself, and counts again if it was told before.

**Places.** Who keeps what the records were made of says where they stand; ``place`` is the lowest that is needed to
come to hold the same again. The same records, taken and settled in the same order, give the same story.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Collection, Hashable, Iterable, Iterator
from dataclasses import dataclass, field
from heapq import heappop, heappush
from itertools import count
from typing import Final, NamedTuple, Protocol

from stratagraph.loaders.genai.occurrences import Occurrence
from stratagraph.loaders.genai.record import MODEL_CALLS, CallRecord, SpanKey
from stratagraph.loaders.genai.telling import Telling, tell

REMEMBERED_SPANS: Final = 100_000
"""Some 100 MB of memory."""
MOST_LINKED: Final = 5_000
"""Spans of a group that others may be linked to by something else than their trace: some servers give every response
one name."""
_WINDOW: Final = 10_000_000_000
"""Nanoseconds within which two spans may be tied by their time."""


@dataclass(eq=False, slots=True)
class _Group:
    """Spans that must be told together."""

    number: int
    records: dict[SpanKey, CallRecord] = field(default_factory=dict)
    links: set[Hashable] = field(default_factory=set)
    told: Telling = field(default_factory=Telling)
    since: int | None = None
    """When the first span was heard that is not told yet."""
    heard: int = 0
    """When the last one was heard."""
    missing: set[SpanKey] = field(default_factory=set)
    """Parents that are not there and may still come."""
    places: set[int] = field(default_factory=set)
    untold: int = 0
    """How many of its spans were there when it could not be told."""


class Untold(NamedTuple):
    """Spans of a trace, and of those that hang together with it, that cannot be told, and why."""

    trace: bytes
    spans: int
    error: Exception


@dataclass(frozen=True, slots=True)
class Told:
    """What a settling says: what happened, what no longer holds, and how many spans only repeat a call.

    Of a group that is ``untold`` stands what was said of it before.
    """

    added: tuple[Occurrence, ...] = ()
    withdrawn: tuple[Occurrence, ...] = ()
    repeated: int = 0
    groups: tuple[tuple[_Group, Telling, int], ...] = ()
    untold: tuple[Untold, ...] = ()

    @classmethod
    def of(cls, groups: Iterable[tuple[_Group, Telling, int]], untold: Iterable[Untold] = ()) -> Told:
        """Return what is new in what groups tell now."""
        groups = tuple(groups)
        added: list[Occurrence] = []
        withdrawn: list[Occurrence] = []
        repeated = 0
        for group, telling, _ in groups:
            if group.told.occurrences:
                added += [one for one in telling.occurrences if one not in group.told.occurrences]
                withdrawn += [one for one in group.told.occurrences if one not in telling.occurrences]
            else:
                # Most are told once; looking in nothing hashes all that stands in an occurrence.
                added += telling.occurrences
            repeated += telling.repeated - group.told.repeated
        new, gone = tuple(sorted(added, key=_order)), tuple(sorted(withdrawn, key=_order))
        return cls(new, gone, repeated, groups, tuple(untold))

    def first(self, number: int) -> Told:
        """Return what the first so many groups tell, nothing of the others."""
        kept = (each if place < number else _as_before(each) for place, each in enumerate(self.groups))
        return Told.of(kept, self.untold)

    def without(self, place: int, error: Exception) -> Told:
        """Return the same, the group at a place left untold."""
        group = self.groups[place][0]
        kept = (_as_before(each) if each[0] is group else each for each in self.groups)
        return Told.of(kept, (*self.untold, _untold(group, error)))


class Memory(Protocol):
    """Remembers which spans were told, when nothing else is known of them any more."""

    def among(self, keys: Iterable[SpanKey]) -> Collection[SpanKey]:
        """Return those of the spans that were told."""
        ...

    def add(self, keys: Iterable[SpanKey]) -> None:
        """Remember spans."""
        ...

    def save(self, position: int) -> None:
        """Make what was added durable, in the file of a position that is another one each time."""
        ...


class Story:
    """Spans of any emitter, told in whole traces. Not safe between threads: the caller holds a lock."""

    def __init__(self, limit: int = REMEMBERED_SPANS, memory: Memory | None = None) -> None:
        """Hold up to ``limit`` spans that were told, and as many that wait."""
        self._limit = limit
        self._memory = memory
        self._numbers = count()
        self._waiting: dict[int, _Group] = {}
        self._told: OrderedDict[int, _Group] = OrderedDict()
        self._by_link: dict[Hashable, _Group] = {}
        self._size = 0
        self._waiting_size = 0
        self._whole: dict[int, _Group] = {}
        self._late: dict[int, _Group] = {}
        self._queue: list[tuple[int, int]] = []
        self._places: dict[int, int] = {}

    @property
    def size(self) -> int:
        """How many spans are held."""
        return self._size

    @property
    def waiting(self) -> int:
        """How many of them belong to groups that have something to tell."""
        return self._waiting_size

    @property
    def since(self) -> int | None:
        """When the first of those was heard; None where nothing waits."""
        self._drop_stale()
        return self._queue[0][0] if self._queue else None

    @property
    def place(self) -> int | None:
        """The lowest place of what is held; None where nothing is."""
        return next(iter(self._places), None)

    def take(self, records: Iterable[CallRecord], heard: int = 0, place: int = 0) -> int:
        """Take in records that were heard at a time, and stand at a place; return how many spans were known already."""
        known = 0
        records = list(records)
        forgotten = self._forgotten(records)
        for record in records:
            key = record[:2]
            # What a log says of a span that was told and forgotten would be told as another call.
            if key in forgotten or (record.event and (record.trace, record.parent) in forgotten):
                known += 1
                continue
            group = self._group_of(record)
            before = group.records.get(key)
            if before is not None:
                known += 1
                # The fullest account counts, whichever comes first.
                if _fullness(before) >= _fullness(record):
                    continue
            else:
                self._size += 1
                self._waiting_size += group.since is not None
            group.records[key] = record
            self._ancestry(group, record, forgotten)
            self._stand(group, place)
            self._hear(group, heard)
        return known

    def _hear(self, group: _Group, heard: int) -> None:
        """Know that a group has something to tell that was heard at a time."""
        group.heard = max(group.heard, heard)
        if group.since is None:
            self._told.pop(group.number, None)
            group.since = heard
            self._wait(group)
        elif heard < group.since:
            group.since = heard
            heappush(self._queue, (heard, group.number))
        if group.missing:
            self._whole.pop(group.number, None)
        else:
            self._whole[group.number] = group

    def _forgotten(self, records: Iterable[CallRecord]) -> Collection[SpanKey]:
        """Return which of the spans, and of their parents, were told and forgotten."""
        if self._memory is None:
            return ()
        keys = {record.key for record in records}
        return self._memory.among(keys | {(record.trace, record.parent) for record in records if record.parent})

    def _ancestry(self, group: _Group, record: CallRecord, forgotten: Collection[SpanKey]) -> None:
        """Know whether the record's parent is there, and that it is there itself."""
        if group.missing:
            group.missing.discard(record[:2])
        parent = record.trace, record.parent
        if record.parent and parent not in group.records and parent not in forgotten:
            group.missing.add(parent)

    def _stand(self, group: _Group, place: int) -> None:
        if place not in group.places:
            group.places.add(place)
            self._places[place] = self._places.get(place, 0) + 1

    def _leave(self, places: Iterable[int]) -> None:
        for place in places:
            self._places[place] -= 1
            if not self._places[place]:
                del self._places[place]

    def _wait(self, group: _Group) -> None:
        """Put a group among those that have something to tell."""
        if group.since is None:
            self._told[group.number] = group
            return
        self._waiting[group.number] = group
        self._waiting_size += len(group.records)
        if not group.missing:
            self._whole[group.number] = group
        heappush(self._queue, (group.since, group.number))

    def _rest(self, group: _Group) -> None:
        """Take a group away from all that wait or were told."""
        if self._waiting.pop(group.number, None) is not None:
            self._waiting_size -= len(group.records)
        self._whole.pop(group.number, None)
        self._told.pop(group.number, None)

    def settle(self, until: int | None = None) -> Told:
        """Return what is new of the groups that wait for nothing, or since ``until``; of all where that is None."""
        if until is not None:
            self._give_up(until)
        due = self._waiting if until is None else {**self._whole, **self._late}
        groups, untold = [], []
        for _, group in sorted(due.items()):
            try:
                telling = tell(group.records.values())
            except Exception as error:  # noqa: BLE001  a trace that cannot be told must not keep all others waiting
                telling = group.told
                untold.append(_untold(group, error))
            groups.append((group, telling, len(group.records)))
        return Told.of(groups, untold)

    def _give_up(self, until: int) -> None:
        """Wait no longer for the parents of what was heard by then, nor of the oldest beyond the limit."""
        late = sum(len(group.records) for group in self._late.values())
        self._drop_stale()
        while self._queue and (self._queue[0][0] <= until or self._waiting_size - late > self._limit):
            group = self._waiting[heappop(self._queue)[1]]
            if group.number not in self._late:
                self._late[group.number] = group
                late += len(group.records)
            self._drop_stale()

    def _drop_stale(self) -> None:
        """Take away from the front of the queue what does not wait any more, or since an earlier time."""
        while self._queue:
            since, number = self._queue[0]
            group = self._waiting.get(number)
            if group is not None and group.since == since:
                return
            heappop(self._queue)

    def confirm(self, told: Told) -> None:
        """Take it that what a settling said is known now; then forget what is too much."""
        untold = {one.trace for one in told.untold}
        for group, telling, size in told.groups:
            if untold and _trace(group) in untold:
                group.untold = size
            group.told = telling
            # Spans that arrived since then are still to be told.
            if len(group.records) == size:
                self._rest(group)
                self._late.pop(group.number, None)
                group.since = None
                group.missing.clear()
                self._wait(group)
        self.forget()

    def forget(self, quiet: int | None = None) -> None:
        """Drop groups that were told: those that nothing was heard of since a time, and the oldest beyond the limit."""
        while self._told:
            group = next(iter(self._told.values()))
            loud = quiet is None or group.heard > quiet
            if loud and self._size - self._waiting_size <= self._limit:
                return
            self._rest(group)
            self._size -= len(group.records)
            self._leave(group.places)
            for link in group.links:
                if self._by_link.get(link) is group:
                    del self._by_link[link]
            if self._memory is not None:
                spans = {(record.trace, record.parent) for record in group.records.values() if record.event}
                self._memory.add(group.records.keys() | spans)

    def _group_of(self, record: CallRecord) -> _Group:
        """Return the group that a record belongs to, those that it links made one."""
        # The first link is the trace: most spans bring nothing beside it that another group knows.
        links = list(_links(record))
        known = [self._by_link.get(link) for link in links]
        if (own := known[0]) is not None and all(group is None or group is own for group in known):
            for link, there in zip(links, known, strict=True):
                if there is None:
                    self._by_link[link] = own
                    own.links.add(link)
            return own
        found = {group.number: group for link in links if (group := self._by_link.get(link)) is not None}
        groups = [found[number] for number in sorted(found)]
        group = max(groups, key=lambda group: (len(group.records), -group.number), default=None)
        crowded = group is not None and len(group.records) > MOST_LINKED and ("trace", record.trace) not in group.links
        if group is None or (crowded and not any(("trace", record.trace) in one.links for one in groups)):
            group = _Group(next(self._numbers))
        for other in groups:
            small = len(other.records) <= MOST_LINKED and len(group.records) <= MOST_LINKED
            if other is not group and (small or ("trace", record.trace) in other.links):
                self._join(group, other)
        for link in links:
            if self._by_link.setdefault(link, group) is group:
                group.links.add(link)
        return group

    def _join(self, group: _Group, other: _Group) -> None:
        """Move everything of one group into another."""
        for each in (group, other):
            self._rest(each)
        late = [self._late.pop(each.number, None) for each in (group, other)]
        group.records.update(other.records)
        group.links |= other.links
        group.told = group.told.joined(other.told)
        waiting = [since for since in (group.since, other.since) if since is not None]
        group.since = min(waiting, default=None)
        group.heard = max(group.heard, other.heard)
        group.missing = {key for key in group.missing | other.missing if key not in group.records}
        self._leave(group.places & other.places)
        group.places |= other.places
        self._by_link.update(dict.fromkeys(other.links, group))
        self._wait(group)
        if any(late):
            self._late[group.number] = group


def _as_before(told: tuple[_Group, Telling, int]) -> tuple[_Group, Telling, int]:
    group, _, size = told
    return group, group.told, size


def _untold(group: _Group, error: Exception) -> Untold:
    return Untold(_trace(group), len(group.records) - group.untold, error)


def _trace(group: _Group) -> bytes:
    """Return the trace by which a group is named."""
    return min(trace for trace, _ in group.records)


def _links(record: CallRecord) -> Iterator[Hashable]:
    """Yield what a record has in common with others that must be told together with it."""
    yield "trace", record.trace
    if record.kind not in MODEL_CALLS and not record.event:
        return
    told = record.service.identity, record.requested
    if record.response:
        yield "response", record.response
    if record.later or record.awaited:
        yield from _near("stream", record.start if record.later else record.end, record.provenance.scope, *told)
    if record.failed and record.twin:
        yield from _near("failure", record.start, record.twin, *told)


def _near(what: str, time: int, *told: Hashable) -> Iterator[Hashable]:
    """Yield what things have in common that lie close together: two series of windows, of which they share one."""
    for shift in (0, _WINDOW // 2):
        yield what, shift, (time + shift) // _WINDOW, *told


def _order(one: Occurrence) -> tuple[int, bytes, bytes, str]:
    """Return the place of an occurrence among others: whichever spans came first does not show."""
    return one.record.start, one.record.trace, one.record.span, one.what


def _fullness(record: CallRecord) -> tuple[int, int, str]:
    """Rank accounts of one span; the last part only makes the choice independent of the order."""
    return record.usage.known, sum(map(bool, record)), repr(record)

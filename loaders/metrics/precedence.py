"""Of several who tell of the same calls, one counts.

Spans come first, then the instruments of metrics in the order of ``instruments.yaml``, then what stands between the
application and the call, then who serves it. This is decided for each *matter* (calls, failures, input tokens, ...) of
each *anchor*: the system whose calls they are; of tools and agents, which belong to one system, themselves. A
contribution of a lower rank counts where nobody with a better one told of the matter from ``HORIZON`` minutes before
it began until a minute after it ended. So a sampled trace now and then does not make two figures of one, and a system
that stops to send spans is counted by its metrics after an hour.

Who has the better rank may be heard later. What was counted until then is taken away again, for ``MINUTES_GIVEN``
minutes after it was heard. The result does not depend on who was heard first.
"""

from __future__ import annotations

from base64 import b64decode, b64encode
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from math import ceil
from typing import Any, Final, NamedTuple, TypeAlias

import orjson

from stratagraph.loaders.metrics.contributions import MATTERS, Contribution, Matter
from stratagraph.ontology.facts import Iri, Observation
from stratagraph.ontology.namespaces import STATEMENT_BASE

SPANS: Final = 0
"""The rank of spans."""
HORIZON: Final = 60
MINUTES_GIVEN: Final = 15
MOST_GIVEN: Final = 50_000
"""Contributions that could still be taken away; beyond, the oldest stand."""
MOST_TOLD: Final = 200_000
"""Matters of anchors of which it is known who told them; beyond, all is asked anew."""
MOST_RANGES: Final = 8
GIVEN: Final = "metrics/given/"
_NANOSECONDS: Final = 60 * 10**9

Told: TypeAlias = tuple[Iri, Matter]
Past: TypeAlias = Callable[[Iri, datetime, datetime], Iterable[Observation]]
"""What spans told of a subject in a span of time, as the ledger has it."""


def no_past(_: Iri, __: datetime, ___: datetime) -> Iterable[Observation]:
    """Know of nothing that spans told before."""
    return ()


class Decision(NamedTuple):
    """What counts, and what is taken away that was counted before."""

    counted: list[Contribution]
    taken: list[Observation]


@dataclass
class Precedence:
    """Decides who counts. ``past`` tells what spans said before this process began to listen."""

    past: Past = no_past
    covered: int = 0
    """Contributions that another one told."""
    _ranges: dict[Told, dict[int, list[list[int]]]] = field(default_factory=dict)
    _asked: dict[Iri, int] = field(default_factory=dict)
    _given: dict[str, dict[int, Contribution]] = field(default_factory=dict)
    _by_told: dict[Told, dict[tuple[str, int], Contribution]] = field(default_factory=dict)
    _changed: dict[str, bytes | None] = field(default_factory=dict)
    _stirred: dict[Told, None] = field(default_factory=dict)

    def spans_told(self, observations: Iterable[Observation]) -> None:
        """Hear what spans told."""
        for seen in observations:
            if seen.count > 0 and not seen.subject.startswith(STATEMENT_BASE):
                for matter in MATTERS.get(seen.metric, ()):
                    self._hear((seen.subject, matter), SPANS, *_minutes(seen))

    def decide(self, contributions: Iterable[Contribution], heard: int) -> Decision:
        """Return what counts of the contributions, and what of earlier ones no longer does."""
        listed = list(contributions)
        for one in listed:
            self._listen(one)
        counted = [one for one in listed if not self._is_covered(one)]
        standing = self._standing(heard)
        for name in standing:
            for one in self._given[name].values():
                self._ask_again(one)
        # Up to here the past may fail to be read, and all of it is decided again.
        self.covered += len(listed) - len(counted)
        taken = list(self._taken())
        if counted:
            self._give(f"{GIVEN}{heard:020}", counted)
        self._let_stand(name for name in standing if name in self._given)
        return Decision(counted, taken)

    def changes(self) -> dict[str, bytes | None]:
        """Return the marks of what changed since the last call."""
        changed, self._changed = self._changed, {}
        return changed

    def restore(self, marks: Mapping[str, bytes]) -> None:
        """Know what the marks tell; what spans told meanwhile is asked for when it is next decided."""
        for name, value in sorted(marks.items()):
            if name.startswith(GIVEN):
                contributions = [_unpacked(told) for told in orjson.loads(value)]
                for one in contributions:
                    self._listen(one)
                self._remember(name, contributions)

    def _listen(self, one: Contribution) -> None:
        """Hear a contribution, for its anchors and for its subject, and what spans told of these before."""
        if len(self._ranges) > MOST_TOLD:
            self._ranges.clear()
            self._asked.clear()
        for about in (*one.anchors, one.system):
            self._ask(about, one)
        for about in {*one.anchors, one.seen.subject}:
            self._hear((about, one.matter), one.rank, *_minutes(one.seen))

    def _ask(self, anchor: Iri, one: Contribution) -> None:
        """Hear what spans told of an anchor, as far as this was not asked before.

        Another process may read the spans, or an earlier one may have read them.
        """
        first, last = _minutes(one.seen)
        asked = self._asked.get(anchor)
        if asked is not None and last <= asked:
            return
        since = first - 2 * HORIZON if asked is None else min(first, asked) - MINUTES_GIVEN
        self.spans_told(self.past(anchor, _moment(since), _moment(last + 2)))
        self._asked[anchor] = last

    def _ask_again(self, one: Contribution) -> None:
        """Hear what spans told meanwhile: it is the last time that it is asked."""
        first, last = _minutes(one.seen)
        for anchor in {*one.anchors, one.system}:
            self.spans_told(self.past(anchor, _moment(first - HORIZON), _moment(last + 2)))

    def _hear(self, told: Told, rank: int, first: int, last: int) -> None:
        """Remember that somebody told of a matter."""
        ranges = self._ranges.setdefault(told, {}).setdefault(rank, [])
        if ranges and ranges[-1][0] <= first and last <= ranges[-1][1]:
            return
        # What lies within a horizon of each other is one: in between, the earlier one is looked back to.
        near = [one for one in ranges if one[0] - HORIZON <= last and first <= one[1] + HORIZON]
        merged = (
            [min(first, *(one[0] for one in near)), max(last, *(one[1] for one in near))] if near else [first, last]
        )
        kept = sorted([one for one in ranges if one not in near] + [merged])
        self._ranges[told][rank] = kept[-MOST_RANGES:]
        if told in self._by_told:
            self._stirred[told] = None

    def _is_covered(self, one: Contribution) -> bool:
        first, last = _minutes(one.seen)
        return any(
            begin <= last + 1 and first - HORIZON <= end
            for anchor in {*one.anchors, one.system}
            for rank, ranges in self._ranges.get((anchor, one.matter), {}).items()
            if rank < one.rank and (rank > SPANS or not one.beyond_spans) and (rank == SPANS or anchor in one.anchors)
            for begin, end in ranges
        )

    def _taken(self) -> Iterator[Observation]:
        """Take away what was counted, and that somebody with a better rank has told by now."""
        stirred, self._stirred = self._stirred, {}
        for told in stirred:
            for (name, place), one in list(self._by_told.get(told, {}).items()):
                if self._is_covered(one):
                    self._drop(name, place)
                    self.covered += 1
                    yield replace(one.seen, count=-one.seen.count, total=-one.seen.total)

    def _give(self, name: str, counted: Iterable[Contribution]) -> None:
        """Remember what is counted now, in case that somebody else has told it."""
        while name in self._given:
            name += "+"
        self._remember(name, counted)
        self._changed[name] = _packed(self._given[name].values())

    def _remember(self, name: str, counted: Iterable[Contribution]) -> None:
        self._given[name] = dict(enumerate(counted))
        for place, one in self._given[name].items():
            for anchor in {*one.anchors, one.system}:
                self._by_told.setdefault((anchor, one.matter), {})[name, place] = one
                self._stirred[anchor, one.matter] = None

    def _drop(self, name: str, place: int) -> None:
        """Forget a contribution that was taken away, also in its mark."""
        self._unlink(name, place, self._given[name].pop(place))
        self._changed[name] = _packed(self._given[name].values()) if self._given[name] else None
        if not self._given[name]:
            del self._given[name]

    def _unlink(self, name: str, place: int, one: Contribution) -> None:
        for anchor in {*one.anchors, one.system}:
            known = self._by_told.get((anchor, one.matter), {})
            known.pop((name, place), None)
            if not known:
                self._by_told.pop((anchor, one.matter), None)

    def _standing(self, heard: int) -> list[str]:
        """Return what was counted so long ago that it stands."""
        oldest = f"{GIVEN}{heard - MINUTES_GIVEN * _NANOSECONDS:020}"
        size = sum(map(len, self._given.values()))
        names = []
        for name, counted in self._given.items():
            if name >= oldest and size <= MOST_GIVEN:
                break
            size -= len(counted)
            names.append(name)
        return names

    def _let_stand(self, names: Iterable[str]) -> None:
        """Forget what stands."""
        for name in names:
            for place, one in self._given[name].items():
                self._unlink(name, place, one)
            del self._given[name]
            self._changed[name] = None


def _minutes(seen: Observation) -> tuple[int, int]:
    """Return the first and the last minute of which an observation tells something."""
    return _number(seen.start), max(_number(seen.start), ceil(seen.end.timestamp() / 60) - 1)


def _moment(minute: int) -> datetime:
    return datetime.fromtimestamp(minute * 60, UTC)


def _number(moment: datetime) -> int:
    return int(moment.timestamp() // 60)


def _packed(counted: Iterable[Contribution]) -> bytes:
    return orjson.dumps([_written(one) for one in counted])


def _written(one: Contribution) -> list[Any]:
    seen = one.seen
    return [
        one.matter,
        one.rank,
        one.anchors,
        one.system,
        one.beyond_spans,
        seen.subject,
        seen.metric,
        seen.unit,
        seen.start.timestamp(),
        seen.end.timestamp(),
        seen.count,
        seen.total,
        seen.minimum,
        seen.maximum,
        b64encode(seen.sketch).decode(),
    ]


def _unpacked(told: list[Any]) -> Contribution:
    matter, rank, anchors, system, beyond, subject, metric, unit, first, last, count, total, least, most, sketch = told
    seen = Observation(
        subject=subject,
        metric=metric,
        unit=unit,
        start=datetime.fromtimestamp(first, UTC),
        end=datetime.fromtimestamp(last, UTC),
        count=count,
        total=total,
        minimum=least,
        maximum=most,
        sketch=b64decode(sketch),
    )
    return Contribution(Matter(matter), rank, tuple(anchors), system, beyond, seen)

"""What a stream of spans tells, however it is cut, ordered and repeated.

A story takes call records in any order and grouping, with repetitions, and says what happened as soon as it is told to
settle. What it has said in the end depends on the set of the spans alone.

**State.** Spans wait in groups: the spans of one trace, and of the traces that share a response id, or a failure that
two libraries report, or a stream whose end is told apart. Of each group the story holds its records, by (trace id, span
id), and what it last said of them.

**Settling.** ``settle(until)`` looks at every group that has a span which is not told yet and was heard at or before
``until``: a caller that waits for late parents passes the present less the lateness it allows. The answer has what is
new and what no longer holds, for a group is always told as a whole. So a parent that arrives late corrects what was
said before: the call without an agent is withdrawn, the same call of the agent is added. A caller adds the first to its
figures and takes the second away.

**Confirming.** Nothing counts as said until ``confirm``: where a commit fails, the next settling says the same again.

**Bounds.** At most ``limit`` records are held. Groups that were told and have been quiet the longest are forgotten
first; a span of a forgotten trace is told by itself, and counts again if it was told before. A caller that needs a
longer memory of spans keeps their keys. Groups that wait are never forgotten: a caller settles regularly.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Hashable, Iterable, Iterator
from dataclasses import dataclass, field
from itertools import count
from typing import Final

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


@dataclass(frozen=True, slots=True)
class Told:
    """What a settling says: what happened, what no longer holds, and how many spans only repeat a call."""

    added: tuple[Occurrence, ...] = ()
    withdrawn: tuple[Occurrence, ...] = ()
    repeated: int = 0
    groups: tuple[tuple[_Group, Telling, int], ...] = ()


class Story:
    """Spans of any emitter, told in whole traces. Not safe between threads: the caller holds a lock."""

    def __init__(self, limit: int = REMEMBERED_SPANS) -> None:
        """Remember up to ``limit`` spans."""
        self._limit = limit
        self._numbers = count()
        self._groups: OrderedDict[int, _Group] = OrderedDict()
        self._by_link: dict[Hashable, _Group] = {}
        self._size = 0

    @property
    def size(self) -> int:
        """How many spans are held."""
        return self._size

    def take(self, records: Iterable[CallRecord], heard: int = 0) -> int:
        """Take in records that were heard at a time; return how many of their spans were known already."""
        known = 0
        for record in records:
            group = self._group_of(record)
            before = group.records.get(record.key)
            if before is not None:
                known += 1
                # The fullest account counts, whichever comes first.
                if _fullness(before) >= _fullness(record):
                    continue
            else:
                self._size += 1
            group.records[record.key] = record
            group.since = heard if group.since is None else min(group.since, heard)
            self._groups.move_to_end(group.number)
        return known

    def settle(self, until: int | None = None) -> Told:
        """Return what is new of the groups that waited since ``until`` or longer; of all that wait where it is None."""
        added: list[Occurrence] = []
        withdrawn: list[Occurrence] = []
        repeated = 0
        groups = []
        for group in sorted(self._groups.values(), key=lambda group: group.number):
            if group.since is None or (until is not None and group.since > until):
                continue
            telling = tell(group.records.values())
            added += [one for one in telling.occurrences if one not in group.told.occurrences]
            withdrawn += [one for one in group.told.occurrences if one not in telling.occurrences]
            repeated += telling.repeated - group.told.repeated
            groups.append((group, telling, len(group.records)))
        return Told(tuple(sorted(added, key=_order)), tuple(sorted(withdrawn, key=_order)), repeated, tuple(groups))

    def confirm(self, told: Told) -> None:
        """Take it that what a settling said is known now; then forget what is too much."""
        for group, telling, size in told.groups:
            group.told = telling
            # Spans that arrived since then are still to be told.
            if len(group.records) == size:
                group.since = None
        self._forget()

    def _group_of(self, record: CallRecord) -> _Group:
        """Return the group that a record belongs to, those that it links made one."""
        links = list(_links(record))
        found = {group.number: group for link in links if (group := self._by_link.get(link)) is not None}
        groups = [found[number] for number in sorted(found)]
        group = max(groups, key=lambda group: (len(group.records), -group.number), default=None)
        crowded = group is not None and len(group.records) > MOST_LINKED and ("trace", record.trace) not in group.links
        if group is None or (crowded and not any(("trace", record.trace) in one.links for one in groups)):
            group = _Group(next(self._numbers))
            self._groups[group.number] = group
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
        group.records.update(other.records)
        group.links |= other.links
        group.told = group.told.joined(other.told)
        waiting = [since for since in (group.since, other.since) if since is not None]
        group.since = min(waiting, default=None)
        self._by_link.update(dict.fromkeys(other.links, group))
        del self._groups[other.number]

    def _forget(self) -> None:
        """Drop the groups that have been quiet the longest, beyond the limit."""
        for group in list(self._groups.values()):
            if self._size <= self._limit:
                return
            if group.since is None:
                self._size -= len(group.records)
                del self._groups[group.number]
                for link in group.links:
                    if self._by_link.get(link) is group:
                        del self._by_link[link]


def _links(record: CallRecord) -> Iterator[Hashable]:
    """Yield what a record has in common with others that must be told together with it."""
    yield "trace", record.trace
    if record.kind not in MODEL_CALLS:
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

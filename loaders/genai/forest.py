"""How the spans of some traces hang together, and who is above whom."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from operator import itemgetter
from typing import Final, NamedTuple

from stratagraph.loaders.genai.record import CallRecord, RecordKind, Service, SpanKey

_PLACE: Final = itemgetter(*map(CallRecord._fields.index, ("start", "trace", "span")))
_BOUNDARIES: Final = frozenset({RecordKind.AGENT, RecordKind.TOOL, RecordKind.GUARDRAIL, RecordKind.RETRIEVAL})
"""A model call below one of these is a call of its own, not its parent's call seen once more."""


class AgentRef(NamedTuple):
    """An agent as telemetry identifies it: by name within a service."""

    name: str
    service: Service


class Forest:
    """The spans of a group of traces by key, in a fixed order: by time and id."""

    def __init__(self, records: Iterable[CallRecord]) -> None:
        """Index the records, one for each span."""
        self.records = tuple(sorted(records, key=_PLACE))
        self.by_key: Mapping[SpanKey, CallRecord] = {record[:2]: record for record in self.records}
        below: dict[SpanKey, list[CallRecord]] = defaultdict(list)
        for record in self.records:
            if parent := record.parent:
                below[record.trace, parent].append(record)
        self._below = below
        self._agents: dict[SpanKey, AgentRef | None] = {}
        self._callers: dict[tuple[SpanKey, AgentRef | None], CallRecord | None] = {}

    def parent(self, record: CallRecord) -> CallRecord | None:
        """Return the span above, None at a root and below a span that is not here."""
        return self.by_key.get((record.trace, record.parent)) if record.parent else None

    def children(self, record: CallRecord) -> list[CallRecord]:
        """Return the spans right below."""
        return self._below.get(record.key, [])

    def siblings(self, record: CallRecord) -> list[CallRecord]:
        """Return the spans with the same parent, the span itself among them; of a root none."""
        return self._below.get((record.trace, record.parent), []) if record.parent else []

    def above(self, record: CallRecord) -> Iterator[CallRecord]:
        """Yield the spans above, the nearest first; parents that go round in a circle end it."""
        trace, parent, by_key = record.trace, record.parent, self.by_key
        passed = {record.span}
        # A parent is of the same trace.
        while parent and parent not in passed:
            current = by_key.get((trace, parent))
            if current is None:
                return
            passed.add(parent)
            yield current
            parent = current.parent

    def above_call(self, record: CallRecord) -> Iterator[CallRecord]:
        """Yield the spans above a model call up to the next agent, tool, guardrail, search or root."""
        for current in self.above(record):
            if current.kind in _BOUNDARIES:
                return
            yield current

    def agent_of(self, record: CallRecord) -> AgentRef | None:
        """Return the agent that work belongs to: its own claim, else the nearest above it."""
        passed: list[SpanKey] = []
        found: AgentRef | None = None
        current: CallRecord | None = record
        while current is not None:
            if current.key in self._agents:
                found = self._agents[current.key]
                break
            passed.append(current.key)
            self._agents[current.key] = None  # until the walk has ended: a circle of parents comes back here
            if current.agent:
                found = ref_of(current)
                break
            current = self.parent(current)
        self._agents.update(dict.fromkeys(passed, found))
        return found

    def run_above(self, record: CallRecord) -> CallRecord | None:
        """Return the nearest run of an agent above, named or not."""
        return next((current for current in self.above(record) if current.kind is RecordKind.AGENT), None)

    def same_run(self, run: CallRecord) -> CallRecord | None:
        """Return the span above that tells of the same run: the same agent, with no tool or other agent between."""
        own = ref_of(run)
        for current in self.above(run):
            if current.kind is RecordKind.TOOL:
                return None
            if current.kind is RecordKind.AGENT:
                # Agents of one name in two services are two: one calls the other.
                return current if ref_of(current) == own else None
        return None

    def caller_of(self, run: CallRecord) -> AgentRef | None:
        """Return the agent above a run that is another one, and that was still at work when the run began."""
        own = ref_of(run)
        passed: list[tuple[SpanKey, AgentRef | None]] = []
        found: CallRecord | None = None
        for current in self.above(run):
            known = current.key, own
            if known in self._callers:
                found = self._callers[known]
                break
            passed.append(known)
            # The same agent further up is another span of its own run, and an agent does not call itself.
            if current.agent and ref_of(current) != own:
                found = current
                break
        # All that were passed have the same caller: else a deep trace would cost its depth once per span.
        self._callers.update(dict.fromkeys(passed, found))
        if found is None:
            return None
        at_work = self._run_of(found)
        # Clocks of two services differ; of one they do not.
        if at_work.service == run.service and at_work.kind is RecordKind.AGENT and at_work.end <= run.start:
            return None
        return ref_of(found)

    def _run_of(self, record: CallRecord) -> CallRecord:
        """Return the run in which an agent did something, the span itself where it is one or none is there."""
        if record.kind is RecordKind.AGENT:
            return record
        ref = ref_of(record)
        runs = (one for one in self.above(record) if one.kind is RecordKind.AGENT and ref_of(one) == ref)
        return next(runs, record)


def ref_of(record: CallRecord) -> AgentRef | None:
    """Return the agent that a span names."""
    return AgentRef(record.agent, record.service) if record.agent else None

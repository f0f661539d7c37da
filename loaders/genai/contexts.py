"""Who called whom: agents found by walking up the spans, in one request and across requests."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from threading import Lock
from typing import Any, Final, Protocol, TypeAlias

from stratagraph.loaders.genai.record import CallRecord, RecordKind, Service, SpanKey
from stratagraph.ontology.facts import Iri

REMEMBERED_SPANS: Final = 100_000  # some 40 MB of memory
_BOUNDARIES: Final = frozenset({RecordKind.AGENT, RecordKind.TOOL})
"""A model call below one of these is a call of its own, not its parent's call seen once more."""


@dataclass(frozen=True, slots=True)
class AgentRef:
    """An agent as telemetry identifies it: by name within a service."""

    name: str
    service: Service


@dataclass(frozen=True, slots=True)
class SpanContext:
    """What other spans need to know about one span."""

    parent: bytes
    kind: RecordKind
    agent: AgentRef | None
    counted: bool = False
    """Whether the span's call was counted: a model call that no other span repeats."""


Waiting: TypeAlias = frozenset[tuple[Iri, Iri]]
"""(relation, object) pairs whose subject is an agent that was not seen yet."""
NOTHING_WAITING: Final[Waiting] = frozenset()


class Contexts(Protocol):
    """What earlier requests left behind. Counts never depend on it; relations found late do."""

    def context(self, key: SpanKey) -> SpanContext | None:
        """Return what is known of a span of an earlier request."""

    def waiting(self, key: SpanKey) -> Waiting:
        """Return the relations that wait for the span to arrive."""

    def repeated(self, key: SpanKey) -> bool:
        """Tell whether a call below the span was counted already."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Lesson:
    """What one committed request teaches about its spans."""

    contexts: Mapping[SpanKey, SpanContext] = field(default_factory=dict)
    waiting: Mapping[SpanKey, Waiting] = field(default_factory=dict)
    repeated: frozenset[SpanKey] = frozenset()


class SpanContextCache:
    """Bounded memory of spans, the least recently used forgotten first. Safe between threads."""

    def __init__(self, limit: int = REMEMBERED_SPANS) -> None:
        """Remember up to ``limit`` spans, and as many that are waited for."""
        self._limit = limit
        self._lock = Lock()
        self._contexts: OrderedDict[SpanKey, SpanContext] = OrderedDict()
        self._waiting: OrderedDict[SpanKey, Waiting] = OrderedDict()
        self._repeated: OrderedDict[SpanKey, None] = OrderedDict()

    @property
    def size(self) -> int:
        """How many spans are remembered."""
        return len(self._contexts)

    def context(self, key: SpanKey) -> SpanContext | None:
        """Return what is known of a span."""
        with self._lock:
            # Still in use: the upper spans of a long trace are asked for until its end.
            if key in self._contexts:
                self._contexts.move_to_end(key)
            return self._contexts.get(key)

    def waiting(self, key: SpanKey) -> Waiting:
        """Return the relations that wait for the span."""
        with self._lock:
            return self._waiting.get(key, NOTHING_WAITING)

    def repeated(self, key: SpanKey) -> bool:
        """Tell whether a call below the span was counted already."""
        with self._lock:
            return key in self._repeated

    def learn(self, lesson: Lesson) -> None:
        """Take in what a request taught; call it after the commit, so that a failed one can be sent again."""
        with self._lock:
            self._contexts.update(lesson.contexts)
            # What waited for these spans was stated with them.
            for key in lesson.contexts:
                self._waiting.pop(key, None)
            for key, found in lesson.waiting.items():
                self._waiting[key] = self._waiting.get(key, NOTHING_WAITING) | found
            self._repeated.update(dict.fromkeys(lesson.repeated))
            for memory in (self._contexts, self._waiting, self._repeated):
                self._forget(memory)

    def _forget(self, memory: OrderedDict[SpanKey, Any]) -> None:
        """Drop the oldest beyond the limit."""
        while len(memory) > self._limit:
            memory.popitem(last=False)


@dataclass(frozen=True, slots=True)
class Found:
    """How a walk ended: at an agent, or at a span that has not arrived; both empty at a root."""

    agent: AgentRef | None = None
    missing: SpanKey | None = None


class Forest:
    """The spans of one request, hanging together, with those of earlier requests above them."""

    def __init__(self, records: Iterable[CallRecord], earlier: Contexts) -> None:
        """Index the records; ``earlier`` answers for spans that are not among them."""
        self._earlier = earlier
        self._here = {record.key: context_of(record) for record in records}
        self._ends: dict[SpanKey, Found] = {}
        self._callers: dict[tuple[SpanKey, AgentRef | None], Found] = {}

    def context(self, key: SpanKey) -> SpanContext | None:
        """Return a span's context, from this request or an earlier one."""
        return self._here.get(key) or self._earlier.context(key)

    def agent_of(self, record: CallRecord) -> Found:
        """Return the agent that a call belongs to: its own claim, else the nearest above it."""
        return self._walk(record.key)

    def caller_of(self, record: CallRecord) -> Found:
        """Return the agent above an agent's span that is another one."""
        own = context_of(record).agent
        passed: dict[tuple[SpanKey, AgentRef | None], None] = {}
        found = Found()
        key = (record.trace, record.parent)
        while key[1] and (key, own) not in passed:
            if (key, own) in self._callers:
                found = self._callers[key, own]
                break
            passed[key, own] = None
            nearest = self._walk(key)
            # The same agent further up is another span of its own run, and an agent does not call itself.
            if nearest.agent is None or nearest.agent != own:
                found = nearest
                break
            context = self.context(key)
            if context is None:
                break
            key = (key[0], context.parent)
        # All that were passed have the same caller: else a deep trace would cost its depth once per span.
        self._callers.update(dict.fromkeys(passed, found))
        return found

    def above(self, record: CallRecord) -> Iterable[tuple[SpanKey, SpanContext | None]]:
        """Yield the spans above a model call up to the next agent, tool or root; the last may be missing.

        Spans may be each other's parents: a caller must stop at a span that it passed before, which also keeps a
        long chain of calls from costing its length once for each of them.
        """
        key = (record.trace, record.parent)
        while True:
            context = self.context(key) if key[1] else None
            if not key[1] or (context is not None and context.kind in _BOUNDARIES):
                return
            yield key, context
            if context is None:
                return
            key = (key[0], context.parent)

    def _walk(self, key: SpanKey) -> Found:
        """Return the first agent at or above a span; each span is passed once, and a loop of parents is a root."""
        passed: dict[SpanKey, None] = {}
        found = Found()
        while key not in passed:
            if key in self._ends:
                found = self._ends[key]
                break
            passed[key] = None
            context = self.context(key)
            if context is None or context.agent is not None or not context.parent:
                found = Found(missing=key) if context is None else Found(agent=context.agent)
                break
            key = (key[0], context.parent)
        self._ends.update(dict.fromkeys(passed, found))
        return found


def context_of(record: CallRecord, *, counted: bool = False) -> SpanContext:
    """Return what other spans need to know about a record."""
    agent = AgentRef(record.agent, record.service) if record.agent else None
    # Some senders write eight zeros where a root has no parent.
    return SpanContext(record.parent if any(record.parent) else b"", record.kind, agent, counted)

"""Spans of any emitter to call records."""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import lru_cache
from typing import Any, Final, NamedTuple, TypeAlias

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.common.v1.common_pb2 import KeyValue
from opentelemetry.proto.trace.v1.trace_pb2 import ScopeSpans, Span, Status

from stratagraph.loaders.genai import attribute_values
from stratagraph.loaders.genai.aliases import load_aliases
from stratagraph.loaders.genai.content import without_content
from stratagraph.loaders.genai.emitters import Emitter, load_emitters
from stratagraph.loaders.genai.evaluations import evaluation
from stratagraph.loaders.genai.failures import Failure, exceptions_of, failure_of
from stratagraph.loaders.genai.meanings import load_meanings
from stratagraph.loaders.genai.plans import Plan, Plans, Template
from stratagraph.loaders.genai.record import (
    MODEL_CALLS,
    NO_USAGE,
    TOLD_BY,
    CallRecord,
    Finish,
    Provenance,
    RecordKind,
    Service,
    Verdict,
)
from stratagraph.loaders.genai.said import Said, Tables
from stratagraph.loaders.genai.sampling import NOTHING_DECLARED, Declared, weight_of
from stratagraph.loaders.genai.senders import provenance_of, sender_of

_TRACE_BYTES: Final = 16
_SPAN_BYTES: Final = 8
_NO_TRACE: Final = bytes(_TRACE_BYTES)
_NO_SPAN: Final = bytes(_SPAN_BYTES)
SKEW: Final = 5_000_000_000
"""Nanoseconds by which a span may end before it starts: two clocks. Beyond, it is refused."""
EARLIEST: Final = 946_684_800_000_000_000
LATEST: Final = 4_102_444_800_000_000_000
"""The years 2000 and 2100 in nanoseconds: times outside are a fault of units, as seconds or milliseconds are."""
MOST_UNMAPPED: Final = 200
"""Distinct unmapped names that one request may add to the count; the rest are counted together."""
_OVERFLOW: Final = "(other)"
_Place: TypeAlias = tuple[bytes, bytes, bytes, int, int]
"""Trace, span and parent, start and end: as a record begins."""


class Bounds(NamedTuple):
    """When a span may end, in nanoseconds since 1970."""

    earliest: int
    latest: int


@dataclass(kw_only=True)
class Normalised:
    """What became of a request's spans.

    ``rejections`` has one reason per refused span; ``unmapped`` counts ``gen_ai.*`` names that the alias table lacks;
    ``unread`` counts the spans of scopes of which not one could be mapped.
    """

    records: list[CallRecord] = field(default_factory=list)
    rejections: list[str] = field(default_factory=list)
    unmapped: Counter[str] = field(default_factory=Counter)
    unread: Counter[str] = field(default_factory=Counter)


def normalise(
    request: ExportTraceServiceRequest,
    *,
    until: datetime | None = None,
    since: datetime | None = None,
    declared: Declared = NOTHING_DECLARED,
) -> Normalised:
    """Return the call records of a request: content is taken out of it, what cannot be right is refused by name.

    A span that ends after ``until`` is refused, for its sender's clock is wrong, and one that ends before ``since``:
    that comes too late. ``declared``: what is sampled.
    """
    result = Normalised()
    bounds = Bounds(
        earliest=int(since.timestamp() * 1e9) if since else 0, latest=int(until.timestamp() * 1e9) if until else LATEST
    )
    mapped: set[str] = set()
    unmapped: Counter[tuple[str, ...]] = Counter()
    for resource in request.resource_spans:
        service, weight = sender_of(resource.resource, declared)
        for scope in resource.scope_spans:
            reader = SpanReader(service, provenance_of(scope), bounds, weight)
            if reader.read(scope, result, unmapped):
                mapped.add(reader.scope)
    for names, times in unmapped.items():
        count_names(result.unmapped, names, times)
    for scope_name in mapped:
        del result.unread[scope_name]
    return result


def _named(identity: bytes) -> str:
    """Return what a span is called in an answer; one of the wrong length may be as long as the request."""
    shown = identity[:_SPAN_BYTES].hex()
    return (shown if len(identity) <= _SPAN_BYTES else f"{shown}...") or "(none)"


@lru_cache(maxsize=256)
def _plans_of(emitter: Emitter) -> Plans:
    """Return the plans of an emitter, shared by all requests."""
    return Plans(table=load_aliases(), emitter=emitter)


class SpanReader:
    """Reads the spans of one instrumentation scope."""

    def __init__(self, service: Service, provenance: Provenance, bounds: Bounds, weight: float) -> None:
        self._service = service
        self.provenance = provenance
        self._bounds = bounds
        self.weight = weight
        self._emitters = load_emitters()
        self._emitter = self._emitters.of_scope(provenance.scope, provenance.version)
        self._meanings = load_meanings()
        self._aliases = load_aliases()
        self._tables = Tables(self._aliases, self._meanings, self._emitter)

    @property
    def scope(self) -> str:
        """The scope's name."""
        return self.provenance.scope

    def read(self, scope: ScopeSpans, result: Normalised, unmapped: Counter[tuple[str, ...]]) -> bool:
        """Add the records of a scope to the result; tell whether one of its spans could be mapped."""
        mapped = False
        for span in scope.spans:
            try:
                # A request may be taken in part (OTLP, partial success): a wrong span costs none of the others.
                record = self.record(span, unmapped)
            except attribute_values.BadAttribute as error:
                result.rejections.append(f"span {_named(span.span_id)}: {error}")
                continue
            mapped = mapped or record.kind is not RecordKind.OTHER
            result.records.append(record)
            for event in span.events:
                if event.name == self._aliases.evaluations.event:
                    told = evaluation(record, event.attributes, event.time_unix_nano)
                    result.records += [told] if told else []
        result.unread[self.scope] += len(scope.spans)
        return mapped

    def record(self, span: Span, unmapped: Counter[tuple[str, ...]]) -> CallRecord:
        """Return the span's record. Raises BadAttribute."""
        place = _place_of(span, self._bounds)
        emitter = self._emitters.of_span(span.name) or self._emitter
        attributes = list(span.attributes)
        plan = _plans_of(emitter).of(tuple([item.key for item in attributes]))
        if plan.unmapped:
            unmapped[plan.unmapped] += 1
        record = self._recorded(span, place, attributes, emitter, plan)
        return without_content(record, span, attributes, plan) if plan.has_content or span.events else record

    def _recorded(
        self, span: Span, place: _Place, attributes: Sequence[KeyValue], emitter: Emitter, plan: Plan
    ) -> CallRecord:
        """Return the record of a span whose plan is known, without its content. Raises BadAttribute."""
        known = self._lasting(span, attributes, plan)
        template = plan.templates.get(known) if known is not None else None
        moves = plan.volatile or plan.weighs or span.events or span.trace_state
        if template is not None and not template.moves and not moves:
            return self._again(template, place)
        tables = self._tables if emitter is self._emitter else Tables(self._aliases, self._meanings, emitter)
        said = Said(plan, attributes, tables, span.name)
        if template is not None:
            return self._with_figures(template, span, place, said)
        record = self._read(span, place, said, plan)
        if known is not None:
            # What a guardrail decided is in no attribute that lasts.
            decided = record.kind is RecordKind.GUARDRAIL and not record.failed
            _plans_of(emitter).remember(plan, known, Template(record, record[TOLD_BY:], decided))
        return record

    @staticmethod
    def _lasting(span: Span, attributes: Sequence[KeyValue], plan: Plan) -> tuple[Any, ...] | None:
        """Return what decides everything of a span that is not volatile, None where that cannot be said shortly."""
        if plan.lasting is None:
            return None
        # As bytes: that is one step for each, whatever its type.
        told: list[Hashable] = [attributes[place].SerializeToString() for place in plan.lasting]
        # What else stands in a document differs from call to call.
        documents = [attribute_values.fields_of(attributes[at].value, paths) for at, paths in plan.documents]
        status = span.status
        told += (status.code == Status.STATUS_CODE_ERROR, status.message, exceptions_of(span) if span.events else ())
        return span.name, span.kind, *told, *documents

    def _again(self, template: Template, place: _Place) -> CallRecord:
        """Return the record of a span that differs from another one in its place and time only."""
        awaited = template.record.awaited
        volatile = *place, NO_USAGE, "", None, self.weight, awaited, None, self._service, self.provenance
        return CallRecord._make(volatile + template.lasting)

    def _with_figures(self, template: Template, span: Span, place: _Place, said: Said) -> CallRecord:
        """Return the record of a span that differs from another one in what is volatile only. Raises BadAttribute."""
        like = template.record
        said.kind, failed = like.kind, like.failed
        trace, own, parent, start, end = place
        if like.later:
            start -= said.lasted()
        usage = said.usage(failed=failed)
        volatile = (
            trace,
            own,
            parent,
            start,
            end,
            usage,
            "" if failed else said.text("response"),
            self._first_token(span, said, (end - start) / 1e9, stream=like.stream),
            self._weighed(span, said),
            said.tables.emitter.awaits(usage, later=like.later, failed=failed),
            None,
            self._service,
            self.provenance,
        )
        record = CallRecord._make(volatile + template.lasting)
        return record._replace(verdict=self._verdict(said, None)) if template.moves else record

    def _read(self, span: Span, place: _Place, said: Said, plan: Plan) -> CallRecord:
        """Return the record of a span that is read in full. Raises BadAttribute."""
        kind = said.kind = self._kind(span, said)
        if kind is not RecordKind.OTHER or plan.tells:
            return self._full(span, place, said, plan)
        return CallRecord(
            *place,
            weight=self._weighed(span, said),
            service=self._service,
            provenance=self.provenance,
            failed=span.status.code == Status.STATUS_CODE_ERROR,
        )

    def _full(self, span: Span, place: _Place, said: Said, plan: Plan) -> CallRecord:
        """Return the record of a span that tells something. Raises BadAttribute."""
        kind, emitter = said.kind or RecordKind.OTHER, said.tables.emitter
        finish = said.finish()
        failure = failure_of(span, said, marked=said.marked(plan.failed) or finish is Finish.FAILED)
        requested, answered, used = said.models(failed=failure is not None)
        provider, engine = said.provider(answered, used, requested)
        engine = engine or emitter.engine
        tool = self._tool(span, said)
        later = said.later()
        trace, own, parent, start, end = place
        if later:
            start -= said.lasted()
        usage = said.usage(failed=failure is not None)
        stream = said.streamed()
        return CallRecord(
            trace=trace,
            span=own,
            parent=parent,
            kind=kind,
            provider=provider,
            engine=engine,
            requested=requested.name,
            answered=answered.name,
            used=used.name,
            route=requested.route or used.route or answered.route,
            response="" if failure else said.text("response"),
            agent=self._agent(span, said),
            node=said.text("node"),
            parent_node="" if emitter.speaking else said.text("parent_node"),
            tool=tool,
            delegate=self._meanings.delegate(tool, said.text("tool_type"), emitter.delegating) if tool else None,
            serves=span.kind == Span.SPAN_KIND_SERVER,
            server=said.identity("server"),
            offered=self._offered(said) if plan.offered or "offered" in plan.places else (),
            data_source=said.text("data_source") or self._within(said, "data_source", RecordKind.RETRIEVAL),
            prompt=said.identity("prompt"),
            prompt_version=said.text("prompt_version"),
            workflow=self._workflow(span, said),
            guardrail=self._guardrail(said),
            verdict=self._verdict(said, failure) if kind is RecordKind.GUARDRAIL else None,
            handoff=(said.identity("handoff_from"), said.identity("handoff_to")),
            service=self._service,
            start=start,
            end=end,
            usage=usage,
            failed=failure is not None,
            error=failure.kind if failure else None,
            unproven=bool(failure and failure.unproven),
            hidden=("runs" in emitter.hides) if kind is RecordKind.AGENT else ("failures" in emitter.hides),
            stream=stream,
            finish=finish,
            first_token=self._first_token(span, said, (end - start) / 1e9, stream=stream),
            wrote=plan.written,
            later=later,
            awaited=emitter.awaits(usage, later=later, failed=failure is not None),
            twin=emitter.twin,
            weight=self._weighed(span, said),
            provenance=self.provenance,
        )

    def _offered(self, said: Said) -> tuple[str, ...]:
        """Return the tools on offer; what hands over to another agent is none."""
        prefixes = said.tables.emitter.delegating
        return tuple(name for name in said.offered() if self._meanings.delegate(name, "", prefixes) is None)

    def _kind(self, span: Span, said: Said) -> RecordKind:
        """Return the kind of work; a span that names a model and nothing else is a call of it."""
        emitter, meanings = said.tables.emitter, self._meanings
        kind = emitter.kind_of_name(span.name)
        if kind is not None:
            return kind
        unknown = ""
        for _, value in said.values("kind"):
            word = attribute_values.word(value)
            found = emitter.kinds.get(word) or meanings.kinds.get(word)
            if found is not None:
                return self._run(span, said) if found is RecordKind.OTHER else found
            unknown = unknown or word
        ending = attribute_values.word(next((value for _, value in said.values("component")), ""))
        for end, found in meanings.kind_endings.items():
            if ending.endswith(end):
                return found
        return self._kind_without(span, said, unknown)

    def _kind_without(self, span: Span, said: Said, unknown: str) -> RecordKind:
        """Return the kind of a span that does not say it in a word that is known."""
        has_model = any(said.model_name(concept).name for concept in ("requested", "answered", "model"))
        if has_model:
            said.kind = RecordKind.LLM
            # A word of its own for what is a call: a model was named, and it wrote or read something.
            if not unknown or said.plan.counts or said.plan.written:
                return RecordKind.LLM
        operation, _, about = span.name.partition(" ")
        if about and operation in self._meanings.operations and not unknown:
            return self._meanings.operations[operation]
        if span.name in self._meanings.bare_calls and span.status.code == Status.STATUS_CODE_ERROR:
            return RecordKind.LLM
        return self._run(span, said)

    def _run(self, span: Span, said: Said) -> RecordKind:
        """Return what a span is that is no work of its own: a chain with the name of its agent is the agent's run."""
        said.kind = RecordKind.OTHER
        agent = said.identity("agent") if "agent" in said.plan.places else ""
        # The conventions have spans of agents that are no runs: they are made, planned with, handed over to.
        named = agent and span.name == agent and "gen_ai.agent.name" not in {key for key, _ in said.values("agent")}
        return RecordKind.AGENT if named else RecordKind.OTHER

    def _agent(self, span: Span, said: Said) -> str:
        """Return the agent that the span names; some agents are named by their span alone."""
        ignored = {*self._meanings.placeholders, *said.tables.emitter.ignore.get("agent", ())}
        told = said.identity("agent")
        if not told and said.kind is RecordKind.AGENT:
            told = said.identity("node_name") or said.identity("entity") or self._of_name(said, "agent", span.name)
            # What is called by its model is a plain call that nobody named.
            ignored.add(said.model_name("requested").name)
        return "" if told in ignored or self._meanings.made_up(told) else told

    def _of_name(self, said: Said, concept: str, name: str) -> str:
        """Return a name of an agent, a tool or a workflow that stands in the name of the span."""
        operation, _, about = name.partition(" ")
        kind = self._meanings.operations.get(operation)
        if about and kind is not None:
            return attribute_values.lenient_name(about) if kind == concept else ""
        return said.tables.emitter.within(concept, name[: attribute_values.LONGEST_NAME])

    def _within(self, said: Said, concept: str, kind: RecordKind) -> str:
        """Return the name that stands in the span's name, where it is of that kind."""
        return self._of_name(said, concept, said.name) if said.kind is kind else ""

    def _tool(self, span: Span, said: Said) -> str:
        """Return the tool that a span executes; elsewhere a tool's name only says that a model asked for it."""
        if said.kind is not RecordKind.TOOL:
            return ""
        told = said.identity("tool") or said.identity("entity") or self._of_name(said, "tool", span.name)
        return "" if self._meanings.made_up(told) else told

    def _workflow(self, span: Span, said: Said) -> str:
        """Return the workflow that a span runs."""
        told = said.identity("workflow")
        if not told and said.kind is RecordKind.WORKFLOW:
            told = said.identity("entity") or self._of_name(said, "workflow", span.name)
        nobodys = self._meanings.made_up(told) or told.casefold() in self._meanings.frameworks
        return "" if nobodys else told

    def _guardrail(self, said: Said) -> str:
        """Return the guardrail that a span runs, by its own name or that of the span."""
        if said.kind is not RecordKind.GUARDRAIL:
            return ""
        told = said.identity("guardrail") or said.tables.emitter.within("guardrail", said.name) or said.name
        return "" if self._meanings.made_up(told) else attribute_values.lenient_name(told)

    def _verdict(self, said: Said, failure: Failure | None) -> Verdict:
        """Return what a guardrail decided."""
        if failure is not None:
            return Verdict.BLOCKED if failure.blocks else Verdict.UNDECIDED
        told = said.verdict()
        if told is not None:
            return told
        return Verdict(said.tables.emitter.silent) if said.tables.emitter.silent else Verdict.UNDECIDED

    @staticmethod
    def _first_token(span: Span, said: Said, seconds: float, *, stream: bool | None) -> float | None:
        """Return the seconds to the first token, from an attribute or from the first event that marks one."""
        # What some libraries call so is the length of the call, where nothing is streamed.
        if stream is False or said.kind not in MODEL_CALLS:
            return None
        if not (span.events or "first_token" in said.plan.places or "first_token_ms" in said.plan.places):
            return None
        told = said.amount("first_token")
        milliseconds = None if told is not None else said.amount("first_token_ms")
        if milliseconds is not None:
            told = milliseconds / 1000
        if told is None and span.events:
            names = said.tables.aliases.first_token_events
            times = [event.time_unix_nano for event in span.events if event.name in names]
            told = max(0, min(times) - span.start_time_unix_nano) / 1e9 if times else None
        if told is None or told <= seconds:
            return told
        # Nobody waits longer for the beginning than for the end: it was sent in milliseconds, or is none.
        return told / 1000 if told / 1000 <= seconds else None

    def _weighed(self, span: Span, said: Said) -> float:
        """Return how many spans this one stands for."""
        if not said.plan.weighs and not span.trace_state:
            return self.weight
        told: dict[str, Any] = {key: value for concept in ("ratio", "weight") for key, value in said.values(concept)}
        return weight_of(span.trace_state, told) if told or span.trace_state else self.weight


def count_names(unmapped: Counter[str], names: Iterable[str], times: int) -> None:
    """Count unmapped names; names are the sender's, so their number is bounded."""
    for key in names:
        name = key[: attribute_values.LONGEST_NAME]
        full = name not in unmapped and len(unmapped) >= MOST_UNMAPPED
        unmapped[_OVERFLOW if full else name] += times


def _place_of(span: Span, bounds: Bounds) -> _Place:
    """Return where a span belongs and when it was; the end is never before the start. Raises BadAttribute."""
    trace, own, parent = span.trace_id, span.span_id, span.parent_span_id
    if len(trace) != _TRACE_BYTES or trace == _NO_TRACE:
        raise attribute_values.BadAttribute(key="trace_id", reason="is not 16 bytes with one that is not zero")
    if len(own) != _SPAN_BYTES or own == _NO_SPAN:
        raise attribute_values.BadAttribute(key="span_id", reason="is not 8 bytes with one that is not zero")
    if parent and len(parent) != _SPAN_BYTES:
        raise attribute_values.BadAttribute(key="parent_span_id", reason="is neither empty nor 8 bytes")
    start, end = span.start_time_unix_nano, span.end_time_unix_nano
    last = max(start, end)
    if start < EARLIEST or last > LATEST:
        reason = "is missing, or not in nanoseconds: it is before the year 2000 or beyond 2100"
        raise attribute_values.BadAttribute(key="start_time_unix_nano", reason=reason)
    if end < start - SKEW:
        raise attribute_values.BadAttribute(key="end_time_unix_nano", reason="is before the start of the span")
    if last > bounds.latest:
        raise attribute_values.BadAttribute(
            key="end_time_unix_nano", reason="is to come: the clock of the sender is ahead"
        )
    if last < bounds.earliest:
        reason = "is further back than telemetry is accepted here; telemetry_late_seconds says how far"
        raise attribute_values.BadAttribute(key="end_time_unix_nano", reason=reason)
    # Some senders write eight zeros for the parent of a root.
    return trace, own, b"" if parent == _NO_SPAN else parent, start, last

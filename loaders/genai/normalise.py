"""Spans of any emitter to call records."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from operator import itemgetter
from typing import Final, TypeAlias

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.common.v1.common_pb2 import AnyValue, KeyValue
from opentelemetry.proto.trace.v1.trace_pb2 import ResourceSpans, ScopeSpans, Span, Status

from stratagraph.loaders.genai import attribute_values
from stratagraph.loaders.genai.aliases import AliasTable, Quirk, load_aliases
from stratagraph.loaders.genai.record import (
    NO_USAGE,
    CallRecord,
    ErrorClass,
    Provenance,
    RecordKind,
    Service,
    Usage,
)

_TRACE_BYTES: Final = 16
_SPAN_BYTES: Final = 8
SKEW: Final = 5_000_000_000
"""Nanoseconds by which a span may end before it starts: two clocks. Beyond, it is refused."""
_EARLIEST: Final = 946_684_800_000_000_000
_LATEST: Final = 4_102_444_800_000_000_000
"""The years 2000 and 2100 in nanoseconds: times outside are a fault of units, as seconds or milliseconds are."""
MOST_UNMAPPED: Final = 200
"""Distinct unmapped names that one request may add to the count; the rest are counted together."""
_OVERFLOW: Final = "(other)"
_RANK: Final = itemgetter(0)
_USAGE: Final = frozenset({"input", "output", "cached", "reasoning", "cost"})

_Found: TypeAlias = dict[str, list[tuple[int, str, AnyValue, tuple[str, ...]]]]
"""By concept: rank of the name, attribute, value, and the path to what is meant inside the value."""


@dataclass(kw_only=True)
class Normalised:
    """What became of a request's spans.

    ``rejections`` has one reason per refused span; ``unmapped`` counts ``gen_ai.*`` names that the alias table lacks.
    """

    records: list[CallRecord] = field(default_factory=list)
    rejections: list[str] = field(default_factory=list)
    unmapped: Counter[str] = field(default_factory=Counter)


def normalise(
    request: ExportTraceServiceRequest, *, table: AliasTable | None = None, until: datetime | None = None
) -> Normalised:
    """Return the call records of a request: content stays behind, what cannot be right is refused by name.

    A span that ends after ``until`` is refused: its sender's clock is wrong.
    """
    aliases = table or load_aliases()
    result = Normalised()
    latest = int(until.timestamp() * 1e9) if until else _LATEST
    for resource in request.resource_spans:
        service = _service(resource, aliases)
        for scope in resource.scope_spans:
            provenance = _provenance(scope)
            reader = _Reader(
                table=aliases, service=service, provenance=provenance, unmapped=result.unmapped, latest=latest
            )
            for span in scope.spans:
                try:
                    # A request may be taken in part (OTLP, partial success): a wrong span costs none of the others.
                    result.records.append(reader.record(span))
                except attribute_values.BadAttribute as error:
                    result.rejections.append(f"span {_named(span.span_id)}: {error}")
    return result


def _named(identity: bytes) -> str:
    """Return what a span is called in an answer; one of the wrong length may be as long as the request."""
    shown = identity[:_SPAN_BYTES].hex()
    return (shown if len(identity) <= _SPAN_BYTES else f"{shown}...") or "(none)"


def _service(resource: ResourceSpans, table: AliasTable) -> Service:
    """Return the emitter's stable identity; a value that is not text is no part of it."""
    found = {item.key: item.value.string_value for item in resource.resource.attributes}
    parts: dict[str, str] = {}
    for concept, names in table.resource.items():
        sent = (attribute_values.identity(found.get(name, "")) for name in names)
        parts[concept] = next((value for value in sent if value not in table.empty), "")
    return Service(**parts)


def _provenance(sent: ScopeSpans) -> Provenance:
    """Return which instrumentation said so."""
    told = (sent.scope.name, sent.scope.version, sent.schema_url)
    scope, version, schema = map(attribute_values.identity, told)
    return Provenance(scope=scope, version=version, schema=schema)


@dataclass(frozen=True, kw_only=True)
class _Reader:
    """Reads the spans of one instrumentation scope."""

    table: AliasTable
    service: Service
    provenance: Provenance
    unmapped: Counter[str]
    latest: int
    """Nanoseconds since 1970 that no span may end after."""

    def record(self, span: Span) -> CallRecord:
        """Return the span's record. Raises BadAttribute."""
        _check_ids(span)
        end = _end(span, self.latest)
        quirk = self.table.quirk(self.provenance.scope)
        found, offered = self._pick(span.attributes)
        said = _Said(found=found, table=self.table, quirk=quirk)
        # Either is enough, for emitters set one or the other.
        failed = span.status.code == Status.STATUS_CODE_ERROR or bool(said.text("error"))
        requested, answered = said.models(failed=failed)
        provider, engine = said.server()
        kind = self._kind(span, said, has_model=bool(requested or answered))
        return CallRecord(
            trace=span.trace_id,
            span=span.span_id,
            parent=span.parent_span_id,
            kind=kind,
            provider=provider,
            engine=engine,
            requested=requested,
            answered=answered,
            response=said.text("response"),
            agent=_agent(span, said, kind, quirk),
            tool=(said.text("tool") or said.text("entity")) if kind is RecordKind.TOOL else "",
            offered=tuple(sorted({*offered, *said.offered()})),
            data_source=said.text("data_source"),
            prompt=said.text("prompt"),
            prompt_version=said.text("prompt_version"),
            workflow=said.text("workflow") or (said.text("entity") if kind is RecordKind.WORKFLOW else ""),
            handoff=(said.text("handoff_from"), said.text("handoff_to")),
            service=self.service,
            start=span.start_time_unix_nano,
            end=end,
            usage=said.usage(),
            failed=failed,
            error=self._error(span, said) if failed else None,
            stream=said.flag("stream"),
            finish=said.words("finish"),
            first_token=self._first_token(span, said),
            provenance=self.provenance,
        )

    def _pick(self, attributes: Iterable[KeyValue]) -> tuple[_Found, set[str]]:
        """Return the attributes that the table wants, and offered tools; count names it does not know."""
        sent: dict[str, AnyValue] = {}
        offered: set[str] = set()
        wanted, numbered = self.table.readings, self.table.numbered["offered"]
        for item in attributes:
            key = item.key
            if key in wanted:
                sent[key] = item.value
            elif key.startswith(numbered):
                offered.update(_offered(key, item.value))
            # The conventions still move: a name that nobody has mapped yet must be noticed.
            elif key.startswith("gen_ai.") and key not in self.table.known and key not in self.table.content:
                self._count(key)
        return self._by_concept(sent), offered

    def _by_concept(self, sent: Mapping[str, AnyValue]) -> _Found:
        """Return what a span says by concept, the preferred name first."""
        found: _Found = {}
        for key, value in sent.items():
            for reading in self.table.readings[key]:
                found.setdefault(reading.concept, []).append((reading.rank, key, value, reading.path))
        for told in found.values():
            if len(told) > 1:
                told.sort(key=_RANK)
        return found

    def _count(self, key: str) -> None:
        """Count an unmapped name; names are the sender's, so their number is bounded."""
        name = key[: attribute_values.LONGEST_NAME]
        full = name not in self.unmapped and len(self.unmapped) >= MOST_UNMAPPED
        self.unmapped[_OVERFLOW if full else name] += 1

    def _kind(self, span: Span, said: _Said, *, has_model: bool) -> RecordKind:
        """Return the kind of work; a span that names a model and nothing else is a call of it."""
        by_name = said.quirk.spans.get(span.name)
        if by_name is not None:
            return by_name
        told = said.text("kind").casefold()
        if told:
            return self.table.kinds.get(told, RecordKind.OTHER)
        return RecordKind.LLM if has_model else RecordKind.OTHER

    def _error(self, span: Span, said: _Said) -> ErrorClass:
        """Return the class of the failure: by its type, its exception, or its status code."""
        for name in (said.text("error"), *_exceptions(span), said.number("status")):
            kind = self.table.error_class(name) if name else ErrorClass.OTHER
            if kind is not ErrorClass.OTHER:
                return kind
        return ErrorClass.OTHER

    def _first_token(self, span: Span, said: _Said) -> float | None:
        """Return the seconds to the first token, from an attribute or from the first event that marks one."""
        told = said.amount("first_token")
        if told is not None or not span.events:
            return told
        times = [event.time_unix_nano for event in span.events if event.name in self.table.first_token_events]
        return max(0, min(times) - span.start_time_unix_nano) / 1e9 if times else None


@dataclass(frozen=True, slots=True, kw_only=True)
class _Said:
    """What one span says, by concept."""

    found: _Found
    table: AliasTable
    quirk: Quirk

    def _values(self, concept: str) -> Iterator[tuple[str, AnyValue]]:
        """Yield (attribute, value) of every alias that the span carries, the preferred one first."""
        for _, key, value, path in self.found.get(concept, ()):
            yield key, attribute_values.field_of(value, path) if path else value

    def text(self, concept: str) -> str:
        """Return a name, "" where unknown. Raises BadAttribute."""
        if concept not in self.found:
            return ""  # asked some twenty times a span, most of them in vain
        ignored = self.quirk.ignore.get(concept, frozenset())
        for key, value in self._values(concept):
            name = attribute_values.text(key, value, self.table.empty)
            if name and name not in ignored:
                return name
        return ""

    def server(self) -> tuple[str, str]:
        """Return (who provides the model, what serves it), of which one name tells at most one. Raises BadAttribute."""
        name = self.text("provider")
        if not name:
            return "", ""
        engine = self.table.engine(name)
        return ("", engine) if engine else (self.table.provider(name), "")

    def tokens(self, concept: str) -> int | None:
        """Return a count of tokens, None where unknown. Raises BadAttribute."""
        if concept not in self.found:
            return None
        read = (attribute_values.tokens(key, value, self.table.empty) for key, value in self._values(concept))
        return next((count for count in read if count is not None), None)

    def amount(self, concept: str) -> float | None:
        """Return a quantity, None where unknown. Raises BadAttribute."""
        if concept not in self.found:
            return None
        read = (attribute_values.amount(key, value, self.table.empty) for key, value in self._values(concept))
        return next((number for number in read if number is not None), None)

    def number(self, concept: str) -> str:
        """Return a status code as text, "" where unknown."""
        if concept not in self.found:
            return ""
        read = (value.int_value or value.string_value for _, value in self._values(concept))
        return next((str(code) for code in read if code), "")

    def flag(self, concept: str) -> bool | None:
        """Return a truth value, None where unknown."""
        if concept not in self.found:
            return None
        read = (attribute_values.flag(value) for _, value in self._values(concept))
        return next((truth for truth in read if truth is not None), None)

    def words(self, concept: str) -> tuple[str, ...]:
        """Return a list of short texts."""
        if concept not in self.found:
            return ()
        return next((found for _, value in self._values(concept) if (found := attribute_values.words(value))), ())

    def offered(self) -> Iterator[str]:
        """Yield the names of the tools that the model was offered."""
        for _, value in self._values("offered"):
            yield from attribute_values.tool_names(value)

    def models(self, *, failed: bool) -> tuple[str, str]:
        """Return (model asked, model that answered); one name for both counts as an answer only on success."""
        requested, answered = self.text("requested"), self.text("answered")
        either = self.text("model")
        if either and failed:
            requested = requested or either
        elif either:
            answered = answered or either
        return requested, answered

    def usage(self) -> Usage:
        """Return the usage as sent. Raises BadAttribute."""
        if _USAGE.isdisjoint(self.found):
            return NO_USAGE
        cost = self.amount("cost")
        return Usage(
            input=self.tokens("input"),
            output=self.tokens("output"),
            cached=self.tokens("cached"),
            reasoning=self.tokens("reasoning"),
            cost=cost,
            currency=(self.text("currency") or self.table.currency) if cost is not None else "",
        )


def _check_ids(span: Span) -> None:
    """Refuse ids that identify nothing. Raises BadAttribute."""
    if len(span.trace_id) != _TRACE_BYTES or not any(span.trace_id):
        raise attribute_values.BadAttribute(key="trace_id", reason="is not 16 bytes with one that is not zero")
    if len(span.span_id) != _SPAN_BYTES or not any(span.span_id):
        raise attribute_values.BadAttribute(key="span_id", reason="is not 8 bytes with one that is not zero")
    if len(span.parent_span_id) not in {0, _SPAN_BYTES}:
        raise attribute_values.BadAttribute(key="parent_span_id", reason="is neither empty nor 8 bytes")


def _end(span: Span, latest: int) -> int:
    """Return the end of the span, never before its start. Raises BadAttribute."""
    start, end = span.start_time_unix_nano, span.end_time_unix_nano
    if start < _EARLIEST or max(start, end) > _LATEST:
        reason = "is missing, or not in nanoseconds: it is before the year 2000 or beyond 2100"
        raise attribute_values.BadAttribute(key="start_time_unix_nano", reason=reason)
    if end < start - SKEW:
        raise attribute_values.BadAttribute(key="end_time_unix_nano", reason="is before the start of the span")
    if max(start, end) > latest:
        raise attribute_values.BadAttribute(
            key="end_time_unix_nano", reason="is to come: the clock of the sender is ahead"
        )
    return max(start, end)


def _agent(span: Span, said: _Said, kind: RecordKind, quirk: Quirk) -> str:
    """Return the agent that the span names; some agents are named by their span alone."""
    told = said.text("agent")
    if told or kind is not RecordKind.AGENT:
        return told
    entity = said.text("entity")
    return entity or (span.name[: attribute_values.LONGEST_NAME] if quirk.agent_from_span_name else "")


def _offered(key: str, value: AnyValue) -> Iterable[str]:
    """Return the tools that one numbered attribute names."""
    if key.endswith(".json_schema"):
        return attribute_values.tool_names(value)
    name = value.string_value
    return (name,) if key.endswith(".name") and 0 < len(name) <= attribute_values.LONGEST_NAME else ()


def _exceptions(span: Span) -> Iterator[str]:
    """Yield the types of the exceptions that the span recorded."""
    for event in span.events:
        if event.name == "exception":
            yield from (item.value.string_value for item in event.attributes if item.key == "exception.type")

"""The labels of a metric's points, read as the attributes of the spans that tell of the same calls."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final, NamedTuple

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.common.v1.common_pb2 import AnyValue, InstrumentationScope, KeyValue
from opentelemetry.proto.resource.v1.resource_pb2 import Resource
from opentelemetry.proto.trace.v1.trace_pb2 import ResourceSpans, ScopeSpans, Span, Status

from stratagraph.loaders.genai import attribute_values
from stratagraph.loaders.genai.instruments import Meant, Tells, flat, load_instruments
from stratagraph.loaders.genai.meanings import load_meanings
from stratagraph.loaders.genai.normalise import EARLIEST, normalise
from stratagraph.loaders.genai.record import MODEL_CALLS, CallRecord, Finish, RecordKind
from stratagraph.ontology.errors import StratagraphError

KIND: Final = "gen_ai.operation.name"
_KINDS: Final = (KIND, "mcp.method.name")
"""Labels that say what kind of work it was."""


class BadLabels(StratagraphError, slug="bad-labels", status=400):
    """Labels that cannot mean what their names say."""

    text = "The labels of a point are refused: {reason}"

    reason: str


class Labelled(NamedTuple):
    """What the labels of a series say: the call as a span would tell it, which tokens, how the answer ended."""

    record: CallRecord
    token: str = ""
    finish: Finish | None = None


class Labels:
    """Reads the labels of one instrumentation of one service."""

    def __init__(self, resource: Resource, scope: InstrumentationScope, schema: str) -> None:
        self._resource = resource
        self._scope = scope
        self._schema = schema
        self._instruments = load_instruments()

    def of(self, meant: Meant, sent: Iterable[KeyValue]) -> Labelled | None:
        """Return what the labels of an instrument say, None where it is nothing that counts. Raises BadLabels."""
        values = {item.key: item.value for item in sent}
        record = self._record(meant, values)
        instrument = meant.instrument
        if not _about(record):
            return None
        token, finish = instrument.token, None
        if instrument.tells is Tells.TOKENS and not token:
            token = self._instruments.tokens.get(_word(values, self._instruments.token_labels), "")
            if not token:
                return None
        if instrument.tells is Tells.FINISH:
            word = _word(values, self._instruments.finish_labels)
            finish = load_meanings().finish([word]) if word else None
            if finish is None:
                return None
        return Labelled(record, token, finish)

    def _record(self, meant: Meant, values: dict[str, AnyValue]) -> CallRecord:
        """Return the call that the labels tell of, as if they stood on its span. Raises BadLabels."""
        instrument = meant.instrument
        known = {key: value for key, value in values.items() if key in self._instruments.attributes}
        for key, value in values.items():
            known.setdefault(self._instruments.label(key), value)
        for key, text in instrument.says:
            known.setdefault(key, AnyValue(string_value=text))
        if instrument.of and not any(key in known for key in _KINDS):
            known[KIND] = AnyValue(string_value=instrument.of)
        span = Span(
            trace_id=b"\1" * 16,
            span_id=b"\1" * 8,
            kind=Span.SPAN_KIND_SERVER if instrument.server else Span.SPAN_KIND_CLIENT,
            start_time_unix_nano=EARLIEST,
            end_time_unix_nano=EARLIEST,
            attributes=[KeyValue(key=key, value=value) for key, value in known.items()],
        )
        if instrument.tells is Tells.FAILED:
            span.status.code = Status.STATUS_CODE_ERROR
        found = normalise(
            ExportTraceServiceRequest(
                resource_spans=[
                    ResourceSpans(
                        resource=self._resource,
                        scope_spans=[ScopeSpans(scope=self._scope, schema_url=self._schema, spans=[span])],
                    )
                ]
            )
        )
        for record in found.records:
            return record
        raise BadLabels(reason=found.rejections[0].partition(": ")[2])


def _about(record: CallRecord) -> bool:
    """Tell whether it is known what was at work: a model may go unnamed, for its system is known."""
    named = {
        RecordKind.TOOL: record.tool,
        RecordKind.AGENT: record.agent,
        RecordKind.WORKFLOW: record.workflow,
        RecordKind.RETRIEVAL: record.data_source,
    }
    return record.kind in MODEL_CALLS or bool(named.get(record.kind))


def _word(values: dict[str, AnyValue], names: Iterable[str]) -> str:
    """Return the first label of that name that says something, as a word."""
    known = {flat(key): value for key, value in values.items()}
    told = (attribute_values.word(attribute_values.plain(known[name])) for name in names if name in known)
    nothing = load_meanings().nothing
    return next((word for word in told if word and not nothing(word)), "")

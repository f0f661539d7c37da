"""Building log requests, and telling spans and logs in one story."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.common.v1.common_pb2 import AnyValue, InstrumentationScope, KeyValueList
from opentelemetry.proto.logs.v1.logs_pb2 import LogRecord, ResourceLogs, ScopeLogs
from opentelemetry.proto.resource.v1.resource_pb2 import Resource
from opentelemetry.proto.trace.v1.trace_pb2 import Span

from stratagraph.loaders.genai.normalise import normalise
from stratagraph.loaders.genai.record import CallRecord
from stratagraph.loaders.genai.story import Story
from stratagraph.loaders.otlp import MediaType, decode
from stratagraph.loaders.otlp_logs import normalise_logs
from stratagraph.loaders.otlp_traces import batch_of
from stratagraph.loaders.statements import Statements
from stratagraph.ontology.facts import Batch
from tests.loaders.spans import BEGIN, SECOND, SERVICE, TRACE, pairs, request, value_of
from tests.loaders.transformed import MODEL, PRICES

DETAILS = "gen_ai.client.inference.operation.details"


def structure(body: Any) -> AnyValue:
    """Return a body as the protocol has it: mappings and lists of any depth, or a scalar."""
    if isinstance(body, Mapping):
        whole = AnyValue(kvlist_value=KeyValueList())
        for key, value in body.items():
            whole.kvlist_value.values.add(key=key, value=structure(value))
        return whole
    return value_of([structure(item) for item in body]) if isinstance(body, list) else value_of(body)


def log(
    name: str = "",
    attributes: Mapping[str, Any] | None = None,
    *,
    of: int = 1,
    body: Any = None,
    trace: bytes = TRACE,
    at: float = 0.9,
    sampled: bool = True,
    by_attribute: bool = False,
) -> LogRecord:
    """Return an event of the span with that number; 0 is none."""
    told = dict(attributes or {}) | ({"event.name": name} if by_attribute else {})
    return LogRecord(
        event_name="" if by_attribute else name,
        trace_id=trace if of else b"",
        span_id=of.to_bytes(8) if of else b"",
        time_unix_nano=BEGIN + int(at * SECOND),
        flags=int(sampled),
        attributes=[*pairs(told)],
        body=None if body is None else structure(body),
    )


def logs(
    records: Iterable[LogRecord], *, resource: Mapping[str, Any] = SERVICE, scope: str = "test.scope"
) -> ExportLogsServiceRequest:
    """Return a request of one resource and one instrumentation."""
    told = ScopeLogs(scope=InstrumentationScope(name=scope, version="1"), log_records=records)
    return ExportLogsServiceRequest(
        resource_logs=[ResourceLogs(resource=Resource(attributes=pairs(resource)), scope_logs=[told])]
    )


def batch(records: Iterable[CallRecord]) -> Batch:
    """Return what records tell that come at once."""
    story = Story()
    story.take(records)
    statements = Statements(model=MODEL, prices=PRICES)
    statements.of(story.settle())
    return batch_of(statements, "r")


def told(*records: LogRecord, spans: Iterable[Span] = (), scope: str = "test.scope") -> Batch:
    """Return what spans and log records of one service tell together."""
    found = normalise_logs(logs(records, scope=scope))
    assert not found.rejections
    return batch([*normalise(request(spans, scope=scope)).records, *found.records])


def recorded_logs(folder: Path) -> list[ExportLogsServiceRequest]:
    """Return the log requests of a folder of recorded telemetry, in order of arrival."""
    files = sorted(folder.glob("*-logs.pb"))
    assert files, f"no logs in {folder}"
    return [decode(file.read_bytes(), MediaType.PROTOBUF, ExportLogsServiceRequest) for file in files]

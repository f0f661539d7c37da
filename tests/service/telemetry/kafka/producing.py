"""Captures of telemetry as the Collector's exporter writes them to Kafka, and what a ledger says of them."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import TypeAlias

from confluent_kafka import Producer
from google.protobuf import json_format
from google.protobuf.message import Message
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from stratagraph.loaders.otlp import MediaType
from stratagraph.ontology.facts import Iri
from stratagraph.service.engine.engine import Engine
from stratagraph.service.ledger.reading import LedgerReader
from stratagraph.service.reception import Reception
from stratagraph.service.telemetry.signals import Signal
from tests.conftest import ROOT, SHARED
from tests.kafka import Broker

Keyed: TypeAlias = tuple[bytes | None, bytes | None]
"""Key and value of a message."""
Said: TypeAlias = tuple[frozenset[tuple[Iri, Iri, str]], dict[tuple[object, ...], tuple[int, float, float, float]]]
BEGIN, END = datetime(2000, 1, 1, tzinfo=UTC), datetime(2100, 1, 1, tzinfo=UTC)


def captures() -> list[ExportTraceServiceRequest]:
    """Requests with traces of the fixtures beside the checkout, or else of the repository's samples.

    Without those of which a response is told in two traces: they may lie in two partitions, where nobody sees both.
    """
    folders = sorted((SHARED / "telemetry").glob("*/")) or sorted((ROOT / "loaders" / "samples").glob("*/"))
    chosen: list[ExportTraceServiceRequest] = []
    trace_of: dict[str, bytes] = {}
    for folder in folders:
        requests = list(_recorded(folder))
        answers = [answer for request in requests for answer in _answers(request)]
        together: dict[str, bytes] = dict(trace_of)
        if all(together.setdefault(response, trace) == trace for response, trace in answers):
            chosen, trace_of = chosen + requests, together
    return chosen


def _answers(request: ExportTraceServiceRequest) -> Iterator[tuple[str, bytes]]:
    """Yield the id of each response that is told, and the trace that tells it."""
    for resource in request.resource_spans:
        for span in (span for scope in resource.scope_spans for span in scope.spans):
            for said in span.attributes:
                if "response" in said.key and said.key.endswith("id"):
                    yield said.value.string_value, span.trace_id


def sample(name: str) -> list[ExportTraceServiceRequest]:
    """The requests of one of the repository's samples."""
    return list(_recorded(ROOT / "loaders" / "samples" / name))


def _recorded(folder: Path) -> Iterator[ExportTraceServiceRequest]:
    manifest = folder / "manifest.jsonl"
    if not manifest.exists():
        return
    for line in manifest.read_text(encoding="utf-8").splitlines():
        told = json.loads(line)
        kind = told.get("content-type") or told.get("headers", {}).get("content-type", "")
        if told["path"] == "/v1/traces" and "protobuf" in kind and (folder / told["file"]).suffix == ".pb":
            yield ExportTraceServiceRequest.FromString((folder / told["file"]).read_bytes())


def metrics() -> list[ExportMetricsServiceRequest]:
    """Every request with metrics of one fixture beside the checkout."""
    files = sorted((SHARED / "telemetry" / "openai-v2-2.4b0-default").glob("*-metrics.pb"))
    return [ExportMetricsServiceRequest.FromString(file.read_bytes()) for file in files]


def by_trace(request: ExportTraceServiceRequest) -> Iterator[tuple[bytes, ExportTraceServiceRequest]]:
    """Cut a request as the Collector does that is told ``partition_traces_by_id``: a message a trace, with its key."""
    cut: dict[bytes, ExportTraceServiceRequest] = defaultdict(ExportTraceServiceRequest)
    for resource in request.resource_spans:
        for scope in resource.scope_spans:
            for trace in {span.trace_id: None for span in scope.spans}:
                whole = cut[trace].resource_spans.add()
                whole.CopyFrom(resource)
                del whole.scope_spans[:]
                part = whole.scope_spans.add()
                part.CopyFrom(scope)
                del part.spans[:]
                part.spans.extend(span for span in scope.spans if span.trace_id == trace)
    for trace, one in cut.items():
        yield trace.hex().encode(), one


def messages(requests: Iterable[ExportTraceServiceRequest]) -> list[Keyed]:
    """What the exporter writes of requests with its encoding ``otlp_proto``."""
    return [(key, part.SerializeToString()) for request in requests for key, part in by_trace(request)]


def as_json(request: ExportTraceServiceRequest) -> bytes:
    """A request in OTLP's JSON: ids in hexadecimal, enumerations as numbers."""
    written = json_format.MessageToDict(request, use_integers_for_enums=True)
    for resource, told in zip(request.resource_spans, written["resourceSpans"], strict=True):
        for scope, tell in zip(resource.scope_spans, told["scopeSpans"], strict=True):
            for span, out in zip(scope.spans, tell["spans"], strict=True):
                out["traceId"], out["spanId"] = span.trace_id.hex(), span.span_id.hex()
                if span.parent_span_id:
                    out["parentSpanId"] = span.parent_span_id.hex()
    return json.dumps(written).encode()


def produce(kafka: Broker, topic: str, written: Iterable[Keyed], **options: object) -> None:
    """Write messages, and wait until the broker has them."""
    producer = Producer({"bootstrap.servers": kafka.address, "linger.ms": 5, **options})
    for key, value in written:
        producer.produce(topic, value, key)
        producer.poll(0)
    assert producer.flush(60) == 0


def said(ledger: LedgerReader) -> Said:
    """What a ledger says of telemetry, however cut into batches: open facts, and figures by series and window."""
    facts = {claim.fact for claim in ledger.open_claims() if claim.source.startswith("otlp")}
    subjects = sorted({fact.subject for fact in facts})
    seen = [one for subject in subjects for one in ledger.observations_about(subject, BEGIN, END)]
    seen += ledger.statement_observations(BEGIN)
    sums: dict[tuple[object, ...], tuple[int, float, float, float]] = {}
    for one in seen:
        key = one.subject, one.metric, one.unit, one.estimated, one.start, one.end
        count, total, least, most = sums.get(key, (0, 0.0, float("inf"), float("-inf")))
        sums[key] = count + one.count, total + one.total, min(least, one.minimum), max(most, one.maximum)
    rounded = {key: (count, round(total, 6), least, most) for key, (count, total, least, most) in sums.items() if count}
    return frozenset((fact.subject, fact.predicate, str(fact.object)) for fact in facts), rounded


def post(engine: Engine, requests: Iterable[Message], signal: Signal = Signal.TRACES) -> None:
    """Take requests as they come over HTTP, and commit what they tell."""
    reception = Reception(engine)
    for request in requests:
        reception.receiver.receive(signal, request.SerializeToString(), MediaType.PROTOBUF)
    reception.flush()
    reception.stop()

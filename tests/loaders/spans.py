"""Building trace requests, and reading back what became of them."""

from __future__ import annotations

import gzip
from collections import Counter
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, TypeAlias

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.common.v1.common_pb2 import AnyValue, ArrayValue, InstrumentationScope, KeyValue
from opentelemetry.proto.resource.v1.resource_pb2 import Resource
from opentelemetry.proto.trace.v1.trace_pb2 import ResourceSpans, ScopeSpans, Span, Status

from stratagraph.loaders.otlp import MediaType, decode_traces
from stratagraph.ontology.facts import Batch, Fact, Iri, Literal
from stratagraph.ontology.namespaces import RDF, SG

TRACE = bytes(range(1, 17))
BEGIN = 1_790_000_040 * 10**9
SECOND = 10**9
SERVICE = {"service.name": "shop", "service.namespace": "care", "deployment.environment.name": "test"}
Attributes: TypeAlias = Mapping[str, Any]


def value_of(value: Any) -> AnyValue:
    """Return an attribute value of the Python value's own type."""
    match value:
        case bool():
            return AnyValue(bool_value=value)
        case int():
            return AnyValue(int_value=value)
        case float():
            return AnyValue(double_value=value)
        case list():
            return AnyValue(array_value=ArrayValue(values=[value_of(item) for item in value]))
        case AnyValue():
            return value
        case _:
            return AnyValue(string_value=value)


def pairs(attributes: Attributes) -> list[KeyValue]:
    """Return attributes as the protocol writes them."""
    return [KeyValue(key=key, value=value_of(value)) for key, value in attributes.items()]


def span(
    number: int,
    attributes: Attributes | None = None,
    *,
    parent: int = 0,
    trace: bytes = TRACE,
    name: str = "work",
    start: int = BEGIN,
    seconds: float = 1.0,
    failed: bool = False,
) -> Span:
    """Return a span whose id is a number; parent 0 is none."""
    return Span(
        trace_id=trace,
        span_id=number.to_bytes(8),
        parent_span_id=parent.to_bytes(8) if parent else b"",
        name=name,
        start_time_unix_nano=start,
        end_time_unix_nano=start + int(seconds * SECOND),
        attributes=pairs(attributes or {}),
        status=Status(code=Status.STATUS_CODE_ERROR if failed else Status.STATUS_CODE_UNSET),
    )


def request(
    spans: Iterable[Span], *, resource: Attributes = SERVICE, scope: str = "test.scope", version: str = "1"
) -> ExportTraceServiceRequest:
    """Return a request of one resource and one instrumentation."""
    told = ScopeSpans(scope=InstrumentationScope(name=scope, version=version), spans=spans)
    return ExportTraceServiceRequest(
        resource_spans=[ResourceSpans(resource=Resource(attributes=pairs(resource)), scope_spans=[told])]
    )


def chat(model: str = "gpt-5-mini", *, answered: str | None = None, **usage: int) -> dict[str, Any]:
    """Return the attributes of a chat call in the conventions' current names."""
    return {
        "gen_ai.operation.name": "chat",
        "gen_ai.provider.name": "openai",
        "gen_ai.request.model": model,
        **({"gen_ai.response.model": answered or model} if answered != "" else {}),
        **{f"gen_ai.usage.{kind}_tokens": count for kind, count in usage.items()},
    }


def agent(name: str) -> dict[str, Any]:
    """Return the attributes of an agent's span."""
    return {"gen_ai.operation.name": "invoke_agent", "gen_ai.agent.name": name}


def tool(name: str) -> dict[str, Any]:
    """Return the attributes of a tool's span."""
    return {"gen_ai.operation.name": "execute_tool", "gen_ai.tool.name": name}


def fixture(folder: Path) -> list[ExportTraceServiceRequest]:
    """Return the trace requests of a folder of recorded telemetry, in order of arrival."""
    files = sorted(folder.glob("*-traces.pb*"))
    assert files, f"no trace requests in {folder}"
    bodies = (gzip.decompress(file.read_bytes()) if file.suffix == ".gz" else file.read_bytes() for file in files)
    return [decode_traces(body, MediaType.PROTOBUF) for body in bodies]


def names(batch: Batch, cls: Iri) -> dict[Iri, str]:
    """Return the assets of a class with their names."""
    facts = set(batch.facts())
    members = {fact.subject for fact in facts if fact.predicate == RDF.type and fact.object == cls}
    return {
        fact.subject: fact.object.value
        for fact in facts
        if fact.subject in members and fact.predicate == SG.name and isinstance(fact.object, Literal)
    }


def relations(batch: Batch, relation: Iri) -> set[tuple[str, str]]:
    """Return the pairs of a relation by the assets' names."""
    called = {
        fact.subject: fact.object.value
        for fact in batch.facts()
        if fact.predicate == SG.name and isinstance(fact.object, Literal)
    }
    return {(called[fact.subject], called[str(fact.object)]) for fact in batch.facts() if fact.predicate == relation}


def fact(batch: Batch, subject: str, relation: Iri, used: str) -> Fact:
    """Return the fact of a relation between two assets by name."""
    called = {item.subject: item.object for item in batch.facts() if item.predicate == SG.name}
    return next(
        item
        for item in batch.facts()
        if item.predicate == relation
        and called[item.subject] == Literal(subject)
        and called[str(item.object)] == Literal(used)
    )


def totals(batches: Iterable[Batch], metric: Iri) -> Counter[Iri]:
    """Return a metric's sum per subject over all windows."""
    summed: Counter[Iri] = Counter()
    for batch in batches:
        for seen in batch.observations:
            if seen.metric == metric:
                summed[seen.subject] += seen.total  # type: ignore[assignment]  # a Counter adds floats just as well
    return summed

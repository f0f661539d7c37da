"""What some spans tell, in names and figures."""

from __future__ import annotations

from typing import Any

from opentelemetry.proto.trace.v1.trace_pb2 import Span

from stratagraph.ontology.namespaces import SG
from tests.loaders.genai.estates import Estate, estate_of
from tests.loaders.spans import BEGIN, SECOND, SERVICE, pairs, request, span
from tests.loaders.transformed import of


def seen(*spans: Span, scope: str = "test.scope", resource: dict[str, Any] | None = None) -> Estate:
    return estate_of([of(request(spans, scope=scope, resource=resource or SERVICE)).batch])


def figure(estate: Estate, cls: str, name: str, metric: str) -> float | None:
    return estate.figures.get((estate.one(cls, name), metric))


def names(estate: Estate, cls: str) -> set[str]:
    return {estate.names[iri] for iri in estate.kinds[cls]}


def met(estate: Estate, cls: str, name: str) -> set[str]:
    return estate.literals[estate.one(cls, name), SG.seenAs]


def event(name: str, at: float = 0.5, **attributes: Any) -> Span.Event:
    dotted = {key.replace("__", "."): value for key, value in attributes.items()}
    return Span.Event(name=name, time_unix_nano=BEGIN + int(at * SECOND), attributes=pairs(dotted))


def with_events(one: Span, *events: Span.Event, message: str = "") -> Span:
    one.events.extend(events)
    one.status.message = message
    return one


def mcp(name: str, side: int, number: int, parent: int = 0, **more: Any) -> Span:
    one = span(number, {"mcp.method.name": "tools/call", **more}, parent=parent, name=f"tools/call {name}")
    one.kind = side  # type: ignore[assignment]  # an enumeration
    return one


def workflow(name: str = "") -> dict[str, Any]:
    return {"gen_ai.operation.name": "invoke_workflow", **({"gen_ai.workflow.name": name} if name else {})}

"""The telemetry cases that were once got wrong (T1 to T7), sent as they are written down."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import pytest

from stratagraph.loaders.genai.story import Story
from stratagraph.loaders.otlp import MediaType, decode_traces
from stratagraph.loaders.otlp_traces import TraceResult
from stratagraph.ontology.namespaces import SG
from tests.loaders.genai.estates import Estate, estate_of
from tests.loaders.genai.seen import figure
from tests.loaders.spans import BEGIN, SECOND
from tests.loaders.transformed import of

pytestmark = pytest.mark.shared


def results(shared: Path, name: str) -> list[TraceResult]:
    (file,) = (shared / "cases").glob(f"*/telemetry/{name}-*.json")
    story = Story()
    return [
        of(decode_traces(json.dumps(body(sent)).encode(), MediaType.JSON), story=story)
        for sent in json.loads(file.read_text("utf-8"))
    ]


def told(shared: Path, name: str) -> Estate:
    return estate_of([result.batch for result in results(shared, name)])


def body(sent: list[Any]) -> dict[str, Any]:
    """Return a request in the JSON of the protocol; a case writes it short."""
    return {
        "resourceSpans": [
            {
                "resource": {"attributes": pairs({"service.name": service})},
                "scopeSpans": [{"scope": {"name": scope, "version": "1"}, "spans": list(map(span, spans))}],
            }
            for service, scope, spans in sent
        ]
    }


def span(short: dict[str, Any]) -> dict[str, Any]:
    start = short.get("start", BEGIN)
    return {
        "traceId": made(short.get("trace", "1"), 32),
        "spanId": made(short["id"], 16),
        "parentSpanId": made(short["parent"], 16) if short.get("parent") else "",
        "name": short.get("name", "chat"),
        "kind": 3,
        "startTimeUnixNano": str(start),
        "endTimeUnixNano": str(short.get("end", start + int(short.get("dur", 1) * SECOND))),
        "status": {"code": 2} if short.get("error") else {},
        "attributes": pairs(short["attributes"]),
    }


def made(short: str, digits: int) -> str:
    return hashlib.sha256(short.encode()).hexdigest()[:digits]


def pairs(attributes: dict[str, Any]) -> list[dict[str, Any]]:
    return [{"key": key, "value": value(told)} for key, told in attributes.items()]


def value(told: Any) -> dict[str, Any]:
    match told:
        case bool():
            return {"boolValue": told}
        case int():
            return {"intValue": str(told)}
        case float():
            return {"doubleValue": told}
        case list():
            return {"arrayValue": {"values": list(map(value, told))}}
        case dict():
            return {"kvlistValue": {"values": pairs(told)}}
        case _:
            return {"stringValue": told}


def figures(estate: Estate, cls: str, name: str, *metrics: str) -> list[float | None]:
    return [figure(estate, cls, name, metric) for metric in metrics]


def test_t1_a_span_sent_again(shared: Path) -> None:
    assert figures(told(shared, "t1"), SG.LLMSystem, "t1", "calls", "inputTokens") == [2, 20]


def test_t2_an_application_behind_a_gateway(shared: Path) -> None:
    estate = told(shared, "t2")
    assert estate.related(SG.usesModel) == {"t2-app": {"model-t"}, "t2-gateway": {"model-t"}}
    for name in ("t2-app", "t2-gateway"):
        assert figures(estate, SG.LLMSystem, name, "calls") == [1]
    assert figures(estate, SG.BaseModel, "model-t", "calls", "inputTokens") == [1, 10]


def test_t3_side_attributes_of_another_type(shared: Path) -> None:
    assert not any(result.rejections for result in results(shared, "t3"))
    estate = told(shared, "t3")
    assert figures(estate, SG.LLMSystem, "t3-error", "inputTokens", "rateLimitErrors") == [10, 1]
    assert figures(estate, SG.LLMSystem, "t3-prompt", "inputTokens") == [10]
    assert estate.literals[estate.one(SG.Prompt, "greeting"), SG.version] == {"3"}


def test_t4_an_operation_of_its_own(shared: Path) -> None:
    assert figures(told(shared, "t4"), SG.LLMSystem, "t4", "calls", "inputTokens") == [1, 10]


def test_t5_milliseconds(shared: Path) -> None:
    (result,) = results(shared, "t5")
    assert (result.rejected, result.empty) == (1, True)


def test_t6_tools_as_structures(shared: Path) -> None:
    assert told(shared, "t6").related(SG.mayUseTool) == {"t6": {"look_up"}}


def test_t7_a_tool_call_over_mcp(shared: Path) -> None:
    assert figures(told(shared, "t7"), SG.Tool, "t7-find", "calls", "callLatency") == [1, 2]

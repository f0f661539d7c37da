"""Metrics of real emitters: alone they tell what the workload did, beside spans they add nothing that spans tell."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest

from stratagraph.loaders.genai.story import Story
from stratagraph.loaders.metrics.points import read
from stratagraph.loaders.otlp import MediaType, decode_traces
from stratagraph.loaders.prices import NO_PRICES
from stratagraph.ontology.namespaces import SG
from tests.loaders.genai.estates import Estate, estate_of
from tests.loaders.metrics.sent import account, batch
from tests.loaders.transformed import of

TRUTH: dict[str, dict[str, float]] = {
    "agent-framework-1.23.0": {"calls": 13, "errors": 1, "inputTokens": 474, "outputTokens": 371},
    "genai-openai-1.3b0": {"calls": 16, "errors": 4, "rateLimitErrors": 1, "inputTokens": 372, "outputTokens": 227},
    "litellm-proxy-1.108.7": {"calls": 4, "rateLimitErrors": 1, "inputTokens": 26, "outputTokens": 52},
    "openai-v2-2.4b0-default": {"calls": 16, "errors": 4, "inputTokens": 360, "outputTokens": 172},
    "openlit-1.45.0-agno": {"calls": 8, "errors": 1, "inputTokens": 1075, "outputTokens": 230, "callCost": 0.0005625},
    "otel-botocore-0.66b2": {"calls": 4, "rateLimitErrors": 1, "inputTokens": 109, "outputTokens": 47},
    "otel-javaagent-langchain4j-2.31.1": {"calls": 6, "inputTokens": 115, "outputTokens": 123},
    "otel-js-openai-0.22.0": {"calls": 7, "rateLimitErrors": 1, "inputTokens": 126, "outputTokens": 177},
    "pydantic-ai-2.68.0": {"inputTokens": 129, "outputTokens": 71},
    "spring-ai-2.0.1": {"calls": 4, "rateLimitErrors": 1, "inputTokens": 128, "outputTokens": 71},
    "strands-agents-1.62.0": {"inputTokens": 350, "outputTokens": 212, "cachedInputTokens": 173},
    "traceloop-anthropic-0.62.4": {"calls": 3, "rateLimitErrors": 1, "inputTokens": 300, "outputTokens": 39},
    "traceloop-openai-0.62.4": {"calls": 16, "errors": 4, "truncatedCalls": 1, "filteredCalls": 1, "streamedCalls": 3},
}
"""What each workload did, as far as its emitter's metrics tell: the systems' figures."""
UNKNOWN = {"otel-javaagent-langchain4j-2.31.1": "errors", "pydantic-ai-2.68.0": "calls"}


def told(files: list[Path]) -> Estate:
    into, story, batches, heard = account(), Story(), [], 0
    for file in files:
        if file.name.endswith("-metrics.pb"):
            found = read(ExportMetricsServiceRequest.FromString(file.read_bytes()))
            assert not found.rejections
            heard = max([heard, *(point.time for point in found.points)])
            into.take(found.points, heard)
        else:
            sent: Any = decode_traces(file.read_bytes(), MediaType.PROTOBUF)
            result = of(sent, story=story, prices=NO_PRICES)
            batches.append(result.batch)
            into.spans_told(result.batch.observations)
        batches.append(batch(into.settle(heard)))
    return estate_of(batches)


def figures(estate: Estate) -> dict[tuple[str, str], float]:
    return {key: round(value, 9) for key, value in estate.figures.items() if round(value, 9)}


@pytest.mark.shared
@pytest.mark.parametrize("capture", sorted(TRUTH))
def test_metrics_alone_tell_what_was_done(shared: Path, capture: str) -> None:
    estate = told(sorted((shared / "telemetry" / capture).glob("*-metrics.pb")))
    (system,) = estate.kinds[SG.LLMSystem]
    assert {name: round(estate.figures.get((system, name), -1), 9) for name in TRUTH[capture]} == TRUTH[capture]
    if capture in UNKNOWN:
        assert (system, UNKNOWN[capture]) not in estate.figures


@pytest.mark.shared
@pytest.mark.parametrize("capture", sorted(TRUTH))
def test_beside_spans_they_add_nothing_whoever_is_heard_first(shared: Path, capture: str) -> None:
    files = [
        file
        for file in sorted((shared / "telemetry" / capture).glob("*.pb"))
        if file.name.endswith(("-metrics.pb", "-traces.pb"))
    ]
    spans = [file for file in files if "traces" in file.name]
    alone = figures(told(spans))
    metrics = [file for file in files if file not in spans]
    for order in (files, [*metrics, *spans], [*spans, *metrics]):
        assert figures(told(order)) == alone

"""The scopes of telemetry: what an instrumentation or a service calls itself, bounded and storable."""

from __future__ import annotations

import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from stratagraph.loaders.genai import subjects
from stratagraph.loaders.otlp_traces import TraceResult
from stratagraph.ontology.namespaces import SG
from stratagraph.service.http.wire import LONGEST_SCOPE
from tests.loaders.spans import (
    chat,
    names,
    request,
    span,
)
from tests.loaders.transformed import of


@pytest.mark.parametrize("part", ["scope", "version"])
@pytest.mark.parametrize("sent", ["x" * 2_000_000, "nul \0", "two\nlines"])
def test_what_an_instrumentation_calls_itself_is_bounded_and_can_be_stored(part: str, sent: str) -> None:
    told = request([span(1, chat())], scope=sent) if part == "scope" else request([span(1, chat())], version=sent)
    (scope,) = of(told).batch.scopes
    assert len(scope.name) <= LONGEST_SCOPE
    assert scope.name.isprintable()


def test_a_service_that_cannot_be_stored_does_not_cost_its_spans() -> None:
    result = of(request([span(1, chat())], resource={"service.name": "shop\0", "service.namespace": "y" * 9_000}))
    assert result.accepted == 1
    assert all(scope.name.isprintable() and len(scope.name) <= LONGEST_SCOPE for scope in result.batch.scopes)
    assert list(names(result.batch, SG.LLMSystem).values()) == ["shop\N{REPLACEMENT CHARACTER}"]


def test_scopes_beyond_the_limit_of_a_request_are_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(subjects, "MOST_SCOPES", 3)
    sent = ExportTraceServiceRequest()
    for number in range(9):
        sent.MergeFrom(request([span(number + 1, chat())], scope=f"scope {number}"))
    result = of(sent)
    assert len(result.batch.scopes) == 4
    assert result.overflow == 6
    assert result.accepted == 9
    assert set(result.batch.facts()) == set(of_unbounded(sent, monkeypatch).batch.facts())


def of_unbounded(sent: ExportTraceServiceRequest, monkeypatch: pytest.MonkeyPatch) -> TraceResult:
    monkeypatch.setattr(subjects, "MOST_SCOPES", 1000)
    return of(sent)

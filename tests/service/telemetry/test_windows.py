"""How long windows are, and how late a span may come."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import (
    ExportTraceServiceRequest,
    ExportTraceServiceResponse,
)

from stratagraph.ontology.facts import Observation
from stratagraph.ontology.model import load_model
from stratagraph.ontology.namespaces import SG
from stratagraph.service.settings import Settings
from stratagraph.service.telemetry.metrics import Metrics
from stratagraph.service.telemetry.traces import NANOSECONDS, Traces
from tests.loaders.metrics.sent import CALL, DELTA, DURATION
from tests.loaders.spans import pairs

HEARD = datetime(2026, 3, 25, 14, 37, 5, tzinfo=UTC)


def calls(*ago: float) -> ExportTraceServiceRequest:
    """Return a call that ended so many seconds before it was heard, for each."""
    request = ExportTraceServiceRequest()
    spans = request.resource_spans.add().scope_spans.add().spans
    for number, seconds in enumerate(ago, start=1):
        end = int((HEARD.timestamp() - seconds) * NANOSECONDS)
        span = spans.add(
            trace_id=number.to_bytes(16, "big"),
            span_id=number.to_bytes(8, "big"),
            name="chat m",
            start_time_unix_nano=end - NANOSECONDS,
            end_time_unix_nano=end,
        )
        for key, value in (
            ("gen_ai.operation.name", "chat"),
            ("gen_ai.request.model", "m"),
            ("gen_ai.response.model", "m"),
        ):
            span.attributes.add(key=key).value.string_value = value
    return request


def observed(traces: Traces, request: ExportTraceServiceRequest) -> list[Observation]:
    heard = int(HEARD.timestamp()) * NANOSECONDS
    judged = traces.judge(request, heard)
    assert judged.found is not None
    traces.take(judged.found, heard, 1, 2)
    settled = traces.settle(heard, None)
    return [seen for seen in settled.observations if seen.metric == SG.calls and "/BaseModel/" in seen.subject]


@pytest.mark.parametrize("seconds", [1, 10, 60, 300, 3600])
def test_windows_are_as_long_as_is_said_and_begin_at_multiples_of_that(seconds: int) -> None:
    window = timedelta(seconds=seconds)
    ago = [0.0, 4.0, 70.0, 400.0, 4000.0]
    seen = observed(Traces(model=load_model(), window=window), calls(*ago))
    assert {one.end - one.start for one in seen} == {window}
    assert all(one.start.timestamp() % seconds == 0 for one in seen)
    assert sum(one.count for one in seen) == len(ago)
    ends = [HEARD.timestamp() - each for each in ago]
    assert {one.start.timestamp() for one in seen} == {end // seconds * seconds for end in ends}


def points(*ago: float) -> ExportMetricsServiceRequest:
    """Return a delta of one call that ended so many seconds before it was heard, for each."""
    request = ExportMetricsServiceRequest()
    metric = request.resource_metrics.add().scope_metrics.add().metrics.add(name=DURATION, unit="s")
    metric.histogram.aggregation_temporality = DELTA
    for seconds in ago:
        time = int((HEARD.timestamp() - seconds) * NANOSECONDS)
        metric.histogram.data_points.add(
            start_time_unix_nano=time - NANOSECONDS, time_unix_nano=time, attributes=pairs(CALL), count=1, sum=0.5
        )
    return request


@pytest.mark.parametrize("seconds", [1, 10, 60, 300, 3600])
def test_what_metrics_tell_stands_in_the_same_windows(seconds: int) -> None:
    window, heard = timedelta(seconds=seconds), int(HEARD.timestamp()) * NANOSECONDS
    ago = [0.0, 4.0, 70.0, 400.0, 4000.0]
    metrics = Metrics(model=load_model(), window=window)
    judged = metrics.judge(points(*ago), heard)
    assert judged.found is not None
    metrics.take(judged.found, heard, 1, 2)
    told = metrics.settle(heard, None).observations
    seen = [one for one in told if one.metric == SG.calls and "/BaseModel/" in one.subject]
    ends = [HEARD.timestamp() - each for each in ago]
    assert {one.start.timestamp() for one in seen} == {end // seconds * seconds for end in ends}
    assert {one.end - one.start for one in seen} == {window}
    assert sum(one.count for one in seen) == len(ago)


@pytest.mark.parametrize("seconds", [1, 10, 60, 300, 3600])
@pytest.mark.parametrize("spans_first", [True, False])
def test_in_windows_of_any_length_spans_and_metrics_of_the_same_calls_count_once(
    seconds: int, *, spans_first: bool
) -> None:
    window, heard = timedelta(seconds=seconds), int(HEARD.timestamp()) * NANOSECONDS
    metrics = Metrics(model=load_model(), window=window)
    traces = Traces(model=load_model(), window=window, told=metrics.hear)
    found = {traces: traces.judge(calls(0, 70), heard).found, metrics: metrics.judge(points(0, 70), heard).found}
    order: list[Traces | Metrics] = [traces, metrics] if spans_first else [metrics, traces]
    seen: list[Observation] = []
    for position, reader in enumerate(order):
        reader.take(found[reader], heard, position, position + 1)  # type: ignore[arg-type]  # each its own
        seen += reader.settle(heard, None).observations
    seen += metrics.settle(heard, None).observations
    assert sum(one.count for one in seen if one.metric == SG.calls and "/LLMSystem/" in one.subject) == 2


def test_what_comes_too_late_is_rejected_with_that_reason_and_the_rest_is_kept() -> None:
    traces = Traces(model=load_model(), late=timedelta(minutes=10))
    judged = traces.judge(calls(599, 601, 90_000), int(HEARD.timestamp()) * NANOSECONDS)
    assert (judged.counts.accepted, judged.counts.rejected) == (1, 2)
    assert isinstance(judged.answer, ExportTraceServiceResponse)
    assert judged.answer.partial_success.rejected_spans == 2
    assert "telemetry_late_seconds" in judged.answer.partial_success.error_message


def test_without_a_limit_any_age_is_accepted() -> None:
    assert len(observed(Traces(model=load_model()), calls(0, 86_400 * 300))) == 2


@pytest.mark.parametrize("seconds", [7, 45 * 60, 7200, 0])
def test_a_window_is_a_whole_part_of_an_hour(seconds: int) -> None:
    with pytest.raises(ValueError, match="telemetry_window_seconds"):
        Settings(telemetry_window_seconds=seconds)

"""How long windows are, and how late a span may come."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import (
    ExportTraceServiceRequest,
    ExportTraceServiceResponse,
)

from stratagraph.ontology.facts import Observation
from stratagraph.ontology.model import load_model
from stratagraph.ontology.namespaces import SG
from stratagraph.service.settings import Settings
from stratagraph.service.telemetry.traces import NANOSECONDS, Traces

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

"""Messages of OTLP in Kafka are read in either encoding, and what is none of the signal is refused."""

from __future__ import annotations

import pytest
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.trace.v1.trace_pb2 import ResourceSpans, ScopeSpans, Span, TracesData

from stratagraph.loaders.content_encodings import MalformedOtlp
from stratagraph.service.telemetry.kafka.payload import request_in
from tests.service.telemetry.kafka.producing import as_json


def traces(name: str = "chat x") -> ExportTraceServiceRequest:
    span = Span(trace_id=bytes(range(16)), span_id=bytes(range(8)), name=name)
    return ExportTraceServiceRequest(resource_spans=[ResourceSpans(scope_spans=[ScopeSpans(spans=[span])])])


@pytest.mark.parametrize("space", ["", " ", "\n", "\r\n\t "])
def test_both_encodings_are_read(space: str) -> None:
    assert request_in(traces().SerializeToString(), ExportTraceServiceRequest) == traces()
    assert request_in((space + as_json(traces()).decode()).encode(), ExportTraceServiceRequest) == traces()


def test_what_the_collector_marshals_is_a_request() -> None:
    data = TracesData(resource_spans=traces().resource_spans)
    assert request_in(data.SerializeToString(), ExportTraceServiceRequest) == traces()


def test_a_protocol_buffer_that_begins_like_json_behind_white_space_is_none() -> None:
    """Field 1 is a line feed, and a length of 123 a brace."""
    padding = next(n for n in range(200) if traces("x" * n).resource_spans[0].ByteSize() == ord("{"))
    written = traces("x" * padding).SerializeToString()
    assert written.startswith(b"\n{")
    assert request_in(written, ExportTraceServiceRequest) == traces("x" * padding)


@pytest.mark.parametrize(
    "value",
    [
        None,
        b"hello",
        b"{",
        b'{"resourceSpans": 7}',
        b"[]",
        b"\x00\x00\x00\x00\x07" + traces().SerializeToString(),  # as a schema registry frames it
        traces().SerializeToString()[:-3],
        b"\xf8\x01\x01",  # a field that no request has
        b"\xff" * 50,
    ],
)
def test_what_is_no_request_is_malformed(value: bytes | None) -> None:
    with pytest.raises(MalformedOtlp):
        request_in(value, ExportTraceServiceRequest)


def test_an_empty_request_is_one() -> None:
    assert request_in(b"", ExportLogsServiceRequest) == ExportLogsServiceRequest()
    assert request_in(b"{}", ExportLogsServiceRequest) == ExportLogsServiceRequest()

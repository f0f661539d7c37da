from __future__ import annotations

import base64
import json
from typing import Any

import pytest
from google.protobuf import json_format
from google.protobuf.message import Message
from hypothesis import given
from hypothesis import strategies as st
from opentelemetry.proto.common.v1.common_pb2 import AnyValue, ArrayValue, KeyValue, KeyValueList
from opentelemetry.proto.trace.v1.trace_pb2 import Span

from stratagraph.loaders.content_encodings import MalformedOtlp, UnsupportedEncoding
from stratagraph.loaders.otlp import MediaType, decode_traces, media_type
from tests.loaders.spans import request


def otlp_json(sent: Message) -> bytes:
    """Write a request as the protocol's JSON: hexadecimal ids, numbers for enumerations."""
    data = json_format.MessageToDict(sent, use_integers_for_enums=True)
    for resource in (*data.get("resourceSpans", []), *data.get("resourceLogs", [])):
        for scope in (*resource.get("scopeSpans", []), *resource.get("scopeLogs", [])):
            for told in (*scope.get("spans", []), *scope.get("logRecords", [])):
                for holder in (told, *told.get("links", [])):
                    for name in ("traceId", "spanId", "parentSpanId"):
                        if name in holder:
                            holder[name] = base64.b64decode(holder[name]).hex()
    return json.dumps(data).encode()


ATOMS = st.one_of(
    st.builds(AnyValue, string_value=st.text()),
    st.builds(AnyValue, bool_value=st.booleans()),
    st.builds(AnyValue, int_value=st.integers(-(2**63), 2**63 - 1)),
    st.builds(AnyValue, double_value=st.floats(allow_nan=False)),
    st.builds(AnyValue, bytes_value=st.binary()),
    st.just(AnyValue()),
)
VALUES = st.recursive(
    ATOMS,
    lambda inner: st.one_of(
        st.builds(AnyValue, array_value=st.builds(ArrayValue, values=st.lists(inner, max_size=3))),
        st.builds(
            AnyValue,
            kvlist_value=st.builds(
                KeyValueList, values=st.lists(st.builds(KeyValue, key=st.text(max_size=5), value=inner), max_size=3)
            ),
        ),
    ),
    max_leaves=8,
)
TIMES = st.integers(0, 2**64 - 1)
SPANS = st.builds(
    Span,
    trace_id=st.binary(min_size=16, max_size=16),
    span_id=st.binary(min_size=8, max_size=8),
    parent_span_id=st.binary(max_size=8),
    name=st.text(),
    kind=st.integers(0, 5),
    start_time_unix_nano=TIMES,
    end_time_unix_nano=TIMES,
    attributes=st.lists(st.builds(KeyValue, key=st.text(), value=VALUES), max_size=4),
    events=st.lists(st.builds(Span.Event, time_unix_nano=TIMES, name=st.text()), max_size=2),
    links=st.lists(st.builds(Span.Link, trace_id=st.binary(min_size=16, max_size=16)), max_size=2),
)


@given(st.lists(SPANS, max_size=4))
def test_json_and_protobuf_decode_alike(spans: list[Span]) -> None:
    sent = request(spans)
    assert decode_traces(otlp_json(sent), MediaType.JSON) == sent
    assert decode_traces(sent.SerializeToString(), MediaType.PROTOBUF) == sent


def one_span(**fields: Any) -> bytes:
    told = {"traceId": "0102030405060708090A0b0c0d0e0f10", "spanId": "0102030405060708", **fields}
    return json.dumps({"resourceSpans": [{"scopeSpans": [{"spans": [told]}]}]}).encode()


def decoded(body: bytes) -> Span:
    return decode_traces(body, MediaType.JSON).resource_spans[0].scope_spans[0].spans[0]


def test_ids_are_hexadecimal_in_either_case() -> None:
    assert decoded(one_span()).trace_id == bytes(range(1, 17))


@pytest.mark.parametrize("wrong", ["AQIDBAUGBwgJCgsMDQ4PEA==", "xyz", 7])
def test_an_id_that_is_not_hexadecimal_identifies_nothing(wrong: object) -> None:
    assert decoded(one_span(traceId=wrong)).trace_id == b""


def test_integers_as_numbers_and_as_text() -> None:
    for number in (1790000000000000000, "1790000000000000000"):
        assert decoded(one_span(startTimeUnixNano=number)).start_time_unix_nano == 1790000000000000000
        value = {"key": "k", "value": {"intValue": number}}
        assert decoded(one_span(attributes=[value])).attributes[0].value.int_value == 1790000000000000000


def test_unknown_fields_are_ignored() -> None:
    assert decoded(one_span(news={"a": [1]}, name="n")).name == "n"


@pytest.mark.parametrize(
    "body",
    [
        b"{",
        b"[]",
        b"null",
        b'{"resourceSpans": {}}',
        b'{"resourceSpans": [1]}',
        one_span(kind="SPAN_KIND_CLIENT"),
        one_span(status={"code": "STATUS_CODE_ERROR"}),
        one_span(status=3),
        one_span(startTimeUnixNano="soon"),
        one_span(attributes="none"),
        b"\xff\xfe",
    ],
)
def test_json_that_is_no_request_is_refused(body: bytes) -> None:
    with pytest.raises(MalformedOtlp, match="no OTLP trace request"):
        decode_traces(body, MediaType.JSON)


@pytest.mark.parametrize("body", [b"hello", b"\x0a\xff", bytes([10, 5, 1])])
def test_bytes_that_are_no_request_are_refused(body: bytes) -> None:
    with pytest.raises(MalformedOtlp):
        decode_traces(body, MediaType.PROTOBUF)


@pytest.mark.parametrize("depth", [50, 200, 5_000, 200_000])
def test_deep_values_are_read_or_refused(depth: int) -> None:
    value = b'{"arrayValue":{"values":[' * depth + b'{"intValue":1}' + b"]}}" * depth
    body = one_span(attributes=["HOLE"]).replace(b'"HOLE"', b'{"key":"k","value":' + value + b"}")
    try:
        assert decoded(body).attributes[0].key == "k"
    except MalformedOtlp:
        assert depth > 20


def test_deep_protobuf_values_are_refused() -> None:
    inner = AnyValue(int_value=1).SerializeToString()
    for _ in range(5_000):
        inner = _field(0x2A, _field(0x0A, inner))  # AnyValue.array_value, ArrayValue.values
    for tag in (0x12, 0x4A, 0x12, 0x12, 0x0A):  # resource_spans, scope_spans, spans, attributes, value; inside out
        inner = _field(tag, inner)
    with pytest.raises(MalformedOtlp):
        decode_traces(inner, MediaType.PROTOBUF)


def _field(tag: int, value: bytes) -> bytes:
    """Wrap bytes as one field of the protocol buffers' wire format."""
    length, size = len(value), bytearray()
    while length > 0x7F:
        size.append(length & 0x7F | 0x80)
        length >>= 7
    return bytes([tag, *size, length]) + value


def test_what_is_not_read_is_named() -> None:
    with pytest.raises(UnsupportedEncoding, match="text/plain"):
        media_type("text/plain")
    assert media_type("Application/JSON; charset=utf-8") is MediaType.JSON

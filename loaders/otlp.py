"""OTLP request bodies, protobuf and JSON, to one request message."""

from __future__ import annotations

import base64
from collections.abc import Callable, Iterator, Mapping
from enum import StrEnum
from typing import Any, Final, NamedTuple, TypeVar

import orjson
from google.protobuf import json_format
from google.protobuf.message import DecodeError, Message
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from stratagraph.loaders.content_encodings import MalformedOtlp, UnsupportedEncoding

RequestT = TypeVar("RequestT", bound=Message)


class MediaType(StrEnum):
    """The two encodings of OTLP over HTTP."""

    PROTOBUF = "application/x-protobuf"
    JSON = "application/json"


def media_type(header: str) -> MediaType:
    """Return what a Content-Type header means. Raises UnsupportedEncoding."""
    name = header.partition(";")[0].strip().lower()
    try:
        return MediaType(name)
    except ValueError:
        raise UnsupportedEncoding(header="Content-Type", given=header, known=", ".join(MediaType)) from None


def decode(body: bytes, media: MediaType, kind: type[RequestT]) -> RequestT:
    """Return the request of a kind that a plain body holds. Raises MalformedOtlp."""
    return _from_json(body, kind) if media is MediaType.JSON else _from_protobuf(body, kind)


def decode_traces(body: bytes, media: MediaType) -> ExportTraceServiceRequest:
    """Return the request with traces that a plain body holds. Raises MalformedOtlp."""
    return decode(body, media, ExportTraceServiceRequest)


def _from_protobuf(body: bytes, kind: type[RequestT]) -> RequestT:
    """Parse protocol buffers. Raises MalformedOtlp."""
    try:
        return kind.FromString(body)
    except DecodeError as error:
        raise MalformedOtlp(reason=f"it is no protocol buffer of that type ({error})") from None


def _from_json(body: bytes, kind: type[RequestT]) -> RequestT:
    """Parse OTLP's JSON, which writes ids in hexadecimal and enumerations as numbers. Raises MalformedOtlp."""
    request = kind()
    try:
        data = orjson.loads(body)
        outline = _OUTLINES[kind]
        for item in _items(data, outline):
            outline.form(item)
        # The protocol asks receivers to ignore fields that are newer than they are.
        json_format.ParseDict(data, request, ignore_unknown_fields=True)
    except (orjson.JSONDecodeError, json_format.ParseError, _NotOtlp, TypeError, ValueError) as error:
        reason = str(error) or type(error).__name__
        raise MalformedOtlp(reason=reason.splitlines()[0][:300]) from None
    return request


class _NotOtlp(Exception):
    """JSON whose outline is not that of a request."""


class _Outline(NamedTuple):
    """What the lists of a request are called, and what brings an item into the general form, in place."""

    resources: str
    scopes: str
    items: str
    form: Callable[[dict[str, Any]], None]


def _items(data: Any, outline: _Outline) -> Iterator[dict[str, Any]]:
    """Yield the items of a JSON request, and refuse a wrong outline."""
    for resource in _objects(_object(data), outline.resources):
        for scope in _objects(resource, outline.scopes):
            yield from _objects(scope, outline.items)


def _objects(data: dict[str, Any], name: str) -> Iterator[dict[str, Any]]:
    """Yield the objects of a list; a missing one or null is empty."""
    listed = data.get(name)
    if listed is not None and not isinstance(listed, list):
        raise _NotOtlp(f"{name} is not a list")
    yield from map(_object, listed or ())


def _object(data: Any) -> dict[str, Any]:
    """Return a JSON object as it is."""
    if not isinstance(data, dict):
        raise _NotOtlp("an object is expected where something else stands")
    return data


def _record_form(record: dict[str, Any]) -> None:
    """Turn what OTLP has of its own in a span or log record into the general JSON form, in place."""
    for name in ("traceId", "spanId", "parentSpanId"):
        _unhex(record, name)
    for link in _objects(record, "links"):
        for name in ("traceId", "spanId"):
            _unhex(link, name)
    for name in ("kind", "severityNumber"):
        _number(record, name)
    if record.get("status") is not None:
        _number(_object(record["status"]), "code")


def _metric_form(metric: dict[str, Any]) -> None:
    """Turn a metric's OTLP peculiarities into the general JSON form of protocol buffers, in place."""
    for kind in ("sum", "gauge", "histogram", "exponentialHistogram", "summary"):
        if metric.get(kind) is None:
            continue
        told = _object(metric[kind])
        _number(told, "aggregationTemporality")
        for point in _objects(told, "dataPoints"):
            for exemplar in _objects(point, "exemplars"):
                for name in ("traceId", "spanId"):
                    _unhex(exemplar, name)


def _unhex(data: dict[str, Any], name: str) -> None:
    """Replace a hexadecimal id by base64; an id that is neither is refused later, as an invalid id of its span."""
    value = data.get(name)
    if value is None:
        return
    try:
        data[name] = base64.b64encode(bytes.fromhex(value)).decode()
    except (TypeError, ValueError):
        data[name] = ""


def _number(data: dict[str, Any], name: str) -> None:
    """Refuse names of enumeration values: OTLP sends numbers."""
    if isinstance(data.get(name), str):
        raise _NotOtlp(f"{name} is a name where OTLP sends a number")


_OUTLINES: Final[Mapping[type[Message], _Outline]] = {
    ExportTraceServiceRequest: _Outline("resourceSpans", "scopeSpans", "spans", _record_form),
    ExportLogsServiceRequest: _Outline("resourceLogs", "scopeLogs", "logRecords", _record_form),
    ExportMetricsServiceRequest: _Outline("resourceMetrics", "scopeMetrics", "metrics", _metric_form),
}

"""OTLP request bodies: protobuf and JSON, plain and compressed, to one request message."""

from __future__ import annotations

import base64
import zlib
from collections.abc import Iterator
from enum import StrEnum
from typing import Any, Final

import orjson
from google.protobuf import json_format
from google.protobuf.message import DecodeError
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from stratagraph.ontology.errors import StratagraphError

LIMIT: Final = 64 * 2**20
"""Bytes that a body may have, also after decompression: what the protocol recommends."""
# The number of window bits tells zlib the format: 16 more mean gzip, less than nothing no header at all.
_GZIP: Final = 16 + zlib.MAX_WBITS
_ZLIB: Final = zlib.MAX_WBITS
_RAW: Final = -zlib.MAX_WBITS


class MediaType(StrEnum):
    """The two encodings of OTLP over HTTP."""

    PROTOBUF = "application/x-protobuf"
    JSON = "application/json"


class UnsupportedEncoding(StratagraphError, slug="unsupported-encoding", status=415):
    """A media type or content encoding that is not read here."""

    text = "The {header} '{given}' is not read here. Send one of: {known}."

    header: str
    given: str
    known: str


class BodyTooLarge(StratagraphError, slug="body-too-large", status=413):
    """A body over the limit, as sent or decompressed."""

    text = "The body has more than {limit} bytes when decompressed. Export smaller batches."

    limit: int


class MalformedOtlp(StratagraphError, slug="malformed-otlp", status=400):
    """A body that is no OTLP request."""

    text = "The body is no OTLP trace request: {reason}. Check the exporter's protocol setting."

    reason: str


def media_type(header: str) -> MediaType:
    """Return what a Content-Type header means. Raises UnsupportedEncoding."""
    name = header.partition(";")[0].strip().lower()
    try:
        return MediaType(name)
    except ValueError:
        raise UnsupportedEncoding(header="Content-Type", given=header, known=", ".join(MediaType)) from None


def decompress(body: bytes, encoding: str, *, limit: int = LIMIT) -> bytes:
    """Return the body without its content encoding, never holding more than the limit.

    Raises UnsupportedEncoding, BodyTooLarge, MalformedOtlp.
    """
    match encoding.strip().lower():
        case "" | "identity":
            plain = body
        case "gzip":
            plain = _members(body, _GZIP, limit)
        case "deflate":
            plain = _members(body, _ZLIB if _is_zlib(body) else _RAW, limit)
        case other:
            raise UnsupportedEncoding(header="Content-Encoding", given=other, known="gzip, deflate, identity")
    if len(plain) > limit:
        raise BodyTooLarge(limit=limit)
    return plain


def decode_traces(body: bytes, media: MediaType) -> ExportTraceServiceRequest:
    """Return the request that a plain body holds. Raises MalformedOtlp."""
    return _from_json(body) if media is MediaType.JSON else _from_protobuf(body)


def _is_zlib(body: bytes) -> bool:
    """Tell whether a deflated body has the header that HTTP asks for and some senders leave out."""
    # RFC 1950, section 2.2: the method in the low bits, and both bytes together a multiple of 31.
    return len(body) > 1 and body[0] & 0x0F == zlib.DEFLATED and int.from_bytes(body[:2]) % 31 == 0


def _members(body: bytes, window: int, limit: int) -> bytes:
    """Return the decompressed members, one after the other; stop at one byte beyond the limit."""
    plain = bytearray()
    # A gzip file may be several in a row (RFC 1952, section 2.2).
    while body:
        engine = zlib.decompressobj(window)
        try:
            # One byte more than allowed tells a body that goes on from one that just fits.
            plain += engine.decompress(body, limit + 1 - len(plain))
        except zlib.error as error:
            raise MalformedOtlp(reason=f"it cannot be decompressed ({error})") from None
        if len(plain) > limit:
            raise BodyTooLarge(limit=limit)
        if not engine.eof:
            raise MalformedOtlp(reason="the compressed data end too soon")
        body = engine.unused_data
    return bytes(plain)


def _from_protobuf(body: bytes) -> ExportTraceServiceRequest:
    """Parse protocol buffers. Raises MalformedOtlp."""
    try:
        return ExportTraceServiceRequest.FromString(body)
    except DecodeError as error:
        raise MalformedOtlp(reason=f"it is no protocol buffer of that type ({error})") from None


def _from_json(body: bytes) -> ExportTraceServiceRequest:
    """Parse OTLP's JSON, which writes ids in hexadecimal and enumerations as numbers. Raises MalformedOtlp."""
    request = ExportTraceServiceRequest()
    try:
        data = orjson.loads(body)
        for span in _spans(data):
            _proto_form(span)
        # The protocol asks receivers to ignore fields that are newer than they are.
        json_format.ParseDict(data, request, ignore_unknown_fields=True)
    except (orjson.JSONDecodeError, json_format.ParseError, _NotOtlp, TypeError, ValueError) as error:
        reason = str(error) or type(error).__name__
        raise MalformedOtlp(reason=reason.splitlines()[0][:300]) from None
    return request


class _NotOtlp(Exception):
    """JSON whose outline is not that of a request."""


def _spans(data: Any) -> Iterator[dict[str, Any]]:
    """Yield the spans of a JSON request, and refuse a wrong outline."""
    for resource in _objects(_object(data), "resourceSpans"):
        for scope in _objects(resource, "scopeSpans"):
            yield from _objects(scope, "spans")


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


def _proto_form(span: dict[str, Any]) -> None:
    """Turn a span's OTLP peculiarities into the general JSON form of protocol buffers, in place."""
    for name in ("traceId", "spanId", "parentSpanId"):
        _unhex(span, name)
    for link in _objects(span, "links"):
        for name in ("traceId", "spanId"):
            _unhex(link, name)
    _number(span, "kind")
    if span.get("status") is not None:
        _number(_object(span["status"]), "code")


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

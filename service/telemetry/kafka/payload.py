"""What a message in Kafka holds: a request of OTLP, in either of its encodings."""

from __future__ import annotations

from typing import TypeVar

from google.protobuf.message import Message

from stratagraph.loaders.content_encodings import MalformedOtlp
from stratagraph.loaders.otlp import MediaType, decode

RequestT = TypeVar("RequestT", bound=Message)


def request_in(value: bytes | None, kind: type[RequestT]) -> RequestT:
    """Return the request of a kind that a message holds; its topic tells the kind, its bytes the encoding.

    The Collector's encodings ``otlp_proto`` and ``otlp_json`` write the same messages as its exporters over HTTP do.

    Raises:
        MalformedOtlp: it holds none.
    """
    if value is None:
        raise MalformedOtlp(reason="it has no value")
    # No protocol buffer of these kinds begins with a brace: it would begin a group of field 15.
    if value.startswith(b"{"):
        return decode(value, MediaType.JSON, kind)
    try:
        request = decode(value, MediaType.PROTOBUF, kind)
    except MalformedOtlp:
        # Only now, for white space may begin a protocol buffer too.
        if value.lstrip().startswith(b"{"):
            return decode(value, MediaType.JSON, kind)
        raise
    if value and not request.ListFields():
        raise MalformedOtlp(reason="it holds nothing that a request of this signal may hold")
    return request

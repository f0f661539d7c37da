"""The operations of OTLP/HTTP, as OpenAPI tells them. The messages themselves are the protocol's."""

from __future__ import annotations

from typing import Any, Final

from stratagraph.loaders.otlp import MediaType
from stratagraph.service.http.documents.problem import problems, refusals

_BINARY: Final = {"type": "string", "format": "binary"}
_MESSAGE: Final = {
    MediaType.PROTOBUF.value: {"schema": _BINARY},
    MediaType.JSON.value: {"schema": {"type": "object"}},
}
_STATUS: Final = {
    "type": "object",
    "description": "A google.rpc.Status, in the encoding of the request.",
    "properties": {"code": {"type": "integer"}, "message": {"type": "string"}},
}
_KINDS: Final = (MediaType.JSON.value, MediaType.PROTOBUF.value)

REQUEST: Final = {"requestBody": {"required": True, "content": _MESSAGE}}
"""What is told of the body."""
TAKEN: Final[dict[str, Any]] = {
    "description": "Taken; durable, but for what partialSuccess names",
    "content": _MESSAGE,
}
"""What is told of the answer to data that were taken."""


def _refused(*statuses: int) -> dict[int | str, dict[str, Any]]:
    told = refusals(_STATUS, _KINDS, *statuses)
    for answer in told.values():
        answer["content"] = {MediaType.JSON.value: {"schema": _STATUS}, MediaType.PROTOBUF.value: {"schema": _BINARY}}
    return told


REFUSED: Final = {**_refused(400, 401, 403, 404, 413, 415, 422, 431, 503), **problems(421)}
"""What is told of the answers to data that were not taken."""
NOT_RECEIVED: Final = {**_refused(401, 403, 404, 422, 431), **problems(421)}
"""What is told of the answers about a signal that is switched off."""

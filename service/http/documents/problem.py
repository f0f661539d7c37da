"""The form of errors."""

from __future__ import annotations

from typing import Any, Final

from pydantic import Field

from stratagraph.service.http.documents.document import Document


class Problem(Document):
    """A problem detail (RFC 9457). What else it carries depends on its type: suggestions, candidates, findings."""

    type: str = Field(description="Stable IRI of the kind of problem")
    title: str = Field(description="The kind of problem in words")
    status: int = Field(description="The HTTP status")
    detail: str = Field(description="What is wrong with this request, and what to do next")


EVERYWHERE: Final = (401, 403, 408, 413, 421, 422, 431, 500, 503)
"""Statuses that any route may answer: access, Host and Origin, heads, bodies, parameters, faults of ours, and the end
of the service."""

_MEANINGS: Final = {
    400: "The request can't be understood",
    401: "The service asks for an access token, or does not know this one",
    403: "The access token's role is too low, or a page of another site sent the request",
    404: "There is no such thing",
    406: "The answer can't be written in any format that Accept names",
    408: "The body came in too slowly",
    409: "It contradicts what is there, or names several things",
    410: "What is asked about was erased",
    413: "The request is too large",
    415: "The body's Content-Type or Content-Encoding is not read here",
    421: "The service is not known by the Host that the request names",
    422: "A parameter or the body does not fit, or a shape is violated",
    431: "The headers are too long",
    500: "The service failed",
    502: "A source did not give what it holds",
    503: "Not now: ask again after the time in Retry-After",
    504: "It took longer than the deadline",
    507: "It needs more memory or room than one request may have",
}


def problems(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """Return the description of answers with these statuses, as problem details."""
    return {status: {"model": Problem, "description": _MEANINGS[status]} for status in statuses}


def refusals(schema: dict[str, Any], media_types: tuple[str, ...], *statuses: int) -> dict[int | str, dict[str, Any]]:
    """Return the description of answers with these statuses, as another protocol writes its errors."""
    content = {media_type: {"schema": schema} for media_type in media_types}
    return {status: {"description": _MEANINGS[status], "content": content} for status in statuses}

"""The operation of the SPARQL Protocol, as OpenAPI tells it."""

from __future__ import annotations

from typing import Any, Final

from stratagraph.service.http.documents.media import texts
from stratagraph.service.http.documents.problem import problems, refusals
from stratagraph.service.http.headers import AS_OF
from stratagraph.service.sparql.formats import GRAPHS, RESULTS

FORM: Final = "application/x-www-form-urlencoded"
QUERY: Final = "application/sparql-query"

_TEXT: Final = {"type": "string"}
_GRAPHS: Final = {"type": "array", "items": {"type": "string", "format": "uri"}}
_FORMATS: Final = {"type": "array", "items": _TEXT}  # SPARQLWrapper sends each twice: a short name, a media type or ""
PASSED_OVER: Final = ("format", "output", "results")
"""Parameters that nothing is read from, so that they may say anything, nothing too."""
_SCHEMAS: Final[dict[str, tuple[dict[str, Any], str]]] = {
    "query": (_TEXT, "The query. Without any parameter, GET answers with the service description."),
    "default-graph-uri": (_GRAPHS, "A named graph that goes into the default graph."),
    "named-graph-uri": (_GRAPHS, "A named graph that the query may name."),
    "asOf": (_TEXT, "What the ledger knew then: a sequence, a date or a time; past only."),
    **dict.fromkeys(
        PASSED_OVER,
        (_FORMATS, "Sent by some clients, and passed over: the Accept header tells the format."),
    ),
}
PARAMETERS: Final = {name: schema["type"] == "array" for name, (schema, _) in _SCHEMAS.items()}
"""The parameters of the operation, and whether each may stand several times."""

_HEADER: Final = {
    "name": AS_OF,
    "in": "header",
    "required": False,
    "description": "As the parameter asOf; the two must not contradict each other.",
    "schema": _TEXT,
}


def _parameters(*without: str) -> list[dict[str, Any]]:
    told = [
        {"name": name, "in": "query", "required": False, "description": text, "schema": schema}
        for name, (schema, text) in _SCHEMAS.items()
        if name not in without
    ]
    return [*told, _HEADER]


_FORM_SCHEMA: Final = {
    "type": "object",
    "required": ["query"],
    "properties": {name: {**schema, "description": text} for name, (schema, text) in _SCHEMAS.items()},
    "additionalProperties": False,
}
GET: Final = {"parameters": _parameters()}
"""What is told of the query in the address."""
POST: Final = {
    "parameters": _parameters("query"),
    "requestBody": {
        "required": True,
        "content": {FORM: {"schema": _FORM_SCHEMA}, QUERY: {"schema": _TEXT}},
    },
}
"""What is told of the query in the body."""
_OBJECTS: Final = {media_type: {"schema": {"type": "object"}} for media_type in RESULTS if media_type.endswith("json")}
ANSWERS: Final[dict[int | str, dict[str, Any]]] = {
    200: {
        "description": "The answer, in the format that Accept asks for",
        "content": {**texts(RESULTS), **texts(GRAPHS), **_OBJECTS},
    },
    **refusals(_TEXT, ("text/plain",), 400, 401, 403, 406, 413, 415, 422, 500, 503, 504, 507),
    **problems(421),
}
"""What is told of the answers; errors are plain text, as the protocol's clients show them."""

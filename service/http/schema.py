"""``/api/schema``: what a client, or a language model, must know of the graph to ask it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from enum import StrEnum
from functools import cached_property
from hashlib import sha256
from typing import Annotated, Final

import orjson
from anyio import to_thread
from fastapi import APIRouter, Query, Request, Response
from pydantic import AfterValidator

from stratagraph.ontology.errors import StratagraphError
from stratagraph.ontology.model import OntologyModel
from stratagraph.queries import names
from stratagraph.queries.schema.naming import Language as QueryLanguage
from stratagraph.queries.schema.naming import Naming, SparqlNaming
from stratagraph.queries.schema.outline import Outline
from stratagraph.queries.schema.schema_document import Document, schema_document
from stratagraph.queries.schema.text import schema_text
from stratagraph.service.engine.engine import Engine
from stratagraph.service.http.documents.media import texts
from stratagraph.service.http.documents.problem import problems
from stratagraph.service.http.documents.schema import Schema
from stratagraph.service.http.headers import AT_LEAST
from stratagraph.service.http.parameters import EmptyParameter, Language
from stratagraph.service.http.sequence import answered_at, wanted_sequence
from stratagraph.service.neo4j.mapping.query_naming import CypherNaming

KEPT: Final = 64
"""Answers that are kept until the graph moves on."""
MOST_KINDS: Final = 100
_SEPARATOR: Final = ","


class UnknownQueryLanguage(StratagraphError, slug="unknown-query-language", status=422):
    """A language that the graph is not asked in."""

    text = "The graph is not asked in {given!r}. Ask for the schema of one of: {known}."
    longest = 100

    given: str
    known: str = ", ".join(QueryLanguage)


def _query_language(given: str) -> str:
    if given.lower() not in list(QueryLanguage):
        raise UnknownQueryLanguage(given=given)
    return given.lower()


class SchemaForm(StrEnum):
    """How a schema is written."""

    TEXT = "text"
    JSON = "json"


MEDIA_TYPES: Final = {SchemaForm.TEXT: "text/plain; charset=utf-8", SchemaForm.JSON: "application/json"}

_ANY_CASE: Final = f"^({'|'.join(''.join(f'[{c.upper()}{c}]' for c in each) for each in QueryLanguage)})$"
"""What JSON Schema knows no flag for."""
Asked = Annotated[
    str,
    AfterValidator(_query_language),
    Query(description="Language of the queries.", json_schema_extra={"pattern": _ANY_CASE}),
]
Kinds = Annotated[
    list[str] | None,
    Query(max_length=MOST_KINDS, description="Only these classes and what is below them; several, or with commas."),
]
Form = Annotated[SchemaForm, Query(description="A page for a prompt, or JSON with all that is known.")]


class Schemas:
    """Writes schemas, and keeps those of the newest outline."""

    def __init__(self, model: OntologyModel) -> None:
        self._model = model
        self._outline: Outline | None = None
        self._kept: dict[tuple[str, ...], tuple[bytes, str]] = {}

    @cached_property
    def _namings(self) -> Mapping[QueryLanguage, Naming]:
        return {QueryLanguage.SPARQL: SparqlNaming(), QueryLanguage.CYPHER: CypherNaming(self._model)}

    def answer(
        self, outline: Outline, language: QueryLanguage, form: SchemaForm, lang: str, kinds: Sequence[str]
    ) -> tuple[bytes, str]:
        """Return the body and its tag.

        Raises:
            UnknownName: no class answers to one of the kinds.
        """
        wanted = sorted({names.resolve_kind(self._model, kind) for kind in kinds})
        if outline is not self._outline:
            self._outline, self._kept = outline, {}
        key = (language.value, form.value, lang, *wanted)
        kept = self._kept
        if key not in kept:
            document = schema_document(outline, self._model, self._namings[language], lang, wanted)
            if len(kept) >= KEPT:
                kept.clear()
            kept[key] = _written(document, form), _tag(document, key)
        return kept[key]


def _written(document: Document, form: SchemaForm) -> bytes:
    return orjson.dumps(document) if form is SchemaForm.JSON else schema_text(document).encode()


def _tag(document: Document, key: tuple[str, ...]) -> str:
    """Return a weak tag: a schema that differs in nothing but its sequence tells the same."""
    told = {name: value for name, value in document.items() if name != "sequence"}
    return f'W/"{sha256(orjson.dumps([key, told])).hexdigest()[:24]}"'


def router(engine: Engine) -> APIRouter:
    """Return the route."""
    routes = APIRouter(prefix="/api", tags=["graph"])
    schemas = Schemas(engine.model)

    @routes.get(
        "/schema",
        summary="What there is to ask about: kinds, properties, relations and metrics of the estate, in a page",
        response_class=Response,
        responses={
            200: {"model": Schema, "content": texts(MEDIA_TYPES.values())},
            304: {"description": "The same as the client has, by If-None-Match"},
            **problems(400, 404, 409, 503),
        },
    )
    async def schema(
        request: Request,
        language: Asked = QueryLanguage.SPARQL.value,
        format: Form = SchemaForm.TEXT,  # noqa: A002  the parameter's public name
        kinds: Kinds = None,
        lang: Language = "en",
    ) -> Response:
        wanted = wanted_sequence(request.headers.getlist(AT_LEAST)) or 0
        asked = [name.strip() for each in kinds or () for name in each.split(_SEPARATOR) if name.strip()]

        if kinds and not asked:
            raise EmptyParameter(parameter="kinds")

        def work() -> tuple[int, bytes, str]:
            outline = engine.outlining.newest(wanted)
            return outline.sequence, *schemas.answer(outline, QueryLanguage(language), format, lang, asked)

        sequence, body, tag = await to_thread.run_sync(work)
        answered_at(sequence)
        headers = {"ETag": tag, "Cache-Control": "no-cache"}
        if _has(request, tag):
            return Response(status_code=304, headers=headers)
        return Response(body, headers=headers, media_type=MEDIA_TYPES[format])

    return routes


def _has(request: Request, tag: str) -> bool:
    """Tell whether the client has what the tag stands for, compared weakly (RFC 9110, section 13.1.2)."""
    given = {each.strip().removeprefix("W/") for each in ",".join(request.headers.getlist("If-None-Match")).split(",")}
    return not given.isdisjoint({"*", tag.removeprefix("W/")})

"""Who is who: assets that may be one, a person's decision on that, and where sources disagree."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from enum import StrEnum
from typing import Annotated, Any, Final

from anyio import to_thread
from fastapi import APIRouter, Query, Request, Response
from pydantic import BaseModel, ConfigDict, Field

from stratagraph.ontology.errors import StratagraphError
from stratagraph.ontology.facts import Batch, Fact, Iri, Literal, Method, Scope
from stratagraph.ontology.json_text import json_text
from stratagraph.ontology.namespaces import SG, XSD, compact, local_name
from stratagraph.queries.conflicts import Conflict, conflicts
from stratagraph.queries.messages import messages
from stratagraph.queries.sameness_tables import findings_csv, suggestions_csv
from stratagraph.queries.suggestions import Suggestion, suggestions
from stratagraph.service.engine.engine import Engine
from stratagraph.service.http.access import asker
from stratagraph.service.http.documents.media import texts
from stratagraph.service.http.documents.problem import problems
from stratagraph.service.http.documents.sameness import DecisionReceipt, FindingList, SuggestionList
from stratagraph.service.http.parameters import Language
from stratagraph.service.http.sequence import answered_at

DECISIONS: Final = "decisions"
"""The source of what persons decided; the scope says which of them, and on what."""
_LONGEST_ID: Final = 100
Limit = Annotated[int, Query(ge=1, le=1000, description="Most of one answer.")]


class UnknownSuggestion(StratagraphError, slug="unknown-suggestion", status=404):
    """No pair of assets is suggested under an id, or any more."""

    text = "There is no suggestion '{id}' (any more). 'stratagraph suggest' and /api/suggestions list the open ones."

    id: str


class Decision(StrEnum):
    """What a person says to a suggestion."""

    ACCEPT = "accept"
    REFUSE = "refuse"


class TableForm(StrEnum):
    """How a list is written."""

    JSON = "json"
    CSV = "csv"


MEDIA_TYPES: Final = {TableForm.JSON: "application/json", TableForm.CSV: "text/csv; charset=utf-8"}
Form = Annotated[TableForm, Query(alias="format", description="How the answer is written.")]


class DecisionRequest(BaseModel):
    """Whether two assets are one."""

    model_config = ConfigDict(extra="forbid")

    decision: Decision = Field(description="accept: they are one asset; refuse: they are two, and not suggested again")


def router(engine: Engine) -> APIRouter:
    """Return the routes about who is who."""
    routes = APIRouter(prefix="/api", tags=["sources"])

    @routes.get(
        "/suggestions",
        summary="Assets that may be one, with the reason; nothing is merged until a person says so",
        response_class=Response,
        responses={200: {"model": SuggestionList, "content": texts(MEDIA_TYPES.values())}, **problems(400, 503)},
    )
    def suggested(limit: Limit = 100, form: Form = TableForm.JSON, lang: Language = "en") -> Response:
        found = _open(engine)
        answer = {"suggestions": [_suggestion(each, lang) for each in found[:limit]], "count": len(found)}
        return _written(answer, form, suggestions_csv)

    @routes.post(
        "/suggestions/{id}",
        summary="Decide whether two assets are one",
        responses={200: {"model": DecisionReceipt}, **problems(400, 404, 409, 422, 503)},
    )
    async def decide(id: str, wanted: DecisionRequest, request: Request) -> dict[str, Any]:  # noqa: A002  its name in the path
        return await to_thread.run_sync(_decide, engine, id[:_LONGEST_ID], wanted.decision, asker(request))

    @routes.get(
        "/findings",
        summary="Where sources disagree about what has one value at a time",
        response_class=Response,
        responses={200: {"model": FindingList, "content": texts(MEDIA_TYPES.values())}, **problems(400, 503)},
    )
    def findings(limit: Limit = 100, form: Form = TableForm.JSON, lang: Language = "en") -> Response:
        with engine.reading() as snapshot:
            answered_at(snapshot.sequence)
            found, count = conflicts(snapshot.triples, snapshot.model, most=limit)
            names = _names(snapshot.triples.matching([(each.asset, SG.name, None) for each in found]))
            told = [_conflict(each, names, snapshot.model.label(each.attribute, lang)) for each in found]
        return _written({"findings": told, "count": count}, form, findings_csv)

    return routes


def _written(answer: dict[str, Any], form: TableForm, table: Callable[[dict[str, Any]], str]) -> Response:
    content = table(answer) if form is TableForm.CSV else json_text(answer)
    return Response(content, media_type=MEDIA_TYPES[form])


def _open(engine: Engine) -> list[Suggestion]:
    with engine.reading() as snapshot:
        answered_at(snapshot.sequence)
        return suggestions(snapshot.triples, snapshot.model)


def _decide(engine: Engine, name: str, decision: Decision, by: str) -> dict[str, Any]:
    """Commit what a person decided, as a fact of its own."""
    found = next((each for each in _open(engine) if each.id == name), None)
    if found is None:
        raise UnknownSuggestion(id=name)
    same = decision is Decision.ACCEPT
    stated = (
        Fact(found.first, SG.sameAssetAs, found.second)
        if same
        else Fact(found.first, SG.differentAssetFrom, Literal(found.second, XSD.anyURI))
    )
    scope = Scope(name=f"{by}/{found.id}", complete=True, stated=(stated,))
    batch = Batch(source=DECISIONS, run=str(uuid.uuid4()), method=Method.DECLARED, scopes=(scope,))
    sequence = engine.commit(batch).receipt.sequence
    answered_at(sequence)
    return {"id": found.id, "decision": decision.value, "assets": _pair(found), "sequence": sequence}


def _pair(found: Suggestion) -> list[dict[str, str]]:
    return [{"iri": iri, "name": name} for iri, name in zip((found.first, found.second), found.names, strict=True)]


def _suggestion(found: Suggestion, language: str) -> dict[str, Any]:
    text = messages("identity", language)[f"suggest-{found.reason}"].format(shared=found.shared)
    return {"id": found.id, "assets": _pair(found), "reason": found.reason, "text": text}


def _names(listed: list[list[Fact]]) -> dict[Iri, str]:
    return {
        fact.subject: fact.object.value for facts in listed for fact in facts[:1] if isinstance(fact.object, Literal)
    }


def _conflict(found: Conflict, names: dict[Iri, str], label: str) -> dict[str, Any]:
    values = [
        {
            "value": value.value if isinstance(value, Literal) else value,
            "witnesses": [
                {"source": it.source, "method": local_name(it.method) or it.method, "firstSeen": it.first_seen}
                for it in witnesses
            ],
        }
        for value, witnesses in found.values.items()
    ]
    asset = {"iri": found.asset, "name": names.get(found.asset, found.asset)}
    return {"asset": asset, "attribute": compact(found.attribute), "label": label, "values": values}

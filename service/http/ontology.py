"""The ontology in force, and what became of a user's own modules."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter

from stratagraph.service.engine import Engine
from stratagraph.service.http.documents.ledger import OntologyModules, OntologyState
from stratagraph.service.http.documents.problem import problems
from stratagraph.service.http.parameters import Language
from stratagraph.service.modules import modules_document


def router(engine: Engine) -> APIRouter:
    """Return the route /api/ontology."""
    routes = APIRouter(prefix="/api", tags=["ontology"])

    @routes.get(
        "/ontology",
        summary="The ontology in force, and the findings about a user's own modules",
        responses={200: {"model": OntologyState}, **problems(400, 503)},
    )
    def ontology(lang: Language = "en") -> dict[str, Any]:
        return engine.extension.document(lang)

    @routes.get(
        "/ontology/modules",
        summary="A user's own modules that are in force, with the prefixes they declare",
        responses={200: {"model": OntologyModules}, **problems(400, 503)},
    )
    def modules() -> dict[str, Any]:
        return modules_document(engine.model)

    return routes

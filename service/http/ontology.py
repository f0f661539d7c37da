"""The ontology in force, and what became of a user's own modules."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Query

from stratagraph.service.engine import Engine
from stratagraph.service.modules import modules_document


def router(engine: Engine) -> APIRouter:
    """Return the route /api/ontology."""
    routes = APIRouter(prefix="/api", tags=["ontology"])

    @routes.get("/ontology", summary="The ontology in force, and the findings about a user's own modules")
    def ontology(
        lang: Annotated[str, Query(description="Language of the findings: en or pt-BR.")] = "en",
    ) -> dict[str, Any]:
        return engine.extension.document(lang)

    @routes.get("/ontology/modules", summary="A user's own modules that are in force, with the prefixes they declare")
    def modules() -> dict[str, Any]:
        return modules_document(engine.model)

    return routes

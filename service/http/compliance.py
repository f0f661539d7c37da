"""Do we comply? The rules, and their evaluation now."""

from __future__ import annotations

from datetime import date
from enum import StrEnum
from typing import Annotated, Any

from fastapi import APIRouter, Query, Response

from stratagraph.queries.report import rule_document, to_csv, to_json
from stratagraph.queries.report_html import to_html
from stratagraph.queries.verdicts import Audit
from stratagraph.service.engine import Engine
from stratagraph.service.http.headers import SEQUENCE

EXIT_HEADER = "Stratagraph-Audit-Exit"
"""Carries the exit status of ``stratagraph audit``: 0 when nothing fails and nothing is unknown, else 1."""


class Form(StrEnum):
    """How an audit is written."""

    JSON = "json"
    HTML = "html"
    CSV = "csv"


MEDIA_TYPES = {
    Form.JSON: "application/json",
    Form.HTML: "text/html; charset=utf-8",
    Form.CSV: "text/csv; charset=utf-8",
}


def router(engine: Engine) -> APIRouter:
    """Return the routes below /api/compliance."""
    routes = APIRouter(prefix="/api/compliance", tags=["compliance"])

    @routes.get("/rules", summary="The rules, with their texts, sources and dates")
    def rules() -> dict[str, Any]:
        return {"rules": [rule_document(rule, engine.model) for rule in engine.rules]}

    @routes.get("/audit", summary="Evaluate every rule against every target now", response_class=Response)
    def audit(
        framework: Annotated[str | None, Query(description="Only this framework, for example LGPD.")] = None,
        on: Annotated[date | None, Query(description="Date whose rules apply; may be in the future.")] = None,
        format: Form = Form.JSON,  # noqa: A002  the parameter's public name
        lang: Annotated[str, Query(description="Language that is shown first: en or pt-BR.")] = "en",
    ) -> Response:
        found = engine.audit(on=on, framework=framework)
        headers = {EXIT_HEADER: str(found.exit_code), SEQUENCE: str(found.sequence)}
        return Response(_written(found, engine, format, lang), media_type=MEDIA_TYPES[format], headers=headers)

    return routes


def _written(audit: Audit, engine: Engine, form: Form, language: str) -> str:
    match form:
        case Form.JSON:
            return to_json(audit, engine.model)
        case Form.CSV:
            return to_csv(audit, engine.model)
        case Form.HTML:
            return to_html(audit, engine.model, lang=language)

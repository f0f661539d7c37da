"""Do we comply? The rules, and their evaluation now."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from enum import StrEnum
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request, Response

from stratagraph import __version__
from stratagraph.ontology.facts import Iri
from stratagraph.ontology.json_text import json_text
from stratagraph.ontology.model import OntologyModel
from stratagraph.queries import names
from stratagraph.queries.audit.judged import judged
from stratagraph.queries.audit.report import rule_document, to_csv, to_document
from stratagraph.queries.audit.report_html import to_html
from stratagraph.queries.audit.seal import Seal
from stratagraph.queries.audit.verdicts import Audit
from stratagraph.queries.outcome import Outcome
from stratagraph.service.auditing.desk import AuditDesk
from stratagraph.service.engine.engine import Engine
from stratagraph.service.http.access import asker
from stratagraph.service.http.documents.audit import ComplianceAudit, ComplianceRules, VerdictList
from stratagraph.service.http.documents.media import texts
from stratagraph.service.http.documents.problem import problems
from stratagraph.service.http.graphs import AsOf, Graphs
from stratagraph.service.http.headers import SEQUENCE
from stratagraph.service.http.leaving import unless_gone
from stratagraph.service.http.parameters import Day, Language
from stratagraph.service.http.places import Places
from stratagraph.service.http.sequence import answered_at
from stratagraph.service.views.snapshots import Snapshot

MAX_VERDICTS = 1000
EXIT_HEADER = "Stratagraph-Audit-Exit"
"""Carries the exit status of ``stratagraph audit``: see ``Audit.exit_code``."""
EMPTY_HEADER = "Stratagraph-Audit-Empty"
"""Stands, as ``true``, on an audit in which no rule applied to anything."""


class AuditForm(StrEnum):
    """How an audit is written."""

    JSON = "json"
    HTML = "html"
    CSV = "csv"


MEDIA_TYPES = {
    AuditForm.JSON: "application/json",
    AuditForm.HTML: "text/html; charset=utf-8",
    AuditForm.CSV: "text/csv; charset=utf-8",
}


def router(engine: Engine, graphs: Graphs, desk: AuditDesk, places: Places) -> APIRouter:
    """Return the routes below /api/compliance."""
    routes = APIRouter(prefix="/api/compliance", tags=["compliance"])

    @routes.get(
        "/rules",
        summary="The rules, with their texts, sources and dates",
        responses={200: {"model": ComplianceRules}, **problems(400, 503)},
    )
    def rules() -> dict[str, Any]:
        return {"rules": [rule_document(rule, engine.model) for rule in engine.rules]}

    @routes.get(
        "/audit",
        summary="Evaluate every rule against every target",
        response_class=Response,
        responses={
            200: {"model": ComplianceAudit, "content": texts(MEDIA_TYPES.values())},
            **problems(400, 404, 410, 503, 504),
        },
    )
    async def audit(
        request: Request,
        framework: Annotated[str | None, Query(description="Only this framework, for example LGPD.")] = None,
        on: Annotated[Day | None, Query(description="Date whose rules apply; may be in the future.")] = None,
        as_of: AsOf = None,
        allow_empty: Annotated[
            bool, Query(alias="allowEmpty", description="Whether an audit that no rule applies in may exit with 0.")
        ] = False,
        format: Annotated[  # noqa: A002  the parameter's public name
            AuditForm, Query(description="How the audit is written.")
        ] = AuditForm.JSON,
        lang: Language = "en",
    ) -> Response:
        client = asker(request)
        model, headers, remark = engine.model, {}, {}
        if as_of is None:
            asked = desk.present(client, lambda _: None, on=on, framework=framework)
            found, _ = await unless_gone(request, asked)
        else:
            of_then = desk.past(client, lambda: graphs(as_of), on=on, framework=framework)
            found, graph = await unless_gone(request, of_then)
            model, headers, remark = graph.model, dict(graph.headers), graph.remark(lang)
        found = replace(found, allow_empty=allow_empty)
        if found.empty:
            headers[EMPTY_HEADER] = "true"
        headers |= {EXIT_HEADER: str(found.exit_code), SEQUENCE: str(found.sequence)}
        # A report of thousands of verdicts takes a second to write.
        writing = places.run(client, lambda: _written(found, model, format, lang, remark, _seal(engine)))
        text = await unless_gone(request, writing)
        return Response(text, media_type=MEDIA_TYPES[format], headers=headers)

    _add_verdicts(routes, engine, desk)
    return routes


def _add_verdicts(routes: APIRouter, engine: Engine, desk: AuditDesk) -> None:
    """Add today's verdicts on one asset or level, for people to read."""

    @routes.get(
        "/verdicts",
        summary="Today's verdicts on an asset or a level, the worst first",
        responses={200: {"model": VerdictList}, **problems(400, 404, 409, 503, 504)},
    )
    async def verdicts(
        request: Request,
        asset: Annotated[str | None, Query(min_length=1, description="Name, label, CURIE or IRI of an asset.")] = None,
        level: Annotated[str | None, Query(description="L1 to L12, or transversal.")] = None,
        outcome: Annotated[Outcome | None, Query(description="Only verdicts of this outcome.")] = None,
        limit: Annotated[int, Query(ge=1, le=MAX_VERDICTS, description="Most verdicts of one answer.")] = 200,
        lang: Language = "en",
    ) -> dict[str, Any]:
        model = engine.model
        wanted = names.resolve_level(model, level) if level else None

        def named(snapshot: Snapshot) -> Iri | None:
            return names.resolve_name(snapshot.triples, model, asset, engine.settings.base) if asset else None

        audit, iri = await unless_gone(request, desk.present(asker(request), named))
        answered_at(audit.sequence)
        chosen = [
            verdict
            for verdict in audit.verdicts
            if verdict.target is not None
            and iri in (None, verdict.target)
            and (level is None or verdict.level == wanted)
            and outcome in (None, verdict.outcome)
        ]
        return judged(replace(audit, verdicts=tuple(chosen)), model, lang, limit=limit)


def _seal(engine: Engine) -> Seal:
    """Return the ledger's signed head as it is now: kept with a report it proves later what was cut off."""
    head = engine.ledger.head()
    return Seal(
        ledger=head.ledger,
        sequence=head.sequence,
        batch_hash=head.batch_hash,
        time=head.time.isoformat() if head.time else None,
        public_key=head.public_key,
        signature=head.signature,
        version=__version__,
    )


def _written(
    audit: Audit, model: OntologyModel, form: AuditForm, language: str, remark: Mapping[str, Any], seal: Seal
) -> str | bytes:
    match form:
        case AuditForm.JSON:
            return json_text({**to_document(audit, model, seal), **remark}).encode()
        case AuditForm.CSV:
            return to_csv(audit, model, seal, lang=language)
        case AuditForm.HTML:
            return to_html(audit, model, lang=language, seal=seal)

"""The figures of an asset over a span of time, from the ledger's observations."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, Any

from fastapi import APIRouter, Query

from stratagraph.ontology.facts import Iri
from stratagraph.queries import names
from stratagraph.queries.cards import Cards
from stratagraph.queries.figures_document import figures_document, time
from stratagraph.queries.ratios import stated_numbers
from stratagraph.queries.series import series_document
from stratagraph.queries.units import unit_label
from stratagraph.service.engine.engine import Engine
from stratagraph.service.http.documents.figures import AssetMetrics
from stratagraph.service.http.documents.problem import problems
from stratagraph.service.http.health_state import health_of
from stratagraph.service.http.parameters import Language
from stratagraph.service.http.sequence import answered_at
from stratagraph.service.http.spans import From, Hours, Span, Step, Until


def router(engine: Engine) -> APIRouter:
    """Return the route below /api that reads observations."""
    routes = APIRouter(prefix="/api", tags=["graph"])

    @routes.get(
        "/metrics",
        name="asset_metrics",
        summary="Calls, tokens, latency, errors and cost of an asset over a span of time, and as series",
        responses={200: {"model": AssetMetrics}, **problems(400, 404, 409, 503)},
    )
    def metrics(
        asset: Annotated[str, Query(min_length=1, description="Name, label, CURIE or IRI of an asset.")],
        hours: Hours = None,
        begin: From = None,
        until: Until = None,
        step: Step = None,
        lang: Language = "en",
    ) -> dict[str, Any]:
        now = datetime.now(UTC)
        span = Span.read(begin=begin, until=until, hours=hours, step=step, now=now)
        start, end = (span.grid.start, span.grid.end) if span.grid else (span.start, span.end)
        with engine.reading() as snapshot:
            sequence = snapshot.sequence
            answered_at(sequence)
            iri = names.resolve_name(snapshot.triples, engine.model, asset, engine.settings.base)
            seen = tuple(engine.observations_about(snapshot, iri, start, end))
            health = health_of(engine, snapshot, iri, lang) if seen else None
            numbers = stated_numbers(snapshot.triples, iri)
            together = [name for name in snapshot.one_model(iri) if name != iri]
            cards = Cards(snapshot.triples, engine.model)
            cards.fetch({iri, *together, *(each.metric for each in seen)})

        def label(metric: Iri) -> str:
            return cards[metric].label(lang)

        answer = {
            "asset": cards[iri].document(engine.model, lang),
            "together": [cards[name].document(engine.model, lang) for name in together],
            "from": time(start),
            "to": time(end),
            "sequence": sequence,
            "health": health,
            **figures_document(seen, engine.model, label, numbers),
        }
        if span.grid:
            answer["step"] = int(span.grid.step.total_seconds())
            answer["series"] = series_document(seen, engine.model, label, grid=span.grid, now=now, attributes=numbers)
        for one in (*answer["figures"], *answer["derived"], *answer.get("series", ())):
            one["unitLabel"] = unit_label(one["unit"], lang)
        return answer

    return routes

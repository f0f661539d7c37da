"""The figures of an asset over the last hours, from the ledger's observations."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Annotated, Any, Final

from fastapi import APIRouter, Query

from stratagraph.queries import names
from stratagraph.queries.cards import Cards
from stratagraph.queries.figures import figures_document, time
from stratagraph.queries.messages import language as supported
from stratagraph.service.engine import Engine
from stratagraph.service.http.documents.figures import AssetMetrics
from stratagraph.service.http.documents.problem import problems
from stratagraph.service.http.parameters import Language

MOST_HOURS: Final = 24 * 31


def router(engine: Engine) -> APIRouter:
    """Return the route below /api that reads observations."""
    routes = APIRouter(prefix="/api", tags=["graph"])

    @routes.get(
        "/metrics",
        name="asset_metrics",
        summary="Calls, tokens, latency, errors and cost of an asset over the last hours",
        responses={200: {"model": AssetMetrics}, **problems(400, 404, 409, 503)},
    )
    def metrics(
        asset: Annotated[str, Query(min_length=1, description="Name, label, CURIE or IRI of an asset.")],
        hours: Annotated[int, Query(ge=1, le=MOST_HOURS, description="How far back from now.")] = 24,
        lang: Language = "en",
    ) -> dict[str, Any]:
        iri = names.resolve_name(engine.triples, engine.model, asset, engine.settings.base)
        end = datetime.now(UTC)
        start = end - timedelta(hours=hours)
        with engine.reading():
            sequence = engine.sequence
            cards, language = Cards(engine.triples, engine.model), supported(lang)
            seen = tuple(engine.observations_about(iri, start, end))
            cards.fetch({iri, *(each.metric for each in seen)})
            return {
                "asset": cards[iri].document(engine.model, language),
                "from": time(start),
                "to": time(end),
                "sequence": sequence,
                **figures_document(seen, engine.model, lambda metric: cards[metric].label(language)),
            }

    return routes

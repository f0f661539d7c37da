"""The health of one asset, as answers tell it."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from stratagraph.ontology.facts import Iri
from stratagraph.queries.cards import Cards
from stratagraph.queries.health.health_document import health_document
from stratagraph.service.engine.engine import Engine
from stratagraph.service.views.snapshots import Snapshot


def health_of(engine: Engine, snapshot: Snapshot, asset: Iri, language: str) -> dict[str, Any]:
    """Return the states of an asset's metrics, with the evidence, as of a snapshot and now."""
    health = engine.health.of(snapshot, asset, datetime.now(UTC))
    cards = Cards(snapshot.triples, engine.model)
    cards.fetch({one.series.metric for one in health.judgements})

    def label(metric: Iri) -> str:
        return cards[metric].label(language)

    return health_document(health, engine.model, label, language)

"""What a fact costs: quads of the store, on the estate that the benchmark imports."""

from __future__ import annotations

from datetime import UTC, datetime
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from typing import Any

import pytest

from stratagraph.ontology.facts import Claim, LedgerChange, Method, Sighting
from stratagraph.ontology.model import load_model
from stratagraph.ontology.rules import compile_rules
from stratagraph.ontology.syntax.parsing import parse_rdf
from stratagraph.service.deriver import Deriver
from stratagraph.service.views.triples import TriplesView

ESTATE = Path(__file__).parents[3] / "bench" / "estate.py"
NOW = datetime(2026, 1, 1, tzinfo=UTC)
ASSETS = 400
MOST = 7
"""Quads a fact."""


@pytest.fixture(name="estate")
def _estate() -> Any:
    spec = spec_from_file_location("bench_estate", ESTATE)
    assert spec is not None
    assert spec.loader is not None
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_a_fact_costs_at_most_seven_quads(estate: Any) -> None:
    facts = [
        fact
        for document in estate.documents(ASSETS)
        for fact in parse_rdf(document, "ntriples", estate.ASSET_BASE, "e")
    ]
    assert len(facts) == ASSETS * estate.FACTS_PER_ASSET
    model = load_model()
    deriver, view = Deriver(model, compile_rules(model)), TriplesView(None, model)
    claims = tuple(Claim(fact, "bench", "all", "1", Method.DECLARED, NOW, NOW, 1) for fact in facts)
    seen = (Sighting(source="bench", scope="all", last_seen=NOW),)
    view.apply(deriver.apply(LedgerChange(sequence=1, time=NOW, batch_hash="", opened=claims, sightings=seen)))
    assert len(view.store) <= MOST * len(facts)
    # And it is all there: what is stated in its graph, and every influence in one.
    assert view.ask("ASK { GRAPH ?i { ?x sg:affects ?y } ?i a sg:Influence }")
    (row,) = view.select("SELECT (COUNT(*) AS ?stated) { GRAPH ?claims { ?s ?p ?o } ?claims a sg:ClaimSet }")
    assert getattr(row["stated"], "value", "") == str(len(facts))

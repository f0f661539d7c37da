"""The deriver on the real ontology and, where it ships, the example estate."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from stratagraph import ontology
from stratagraph.ontology.facts import Fact, Iri, LedgerChange
from stratagraph.ontology.model import load_model
from stratagraph.ontology.namespaces import ASSET_BASE, RDF, SG
from stratagraph.ontology.rules import compile_rules
from stratagraph.ontology.syntax.parsing import RdfSyntax, parse_rdf
from stratagraph.service.deriver import Deriver
from stratagraph.service.views.adjacency import AdjacencyView
from stratagraph.service.views.triples import TriplesView
from tests.service.worlds import START, Mirror, claim

ESTATE = Path(ontology.__file__).parent / "estates" / "llmops.ttl"


@cache
def estate() -> tuple[Fact, ...]:
    return tuple(parse_rdf(ESTATE.read_bytes(), RdfSyntax.TURTLE, ASSET_BASE, str(ESTATE), salt="estate"))


def core_and_estate() -> tuple[Deriver, list[LedgerChange]]:
    model = load_model()
    batches = [(model.triples, "core"), (estate(), "estate")]
    changes = [
        LedgerChange(
            sequence=number,
            time=START,
            batch_hash=str(number),
            opened=tuple(claim(fact, source, number) for fact in facts),
        )
        for number, (facts, source) in enumerate(batches, start=1)
    ]
    return Deriver(model, compile_rules(model)), changes


def test_the_estate_comes_and_goes_without_a_trace() -> None:
    deriver, changes = core_and_estate()
    mirror = Mirror()
    mirror.apply(deriver.apply(changes[0]))
    before = (mirror.facts, dict(mirror.edges), dict(mirror.claims))
    mirror.apply(deriver.apply(changes[1]))
    assert len(mirror.edges) > len(before[1])
    closing = LedgerChange(sequence=3, time=START, batch_hash="3", closed=changes[1].opened)
    mirror.apply(deriver.apply(closing))
    assert (mirror.facts, mirror.edges, mirror.claims) == before


def test_every_relation_of_the_estate_between_assets_that_transmits_makes_an_edge() -> None:
    deriver, changes = core_and_estate()
    model = load_model()
    mirror = Mirror()
    for change in changes:
        mirror.apply(deriver.apply(change))
    assets = {fact.subject for fact in mirror.facts if fact.predicate == RDF.type and fact.object == SG.Asset}
    expected: set[tuple[Iri, Iri]] = set()
    for fact in (*model.triples, *estate()):
        ends = (fact.subject, fact.object)
        info = model.relations.get(fact.predicate)
        if info and isinstance(fact.object, str) and fact.subject != fact.object and assets.issuperset(ends):
            there, back = (fact.subject, fact.object), (fact.object, fact.subject)
            expected.update(there if way.forward else back for way in info.transmissions)
    assert set(mirror.edges) == expected


def test_both_views_take_the_estate_in_either_way(tmp_path: Path) -> None:
    deriver, changes = core_and_estate()
    model = load_model()
    views = (TriplesView(None, model), AdjacencyView(model))
    for change in changes:
        derived = deriver.apply(change)
        for view in views:
            view.apply(derived)
    triples, adjacency = TriplesView(None, model), AdjacencyView(model)
    triples.rebuild(deriver.snapshot())
    adjacency.rebuild(deriver.snapshot(edges_only=adjacency.edges_only))
    views[0].dump(tmp_path / "step-by-step.nt")
    triples.dump(tmp_path / "rebuilt.nt")
    step_by_step, rebuilt = (
        sorted((tmp_path / f"{name}.nt").read_bytes().splitlines()) for name in ("step-by-step", "rebuilt")
    )
    assert step_by_step == rebuilt
    nodes = {str(row["s"]) for row in triples.select("SELECT DISTINCT ?s { ?s a sg:Asset }")}
    assert nodes
    assert all(views[1].influences_from(node) == adjacency.influences_from(node) for node in nodes)

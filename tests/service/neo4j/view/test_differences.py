"""What somebody else did to the graph in Neo4j is told in words."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing

import pytest

from stratagraph.ontology.facts import ChangeSet, Fact, Literal
from stratagraph.ontology.namespaces import RDF, XSD
from stratagraph.service.neo4j.mapping.version import MAPPING_VERSION
from stratagraph.service.neo4j.target import Neo4jTarget
from stratagraph.service.neo4j.view import Neo4jView, ViewWiped
from stratagraph.service.neo4j.view.neo4j_view import MARK
from tests.service.neo4j.reading import query
from tests.service.neo4j.view.test_neo4j_view import DerivedHistory, observation
from tests.service.worlds import EX, NODES, world

pytestmark = pytest.mark.neo4j
A, B = NODES[:2]
WROTE = "Somebody else changed the graph"
OLD = "CREATE (:Stratagraph:Watermark {iri: $iri, sequence: 3, batchHash: 'b', ontologyHash: 'o', mappingVersion: 5})"


@pytest.fixture(name="derived")
def _derived() -> DerivedHistory:
    return DerivedHistory()


@pytest.fixture(name="view")
def _view(database: Neo4jTarget, derived: DerivedHistory) -> Iterator[Neo4jView]:
    view = Neo4jView(database, world())
    facts = [Fact(A, RDF.type, EX.Thing), Fact(B, RDF.type, EX.Thing), Fact(A, EX.near, B)]
    view.apply(derived.step([(True, "a", fact) for fact in facts]))
    yield view
    view.close()


def remark(view: Neo4jView) -> str:
    view.refresh()
    return view.remark


@pytest.mark.parametrize(
    "change",
    [
        "MATCH ({iri: $a})-[r]->({iri: $b}) DELETE r",
        "MATCH (n {iri: $a}) DETACH DELETE n",
        "CREATE (:Asset {iri: 'x', stratagraph: true})",
        "MATCH (a {iri: $a}), (b {iri: $b}) CREATE (a)-[:USES_MODEL]->(b)",
        "CREATE (:Asset {iri: 'x', stratagraph: true}) WITH 1 AS one MATCH (n {iri: $a}) DETACH DELETE n",
        "CREATE (:Theirs) WITH 1 AS one MATCH (n {iri: $a}) DETACH DELETE n",
    ],
)
def test_what_is_deleted_or_made_is_told_and_mended(view: Neo4jView, derived: DerivedHistory, change: str) -> None:
    assert remark(view) == ""
    query(view.target, change, a=A, b=B)
    assert WROTE in remark(view)
    assert "sync --repair" in view.remark
    view.rebuild(derived.deriver.snapshot())
    assert WROTE not in remark(view)


def test_nodes_of_others_are_named_where_none_may_stand(view: Neo4jView) -> None:
    query(view.target, "CREATE (:Theirs:Too)-[:R]->(:Theirs)")
    assert "(:Theirs" in remark(view)
    assert WROTE not in view.remark
    with closing(Neo4jView(view.target, world(), shared=True)) as sharing:
        assert sharing.remark == ""
    query(view.target, "MATCH (n) WHERE n.stratagraph IS NULL DETACH DELETE n")
    assert remark(view) == ""


def test_a_graph_of_an_older_mapping_is_told_and_not_written(view: Neo4jView, derived: DerivedHistory) -> None:
    query(view.target, "MATCH (w:Watermark) DELETE w")
    query(view.target, OLD, iri=MARK)
    found = view.refresh()
    assert found is not None
    assert found.mapping_version == 5
    assert f"mapping 5, here it is {MAPPING_VERSION}" in view.remark
    change = derived.step([])
    with pytest.raises(ViewWiped):
        view.apply_all([ChangeSet(sequence=4, time=change.time, batch_hash="")])
    view.rebuild(derived.deriver.snapshot())
    assert remark(view) == ""
    assert query(view.target, "MATCH (n:Stratagraph) RETURN n") == []


def compared(view: Neo4jView, derived: DerivedHistory, size: int = 1_000) -> str:
    """What a comparison with the whole present says."""
    place, begun = (0, 0), False
    while not begun or place != (0, 0):
        change, place = derived.deriver.portion(*place, size)
        view.compare(change)
        begun = True
    return view.remark


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ("MATCH (n {iri: $a}) SET n.label = 'other'", "label of"),
        ("MATCH (n {iri: $a}) SET n.more = 1", "more of"),
        ("MATCH (n {iri: $a}) SET n:Theirs", "the labels of"),
        ("MATCH (n {iri: $a}) REMOVE n.label", "label of"),
        ("MATCH (n:Observation) SET n.count = [c IN n.count | toFloat(c)]", "count of"),
        ("MATCH (n:Observation) REMOVE n.max", "max of"),
        ("MATCH ({iri: $a})-[r:NEAR]-() SET r.sources = ['theirs']", "sources of"),
        ("MATCH ({iri: $a})-[r]-() WHERE r.strength > 0 SET r.strength = 0.123", "strength of"),
        ("MATCH (n:Observation) SET n.sum = 9.0", "sum of"),
        ("MATCH (n {iri: $a}) SET n.iri = 'elsewhere'", "is not there"),
        ("MATCH (n {iri: $a}) REMOVE n.stratagraph", "is not there"),
    ],
)
def test_what_is_set_is_told_by_a_comparison(view: Neo4jView, change: str, told: str) -> None:
    derived = DerivedHistory()
    view.rebuild([])
    facts = [Fact(node, RDF.type, EX.Thing) for node in NODES[:3]]
    facts += [Fact(A, EX.near, B), Fact(A, EX.usesFast, B), Fact(A, EX.says, Literal("NaN", XSD.double))]
    view.apply(derived.step([(True, "a", fact) for fact in facts], [observation(A, 1, 1.0, 2.0)]))
    assert compared(view, derived, size=2) == ""
    query(view.target, change, a=A)
    with closing(Neo4jView(view.target, world())) as again:
        assert again.remark == ""  # their number is as it was
        assert told in compared(again, derived, size=2)
        assert told in remark(again)
        again.rebuild(derived.deriver.snapshot())
        query(view.target, "MATCH (n) WHERE n.stratagraph IS NULL DETACH DELETE n")  # what lost the marker stays
        assert remark(again) == ""
        assert compared(again, derived) == ""

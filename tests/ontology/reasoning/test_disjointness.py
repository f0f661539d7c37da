"""Nothing is of two worlds: every class without one of ours above it is apart from every other."""

from __future__ import annotations

from itertools import combinations

import pytest

from stratagraph.ontology.facts import Batch, Fact, Iri, Literal, Method, Scope
from stratagraph.ontology.namespaces import ASSET_BASE, OWL, RDF, RDFS, SG, local_name
from tests.core import gate
from tests.ontology.reference import GRAPH, MODEL

APART = [set(GRAPH.members(GRAPH.iri(node, OWL.members) or "")) for node in GRAPH.instances(OWL.AllDisjointClasses)]
ROOTS = {
    cls
    for cls, info in MODEL.classes.items()
    if cls.startswith(SG) and not any(up.startswith(SG) for up in info.ancestors - {cls})
}
LISTS = {f.subject for f in MODEL.triples if f.predicate == RDFS.subClassOf and f.object == SG.ReferenceValue}


def apart(one: Iri, other: Iri) -> bool:
    return any({one, other} <= group for group in APART)


def types(iri: Iri) -> set[Iri]:
    return {up for cls in GRAPH.iris(iri, RDF.type) for up in MODEL.ancestors(cls)}


@pytest.mark.parametrize("group", [ROOTS, LISTS], ids=["roots", "closed lists"])
def test_any_two_are_apart(group: set[Iri]) -> None:
    assert len(group) >= 10
    assert {(one, other) for one, other in combinations(sorted(group), 2) if not apart(one, other)} == set()


def test_no_individual_of_ours_is_of_two_worlds() -> None:
    individuals = GRAPH.instances(OWL.NamedIndividual)
    assert {local_name(i): sorted(types(i) & ROOTS) for i in individuals if len(types(i) & ROOTS) > 1} == {}
    assert {local_name(i): sorted(types(i) & LISTS) for i in individuals if len(types(i) & LISTS) > 1} == {}


@pytest.mark.parametrize(
    "other", ["MetricKind", "ControlKind", "Rule", "Source", "Run", "Obligation", "Level", "Price"]
)
def test_the_gate_refuses_an_asset_that_is_of_another_world(other: str) -> None:
    asset = f"{ASSET_BASE}Metric/x"
    facts = (
        Fact(asset, RDF.type, SG.QualityMetric),
        Fact(asset, RDF.type, SG.term(other)),
        Fact(asset, SG.name, Literal("x")),
    )
    batch = Batch(source="s", run="r", method=Method.DECLARED, scopes=(Scope(name="f", complete=True, stated=facts),))
    report = gate().check(batch, lambda _: ())
    assert any("disjoint" in finding.shape and finding.focus == asset for finding in report.violations)

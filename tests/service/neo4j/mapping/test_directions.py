"""Of a relation and its inverse, one is written."""

from __future__ import annotations

from dataclasses import replace

import pytest

from stratagraph.ontology.facts import Fact, Iri
from stratagraph.ontology.model import extend, load_model
from stratagraph.ontology.namespaces import OWL, RDF, RDFS, SG
from stratagraph.service.neo4j.mapping.directions import Direction, Directions
from tests.service.worlds import PROPS, relations_of

MY = "https://example.org/onto#"
CORE = load_model()


@pytest.mark.parametrize(
    ("relation", "primary"),
    [
        (SG.modelUsedBy, SG.usesModel),
        (SG.hasPart, SG.partOf),
        (SG.governs, SG.governedBy),
        (SG.usedBy, SG.uses),
        (SG.mitigates, SG.mitigatedBy),
        (SG.affectedBy, SG.affects),
        (SG.assessmentOf, SG.hasAssessment),
    ],
)
def test_the_direction_is_that_in_which_influence_is_stated(relation: Iri, primary: Iri) -> None:
    directions = Directions(CORE)
    assert directions.of(relation) == Direction(primary, turned=True)
    assert directions.of(primary) == Direction(primary, turned=False)


def test_each_pair_is_written_one_way_whichever_is_stated() -> None:
    directions = Directions(CORE)
    for relation, info in CORE.relations.items():
        if info.inverse and info.inverse != relation:
            stated = directions.written(Fact("http://a", relation, "http://b"))
            assert stated == directions.written(Fact("http://b", info.inverse, "http://a"))


def test_an_extensions_inverse_of_ours_is_written_as_ours() -> None:
    theirs = (Fact(MY + "calledBy", RDF.type, OWL.ObjectProperty), Fact(MY + "calledBy", OWL.inverseOf, SG.usesModel))
    directions = Directions(extend(CORE, {"my": theirs}))
    assert directions.of(MY + "calledBy") == Direction(SG.usesModel, turned=True)


def test_equivalent_relations_are_written_as_ours() -> None:
    theirs = (
        Fact(MY + "calls", RDF.type, OWL.ObjectProperty),
        Fact(MY + "calls", OWL.equivalentProperty, SG.usesModel),
    )
    directions = Directions(extend(CORE, {"my": theirs}))
    assert directions.of(MY + "calls") == Direction(SG.usesModel, turned=False)


def test_a_symmetric_relation_has_one_start() -> None:
    directions = Directions(replace(CORE, relations=relations_of(PROPS)))
    near = next(prop for prop in PROPS if prop.endswith("near"))
    assert directions.written(Fact("http://b", near, "http://a")) == ("http://a", near, "http://b")
    assert directions.written(Fact("http://a", near, "http://b")) == ("http://a", near, "http://b")


def test_an_undeclared_relation_stays_as_it_is() -> None:
    assert Directions(CORE).of(RDFS.seeAlso) == Direction(RDFS.seeAlso, turned=False)

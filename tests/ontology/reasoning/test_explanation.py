from __future__ import annotations

from collections.abc import Sequence

import pytest

from stratagraph.ontology.facts import Fact
from stratagraph.ontology.namespaces import ASSET_BASE
from stratagraph.ontology.reasoning.axioms import AxiomWriter
from stratagraph.ontology.reasoning.clashes import find_clashes
from stratagraph.ontology.reasoning.explanation import explain
from stratagraph.ontology.syntax.parsing import parse_rdf

PREFIXES = """
@prefix : <https://example.org/> . @prefix owl: <http://www.w3.org/2002/07/owl#> .
@prefix rdfs: <http://www.w3.org/2000/01/rdf-schema#> . @prefix xsd: <http://www.w3.org/2001/XMLSchema#> .
"""
ZOO = """
:Cat a owl:Class ; rdfs:subClassOf :Animal . :Dog a owl:Class ; rdfs:subClassOf :Animal ; owl:disjointWith :Cat .
:Animal a owl:Class ; rdfs:label "animal" . :Kitten a owl:Class ; rdfs:subClassOf :Cat .
:Plant a owl:Class ; owl:disjointWith :Animal . :Rose a owl:Class ; rdfs:subClassOf :Plant .
:likes a owl:ObjectProperty ; rdfs:domain :Animal .
:x a :Kitten . :y a :Rose . :z a :Animal ; :likes :x .
"""


def facts(turtle: str) -> list[Fact]:
    return parse_rdf((PREFIXES + turtle).encode(), "turtle", ASSET_BASE, "test.ttl")


def by_rules(stated: Sequence[Fact]) -> bool:
    """A judge that needs no Java: contradictions among things, as our rules see them."""
    return all(clash.empty for clash in find_clashes(stated))


def lines(stated: list[Fact], axioms: Sequence[Fact]) -> set[str]:
    return {line.replace("<https://example.org/", ":").replace(">", "") for line in AxiomWriter(stated).lines(axioms)}


def test_what_can_be_left_out_is_left_out() -> None:
    stated = facts(ZOO + ":x a :Dog .")
    found = explain(stated, judge=by_rules)
    assert found is not None
    assert found.minimal
    assert lines(stated, found.axioms) == {
        ":x a :Dog",
        ":x a :Kitten",
        ":Kitten rdfs:subClassOf :Cat",
        ":Dog owl:disjointWith :Cat",
    }


def test_the_search_starts_at_the_suspects() -> None:
    asked: list[int] = []

    def judge(stated: Sequence[Fact]) -> bool:
        asked.append(len(stated))
        return by_rules(stated)

    suspects = facts(":x a :Dog .")
    assert explain(facts(ZOO + ":x a :Dog ."), suspects, judge=judge) is not None
    assert asked[0] < asked[1]


def test_of_what_is_sound_there_is_nothing_to_explain() -> None:
    assert explain(facts(ZOO), judge=by_rules) is None


def test_time_that_is_up_leaves_an_explanation_that_says_so() -> None:
    calls = iter(range(100))
    stated = facts(ZOO + ":x a :Dog .")

    def slow(given: Sequence[Fact]) -> bool:
        if next(calls) > 0:
            raise AssertionError("asked after the time was up")
        return by_rules(given)

    assert explain(stated, judge=slow, deadline=0) is None


@pytest.mark.java
def test_the_reasoner_is_asked_where_rules_do_not_reach() -> None:
    stated = facts(
        ":Odd a owl:Class ; rdfs:subClassOf :Thing , "
        "[ a owl:Restriction ; owl:onProperty :plays ; owl:minCardinality '2'^^xsd:nonNegativeInteger ] , "
        "[ a owl:Restriction ; owl:onProperty :plays ; owl:maxCardinality '1'^^xsd:nonNegativeInteger ] . "
        ":Thing a owl:Class . :plays a owl:ObjectProperty ; rdfs:range :Thing ."
    )
    found = explain(stated, empty="https://example.org/Odd", deadline=200)
    assert found is not None
    assert found.minimal
    assert lines(stated, found.axioms) == {
        ":Odd rdfs:subClassOf (:plays min 2)",
        ":Odd rdfs:subClassOf (:plays max 1)",
    }

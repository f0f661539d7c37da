"""Axioms that derive nothing are told of; those that are read are not."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.ontology.extension.extending import WORLD, lacking

UNREAD = {
    "equivalent classes": ("my:A owl:equivalentClass my:B .", "ontology#A> owl:equivalentClass"),
    "a defined class": ("my:A owl:equivalentClass [ owl:unionOf ( sg:Agent sg:Tool ) ] .", "(sg:Agent or sg:Tool)"),
    "a union": ("my:A owl:unionOf ( my:B sg:Tool ) .", "owl:unionOf"),
    "an intersection above": ("my:A rdfs:subClassOf [ owl:intersectionOf ( my:B sg:Agent ) ] .", "and sg:Agent"),
    "a value": ("my:A rdfs:subClassOf [ a owl:Restriction ; owl:onProperty my:p ; owl:hasValue my:x ] .", "value"),
    "some": ("my:A rdfs:subClassOf [ a owl:Restriction ; owl:onProperty my:p ; owl:someValuesFrom my:B ] .", "some"),
    "only": ("my:A rdfs:subClassOf [ a owl:Restriction ; owl:onProperty my:p ; owl:allValuesFrom my:B ] .", "only"),
    "a number": ("my:A rdfs:subClassOf [ a owl:Restriction ; owl:onProperty my:p ; owl:maxCardinality 1 ] .", "max 1"),
    "itself": (
        "my:A rdfs:subClassOf [ a owl:Restriction ; owl:onProperty my:p ; owl:hasSelf true ] .",
        "ontology#A> rdfs:subClassOf",
    ),
    "an expression below": (
        "[ a owl:Restriction ; owl:onProperty my:p ; owl:someValuesFrom my:B ] rdfs:subClassOf my:A .",
        "class expression",
    ),
    "one of": ("my:A owl:oneOf ( my:x my:y ) .", "owl:oneOf"),
    "a complement": ("my:A owl:complementOf my:B .", "owl:complementOf"),
    "a disjoint union": ("my:A owl:disjointUnionOf ( my:B my:C ) . my:C a owl:Class .", "owl:disjointUnionOf"),
    "a key": ("my:A owl:hasKey ( my:p ) .", "owl:hasKey"),
    "equivalent properties": ("my:p owl:equivalentProperty my:q .", "owl:equivalentProperty"),
    "disjoint properties": ("my:p owl:propertyDisjointWith my:q .", "owl:propertyDisjointWith"),
    "a group of disjoint properties": (
        "[] a owl:AllDisjointProperties ; owl:members ( my:p my:q ) .",
        "owl:AllDisjointProperties",
    ),
    "same": ("my:x owl:sameAs my:y .", "owl:sameAs"),
    "different": ("my:x owl:differentFrom my:y .", "owl:differentFrom"),
    "all different": ("[] a owl:AllDifferent ; owl:distinctMembers ( my:x my:y ) .", "owl:AllDifferent"),
    "a denial": (
        (
            "[] a owl:NegativePropertyAssertion ; owl:sourceIndividual my:x ; owl:assertionProperty my:p ; "
            "owl:targetIndividual my:y ."
        ),
        "not: ",
    ),
    "functional": ("my:p a owl:FunctionalProperty .", "owl:FunctionalProperty"),
    "inverse functional": ("my:p a owl:InverseFunctionalProperty .", "owl:InverseFunctionalProperty"),
    "irreflexive": ("my:p a owl:IrreflexiveProperty .", "owl:IrreflexiveProperty"),
    "asymmetric": ("my:p a owl:AsymmetricProperty .", "owl:AsymmetricProperty"),
    "a chain of three": ("my:p owl:propertyChainAxiom ( my:p my:q my:p ) .", "owl:propertyChainAxiom"),
    "a chain over an inverse": (
        "my:p owl:propertyChainAxiom ( [ owl:inverseOf my:q ] my:p ) .",
        "owl:propertyChainAxiom",
    ),
    "two domains": ("my:p rdfs:domain my:A , my:B .", "rdfs:domain"),
    "an intersection as range": ("my:p rdfs:range [ owl:intersectionOf ( my:A my:B ) ] .", "rdfs:range"),
    "a rule": ("[] a swrl:Imp .", "swrl#Imp"),
}
"""What the reasoner understands and nothing else here, with a part of the line that has to tell it."""


@pytest.mark.parametrize(("turtle", "words"), UNREAD.values(), ids=UNREAD)
def test_an_axiom_that_derives_nothing_is_told(tmp_path: Path, turtle: str, words: str) -> None:
    told = lacking(tmp_path, "reasoner-only", world=WORLD + turtle)
    assert told
    assert any(words in finding.term for finding in told)


READ = {
    "a class below another": "my:A rdfs:subClassOf my:B .",
    "a property below another": "my:p rdfs:subPropertyOf my:q .",
    "inverses": "my:p owl:inverseOf my:q .",
    "symmetric": "my:p a owl:SymmetricProperty .",
    "transitive": "my:p a owl:TransitiveProperty .",
    "a chain of two": "my:p owl:propertyChainAxiom ( my:q my:q ) .",
    "ends": "my:p rdfs:domain my:A ; rdfs:range my:B .",
    "a union as range": "my:p rdfs:range [ a owl:Class ; owl:unionOf ( my:A my:B ) ] .",
    "disjoint classes": "my:B owl:disjointWith sg:Tool .",
    "a group of disjoint classes": "[] a owl:AllDisjointClasses ; owl:members ( my:B sg:Tool ) .",
    "the same domain in another module": "my:p rdfs:domain my:A .",
}


@pytest.mark.parametrize("turtle", READ.values(), ids=READ)
def test_an_axiom_that_is_read_is_not_warned_of(tmp_path: Path, turtle: str) -> None:
    again = "" if "[" in turtle else turtle  # a blank node of another module is another axiom
    assert not lacking(tmp_path, world=WORLD + turtle, again=again)

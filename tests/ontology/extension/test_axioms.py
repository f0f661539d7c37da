"""Axioms that derive nothing are told of; those that are read are not."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.ontology.extension.extending import PREFIXES, WORLD, lacking

UNREAD = {
    "a pattern": (
        (
            "[ owl:onProperty sg:purpose ; owl:someValuesFrom [ a rdfs:Datatype ; owl:onDatatype xsd:string ; "
            'owl:withRestrictions ( [ xsd:pattern "x.*" ] ) ] ] rdfs:subClassOf my:A .'
        ),
        "some",
    ),
    "a union above": ("my:A rdfs:subClassOf [ owl:unionOf ( sg:Agent sg:Tool ) ] .", "(sg:Agent or sg:Tool)"),
    "a list above": ("my:A rdfs:subClassOf [ owl:oneOf ( my:x my:y ) ] .", "x>, <"),
    "only, below": (
        "[ a owl:Restriction ; owl:onProperty my:p ; owl:allValuesFrom my:B ] rdfs:subClassOf my:A .",
        "only",
    ),
    "only values of a kind": (
        "my:A rdfs:subClassOf [ owl:onProperty sg:purpose ; owl:allValuesFrom xsd:string ] .",
        "only xsd:string",
    ),
    "a complement above": ("my:A rdfs:subClassOf [ owl:complementOf sg:Tool ] .", "not sg:Tool"),
    "everything": ("owl:Thing rdfs:subClassOf my:A .", "owl:Thing"),
    "one of two that are both out": (
        "my:A owl:equivalentClass [ owl:complementOf [ owl:unionOf ( my:B sg:Tool ) ] ] .",
        "not (",
    ),
    "a number by definition": (
        "my:A owl:equivalentClass [ owl:onProperty my:p ; owl:minCardinality 1 ] .",
        "min 1",
    ),
    "an exact number": (
        "my:A rdfs:subClassOf [ owl:onProperty my:p ; owl:onClass my:B ; owl:qualifiedCardinality 2 ] .",
        "exactly 2",
    ),
    "reflexive": ("my:p a owl:ReflexiveProperty .", "owl:ReflexiveProperty"),
    "some": ("my:A rdfs:subClassOf [ a owl:Restriction ; owl:onProperty my:p ; owl:someValuesFrom my:B ] .", "some"),
    "a number": ("my:A rdfs:subClassOf [ a owl:Restriction ; owl:onProperty my:p ; owl:maxCardinality 1 ] .", "max 1"),
    "itself": (
        "my:A rdfs:subClassOf [ a owl:Restriction ; owl:onProperty my:p ; owl:hasSelf true ] .",
        "ontology#A> rdfs:subClassOf",
    ),
    "a complement": ("my:A owl:complementOf my:B .", "owl:complementOf"),
    "a disjoint union": ("my:A owl:disjointUnionOf ( my:B my:C ) . my:C a owl:Class .", "owl:disjointUnionOf"),
    "a key": ("my:A owl:hasKey ( my:p ) .", "owl:hasKey"),
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


SOME = "[ a owl:Restriction ; owl:onProperty my:p ; owl:someValuesFrom my:B ]"
ONLY = "[ a owl:Restriction ; owl:onProperty my:p ; owl:allValuesFrom my:B ]"
PARTLY = {
    "some, by definition": (f"my:A owl:equivalentClass {SOME} .", "not-concluded", "(<https", "some"),
    "some, deep inside": (
        f"my:A owl:equivalentClass [ owl:intersectionOf ( my:B [ owl:intersectionOf ( sg:Tool {SOME} ) ] ) ] .",
        "not-concluded",
        "and",
        "some",
    ),
    "a union, by definition": (
        "my:A owl:equivalentClass [ owl:unionOf ( sg:Agent sg:Tool ) ] .",
        "not-concluded",
        "owl:equivalentClass (sg:Agent or sg:Tool)",
        "(sg:Agent or sg:Tool)",
    ),
    "a union that is named at once": ("my:A owl:unionOf ( my:B sg:Tool ) .", "not-concluded", "owl:unionOf", "my:A"),
    "a list": ("my:A owl:oneOf ( my:x my:y ) .", "not-concluded", "owl:oneOf", "my:A"),
    "only, by definition": (f"my:A owl:equivalentClass {ONLY} .", "not-recognised", "only", "only"),
    "one of two on the lower side": (
        f"[ owl:unionOf ( my:B {ONLY} ) ] rdfs:subClassOf my:A .",
        "not-recognised",
        "or",
        "only",
    ),
    "one of two on the upper side": (
        f"my:A rdfs:subClassOf [ owl:intersectionOf ( my:B {SOME} ) ] .",
        "not-concluded",
        "and",
        "some",
    ),
    "a type": (f"my:x a [ owl:intersectionOf ( my:B {SOME} ) ] .", "not-concluded", " a (", "some"),
}
"""Of what a part is derived: the warning, and parts of the axiom's line and of what is said to be left out."""


@pytest.mark.parametrize(("turtle", "rule", "line", "part"), PARTLY.values(), ids=PARTLY)
def test_what_is_not_derived_of_an_axiom_is_told(tmp_path: Path, turtle: str, rule: str, line: str, part: str) -> None:
    (told,) = lacking(tmp_path, world=f"{WORLD}\n\n{turtle}")
    assert told.rule == rule
    assert line in told.term
    assert part.replace("my:A", "ontology#A") in told.detail
    assert told.line == (PREFIXES + WORLD).count("\n") + 3
    assert told.detail in told.sentence("pt-BR")


def test_the_line_is_that_of_the_axiom(tmp_path: Path) -> None:
    turtle = """
my:A rdfs:subClassOf my:B ;
    rdfs:subClassOf [ owl:complementOf sg:Tool ] ;
    rdfs:comment "A. subClassOf, and sg:Agent" .

my:A rdfs:comment "Again."@en ;
    rdfs:subClassOf
        [ owl:complementOf sg:Agent ] .
[ owl:complementOf my:B ]
    rdfs:subClassOf my:A .
"""
    told = lacking(tmp_path, "reasoner-only", world=WORLD + turtle)
    start = (PREFIXES + WORLD).count("\n")
    assert [finding.line - start for finding in told] == [3, 7, 10]


READ = {
    "equivalent classes": "my:A owl:equivalentClass my:B .",
    "a defined class": (
        "my:A owl:equivalentClass [ owl:intersectionOf ( my:B [ a owl:Restriction ; owl:onProperty my:p ; "
        "owl:hasValue my:x ] ) ] ."
    ),
    "an intersection above": "my:A rdfs:subClassOf [ owl:intersectionOf ( my:B sg:Agent ) ] .",
    "an intersection that is named at once": "my:A owl:intersectionOf ( my:B sg:Agent ) .",
    "a value": "my:A rdfs:subClassOf [ a owl:Restriction ; owl:onProperty my:p ; owl:hasValue my:x ] .",
    "only": f"my:A rdfs:subClassOf {ONLY} .",
    "only things": "my:A rdfs:subClassOf [ owl:onProperty my:p ; owl:allValuesFrom owl:Thing ] .",
    "some below": f"{SOME} rdfs:subClassOf my:A .",
    "some at all below": "[ owl:onProperty my:p ; owl:someValuesFrom owl:Thing ] rdfs:subClassOf my:A .",
    "a union below": f"[ owl:unionOf ( my:B {SOME} ) ] rdfs:subClassOf my:A .",
    "a list below": "[ owl:oneOf ( my:x my:y ) ] rdfs:subClassOf my:A .",
    "an inverse below": ("[ owl:onProperty [ owl:inverseOf my:p ] ; owl:someValuesFrom my:B ] rdfs:subClassOf my:A ."),
    "a datatype below": "[ owl:onProperty sg:purpose ; owl:someValuesFrom xsd:string ] rdfs:subClassOf my:A .",
    "a bounded datatype below": (
        "[ owl:onProperty sg:purpose ; owl:someValuesFrom [ a rdfs:Datatype ; owl:onDatatype xsd:integer ; "
        "owl:withRestrictions ( [ xsd:minInclusive 5 ] ) ] ] rdfs:subClassOf my:A ."
    ),
    "equivalent properties": "my:p owl:equivalentProperty my:q .",
    "a chain of three": "my:p owl:propertyChainAxiom ( my:p my:q my:p ) .",
    "a chain over an inverse": "my:p owl:propertyChainAxiom ( [ owl:inverseOf my:q ] my:p ) .",
    "a property below an inverse": "my:p rdfs:subPropertyOf [ owl:inverseOf my:q ] .",
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

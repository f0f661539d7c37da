"""A deliberate contradiction of every kind of axiom: each is found, and explained by the axioms involved."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import stratagraph.ontology
from stratagraph.ontology.extension.findings import of_clash
from stratagraph.ontology.facts import Fact
from stratagraph.ontology.model import load_model
from stratagraph.ontology.namespaces import ASSET_BASE, OWL
from stratagraph.ontology.reasoning import dl
from stratagraph.ontology.reasoning.axioms import AxiomWriter
from stratagraph.ontology.reasoning.clashes import Clash, ClashRule, find_clashes, is_free_of_clashes
from stratagraph.ontology.syntax.parsing import parse_rdf

MODEL = load_model()
ESTATES = sorted((Path(stratagraph.ontology.__file__).parent / "estates").glob("*.ttl"))
WORLD = """
@prefix : <https://example.org/> . @prefix owl: <http://www.w3.org/2002/07/owl#> .
@prefix rdf: <http://www.w3.org/1999/02/22-rdf-syntax-ns#> . @prefix rdfs: <http://www.w3.org/2000/01/rdf-schema#> .
@prefix xsd: <http://www.w3.org/2001/XMLSchema#> .
:Cat a owl:Class . :Dog a owl:Class . :Pet a owl:Class . :Kitten a owl:Class ; rdfs:subClassOf :Cat .
:likes a owl:ObjectProperty . :hates a owl:ObjectProperty . :owns a owl:ObjectProperty . :knows a owl:ObjectProperty .
:age a owl:DatatypeProperty . :note a owl:DatatypeProperty .
"""
APART = ":Cat owl:disjointWith :Dog . "
APART_LINE = ":Cat owl:disjointWith :Dog"


def facts(turtle: str) -> list[Fact]:
    return parse_rdf((WORLD + turtle).encode(), "turtle", ASSET_BASE, "test.ttl")


def explained(stated: list[Fact]) -> list[tuple[Clash, set[str]]]:
    writer = AxiomWriter(stated)
    return [(clash, {short(line) for line in writer.lines(clash.axioms)}) for clash in find_clashes(stated)]


def short(line: str) -> str:
    return line.replace("<https://example.org/", ":").replace(">", "")


CONTRADICTIONS = {
    "disjoint classes": (APART + ":x a :Kitten , :Dog .", ClashRule.DISJOINT_CLASSES, {":x a :Kitten", APART_LINE}),
    "a group of disjoint classes": (
        "[] a owl:AllDisjointClasses ; owl:members ( :Cat :Dog :Pet ) . :x a :Cat , :Pet .",
        ClashRule.DISJOINT_CLASSES,
        {":x a :Cat", ":x a :Pet", "owl:AllDisjointClasses: :Cat, :Dog, :Pet"},
    ),
    "a disjoint union": (
        ":Pet owl:disjointUnionOf ( :Cat :Dog ) . :x a :Cat , :Dog .",
        ClashRule.DISJOINT_CLASSES,
        {":Pet owl:disjointUnionOf ( :Cat, :Dog )"},
    ),
    "a domain": (
        APART + ":likes rdfs:domain :Cat . :x a :Dog ; :likes :y .",
        ClashRule.DISJOINT_CLASSES,
        {":likes rdfs:domain :Cat", ":x :likes :y", ":x a :Dog", APART_LINE},
    ),
    "a range": (
        APART + ":likes rdfs:range :Cat . :x :likes :y . :y a :Dog .",
        ClashRule.DISJOINT_CLASSES,
        {":likes rdfs:range :Cat", ":x :likes :y", APART_LINE},
    ),
    "a domain that is a union": (
        APART + ":likes rdfs:domain [ a owl:Class ; owl:unionOf ( :Cat :Kitten ) ] . :x a :Dog ; :likes :y .",
        ClashRule.OUTSIDE_UNION,
        {":likes rdfs:domain (:Cat or :Kitten)", ":Kitten rdfs:subClassOf :Cat", APART_LINE},
    ),
    "a super-property": (
        APART + ":likes rdfs:subPropertyOf :knows . :knows rdfs:range :Cat . :x :likes :y . :y a :Dog .",
        ClashRule.DISJOINT_CLASSES,
        {":likes rdfs:subPropertyOf :knows", ":knows rdfs:range :Cat"},
    ),
    "an inverse": (
        APART + ":likes owl:inverseOf :hates . :hates rdfs:domain :Cat . :x :likes :y . :y a :Dog .",
        ClashRule.DISJOINT_CLASSES,
        {":likes owl:inverseOf :hates", ":hates rdfs:domain :Cat"},
    ),
    "symmetry": (
        APART + ":likes a owl:SymmetricProperty ; rdfs:domain :Cat . :x :likes :y . :y a :Dog .",
        ClashRule.DISJOINT_CLASSES,
        {":likes a owl:SymmetricProperty"},
    ),
    "a chain": (
        APART
        + ":knows owl:propertyChainAxiom ( :owns :likes ) ; rdfs:range :Cat . :x :owns :y . :y :likes :z . :z a :Dog .",
        ClashRule.DISJOINT_CLASSES,
        {":knows owl:propertyChainAxiom ( :owns o :likes )", ":x :owns :y", ":y :likes :z"},
    ),
    "transitivity": (
        APART + ":owns a owl:TransitiveProperty . "
        ":Pet rdfs:subClassOf [ a owl:Restriction ; owl:onProperty :owns ; owl:allValuesFrom :Cat ] . "
        ":x a :Pet ; :owns :y . :y :owns :z . :z a :Dog .",
        ClashRule.DISJOINT_CLASSES,
        {":owns a owl:TransitiveProperty", ":Pet rdfs:subClassOf (:owns only :Cat)", ":x :owns :y", ":y :owns :z"},
    ),
    "equivalent classes": (
        APART + ":Pet owl:equivalentClass :Cat . :x a :Pet , :Dog .",
        ClashRule.DISJOINT_CLASSES,
        {":Pet owl:equivalentClass :Cat"},
    ),
    "an intersection": (
        APART + ":Pet rdfs:subClassOf [ a owl:Class ; owl:intersectionOf ( :Cat :Kitten ) ] . :x a :Pet , :Dog .",
        ClashRule.DISJOINT_CLASSES,
        {":Pet rdfs:subClassOf (:Cat and :Kitten)"},
    ),
    "disjoint properties": (
        ":likes owl:propertyDisjointWith :hates . :x :likes :y ; :hates :y .",
        ClashRule.DISJOINT_PROPERTIES,
        {":likes owl:propertyDisjointWith :hates", ":x :likes :y", ":x :hates :y"},
    ),
    "a group of disjoint properties": (
        "[] a owl:AllDisjointProperties ; owl:members ( :likes :hates :owns ) . :x :likes :y ; :owns :y .",
        ClashRule.DISJOINT_PROPERTIES,
        {"owl:AllDisjointProperties: :likes, :hates, :owns"},
    ),
    "a functional relation": (
        ":owns a owl:FunctionalProperty . :x :owns :y , :z . :y owl:differentFrom :z .",
        ClashRule.TOO_MANY_VALUES,
        {":owns a owl:FunctionalProperty", ":x :owns :y", ":x :owns :z", ":y owl:differentFrom :z"},
    ),
    "a functional attribute": (
        ":age a owl:FunctionalProperty . :x :age 1 , 2 .",
        ClashRule.TOO_MANY_VALUES,
        {":age a owl:FunctionalProperty", ':x :age "1"^^xsd:integer'},
    ),
    "an inverse functional relation": (
        (
            ":owns a owl:InverseFunctionalProperty . :x :owns :z . :y :owns :z . "
            "[] a owl:AllDifferent ; owl:distinctMembers ( :x :y ) ."
        ),
        ClashRule.SAME_AND_DIFFERENT,
        {":owns a owl:InverseFunctionalProperty", ":x :owns :z", ":y :owns :z"},
    ),
    "an asymmetric relation": (
        ":owns a owl:AsymmetricProperty . :x :owns :y . :y :owns :x .",
        ClashRule.ASYMMETRIC,
        {":owns a owl:AsymmetricProperty", ":x :owns :y", ":y :owns :x"},
    ),
    "an irreflexive relation": (
        ":owns a owl:IrreflexiveProperty . :x :owns :x .",
        ClashRule.IRREFLEXIVE,
        {":owns a owl:IrreflexiveProperty", ":x :owns :x"},
    ),
    "nothing": (
        ":Ghost a owl:Class ; rdfs:subClassOf owl:Nothing . :x a :Ghost .",
        ClashRule.NOTHING,
        {":Ghost rdfs:subClassOf owl:Nothing", ":x a :Ghost"},
    ),
    "a complement": (
        ":Dog rdfs:subClassOf [ a owl:Class ; owl:complementOf :Cat ] . :x a :Cat , :Dog .",
        ClashRule.COMPLEMENT,
        {":Dog rdfs:subClassOf not :Cat", ":x a :Cat", ":x a :Dog"},
    ),
    "same and different": (
        ":x owl:sameAs :y ; owl:differentFrom :y .",
        ClashRule.SAME_AND_DIFFERENT,
        {":x owl:sameAs :y", ":x owl:differentFrom :y"},
    ),
    "the same, of disjoint classes": (
        APART + ":x owl:sameAs :y ; a :Cat . :y a :Dog .",
        ClashRule.DISJOINT_CLASSES,
        {":x owl:sameAs :y", ":x a :Cat", ":y a :Dog"},
    ),
    "a maximum": (
        (
            ":Pet rdfs:subClassOf [ a owl:Restriction ; owl:onProperty :owns ; "
            "owl:maxCardinality '1'^^xsd:nonNegativeInteger ] . :x a :Pet ; :owns :y , :z . :y owl:differentFrom :z ."
        ),
        ClashRule.TOO_MANY_VALUES,
        {":Pet rdfs:subClassOf (:owns max 1)", ":x a :Pet", ":y owl:differentFrom :z"},
    ),
    "a maximum of none": (
        (
            ":Pet rdfs:subClassOf [ a owl:Restriction ; owl:onProperty :owns ; "
            "owl:maxCardinality '0'^^xsd:nonNegativeInteger ] . :x a :Pet ; :owns :y ."
        ),
        ClashRule.TOO_MANY_VALUES,
        {":Pet rdfs:subClassOf (:owns max 0)", ":x :owns :y"},
    ),
    "a qualified maximum": (
        (
            ":Pet rdfs:subClassOf [ a owl:Restriction ; owl:onProperty :owns ; owl:onClass :Cat ; "
            "owl:maxQualifiedCardinality '0'^^xsd:nonNegativeInteger ] . :x a :Pet ; :owns :y . :y a :Kitten ."
        ),
        ClashRule.TOO_MANY_VALUES,
        {":Pet rdfs:subClassOf (:owns max 0 :Cat)", ":x :owns :y", ":y a :Kitten", ":Kitten rdfs:subClassOf :Cat"},
    ),
    "a universal restriction": (
        APART + ":Pet rdfs:subClassOf [ a owl:Restriction ; owl:onProperty :likes ; owl:allValuesFrom :Cat ] . "
        ":x a :Pet ; :likes :y . :y a :Dog .",
        ClashRule.DISJOINT_CLASSES,
        {":Pet rdfs:subClassOf (:likes only :Cat)"},
    ),
    "an existential restriction": (
        APART + ":likes rdfs:range :Dog . "
        ":Pet rdfs:subClassOf [ a owl:Restriction ; owl:onProperty :likes ; owl:someValuesFrom :Cat ] . :x a :Pet .",
        ClashRule.DISJOINT_CLASSES,
        {":Pet rdfs:subClassOf (:likes some :Cat)", ":likes rdfs:range :Dog"},
    ),
    "a value restriction": (
        APART + ":likes rdfs:range :Dog . :y a :Cat . "
        ":Pet rdfs:subClassOf [ a owl:Restriction ; owl:onProperty :likes ; owl:hasValue :y ] . :x a :Pet .",
        ClashRule.DISJOINT_CLASSES,
        {":Pet rdfs:subClassOf (:likes value :y)", ":y a :Cat"},
    ),
    "a datatype": (
        ":age rdfs:range xsd:integer . :x :age 'young' .",
        ClashRule.WRONG_DATATYPE,
        {":age rdfs:range xsd:integer", ':x :age "young"'},
    ),
    "a denied relation": (
        (
            "[] a owl:NegativePropertyAssertion ; owl:sourceIndividual :x ; owl:assertionProperty :likes ; "
            "owl:targetIndividual :y . :x :likes :y ."
        ),
        ClashRule.DENIED,
        {":x :likes :y", "not: :x :likes :y"},
    ),
}


@pytest.mark.parametrize(("turtle", "rule", "axioms"), CONTRADICTIONS.values(), ids=CONTRADICTIONS)
def test_a_contradiction_is_found_and_its_axioms_named(turtle: str, rule: ClashRule, axioms: set[str]) -> None:
    found = [(clash, lines) for clash, lines in explained(facts(turtle)) if clash.rule is rule and not clash.empty]
    assert found
    assert any(axioms <= lines for _, lines in found), [sorted(lines) for _, lines in found]


@pytest.mark.parametrize(("turtle", "rule", "axioms"), CONTRADICTIONS.values(), ids=CONTRADICTIONS)
def test_the_axioms_named_contradict_each_other_by_themselves(turtle: str, rule: ClashRule, axioms: set[str]) -> None:
    stated = facts(turtle)
    whole = [fact for fact in stated if fact.object in (OWL.Class, OWL.ObjectProperty, OWL.DatatypeProperty)]
    expressions = [fact for fact in stated if "genid" in fact.subject]
    for clash in (clash for clash in find_clashes(stated) if clash.rule is rule and not clash.empty):
        assert any(again.rule is rule for again in find_clashes([*whole, *expressions, *clash.axioms]))


@pytest.mark.parametrize(("turtle", "rule", "axioms"), CONTRADICTIONS.values(), ids=CONTRADICTIONS)
def test_a_contradiction_is_put_in_words_in_both_languages(turtle: str, rule: ClashRule, axioms: set[str]) -> None:
    stated = facts(turtle)
    for clash in find_clashes(stated):
        finding = of_clash(clash, AxiomWriter(stated))
        english, portuguese = finding.sentence("en"), finding.sentence("pt-BR")
        assert english != portuguese
        assert "{" not in english + portuguese


@pytest.mark.nightly
@pytest.mark.java
@pytest.mark.parametrize(("turtle", "rule", "axioms"), CONTRADICTIONS.values(), ids=CONTRADICTIONS)
def test_the_reasoner_agrees_that_it_is_a_contradiction(turtle: str, rule: ClashRule, axioms: set[str]) -> None:
    individuals = "".join(f":{name} a owl:NamedIndividual . " for name in "xyz")
    assert not dl.check(facts(individuals + turtle)).consistent


@pytest.mark.parametrize(
    ("turtle", "empty", "axioms"),
    [
        (
            APART + ":Chimera a owl:Class ; rdfs:subClassOf :Kitten , :Dog .",
            ":Chimera",
            {":Chimera rdfs:subClassOf :Dog", ":Chimera rdfs:subClassOf :Kitten", ":Kitten rdfs:subClassOf :Cat"},
        ),
        (
            APART + ":likes rdfs:range :Dog . :Fond a owl:Class ; rdfs:subClassOf "
            "[ a owl:Restriction ; owl:onProperty :likes ; owl:someValuesFrom :Cat ] .",
            ":Fond",
            {":Fond rdfs:subClassOf (:likes some :Cat)", ":likes rdfs:range :Dog"},
        ),
        (":Ghost a owl:Class ; rdfs:subClassOf owl:Nothing .", ":Ghost", {":Ghost rdfs:subClassOf owl:Nothing"}),
    ],
    ids=["disjoint super-classes", "an impossible partner", "nothing"],
)
def test_a_class_that_can_have_no_member_is_found_by_trying(turtle: str, empty: str, axioms: set[str]) -> None:
    [(clash, lines)] = explained(facts(turtle))
    assert clash.empty
    assert f"<https://example.org/{empty[1:]}>" == f"<{clash.subject}>"
    assert axioms <= lines


def test_a_literal_that_is_none_of_its_own_datatype_is_found() -> None:
    [(clash, lines)] = explained(facts(":age rdfs:range xsd:integer . :x :age 'young'^^xsd:integer ."))
    assert clash.rule is ClashRule.WRONG_DATATYPE
    assert lines == {":age rdfs:range xsd:integer", ':x :age "young"^^xsd:integer'}


def test_members_tried_of_two_classes_are_no_contradiction() -> None:
    shared = (
        APART + ":a a owl:NamedIndividual . :likes rdfs:range :Cat . :hates rdfs:range :Dog . "
        ":One a owl:Class ; rdfs:subClassOf [ a owl:Restriction ; owl:onProperty :likes ; owl:hasValue :a ] . "
        ":Two a owl:Class ; rdfs:subClassOf [ a owl:Restriction ; owl:onProperty :hates ; owl:hasValue :a ] ."
    )
    assert find_clashes(facts(shared)) == ()


@pytest.mark.parametrize(
    "sound",
    [
        ":owns a owl:FunctionalProperty . :x :owns :y , :z .",
        ":likes rdfs:domain [ a owl:Class ; owl:unionOf ( :Cat :Dog ) ] . :x a :Cat ; :likes :y .",
        ":age rdfs:range xsd:decimal . :x :age 1 , 1.5 .",
        ":note rdfs:range rdfs:Literal . :x :note 'a'@en , 1 .",
        ":Pet rdfs:subClassOf [ a owl:Restriction ; owl:onProperty :owns ; owl:someValuesFrom :Pet ] . :x a :Pet .",
        ":owns a owl:TransitiveProperty . :x :owns :y . :y :owns :x .",
    ],
    ids=["two names of one", "a union met", "numbers", "any literal", "endless witnesses", "a cycle"],
)
def test_what_is_sound_is_left_alone(sound: str) -> None:
    assert find_clashes(facts(sound)) == ()


PARTS = [turtle for turtle, *_ in CONTRADICTIONS.values()]


@given(st.lists(st.sampled_from(PARTS), min_size=1, max_size=3, unique=True))
@settings(max_examples=60)
def test_what_is_found_in_a_part_is_found_in_the_whole(parts: list[str]) -> None:
    assert not is_free_of_clashes(facts(" ".join(parts)))


def test_nothing_is_found_where_nothing_contradicts() -> None:
    assert is_free_of_clashes(facts(":owns a owl:FunctionalProperty . :x :owns :y , :z ."))


def test_the_core_with_the_example_estates_is_free_of_contradictions() -> None:
    estates = [
        fact
        for file in ESTATES
        for fact in parse_rdf(file.read_bytes(), "turtle", ASSET_BASE, str(file), salt=file.name)
    ]
    assert find_clashes([*MODEL.triples, *estates]) == ()

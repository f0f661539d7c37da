"""Kinds of property and their ranges have to agree."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.ontology.extension.extending import lacking


def test_two_kinds_of_property_are_told(tmp_path: Path) -> None:
    [told] = lacking(tmp_path, "two-kinds", kinds="skos:broader a owl:DatatypeProperty .")
    assert "skos:broader" in told.sentence()


RANGES = [
    ("my:p a owl:ObjectProperty ; rdfs:range xsd:string .", "relation-to-values"),
    ("my:p a owl:ObjectProperty ; rdfs:range my:Size . my:Size a rdfs:Datatype .", "relation-to-values"),
    ("my:p a owl:ObjectProperty ; rdfs:range [ a rdfs:Datatype ; owl:oneOf ( 1 2 ) ] .", "relation-to-values"),
    ("my:p a owl:DatatypeProperty ; rdfs:range sg:Agent .", "attribute-to-things"),
    ("my:p a owl:DatatypeProperty ; rdfs:range owl:Thing .", "attribute-to-things"),
    (
        "my:p a owl:DatatypeProperty ; rdfs:range [ a owl:Class ; owl:unionOf ( sg:Agent sg:Tool ) ] .",
        "attribute-to-things",
    ),
    ("my:p a owl:ObjectProperty ; rdfs:range sg:Agent .", ""),
    ("my:p a owl:DatatypeProperty ; rdfs:range xsd:string .", ""),
    ("my:p a owl:AnnotationProperty ; rdfs:range xsd:string .", ""),
    ("my:p a rdf:Property ; rdfs:range xsd:string . my:q a rdf:Property ; rdfs:range sg:Agent .", ""),
]


@pytest.mark.parametrize(("turtle", "rule"), RANGES)
def test_a_range_of_the_other_kind_is_told(tmp_path: Path, turtle: str, rule: str) -> None:
    told = [f.rule for f in lacking(tmp_path, ranges=turtle) if f.rule in {"relation-to-values", "attribute-to-things"}]
    assert told == ([rule] if rule else [])


@pytest.mark.parametrize(
    "turtle",
    [
        "my:Age a rdfs:Datatype ; owl:onDatatype xsd:integer ; owl:withRestrictions ( [ xsd:minInclusive 0 ] ) .",
        "my:Age a rdfs:Datatype ; owl:equivalentClass [ a rdfs:Datatype ; owl:oneOf ( 1 2 ) ] .",
        "my:Age a rdfs:Datatype ; owl:oneOf ( 1 2 ) .",
    ],
)
def test_a_datatype_of_ones_own_that_nothing_checks_is_told(tmp_path: Path, turtle: str) -> None:
    assert lacking(tmp_path, "reasoner-only", ages=turtle)

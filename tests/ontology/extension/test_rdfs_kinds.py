"""Declarations of RDFS are read as what they amount to in OWL."""

from __future__ import annotations

from pathlib import Path

import pytest

from stratagraph.ontology.facts import Fact
from stratagraph.ontology.namespaces import OWL, RDF
from tests.ontology.extension.extending import MY, as_read, lacking


def kinds_of(folder: Path, name: str) -> tuple[bool, bool, bool]:
    facts = {fact for module in as_read(folder) for fact in module.facts}
    declared = (OWL.Class, OWL.ObjectProperty, OWL.DatatypeProperty)
    class_, relation, attribute = (Fact(MY + name, RDF.type, kind) in facts for kind in declared)
    return class_, relation, attribute


CLASS, RELATION, ATTRIBUTE, NOTHING = (True, False, False), (False, True, False), (False, False, True), (False,) * 3


@pytest.mark.parametrize(
    ("turtle", "kind"),
    [
        ("my:t a rdfs:Class ; rdfs:subClassOf sg:Agent .", CLASS),
        ("my:t a rdfs:Class , owl:Class .", CLASS),
        ("my:t a rdf:Property ; rdfs:range sg:Asset .", RELATION),
        ("my:t a rdf:Property ; rdfs:range my:R . my:R a rdfs:Class .", RELATION),
        ("my:t a rdf:Property ; rdfs:range [ a owl:Class ; owl:unionOf ( sg:Agent sg:Tool ) ] .", RELATION),
        ("my:t a rdf:Property ; rdfs:range rdfs:Resource .", RELATION),
        ("my:t a rdf:Property ; rdfs:range xsd:string .", ATTRIBUTE),
        ("my:t a rdf:Property ; rdfs:range rdfs:Literal .", ATTRIBUTE),
        ("my:t a rdf:Property ; rdfs:range my:dt . my:dt a rdfs:Datatype .", ATTRIBUTE),
        ("my:t a rdf:Property ; rdfs:subPropertyOf sg:uses .", RELATION),
        ("my:t a rdf:Property ; rdfs:subPropertyOf sg:name .", ATTRIBUTE),
        ("my:t a rdf:Property ; rdfs:subPropertyOf my:u . my:u a rdf:Property ; rdfs:range sg:Tool .", RELATION),
        ("my:t a rdf:Property ; owl:inverseOf sg:uses .", RELATION),
        ("my:t a owl:TransitiveProperty .", RELATION),
        ("my:t a owl:FunctionalProperty ; rdfs:range xsd:integer .", ATTRIBUTE),
        ("my:t a rdf:Property ; rdfs:subPropertyOf rdfs:label .", NOTHING),
        ("my:t a rdf:Property ; rdfs:range other:Unknown .", NOTHING),
        ("my:t a rdf:Property .", NOTHING),
        ("my:t a rdf:Property , owl:AnnotationProperty ; rdfs:range sg:Asset .", NOTHING),
        ("my:t a rdfs:Datatype .", NOTHING),
    ],
)
def test_rdfs_is_read_as_what_it_amounts_to(tmp_path: Path, turtle: str, kind: tuple[bool, bool, bool]) -> None:
    undecided = lacking(tmp_path, "undecided-property", rdfs=turtle)
    assert kinds_of(tmp_path, "t") == kind
    untold = kind == NOTHING and "rdf:Property" in turtle and "rdfs:label" not in turtle and "Annot" not in turtle
    assert bool(undecided) == untold


def test_a_class_of_a_later_module_decides_as_well(tmp_path: Path) -> None:
    assert not lacking(
        tmp_path, "undeclared", a="my:t a rdf:Property ; rdfs:range my:Late .", b="my:Late a rdfs:Class ."
    )
    assert kinds_of(tmp_path, "t") == RELATION

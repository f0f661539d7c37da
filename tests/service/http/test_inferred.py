"""What an asset's answer calls inferred says why: facts as sentences, axioms with their place, in both languages."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest

from stratagraph.ontology.namespaces import SG
from stratagraph.service.engine.engine import Engine
from stratagraph.service.settings import load_settings
from tests.opened import Opened
from tests.service.merging import Estate

MODULE = """\
@prefix my: <https://example.org/ontology#> .
@prefix sg: <https://w3id.org/stratagraph/ns#> .
@prefix owl: <http://www.w3.org/2002/07/owl#> .
@prefix rdfs: <http://www.w3.org/2000/01/rdf-schema#> .
@prefix skos: <http://www.w3.org/2004/02/skos/core#> .

my:PersonalDataSystem a owl:Class ;
    rdfs:label "System with personal data"@en , "Sistema com dados pessoais"@pt-br ;
    skos:definition "A system that handles personal data."@en , "Um sistema que trata dados pessoais."@pt-br ;
    rdfs:subClassOf sg:LLMSystem , [ a owl:Restriction ; owl:onProperty sg:purpose ; owl:hasValue "to be reviewed" ] ;
    owl:equivalentClass [ owl:intersectionOf (
        sg:LLMSystem [ a owl:Restriction ; owl:onProperty sg:personalData ; owl:hasValue true ]
    ) ] .
"""
INVENTORY = """\
assets:
  - kind: LLMSystem
    name: desk
    label: Claims desk
    personalData: true
  - kind: TaskAgent
    name: scribe
    governedBy: rules
  - kind: InternalPolicy
    name: rules
"""


@pytest.fixture(name="estate", scope="module")
def _estate(opened: Opened, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Estate, str]]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PATH", "")
        patch.setattr("stratagraph.ontology.reasoning.dl.find_spec", lambda _: None)
        folder = tmp_path_factory.mktemp("modules")
        (folder / "privacy.ttl").write_text(MODULE, encoding="utf-8")
        with Engine(load_settings(data=opened(tmp_path_factory.mktemp("data") / "d"), ontology=folder)) as engine:
            estate = Estate(engine)
            assert estate.load(INVENTORY)["status"] == 201
            yield estate, folder.name


def test_a_class_by_definition_names_the_fact_the_axiom_and_its_line(estate: tuple[Estate, str]) -> None:
    asked, folder = estate
    shown = asked.get("/api/assets/desk")
    (defined,) = [each for each in shown["types"] if each["byDefinition"]]
    because = defined["because"]
    assert [each["text"] for each in because["facts"]] == [
        "“Claims desk” is of the class LLM system",
        "“Claims desk” has personal data “true”",
    ]
    (axiom,) = because["axioms"]
    assert axiom["module"] == f"{folder}/privacy.ttl"
    assert "owl:equivalentClass" in MODULE.splitlines()[axiom["line"] - 1]
    assert re.search(r"LLMSystem and \(\S+personalData value", axiom["text"])
    assert because["text"].endswith(f"({folder}/privacy.ttl:{axiom['line']})")


def test_it_is_told_in_portuguese(estate: tuple[Estate, str]) -> None:
    shown = estate[0].get("/api/assets/desk", lang="pt-BR")
    (defined,) = [each for each in shown["types"] if each["byDefinition"]]
    assert defined["label"] == "Sistema com dados pessoais"
    assert defined["because"]["text"].startswith("“Claims desk” é da classe ")
    assert "; por " in defined["because"]["text"]


def test_a_value_that_a_class_gives_its_members_is_shown_with_its_reason(estate: tuple[Estate, str]) -> None:
    (purpose,) = [each for each in estate[0].get("/api/assets/desk")["attributes"] if each["value"] == "to be reviewed"]
    assert purpose["inferred"]
    assert purpose["claims"]["sources"] == []
    assert len(purpose["because"]["axioms"]) == 2
    stated = [each for each in estate[0].get("/api/assets/desk")["attributes"] if not each["inferred"]]
    assert {each["because"] for each in stated} == {None}


def test_a_class_above_the_stated_one_is_inferred_and_not_by_definition(estate: tuple[Estate, str]) -> None:
    types = {each["label"]: each for each in estate[0].get("/api/assets/desk")["types"]}
    asset = types["Asset"] if "Asset" in types else types["asset"]
    assert (asset["inferred"], asset["byDefinition"]) == (True, False)
    assert all(each["module"] is None for each in asset["because"]["axioms"])


def test_a_class_above_the_stated_one_is_not_by_definition_though_a_relation_tells_it_sooner(
    estate: tuple[Estate, str],
) -> None:
    types = {each["iri"]: each for each in estate[0].get("/api/assets/scribe")["types"]}
    assert [fact["predicate"] for fact in types[SG.Asset]["because"]["facts"]] == [SG.governedBy], "a shorter proof"
    assert not any(each["byDefinition"] for each in types.values())


def test_while_the_graph_moves_the_answer_is_partial_and_says_so(
    estate: tuple[Estate, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(estate[0].engine.explainer, "proofs", lambda *_: None)
    shown = estate[0].get("/api/assets/desk")
    assert shown["partial"]
    assert "inferred" in shown["partialReason"]
    assert {each["because"] for each in shown["types"]} == {None}

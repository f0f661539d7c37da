"""The gate and defined classes: what a batch makes of things by definitions refuses it, or lets it in."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from stratagraph.ontology.facts import Fact
from stratagraph.ontology.namespaces import ASSET_BASE, RDF, Namespace
from stratagraph.service.engine.engine import Engine
from stratagraph.service.settings import load_settings
from tests.opened import Opened
from tests.service.merging import Estate

MY = Namespace("https://example.org/ontology#")
MODULE = """\
@prefix my: <https://example.org/ontology#> .
@prefix sg: <https://w3id.org/stratagraph/ns#> .
@prefix owl: <http://www.w3.org/2002/07/owl#> .
@prefix rdfs: <http://www.w3.org/2000/01/rdf-schema#> .
@prefix xsd: <http://www.w3.org/2001/XMLSchema#> .

my:PersonalDataSystem a owl:Class ;
    rdfs:label "Personal data system"@en , "Sistema de dados pessoais"@pt-BR ;
    owl:disjointWith my:Demonstration ;
    owl:equivalentClass [ owl:intersectionOf (
        sg:LLMSystem [ a owl:Restriction ; owl:onProperty sg:personalData ; owl:hasValue true ]
    ) ] .

my:Demonstration a owl:Class ;
    rdfs:label "Demonstration"@en , "Demonstração"@pt-BR ;
    owl:equivalentClass [ owl:intersectionOf (
        sg:LLMSystem [ a owl:Restriction ; owl:onProperty sg:usesModel ; owl:someValuesFrom my:Toy ]
    ) ] .

my:Toy a owl:Class ;
    rdfs:label "Toy"@en , "Brinquedo"@pt-BR ;
    owl:equivalentClass [ owl:intersectionOf (
        sg:BaseModel [ a owl:Restriction ; owl:onProperty sg:purpose ; owl:hasValue "toy" ]
    ) ] .

my:officer a owl:DatatypeProperty ;
    rdfs:label "officer"@en , "encarregado"@pt-BR ;
    rdfs:domain my:PersonalDataSystem ; rdfs:range xsd:string .

my:shows a owl:ObjectProperty ;
    rdfs:label "shows"@en , "mostra"@pt-BR ;
    rdfs:domain sg:LLMSystem ; rdfs:range my:Toy .
"""
HEAD = """\
@prefix my: <https://example.org/ontology#> .
@prefix sg: <https://w3id.org/stratagraph/ns#> .
"""


class World:
    """A system and a model of one test's own, in an estate that all of them share."""

    def __init__(self, estate: Estate, name: str) -> None:
        self.estate = estate
        self.name = name
        self.desk, self.toy = f"{ASSET_BASE}LLMSystem/{name}", f"{ASSET_BASE}BaseModel/{name}"
        self.system = f"<{self.desk}> a sg:LLMSystem ; sg:name '{name}' ."
        self.personal = f"<{self.desk}> sg:personalData true ."
        self.model = f"<{self.toy}> a sg:BaseModel ; sg:name '{name}' ."
        self.played = f"<{self.toy}> sg:purpose 'toy' ."
        self.used = f"<{self.desk}> sg:usesModel <{self.toy}> ."
        self.officer = f"<{self.desk}> my:officer 'Ana' ."
        self.shown = f"<{self.desk}> my:shows <{self.toy}> ."

    def load(self, *statements: str, scope: str = "one", **more: str) -> dict[str, Any]:
        return self.estate.commit_turtle(HEAD + "\n".join(statements), scope=f"{self.name} {scope}", **more)

    def is_a(self, node: str, cls: str) -> bool:
        return self.estate.engine.deriver.holds(Fact(node, RDF.type, cls))


@pytest.fixture(name="estate", scope="module")
def _estate(opened: Opened, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Estate]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PATH", "")
        patch.setattr("stratagraph.ontology.reasoning.dl.find_spec", lambda _: None)
        folder = tmp_path_factory.mktemp("definitions")
        module = folder / "privacy.ttl"
        module.write_text(MODULE, encoding="utf-8")
        with Engine(load_settings(data=opened(folder / "data"), ontology=module)) as engine:
            yield Estate(engine)


@pytest.fixture(name="world")
def _world(estate: Estate, request: pytest.FixtureRequest) -> World:
    return World(estate, request.node.name.removeprefix("test_")[:20])


def test_two_definitions_that_exclude_each_other_refuse_the_batch_with_axioms_and_facts(world: World) -> None:
    before = world.estate.engine.sequence
    answer = world.load(world.system, world.personal, world.model, world.played, world.used)
    assert (answer["status"], answer["type"].rpartition("/")[2]) == (422, "gate-refused")
    (finding,) = answer["findings"]
    assert finding["focus"] == f"<{world.desk}>"
    for text in (finding["text"], finding["messages"]["pt-br"]):
        assert "PersonalDataSystem> owl:equivalentClass" in text
        assert "Demonstration> owl:equivalentClass" in text
        assert "Toy> owl:equivalentClass" in text
        assert 'sg:personalData "true"^^xsd:boolean' in text
        assert 'sg:purpose "toy"' in text
        assert "(privacy.ttl:10)" in text
    assert "Demonstração" in finding["messages"]["pt-br"]
    assert world.estate.engine.ledger.sequence() == world.estate.engine.deriver.sequence == before
    assert world.load(world.system, world.personal, world.model, world.played)["status"] == 201


def test_so_does_one_that_only_speaks_of_a_neighbour(world: World) -> None:
    assert world.load(world.system, world.personal, world.model, world.used)["status"] == 201
    refused = world.load(world.played, scope="two")
    assert refused["status"] == 422
    assert refused["findings"][0]["fact"][1].endswith("purpose>")
    assert world.load(world.played, scope="two", dryRun="true")["status"] == 422
    assert not world.is_a(world.toy, MY.Toy)


def test_what_a_batch_takes_back_is_counted(world: World) -> None:
    assert world.load(world.system, world.personal, world.model, world.used)["status"] == 201
    # Its scope is complete: that the system has personal data is closed by the same batch.
    assert world.load(world.system, world.model, world.used, world.played)["status"] == 201
    assert world.is_a(world.desk, MY.Demonstration)
    assert not world.is_a(world.desk, MY.PersonalDataSystem)


def test_a_stated_class_clashes_with_a_defined_one(world: World) -> None:
    refused = world.load(world.system, world.personal, f"<{world.desk}> a my:Demonstration .")
    assert refused["status"] == 422
    (finding,) = refused["findings"]
    assert "PersonalDataSystem> owl:equivalentClass" in finding["text"]
    assert f"{world.name} a <{MY.Demonstration}>" in finding["text"]


def test_what_only_members_by_definition_may_have_is_let_in(world: World) -> None:
    assert world.load(world.system, world.personal, world.officer)["status"] == 201
    refused = world.load(world.system, world.officer)
    assert refused["status"] == 422
    assert refused["findings"][0]["shape"].endswith("officer")


def test_what_only_leads_to_members_by_definition_may_do_so(world: World) -> None:
    assert world.load(world.system, world.model, world.played)["status"] == 201
    assert world.load(world.shown, scope="two")["status"] == 201
    assert world.load(world.system, world.model, scope="one")["status"] == 201
    # What a relation says of its own ends makes no member for the gate.
    refused = world.load(world.shown, f"<{world.desk}> my:shows <{world.desk}> .", scope="two")
    assert refused["status"] == 422


def test_another_mistake_beside_it_is_told(world: World) -> None:
    refused = world.load(world.system, world.personal, world.officer, f"<{world.desk}> sg:nonsense 1 .")
    assert refused["status"] == 422
    assert any("nonsense" in each["text"] for each in refused["findings"])


def test_a_refusal_leaves_nothing_behind(world: World) -> None:
    for _ in range(2):
        assert world.load(world.system, world.personal, world.model, world.played, world.used)["status"] == 422
    assert world.load(world.system, world.personal, world.officer)["status"] == 201
    assert world.is_a(world.desk, MY.PersonalDataSystem)
    assert not world.is_a(world.toy, MY.Toy)
    assert world.estate.engine.ledger.verify().ok

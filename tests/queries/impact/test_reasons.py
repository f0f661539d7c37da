"""What a reason says of a relation that takes a transmission of another one's."""

from __future__ import annotations

import pytest

from stratagraph.ontology.facts import Fact, Iri
from stratagraph.ontology.model import OntologyModel, load_model
from stratagraph.ontology.namespaces import SG
from stratagraph.queries.cards import Cards
from stratagraph.queries.impact.reasons import Reasons
from stratagraph.queries.impact.walk import Hop
from tests.queries.plain import PlainStore

MY = "https://example.org/ontology#"
AGENT, PHONE = "https://example.org/asset/helper", "https://example.org/asset/phone"
MODULE = f"""
@prefix my: <{MY}> .
@prefix sg: <https://w3id.org/stratagraph/ns#> .
@prefix owl: <http://www.w3.org/2002/07/owl#> .
@prefix rdfs: <http://www.w3.org/2000/01/rdf-schema#> .

my:speaksThrough a owl:ObjectProperty ; rdfs:label "speaks through"@en , "fala por meio de"@pt-BR ;
    sg:transmits sg:implementedIn-effects .
my:carries a owl:ObjectProperty ; owl:inverseOf my:speaksThrough ; rdfs:label "carries"@en , "transporta"@pt-BR .
my:callsFrom a owl:ObjectProperty ; rdfs:subPropertyOf my:speaksThrough ;
    rdfs:label "calls from"@en , "liga de"@pt-BR .
my:stands a owl:ObjectProperty ; rdfs:subPropertyOf sg:implementedIn ; rdfs:label "stands in"@en , "fica em"@pt-BR ;
    sg:transmits sg:implementedIn-effects .
my:rings a owl:ObjectProperty ; rdfs:label "rings"@en , "toca"@pt-BR ; sg:transmits my:rings-effects .
my:knocks a owl:ObjectProperty ; rdfs:label "knocks"@en , "bate"@pt-BR ; sg:transmits my:rings-effects .
my:rings-effects a sg:Transmission ; sg:direction sg:ObjectToSubject ; sg:aspect sg:CostAspect ; sg:strength 0.5 ;
    sg:template "{{subject}} is called on {{object}}."@en , "{{subject}} atende em {{object}}."@pt-BR .
"""


@pytest.fixture(name="model", scope="module")
def _model(tmp_path_factory: pytest.TempPathFactory) -> OntologyModel:
    file = tmp_path_factory.mktemp("my") / "my.ttl"
    file.write_text(MODULE, encoding="utf-8")
    return load_model([file])


def told(model: OntologyModel, relation: Iri, language: str) -> str:
    """The reason for what the phone's cost does to the helper, in words without the names of both."""
    ends = (PHONE, AGENT) if relation == MY + "carries" else (AGENT, PHONE)
    hop = Hop(
        influencer=PHONE,
        influenced=AGENT,
        manner=SG.CostEffect,
        strength=0.8,
        measured=False,
        facts=(Fact(ends[0], relation, ends[1]),),
    )
    return Reasons(model, Cards(PlainStore(model, []), model), language).of(hop)


@pytest.mark.parametrize("language", ["en", "pt-BR"])
@pytest.mark.parametrize("name", ["speaksThrough", "carries", "callsFrom"])
def test_a_relation_that_takes_the_cores_transmission_is_told_by_its_own_words(
    model: OntologyModel, name: str, language: str
) -> None:
    said = told(model, MY + name, language)
    for word in ("runs on", "roda em"):
        assert word not in said
    assert f" {model.label(MY + name, language)} " in said
    assert "helper" in said
    assert "phone" in said


@pytest.mark.parametrize(
    ("relation", "words"),
    [
        (SG.implementedIn, ("runs on", "roda em")),
        (MY + "stands", ("runs on", "roda em")),  # for it is an implementation
        (MY + "rings", ("is called on", "atende em")),
        (MY + "knocks", ("is called on", "atende em")),  # who wrote the sentence wrote it for both
    ],
)
def test_a_sentence_that_is_ones_own_or_of_what_stands_above_stays(
    model: OntologyModel, relation: Iri, words: tuple[str, str]
) -> None:
    for language, word in zip(("en", "pt-BR"), words, strict=True):
        assert word in told(model, relation, language)

from __future__ import annotations

import pytest

from stratagraph.ontology.model import load_model
from stratagraph.ontology.namespaces import SG, SKOS
from stratagraph.queries.names import AmbiguousName, UnknownName
from stratagraph.queries.vocabulary import Vocabulary

VOCABULARY = Vocabulary(load_model())


@pytest.mark.parametrize(
    ("name", "iri"),
    [
        (SG.usesModel, SG.usesModel),
        (f"<{SG.usesModel}>", SG.usesModel),
        ("sg:usesModel", SG.usesModel),
        ("usesModel", SG.usesModel),
        ("USESMODEL", SG.usesModel),
        ("uses model", SG.usesModel),
        ("usa modelo", SG.usesModel),
        ("Níveis fundamentais", SG.FundamentalLevels),
        ("niveis FUNDAMENTAIS", SG.FundamentalLevels),
        ("skos:definition", SKOS.definition),
        ("L12", SG.L12),
    ],
)
def test_a_term_is_found_by_any_of_its_names(name: str, iri: str) -> None:
    assert VOCABULARY.find(name) == iri


def test_a_name_of_several_terms_lists_them() -> None:
    with pytest.raises(AmbiguousName) as caught:
        VOCABULARY.find("nível")
    assert {SG.level, SG.Level} <= {candidate["iri"] for candidate in caught.value.candidates}
    assert str(SG.Level) in str(caught.value)


def test_the_exact_local_name_decides_between_terms_of_one_label() -> None:
    assert VOCABULARY.find("Level") == SG.Level
    assert VOCABULARY.find("level") == SG.level


def test_an_unknown_name_suggests_the_nearest() -> None:
    with pytest.raises(UnknownName, match="sg:usesModel"):
        VOCABULARY.find("usesModle")


@pytest.mark.parametrize(
    ("term", "module"),
    [("Incident", "events"), ("SystemComponent", "components"), ("Asset", "assets"), ("Rule", "statements")],
)
def test_a_term_belongs_to_the_module_that_describes_it_not_to_one_that_declares_it(term: str, module: str) -> None:
    assert VOCABULARY.describe(SG.term(term)).module == module


def test_a_relation_is_described_with_all_that_it_does() -> None:
    found = VOCABULARY.describe(SG.usesModel)
    assert found.kind == "relation"
    assert found.module == "relations"
    assert found.above == (SG.uses,)
    assert found.range == (SG.BaseModel,)
    assert found.inverse == SG.modelUsedBy
    assert found.chains == ("sg:usesModel owl:propertyChainAxiom ( sg:hasPart o sg:usesModel )",)
    assert {SG.CostAspect in aspects for _, aspects, _ in found.transmissions} == {True, False}
    assert set(found.labels) == set(found.definitions) == {"en", "pt-br"}
    assert found.source
    assert found.status == "stable"


def test_a_class_is_described_with_its_place() -> None:
    found = VOCABULARY.describe(SG.SystemPrompt)
    assert found.level == SG.L5
    assert found.above == (SG.Prompt, SG.Asset)
    assert SG.SystemPrompt in VOCABULARY.describe(SG.Prompt).below


def test_every_term_can_be_described() -> None:
    for iri in VOCABULARY.terms:
        document = VOCABULARY.describe(iri).document(VOCABULARY.model, "pt-BR")
        assert document["iri"] == iri


@pytest.mark.parametrize("text", ["usa modelo", "MODELO usa", "uses model"])
def test_a_search_finds_words_in_either_language(text: str) -> None:
    assert SG.usesModel in VOCABULARY.search(text)[:5]


def test_a_search_looks_into_definitions_after_names() -> None:
    found = VOCABULARY.search("prompt", limit=1000)
    names = [iri for iri in found if "prompt" in iri.lower()]
    assert SG.Prompt in found[:5]
    assert len(names) < len(found)
    assert VOCABULARY.search("  ") == []
    assert len(VOCABULARY.search("a", limit=3)) == 3

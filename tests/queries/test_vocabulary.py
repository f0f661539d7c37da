from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from unicodedata import combining, normalize

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stratagraph.ontology.facts import Literal
from stratagraph.ontology.folding import fold
from stratagraph.ontology.namespaces import RDF, RDFS, SG, SKOS, expand, local_name
from stratagraph.queries.matches import words_of
from stratagraph.queries.names import AmbiguousName, UnknownName
from tests.core import vocabulary


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
        ("Agent", SG.Agent),
        ("Dataset", SG.Dataset),
        ("prov:Agent", expand("prov:Agent")),
        ("SoftwareAgent", expand("prov:SoftwareAgent")),
    ],
)
def test_a_term_is_found_by_any_of_its_names(name: str, iri: str) -> None:
    assert vocabulary().find(name) == iri


def test_a_name_of_several_terms_lists_them() -> None:
    with pytest.raises(AmbiguousName) as caught:
        vocabulary().find("nível")
    assert {SG.level, SG.Level} <= {candidate["iri"] for candidate in caught.value.candidates}
    assert str(SG.Level) in str(caught.value)


def test_the_exact_local_name_decides_between_terms_of_one_label() -> None:
    assert vocabulary().find("Level") == SG.Level
    assert vocabulary().find("level") == SG.level


def test_an_unknown_name_suggests_the_nearest() -> None:
    with pytest.raises(UnknownName, match="sg:usesModel"):
        vocabulary().find("usesModle")


@pytest.mark.parametrize(
    ("term", "module"),
    [("Incident", "events"), ("SystemComponent", "components"), ("Asset", "assets"), ("Rule", "statements")],
)
def test_a_term_belongs_to_the_module_that_describes_it_not_to_one_that_declares_it(term: str, module: str) -> None:
    assert vocabulary().describe(SG.term(term)).module == module


def test_a_relation_is_described_with_all_that_it_does() -> None:
    found = vocabulary().describe(SG.usesModel)
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
    found = vocabulary().describe(SG.SystemPrompt)
    assert found.level == SG.L5
    assert found.above == (SG.Prompt, SG.Asset)
    assert SG.SystemPrompt in vocabulary().describe(SG.Prompt).below


def test_every_term_can_be_described() -> None:
    for iri in vocabulary().terms:
        document = vocabulary().describe(iri).document(vocabulary().model, "pt-BR")
        assert document["iri"] == iri


@pytest.mark.parametrize("text", ["usa modelo", "MODELO usa", "uses model"])
def test_a_search_finds_words_in_either_language(text: str) -> None:
    assert SG.usesModel in vocabulary().search(text)[:5]


def test_a_search_looks_into_definitions_after_names() -> None:
    found = vocabulary().search("prompt", limit=1000)
    names = [iri for iri in found if "prompt" in iri.lower()]
    assert SG.Prompt in found[:5]
    assert len(names) < len(found)
    assert vocabulary().search("  ") == []
    assert len(vocabulary().search("a", limit=3)) == 3


WORDS = tuple(
    (term, text, tag)
    for term, *spellings in (
        line.split("\t")
        for line in Path(__file__).with_name("document_words.tsv").read_text("utf-8").splitlines()
        if not line.startswith("#")
    )
    for text, _, tag in (spelling.rpartition("@") for spelling in spellings)
)
"""Every term as the documents spell it."""
STROKES = str.maketrans("łŁ", "lL")


def test_the_documents_words_are_names_of_the_terms_with_a_language() -> None:
    stated = {
        (fact.subject, fact.object.value, fact.object.language)
        for fact in vocabulary().model.triples
        if fact.predicate in {SKOS.altLabel, SKOS.hiddenLabel, RDFS.label} and isinstance(fact.object, Literal)
    }
    assert len(WORDS) > 250
    lacking = [(term, text) for term, text, tag in WORDS if (SG.term(term), text, tag.lower()) not in stated]
    assert lacking == []


def _places(spell: Callable[[str], str]) -> list[tuple[str, str, list[str]]]:
    """Return the words that do not find their term among the first three."""
    found = ((term, spell(text), vocabulary().search(spell(text), 3)) for term, text, _ in WORDS)
    return [(term, text, list(map(local_name, iris))) for term, text, iris in found if SG.term(term) not in iris]


@pytest.mark.parametrize(
    "spell",
    [
        str,
        str.upper,
        lambda text: "".join(c for c in normalize("NFD", text) if not combining(c)).translate(STROKES),
        lambda text: text.replace("_", "-").replace(" ", "_"),
    ],
    ids=["as written", "upper case", "no accents", "other separators"],
)
def test_the_documents_words_find_their_term_among_the_first_three(spell: Callable[[str], str]) -> None:
    assert _places(spell) == []


@given(st.data())
def test_the_words_of_a_name_find_it_in_any_order(data: st.DataObject) -> None:
    term, text, _ = data.draw(st.sampled_from(WORDS))
    words = data.draw(st.permutations(words_of(text)))
    assert SG.term(term) in vocabulary().search(" ".join(words), 10_000)


@pytest.mark.parametrize(
    ("text", "term"),
    [
        ("finetuning", "FineTuningTerm"),
        ("fine tuning", "FineTuningTerm"),
        ("tokenizers", "Tokenizer"),
        ("relatórios de impacto", "ImpactReport"),
        ("violação de guardrail", "guardrailViolations"),
        ("logs PII vazamento", "PersonalDataInLogsRisk"),
        ("costPerMillionTokens", "costPerMillionTokens"),
        ("LGPD 33", "LGPD-33"),
        ("czestosc przelaczen", "switchRate"),
        ("Systemy zarzadzania dokumentami", "DocumentManagementPoint"),
    ],
)
def test_hyphens_plurals_and_joined_words_do_not_matter(text: str, term: str) -> None:
    assert SG.term(term) in vocabulary().search(text, 3)


@pytest.mark.parametrize(
    ("text", "term"),
    [
        ("rollbacks previsíveis", "ContinuousEvaluationModule"),
        ("REUSO corporativo", "MCPServerModule"),
        ("ontologias mudou estudo", "JourneyWeek4"),
    ],
)
def test_what_else_is_said_of_a_term_finds_it_after_names(text: str, term: str) -> None:
    assert SG.term(term) in vocabulary().search(text, 3)


def test_a_sentence_with_gaps_finds_nothing() -> None:
    assert [iri for iri in vocabulary().search("subject object aspect", 100) if SG.Transmission in _types(iri)] == []


def _types(iri: str) -> set[str]:
    return set(vocabulary().model.graph.iris(iri, RDF.type))


def test_a_name_with_all_words_comes_before_a_definition_with_them() -> None:
    found = vocabulary().search("latência p95", 1000)
    named = [any(set(words_of(text)) >= {"latencia", "p95"} for text in _names(iri)) for iri in found]
    assert named[0]
    assert named == sorted(named, reverse=True)


def _names(iri: str) -> tuple[str, ...]:
    model = vocabulary().model
    return (*model.labels.get(iri, {}).values(), *model.alternatives.get(iri, ()))


def test_a_label_is_meant_before_another_terms_further_name() -> None:
    model = vocabulary().model
    own = {iri: {fold(label) for label in labels.values()} for iri, labels in model.labels.items()}
    shared = [(fold(text), term) for term, text, _ in WORDS if fold(text) not in own[SG.term(term)]]
    owners = {text: [iri for iri, names in own.items() if text in names] for text, _ in shared}
    decided = {text: iris[0] for text, iris in owners.items() if len(iris) == 1}
    assert "prompt templates" in decided
    assert {text: vocabulary().find(text) for text in decided} == decided


def test_a_further_name_counts_among_the_classes_where_no_class_has_it_as_its_own() -> None:
    assert vocabulary().find_class("Interface") == SG.Channel

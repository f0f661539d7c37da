"""Names given by people: exact first, then without case and accents; ambiguity lists the candidates."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stratagraph.ontology.errors import MOST_FINDINGS
from stratagraph.ontology.facts import Fact, Iri, Literal, Term
from stratagraph.ontology.folding import fold
from stratagraph.ontology.model import extend, load_model
from stratagraph.ontology.namespaces import OWL, RDF, RDFS, SG
from stratagraph.queries import names
from stratagraph.queries.names import AmbiguousName, UnknownName, resolve_name, search
from stratagraph.queries.store_protocols import Pattern, Row
from stratagraph.queries.vocabulary import Vocabulary
from tests.queries.plain import PlainStore, described, iri

MODEL = load_model()
BANK = "Organisation/Banco%20%C3%81ureo"
FACTS = [
    *described("Regulation/LGPD_BR", SG.Law, en="General data protection law", pt_BR="Lei Geral de Proteção"),
    *described(BANK, SG.Organisation),
    Fact(iri(BANK), SG.name, Literal("Banco Áureo")),
    *described("Agent/helper/one", SG.TaskAgent, en="First helper"),
    *described("Agent/helper/two", SG.TaskAgent, en="Second helper"),
    Fact(iri("Agent/helper/one"), SG.name, Literal("helper")),
    Fact(iri("Agent/helper/two"), SG.name, Literal("helper")),
    *described("Prompt/p", SG.TaskPrompt),
    Fact(iri("Prompt/p"), SG.name, Literal("Prompt_SAC_Amigável_v2")),
    *described("BaseModel/base-8b", SG.BaseModel),
    Fact(iri("BaseModel/base-8b"), SG.name, Literal("base-8b")),
    Fact(iri("BaseModel/base-8b"), SG.packageUrl, Literal("pkg:huggingface/ModelForge/base-8b")),
    Fact(iri("BaseModel/base-8b"), SG.repository, Literal("ModelForge/base-8b")),
    Fact(iri("BaseModel/base-8b"), SG.registryName, Literal("triage model")),
    Fact(iri("BaseModel/base-8b"), SG.url, Literal("https://models.example.org/v1")),
    Fact(iri("BaseModel/base-8b"), SG.alsoKnownAs, Literal("chat-large")),
    *described("BaseModel/other", SG.BaseModel),
    Fact(iri("BaseModel/other"), SG.name, Literal("other")),
    Fact(iri("BaseModel/other"), SG.alsoKnownAs, Literal("base-8b")),
    Fact(iri("BaseModel/other"), SG.alsoKnownAs, Literal("the cheap one")),
    Fact(iri("BaseModel/base-8b"), SG.alsoKnownAs, Literal("The Cheap One")),
]
STORE = PlainStore(MODEL, FACTS)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        (iri("Regulation/LGPD_BR"), "Regulation/LGPD_BR"),
        ("asset:Regulation/LGPD_BR", "Regulation/LGPD_BR"),
        ("Regulation/LGPD_BR", "Regulation/LGPD_BR"),
        ("lei geral de protecao", "Regulation/LGPD_BR"),
        ("Banco Áureo", BANK),
        ("BANCO AUREO", BANK),
        ("  banco áureo ", BANK),
        ("Banco A\N{COMBINING ACUTE ACCENT}ureo", BANK),
        ("Organisation/Banco Áureo", BANK),
        ("prompt_sac_amigavel_V2", "Prompt/p"),
        # What others call it, where that is nobody's name.
        ("base-8b", "BaseModel/base-8b"),
        ("BASE-8B", "BaseModel/base-8b"),
        ("pkg:huggingface/ModelForge/base-8b", "BaseModel/base-8b"),
        ("pkg:huggingface/ModelForge/base-8b@a1b2?download_url=x#y", "BaseModel/base-8b"),
        ("pkg:huggingface/modelforge/base-8b@a1b2", "BaseModel/base-8b"),
        ("ModelForge/base-8b", "BaseModel/base-8b"),
        ("modelforge/base-8b", "BaseModel/base-8b"),
        ("triage model", "BaseModel/base-8b"),
        ("https://models.example.org/v1", "BaseModel/base-8b"),
        (" chat-large ", "BaseModel/base-8b"),
        ("the cheap one", "BaseModel/other"),
        ("The Cheap One", "BaseModel/base-8b"),
    ],
)
def test_resolves(text: str, found: str) -> None:
    assert resolve_name(STORE, MODEL, text) == iri(found)


@pytest.mark.parametrize("text", [iri("Regulation/LGPD_BR"), "asset:Regulation/LGPD_BR", "Banco Áureo"])
def test_a_name_as_it_is_written_takes_no_query_and_no_index(text: str) -> None:
    asked: list[Sequence[Pattern]] = []

    class Watched(PlainStore):
        def select(self, query: str, bindings: Mapping[str, Term] | None = None) -> Sequence[Row]:
            raise AssertionError(query)

        def matching(self, patterns: Sequence[Pattern]) -> list[list[Fact]]:
            asked.append(patterns)
            assert all(value is not None for *_, value in patterns), "that would grow with the estate"
            return super().matching(patterns)

    resolve_name(Watched(MODEL, FACTS), MODEL, text)
    assert len(asked) <= 2, "all ways to name an asset at one moment, and whether it is one"


def test_an_ambiguous_name_lists_its_candidates() -> None:
    with pytest.raises(AmbiguousName) as caught:
        resolve_name(STORE, MODEL, "Helper")
    assert [(c["iri"], c["label"], c["class"]) for c in caught.value.candidates] == [
        (iri("Agent/helper/one"), "First helper", MODEL.label(SG.TaskAgent)),
        (iri("Agent/helper/two"), "Second helper", MODEL.label(SG.TaskAgent)),
    ]
    assert iri("Agent/helper/two") in str(caught.value)


def test_an_unknown_name_suggests_the_nearest() -> None:
    with pytest.raises(UnknownName, match="Did you mean: Banco Áureo"):
        resolve_name(STORE, MODEL, "Banco Aurio")


@pytest.mark.parametrize("text", ["", "nothing like it", "not an <iri>", "http://[", "asset:", "a:b c", '"', "\x00"])
def test_text_that_names_nothing_is_unknown_whatever_it_holds(text: str) -> None:
    with pytest.raises(UnknownName):
        resolve_name(STORE, MODEL, text)


def test_an_iri_that_is_no_asset_is_unknown() -> None:
    with pytest.raises(UnknownName):
        resolve_name(STORE, MODEL, SG.Law)


@given(st.text(alphabet=st.characters(max_codepoint=0x17F)))
def test_folding_twice_is_folding_once(text: str) -> None:
    assert fold(fold(text)) == fold(text)
    assert fold(text.upper()) == fold(text.upper().lower())


def test_a_newer_sequence_is_seen_at_once() -> None:
    store = PlainStore(MODEL, FACTS)
    names.name_index(store)
    for fact in described("Tool/new", SG.Tool, en="Brand new"):
        store.add(fact)
    store.add(Fact(iri("Tool/new"), "http://www.w3.org/1999/02/22-rdf-syntax-ns#type", SG.Asset))
    store.sequence += 1
    assert resolve_name(store, MODEL, "brand NEW") == iri("Tool/new")


def found(text: str, limit: int = 20) -> list[Iri]:
    return [result["iri"] for result in search(STORE, MODEL, text, limit=limit)["results"]]  # type: ignore[attr-defined]  # plain data


def test_search_puts_the_whole_name_before_beginnings_and_beginnings_before_the_rest() -> None:
    facts = [fact for name in ("xab", "ab c", "ab", "x ab") for fact in described(name.replace(" ", "_"), SG.Tool)]
    results = search(PlainStore(MODEL, facts), MODEL, "AB")["results"]
    assert [result["name"] for result in results] == ["ab", "ab_c", "x_ab", "xab"]  # type: ignore[attr-defined]  # plain data


def test_search_finds_words_in_any_order_without_accents_and_separators() -> None:
    assert found("amigavel sac") == [iri("Prompt/p")]
    assert found("SAC amigável") == [iri("Prompt/p")]


def test_search_keeps_to_its_limit_and_finds_nothing_for_nothing() -> None:
    assert len(found("helper", limit=1)) == 1
    assert found("  ") == []
    assert found("zzz") == []


@pytest.mark.parametrize("text", ["quantization", "Quantização", "sg:Quantisation", SG.Quantisation, "QUANTISATION"])
def test_change_kinds_resolve_by_notation_label_and_iri(text: str) -> None:
    assert names.resolve_change(MODEL, text) == SG.Quantisation


def test_an_unknown_aspect_names_those_there_are() -> None:
    with pytest.raises(UnknownName, match="privacy"):
        names.resolve_aspect(MODEL, "privcy")
    with pytest.raises(UnknownName, match="availability"):
        names.resolve_aspect(MODEL, "q8#")


def test_levels_and_classes_resolve() -> None:
    assert names.resolve_level(MODEL, "l12") == SG.L12
    assert names.resolve_level(MODEL, "transversal") is None
    assert names.resolve_class(MODEL, "sg:Agent") == names.resolve_class(MODEL, "agente") == SG.Agent


MY = "https://example.org/my#"
ROBOT = (
    Fact(f"{MY}Robot", RDF.type, OWL.Class),
    Fact(f"{MY}Robot", RDFS.subClassOf, SG.Agent),
    Fact(f"{MY}Robot", RDFS.label, Literal("Droid", language="en")),
)
EXTENDED = extend(MODEL, {"my.ttl": ROBOT}, {"my": (f"{MY}other/", MY)})
SPELLINGS_OF_A_CLASS = ["Robot", "robot", "Droid", "my:Robot", MY + "Robot", f"<{MY}Robot>", f" <{MY}Robot> "]


@pytest.mark.parametrize("text", SPELLINGS_OF_A_CLASS)
def test_a_class_of_ones_own_is_known_by_every_spelling_of_it(text: str) -> None:
    assert names.resolve_class(EXTENDED, text) == Vocabulary(EXTENDED).find_class(text) == MY + "Robot"


@pytest.mark.parametrize("text", ["sg:Agent", SG.Agent, f"<{SG.Agent}>"])
def test_a_class_of_the_core_is_known_by_curie_and_iri(text: str) -> None:
    assert names.resolve_class(EXTENDED, text) == Vocabulary(EXTENDED).find_class(text) == SG.Agent


@pytest.mark.parametrize("text", ["asset:Tool/known", iri("Tool/known"), f"<{iri('Tool/known')}>", "my:known"])
def test_an_asset_is_known_by_curie_and_iri(text: str) -> None:
    known = f"{MY}known" if text == "my:known" else iri("Tool/known")
    store = PlainStore(EXTENDED, [Fact(known, RDF.type, SG.Tool), Fact(known, SG.name, Literal("its name"))])
    assert resolve_name(store, EXTENDED, text) == known


def test_what_is_near_to_nothing_is_looked_for_where_it_could_be() -> None:
    """Not among a hundred classes, and not by the search for assets."""
    for find in (names.resolve_class, lambda model, text: Vocabulary(model).find(text)):
        with pytest.raises(UnknownName, match="stratagraph ontology search") as unknown:
            find(MODEL, "q8#q8#q8#")
        assert len(str(unknown.value)) < 200
    with pytest.raises(UnknownName, match="stratagraph search"):
        resolve_name(STORE, MODEL, "q8#q8#q8#")


def test_of_many_assets_of_one_name_the_first_are_told_and_the_rest_is_counted() -> None:
    facts = [fact for number in range(50) for fact in described(f"twin-{number}", SG.Agent)]
    facts += [
        Fact(iri(f"twin-{number}"), RDFS.label, Literal("twin " + "x" * 5_000, language="en")) for number in range(50)
    ]
    with pytest.raises(AmbiguousName) as refused:
        resolve_name(PlainStore(MODEL, facts), MODEL, "twin " + "x" * 5_000)
    details = refused.value.details()
    assert (len(refused.value.candidates), details["count"], details["more"]) == (MOST_FINDINGS, 50, 50 - MOST_FINDINGS)
    assert "and 30 more" in str(refused.value)
    assert len(str(refused.value)) < 20_000


def test_a_name_of_absurd_length_is_not_repeated_whole() -> None:
    with pytest.raises(UnknownName) as refused:
        resolve_name(PlainStore(MODEL, described("agent", SG.Agent)), MODEL, "n" * 60_000)
    assert len(str(refused.value)) < 2_000
    assert "(60,000 characters)" in str(refused.value)


def test_what_two_are_called_by_others_is_ambiguous() -> None:
    with pytest.raises(AmbiguousName) as caught:
        resolve_name(STORE, MODEL, "THE CHEAP ONE")
    assert [each["iri"] for each in caught.value.candidates] == [iri("BaseModel/base-8b"), iri("BaseModel/other")]


def test_an_unknown_name_suggests_what_others_call_an_asset() -> None:
    with pytest.raises(UnknownName) as caught:
        resolve_name(STORE, MODEL, "chat-larg")
    assert caught.value.suggestions == ("chat-large",)


def test_an_asset_that_is_found_by_several_of_its_names_is_found_once() -> None:
    results = search(STORE, MODEL, "base-8b")["results"]
    assert isinstance(results, list)
    assert [each["iri"] for each in results] == [iri("BaseModel/base-8b"), iri("BaseModel/other")]

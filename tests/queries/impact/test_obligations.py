"""Impact from an article: through what the estate holds of its framework, at the article's levels."""

from __future__ import annotations

import pytest

from stratagraph.ontology.facts import Fact, Iri, Literal
from stratagraph.ontology.model import load_model
from stratagraph.ontology.namespaces import RDF, RDFS, SG
from stratagraph.queries.impact.impact import Direction, Impact, impact
from stratagraph.queries.impact.impact_document import impact_document
from stratagraph.queries.impact.obligations import FrameworkNotInEstate, resolve_start, scope_of
from stratagraph.queries.names import UnknownName
from tests.queries import estate
from tests.queries.plain import PlainAdjacency, PlainStore, described, influences, iri

MODEL = load_model()
LGPD = iri("Regulation/LGPD_BR")


def ask(name: str, **options: object) -> Impact:
    adjacency = PlainAdjacency(influences(MODEL, estate.facts()))
    start = resolve_start(estate.store(), MODEL, name)
    return impact(adjacency, estate.store(), MODEL, start, **options)  # type: ignore[arg-type]  # the options are impact's own


def levels_of(obligation: Iri) -> set[object]:
    pair = (obligation, SG.touchesLevel)
    return {fact.object for fact in MODEL.triples if (fact.subject, fact.predicate) == pair}


@pytest.mark.parametrize("text", ["LGPD-33", "lgpd-33", "sg:LGPD-33", SG.term("LGPD-33"), f"<{SG.term('LGPD-33')}>"])
def test_an_obligation_resolves_by_notation_curie_and_iri(text: str) -> None:
    assert resolve_start(estate.store(), MODEL, text) == SG.term("LGPD-33")


def test_an_asset_comes_before_an_obligation_of_the_same_name() -> None:
    store = PlainStore(MODEL, [*described("Document/LGPD-33", SG.Document), *MODEL.triples])
    assert resolve_start(store, MODEL, "Document/LGPD-33") == iri("Document/LGPD-33")
    named = [*described("Document/x", SG.Document), Fact(iri("Document/x"), SG.name, Literal("LGPD-33"))]
    assert resolve_start(PlainStore(MODEL, [*named, *MODEL.triples]), MODEL, "LGPD-33") == iri("Document/x")


def test_an_unknown_article_suggests_the_nearest_obligations() -> None:
    with pytest.raises(UnknownName, match="LGPD-3"):
        resolve_start(estate.store(), MODEL, "LGPD-34")


def test_the_answer_is_the_laws_own_one_hop_further_and_only_at_the_articles_levels() -> None:
    article, law = ask("LGPD-33", depth=9), ask("LGPD_BR")
    wanted = levels_of(SG.term("LGPD-33"))
    assert wanted == {SG.L5, SG.L8, SG.L9, SG.L11}
    expected = {a: (r.hops + 1, r.aspects) for a, r in law.assets.items() if law.cards.level(a) in wanted}
    expected[LGPD] = (1, dict.fromkeys(MODEL.change_kinds[SG.RegulationChange].aspects, 1.0))
    assert {asset: (reached.hops, reached.aspects) for asset, reached in article.assets.items()} == expected
    assert len(expected) > 4


def test_two_articles_of_one_law_reach_different_assets() -> None:
    privacy, transfer = ask("LGPD-06-III").assets.keys(), ask("LGPD-33").assets.keys()
    assert privacy != transfer
    assert LGPD in privacy & transfer


def test_a_path_leads_from_the_article_over_the_law() -> None:
    answer = ask("LGPD-33")
    for reached in answer.assets.values():
        first = answer.path(reached)[0]
        assert (first.influencer, first.influenced) == (SG.term("LGPD-33"), LGPD)
        assert {fact.predicate for fact in first.facts} == {SG.obligationOf, SG.frameworkCode}


@pytest.mark.parametrize(
    ("language", "words"), [("en", "is one of the obligations of"), ("pt-BR", "é uma das obrigações de")]
)
def test_the_first_hop_is_explained_in_both_languages(language: str, words: str) -> None:
    document = impact_document(ask("LGPD-33"), MODEL, language)
    assert document["asset"]["class"] == SG.Obligation
    assert document["asset"]["level"] == "L12"
    assert words in document["levels"][0]["assets"][0]["path"][0]["reason"]


def test_a_change_of_regulation_asks_only_for_the_steps_at_the_articles_levels() -> None:
    answer = ask("LGPD-33", change=SG.RegulationChange)
    steps = {item.step.level for item in answer.checklist}
    assert steps
    assert steps <= levels_of(SG.term("LGPD-33"))
    assert answer.flows == ()


def test_every_asset_of_the_framework_is_a_way_in() -> None:
    twin = [
        *described("Policy/house", SG.InternalPolicy),
        Fact(iri("Policy/house"), SG.frameworkCode, Literal("LGPD")),
        *described("LLMSystem/own", SG.LLMSystem),
        Fact(iri("LLMSystem/own"), SG.governedBy, iri("Policy/house")),
    ]
    facts = [*estate.facts(), *twin]
    answer = impact(PlainAdjacency(influences(MODEL, facts)), PlainStore(MODEL, facts), MODEL, SG.term("LGPD-33"))
    assert answer.assets[iri("Policy/house")].hops == answer.assets[LGPD].hops == 1
    assert answer.assets[iri("LLMSystem/own")].hops == 2


def test_nothing_influences_an_obligation() -> None:
    assert ask("LGPD-33", direction=Direction.UP).assets == {}


def test_without_an_asset_of_the_framework_the_question_is_refused_not_answered_with_nothing() -> None:
    with pytest.raises(FrameworkNotInEstate, match=r"GDPR-33.*'GDPR'"):
        ask("GDPR-33")


def test_the_exported_graph_names_every_asset_on_the_way() -> None:
    graph = ask("LGPD-33").graph()
    assert all("name" in data for _, data in graph.nodes(data=True))
    assert {SG.term("LGPD-33"), LGPD} <= set(graph.nodes)


def test_every_obligation_is_known_to_the_store_by_its_notation() -> None:
    for fact in MODEL.triples:
        if fact.predicate == RDF.type and fact.object == SG.Obligation:
            assert resolve_start(estate.store(), MODEL, fact.subject.removeprefix(SG)) == fact.subject


@pytest.mark.parametrize(
    ("law", "predicate"),
    [
        ([(SG.frameworkCode, "lgpd")], SG.frameworkCode),
        ([(SG.frameworkCode, "LGPD"), (SG.name, "LGPD")], SG.frameworkCode),
        ([(SG.name, "Lei Geral de Proteção de Dados")], SG.name),
        ([(SG.frameworkCode, "house 7"), (RDFS.label, "LGPD (Brasil)")], RDFS.label),
    ],
)
def test_a_law_is_entered_however_it_is_called(law: list[tuple[Iri, str]], predicate: Iri) -> None:
    facts = [*described("Regulation/x", SG.Law), *(Fact(iri("Regulation/x"), p, Literal(text)) for p, text in law)]
    scope = scope_of(PlainStore(MODEL, [*facts, *MODEL.triples]), MODEL, SG.term("LGPD-33"))
    assert scope is not None
    assert [edge.influenced for edge in scope.edges] == [iri("Regulation/x")]
    assert {fact.predicate for facts in scope.edges[0].reasons.values() for fact in facts} == {
        SG.obligationOf,
        predicate,
    }


@pytest.mark.parametrize("cls", [SG.InternalPolicy, SG.Control])
def test_what_only_bears_the_name_of_a_law_is_none(cls: Iri) -> None:
    facts = [*described("Policy/x", cls), Fact(iri("Policy/x"), SG.name, Literal("LGPD"))]
    with pytest.raises(FrameworkNotInEstate):
        scope_of(PlainStore(MODEL, [*facts, *MODEL.triples]), MODEL, SG.term("LGPD-33"))

"""The two flows of the example estate come out of its relations, and go with them."""

from __future__ import annotations

import csv
import io
import json
import re
from dataclasses import replace
from typing import Any

import pytest

from stratagraph.ontology.facts import Fact
from stratagraph.ontology.namespaces import SG
from stratagraph.queries.impact.impact_document import impact_document
from stratagraph.queries.impact.render import FORMATS, render, rendered
from stratagraph.queries.impact.walk import Direction, Hop
from tests.queries import estate

STARTS = ("LGPD_BR", "Layer_Attn_23")


def witness(name: str) -> tuple[Hop, ...]:
    (flow,) = estate.ask(name).flows
    assert flow.shown
    return flow.hops


@pytest.mark.parametrize("name", STARTS)
def test_each_hop_of_the_flow_is_justified_by_a_stated_relation_on_one_aspect(name: str) -> None:
    hops = witness(name)
    assert len({estate.MODEL.manners[hop.manner].aspect for hop in hops}) == 1
    modes = [estate.MODEL.manners[hop.manner].mode for hop in hops]
    # A load turns into its effect once; no other mode turns.
    assert modes == sorted(modes, key=lambda mode: mode == SG.EffectMode)
    assert set(modes) in ({SG.RequirementMode}, {SG.LoadMode, SG.EffectMode})
    stated = set(estate.facts())
    for hop in hops:
        assert hop.facts
        assert set(hop.facts) <= stated
        assert all({fact.subject, fact.object} == {hop.influencer, hop.influenced} for fact in hop.facts)


def test_without_one_relation_of_the_witness_the_privacy_flow_is_gone() -> None:
    for hop in witness("LGPD_BR"):
        (flow,) = estate.ask("LGPD_BR", without=hop.facts).flows
        assert not flow.shown, hop


def test_without_the_quantised_model_on_its_cluster_the_quantisation_flow_is_gone() -> None:
    (link,) = (fact for hop in witness("Layer_Attn_23")[1:2] for fact in hop.facts)
    assert link.predicate == SG.implementedIn
    (flow,) = estate.ask("Layer_Attn_23", without=[link]).flows
    assert flow.broken_at is not None
    assert (flow.broken_at.step, flow.broken_at.levels) == (2, frozenset({SG.L9}))


def test_quantisation_asks_for_evaluations_and_for_conformity_whether_or_not_they_are_reached() -> None:
    answer = estate.ask("Layer_Attn_23", change=SG.Quantisation)
    reached = {item.step.level: item.reached for item in answer.checklist}
    assert reached[SG.L7] is True
    assert reached[SG.L12] is False


def document(language: str = "en", without: tuple[Fact, ...] = ()) -> dict[str, Any]:
    return impact_document(estate.ask("LGPD_BR", without=without), estate.MODEL, language)


@pytest.mark.parametrize("language", ["en", "pt-BR"])
def test_every_hop_has_a_sentence_that_names_both_ends(language: str) -> None:
    hops = [hop for level in document(language)["levels"] for asset in level["assets"] for hop in asset["path"]]
    for hop in hops:
        assert hop["from"]["label"] in hop["reason"]
        assert hop["to"]["label"] in hop["reason"]
        assert "{" not in hop["reason"]


def test_each_path_is_written_hop_by_hop() -> None:
    """Paths that begin alike are written once: what stands in the document is what the walk found, both ways."""
    for name in STARTS:
        answer = estate.ask(name, direction=Direction.BOTH)
        written = impact_document(answer, estate.MODEL)
        shown = {asset["iri"]: asset for level in written["levels"] for asset in level["assets"]}
        assert shown.keys() == answer.assets.keys()
        for iri, reached in answer.assets.items():
            hops = [(hop.influencer, hop.influenced, pytest.approx(hop.strength)) for hop in answer.path(reached)]
            assert [(h["from"]["iri"], h["to"]["iri"], h["strength"]) for h in shown[iri]["path"]] == hops
            assert {h["aspect"] for h in shown[iri]["path"]} == {shown[iri]["aspect"]}


@pytest.mark.parametrize("form", FORMATS)
def test_what_is_sent_is_the_text(form: str) -> None:
    assert rendered(document("pt-BR"), form).decode() == render(document("pt-BR"), form)


def test_the_two_languages_differ_in_texts_and_agree_in_everything_else() -> None:
    english, portuguese = document("en"), document("pt-BR")
    assert english["checklist"] != portuguese["checklist"]
    for one, other in zip(english["levels"], portuguese["levels"], strict=True):
        assert [(a["iri"], a["hops"], a["aspects"]) for a in one["assets"]] == [
            (a["iri"], a["hops"], a["aspects"]) for a in other["assets"]
        ]


def test_json_gives_the_document_back() -> None:
    assert json.loads(render(document(), "json")) == document()


def test_csv_has_a_row_for_every_asset() -> None:
    rows = list(csv.DictReader(io.StringIO(render(document(), "csv"))))
    assert [row["iri"] for row in rows] == [asset["iri"] for level in document()["levels"] for asset in level["assets"]]
    assert all(row["because"] and row["path"].startswith("LGPD") for row in rows)


def test_a_cut_answer_says_so_in_every_format() -> None:
    cut = document() | {"partial": True, "partialReason": "more beyond"}
    for form in FORMATS:
        assert "more beyond" in render(cut, form), form


def test_mermaid_joins_only_assets_that_it_declares() -> None:
    text = render(document(), "mermaid")
    declared = set(re.findall(r"^    (n\d+)\[", text, re.MULTILINE))
    joined = set(re.findall(r"\b(n\d+)(?= -->)|(?<=\| )(n\d+)$", text, re.MULTILINE))
    assert {end for pair in joined for end in pair if end} == declared
    assert len(declared) == document()["count"] + 1


def test_the_table_names_every_asset_and_the_reasons_in_the_language() -> None:
    text = render(document("pt-BR"), "table")
    for level in document("pt-BR")["levels"]:
        assert all(asset["label"] in text for asset in level["assets"])
    assert "Lista de verificação" in text


def test_the_table_holds_nothing_that_steers_a_terminal() -> None:
    hostile = document()
    hostile["asset"]["label"] = "\x1b[2Jname\u202e"
    assert "\x1b" not in render(hostile, "table")
    assert "\u202e" not in render(hostile, "table")


def test_a_broken_flow_says_in_words_where_it_ends() -> None:
    (flow,) = document(without=witness("LGPD_BR")[0].facts)["flows"]
    assert flow["shown"] is False
    assert "L" in flow["brokenAt"]["text"]
    assert flow["brokenAt"]["missing"] or "no single asset" in flow["brokenAt"]["text"]


@pytest.mark.parametrize("language", ["en", "pt-BR"])
@pytest.mark.parametrize("name", STARTS)
def test_a_kind_of_change_that_does_not_start_there_says_so_and_where_it_does(name: str, language: str) -> None:
    start = estate.ask(name)
    level = start.cards[start.asset].level
    for kind in estate.MODEL.change_kinds.values():
        elsewhere = bool(kind.levels) and level not in kind.levels
        answer = impact_document(replace(start, change=kind.iri), estate.MODEL, language)
        assert (answer["changeNote"] is not None) == elsewhere, kind.notation
        assert (answer["changeNote"] or "") in render(answer, "table")
        levels = {each.notation for each in estate.MODEL.levels if each.iri in kind.levels}
        assert not elsewhere or levels <= set(re.findall(r"L\d+", answer["changeNote"]))
    assert impact_document(start, estate.MODEL, language)["changeNote"] is None

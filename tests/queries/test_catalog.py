"""Levels with counts and verdicts, and the assets of a level page by page."""

from __future__ import annotations

import pytest

from stratagraph.ontology.facts import Fact, Iri
from stratagraph.ontology.namespaces import RDF, SG
from stratagraph.queries import catalog, names
from tests.queries import estate
from tests.queries.plain import PlainStore

MODEL = estate.MODEL


def by_hand(level: Iri | None) -> set[Iri]:
    """The assets of a level, found fact by fact; what the ontology itself names is none."""
    types: dict[Iri, set[str]] = {}
    for fact in estate.facts():
        if fact.subject.startswith(SG):
            continue
        if fact.predicate == RDF.type and SG.Asset in MODEL.ancestors(str(fact.object)):
            types.setdefault(fact.subject, set()).add(str(fact.object))
    return {asset for asset, classes in types.items() if MODEL.level_of(classes) == level}


def test_the_levels_come_from_the_top_with_their_counts_and_the_transversal_strip_last() -> None:
    shown = catalog.levels(estate.store(), MODEL)
    assert [level["level"] for level in shown] == [*(f"L{n}" for n in range(12, 0, -1)), "transversal"]
    for level in shown:
        assert level["count"] == len(by_hand(names.resolve_level(MODEL, level["level"]))), level


@pytest.mark.parametrize(
    ("statuses", "worst"),
    [
        (["pass", "fail", "unknown"], "fail"),
        (["pass", "unknown"], "unknown"),
        (["not_applicable", "pass"], "pass"),
        (["not_applicable"], "not_applicable"),
        ([], None),
    ],
)
def test_the_worst_verdict_is_the_one_that_needs_attention_first(statuses: list[str], worst: str | None) -> None:
    shown = catalog.levels(estate.store(), MODEL, [(SG.L6, status) for status in statuses])
    agents = next(level for level in shown if level["level"] == "L6")
    assert agents["worst"] == worst
    assert sum(agents["counts"].values()) == len(statuses)


@pytest.mark.parametrize("name", ["L6", "L12", "transversal"])
def test_pages_together_hold_each_asset_of_the_level_once(name: str) -> None:
    level = names.resolve_level(MODEL, name)
    found: list[Iri] = []
    after: Iri | None = ""
    while after is not None:
        page = catalog.assets(estate.store(), MODEL, level=level, transversal=level is None, limit=2, after=after)
        found += [asset["iri"] for asset in page["assets"]]
        after = page["next"]
    assert found == sorted(by_hand(level))


def test_a_class_narrows_a_level_and_a_class_of_another_level_leaves_nothing() -> None:
    def listed(cls: Iri) -> set[Iri]:
        page = catalog.assets(estate.store(), MODEL, level=SG.L6, cls=cls)
        return {asset["iri"] for asset in page["assets"]}

    assert listed(SG.Agent) == by_hand(SG.L6)
    assert listed(SG.ConversationalAgent) < by_hand(SG.L6)
    assert listed(SG.Law) == set()


def test_an_asset_of_no_known_class_counts_as_transversal() -> None:
    store = PlainStore(MODEL, [Fact("https://example.org/x", RDF.type, SG.Asset)])
    assert catalog.levels(store, MODEL)[-1]["count"] == 1

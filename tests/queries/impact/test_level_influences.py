"""The influences of the levels on each other, against what two assets with one relation between them can show."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

from stratagraph.ontology.facts import Fact, Iri
from stratagraph.ontology.model import load_model
from stratagraph.ontology.namespaces import RDF, SG, local_name
from tests.queries.impact.test_fifteen_questions import stated
from tests.queries.plain import described, influences, iri

MODEL = load_model()
VAGUE = {SG.affects, SG.dependsOn, SG.affectedBy, SG.dependencyOf}
"""What may stand between any two, and shows nothing about these two."""
STATED = sorted(MODEL.graph.instances(SG.LevelInfluence))


@cache
def concrete() -> dict[Iri, frozenset[Iri]]:
    """The classes of each level."""
    levels = [level.iri for level in MODEL.levels]
    return {level: frozenset(cls for cls, info in MODEL.classes.items() if info.level == level) for level in levels}


def possible(classes: frozenset[Iri], level: Iri) -> frozenset[Iri]:
    """The classes of a level of which an individual may stand at the end of a relation: all, where nothing is said."""
    return frozenset(cls for cls in concrete()[level] if not classes or classes & MODEL.ancestors(cls))


def estates(start: Iri, end: Iri) -> Iterator[list[Fact]]:
    """Yield the smallest estates: an asset of each level, and one relation that its domain and range allow."""
    for relation, info in sorted(MODEL.relations.items()):
        for subject_level, object_level, ends in ((start, end, ("a", "b")), (end, start, ("b", "a"))):
            subjects, objects = possible(info.domain, subject_level), possible(info.range, object_level)
            if info.transmissions and subjects and objects and info.ancestors.isdisjoint(VAGUE):
                levels = {ends[0]: min(subjects), ends[1]: min(objects)}
                facts = [fact for name, cls in levels.items() for fact in described(name, cls)]
                yield [*facts, Fact(iri(ends[0]), relation, iri(ends[1]))]


def carried(start: Iri, end: Iri) -> set[Iri]:
    """The aspects in which an asset of a level can influence one of another."""
    found = set()
    for facts in estates(start, end):
        for edge in influences(MODEL, facts):
            if (edge.influencer, edge.influenced) == (iri("a"), iri("b")):
                found |= {MODEL.manners[manner].aspect for manner in edge.strengths}
    return found


@pytest.mark.parametrize("influence", STATED, ids=local_name)
def test_some_relation_can_carry_each_stated_influence_of_a_level(influence: Iri) -> None:
    start, end = MODEL.graph.iri(influence, SG.influencingLevel), MODEL.graph.iri(influence, SG.influencedLevel)
    assert start
    assert end
    aspects = set(MODEL.graph.iris(influence, SG.aspect))
    assert aspects & carried(start, end)


def test_all_influences_of_the_source_are_there() -> None:
    assert len(STATED) == 61


def test_what_runs_between_levels_beyond_the_source_is_told_with_a_reason() -> None:
    page = (Path(__file__).parents[3] / "docs" / "explanation" / "influence.md").read_text(encoding="utf-8")
    told = set(re.findall(r"^\| (L\d+) to (L\d+) \| .+ \|$", page, re.MULTILINE))
    types: dict[Iri, set[str]] = defaultdict(set)
    for fact in stated():
        if fact.predicate == RDF.type:
            types[fact.subject].add(str(fact.object))
    notations = {level.iri: level.notation for level in MODEL.levels}
    levels = {asset: notations.get(MODEL.level_of(found) or "") for asset, found in types.items()}
    edges = influences(MODEL, stated())
    shown = {(levels.get(edge.influencer), levels.get(edge.influenced)) for edge in edges}
    ends = [[MODEL.graph.iri(each, end) or "" for end in (SG.influencingLevel, SG.influencedLevel)] for each in STATED]
    assert told == {pair for pair in shown if all(pair)} - {(notations[start], notations[end]) for start, end in ends}

"""The influences between levels: exactly those of the source's two lists, and never edges between assets."""

from __future__ import annotations

import pytest

from stratagraph.ontology.facts import Iri, LedgerChange, Literal, Term
from stratagraph.ontology.model import CORE_SOURCE, load_model
from stratagraph.ontology.namespaces import RDF, RDFS, SG, SKOS, local_name
from stratagraph.ontology.rules import compile_rules
from stratagraph.service.deriver import Deriver
from tests.service.worlds import START, Mirror, claim

MODEL = load_model()
AFFECTS = {
    1: "5 2 6",
    2: "5 6 7 9",
    3: "4 7 9",
    4: "5 6 7 9",
    5: "6 7 8 1",
    6: "7 8 10 9",
    7: "8 9 10 4",
    8: "5 6 7 9 10",
    9: "4 7 6",
    10: "4 8 9 5 6 7",
    11: "4 9 8 10",
    12: "1 2 3 4 5 6 7 8 9 10 11",
}
"""Each level's own list of what it affects, as document 003 gives it; a range is written out."""
AFFECTED_BY = {
    1: "4 12 10",
    2: "1 4 12",
    3: "12 10",
    4: "3 12 10",
    5: "2 4 10 12",
    6: "5 4 2 12 10",
    7: "6 5 12 10",
    8: "12 10",
    9: "8 10 12",
    10: "11 12 6",
    11: "12",
    12: "11 6",
}
"""Each level's own list of what affects it."""
FROM_FIRST = {(one, int(other)) for one, others in AFFECTS.items() for other in others.split()}
FROM_SECOND = {(int(one), other) for other, ones in AFFECTED_BY.items() for one in ones.split()}
GROUPS = (SG.FundamentalLevels, SG.ApplicationLevels, SG.OrganisationalLevels)
ASPECTS = {info.iri for info in MODEL.aspects.values()}


INDEX: dict[tuple[Iri, Iri], list[Term]] = {}
for _fact in MODEL.triples:
    INDEX.setdefault((_fact.subject, _fact.predicate), []).append(_fact.object)


def objects(subject: Iri, predicate: Iri) -> list[Term]:
    return INDEX.get((subject, predicate), [])


def number(iri: Term) -> int:
    return int(local_name(str(iri)).removeprefix("L"))


INFLUENCES = [f.subject for f in MODEL.triples if f.predicate == RDF.type and f.object == SG.LevelInfluence]


def pair(influence: Iri) -> tuple[int, int]:
    (influencing,) = objects(influence, SG.influencingLevel)
    (influenced,) = objects(influence, SG.influencedLevel)
    return number(influencing), number(influenced)


def stated_in(name: str) -> set[tuple[int, int]]:
    return {pair(iri) for iri in INFLUENCES if Literal(name) in objects(iri, SG.statedInList)}


def test_the_influences_are_the_61_pairs_of_both_lists() -> None:
    assert len(FROM_FIRST | FROM_SECOND) == 61
    assert sorted(map(pair, INFLUENCES)) == sorted(FROM_FIRST | FROM_SECOND)


def test_each_influence_says_which_list_states_it() -> None:
    assert stated_in("affects") == FROM_FIRST
    assert stated_in("affected-by") == FROM_SECOND


def test_the_lists_are_not_symmetric() -> None:
    assert len(FROM_FIRST & FROM_SECOND) == 29
    assert {(4, 1), (10, 1), (4, 2), (10, 3), (11, 12), (6, 12)} == FROM_SECOND - FROM_FIRST


@pytest.mark.parametrize("influence", INFLUENCES, ids=local_name)
def test_each_influence_has_aspects_and_a_reason_in_both_languages(influence: Iri) -> None:
    aspects = set(objects(influence, SG.aspect))
    assert aspects
    assert aspects <= ASPECTS
    assert set(MODEL.definitions[influence]) == {"en", "pt-br"}


def test_no_level_influences_itself() -> None:
    assert [iri for iri in INFLUENCES if len(set(pair(iri))) == 1] == []


def test_priority_falls_with_the_distance_from_the_llm_system() -> None:
    ranks = {number(level.iri): objects(level.iri, SG.levelPriority) for level in MODEL.levels}
    expected = {1: 8, 2: 7, 3: 6, 4: 5, 5: 4, 6: 3, 7: 2, 8: 1, 9: 2, 10: 3, 11: 4, 12: 5}
    assert {level: int(str(getattr(rank, "value", ""))) for level, (rank,) in ranks.items()} == expected


def test_three_groups_hold_four_levels_each() -> None:
    groups = {group: [level.number for level in MODEL.levels if level.group == group] for group in GROUPS}
    assert list(groups.values()) == [[1, 2, 3, 4], [5, 6, 7, 8], [9, 10, 11, 12]]


HIERARCHIES = {
    SG.Prompt: "SystemPrompt TaskPrompt FewShotPrompt ToolPrompt RAGPrompt",
    SG.Agent: "ConversationalAgent TaskAgent OrchestratorAgent SupervisorAgent",
    SG.Metric: "QualityMetric SafetyMetric PerformanceMetric CostMetric",
    SG.Risk: "PrivacyRisk SecurityRisk FairnessRisk OperationalRisk",
}
"""The trees of section 6."""


@pytest.mark.parametrize(("top", "members"), HIERARCHIES.items(), ids=lambda part: local_name(str(part))[-20:])
def test_the_hierarchies_of_section_6_are_there(top: Iri, members: str) -> None:
    below = {local_name(f.subject) for f in MODEL.triples if f.predicate == RDFS.subClassOf and f.object == top}
    assert below >= set(members.split())


def test_loading_the_ontology_makes_no_influence_edge() -> None:
    opened = tuple(claim(fact, CORE_SOURCE, 1) for fact in MODEL.triples)
    mirror = Mirror()
    change = LedgerChange(sequence=1, time=START, batch_hash="1", opened=opened)
    mirror.apply(Deriver(MODEL, compile_rules(MODEL)).apply(change))
    typed = {f.subject for f in mirror.facts if f.predicate == RDF.type and f.object == SG.LevelInfluence}
    assert typed == set(INFLUENCES)
    assert mirror.edges == {}


def test_no_reference_knowledge_of_levels_is_an_asset() -> None:
    kinds = (SG.LevelInfluence, SG.MetricKind, SG.RiskKind, SG.ControlKind, SKOS.Concept)
    assert [local_name(cls) for cls in kinds if SG.Asset in MODEL.ancestors(cls)] == []

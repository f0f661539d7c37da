"""The ten weeks of document 003 and how its framework is used: counted against the source."""

from __future__ import annotations

import pytest

from tests.ontology.reference import instances, names, number, pointing, words

GATES = [
    "2025-09-03",
    "2025-09-11",
    "2025-09-18",
    "2025-09-25",
    "2025-10-02",
    "2025-10-08",
    "2025-10-15",
    "2025-10-22",
    "2025-11-05",
    "2025-11-12",
]
PHASES = {"ResearchPhase": 3, "ArchitecturePhase": 2, "FoundationPhase": 2, "ProductionPhase": 2, "PolishingPhase": 1}
REFERENCE = {"QualityReference": 3, "ProductReference": 4, "OperationReference": 4, "RiskReference": 2}


def test_the_weeks_have_the_gates_of_the_acceptance_terms_in_order() -> None:
    weeks = sorted(instances("JourneyWeek"), key=lambda week: number(week, "position"))
    assert [next(iter(words(week, "gateHeldOn"))).partition("T")[0] for week in weeks] == GATES


@pytest.mark.parametrize(("phase", "weeks"), PHASES.items())
def test_a_phase_has_its_weeks(phase: str, weeks: int) -> None:
    assert len(pointing("weekOfPhase", phase)) == weeks


def test_every_week_says_in_both_languages_what_it_delivered() -> None:
    assert all(len(words(week, "delivered")) >= 2 for week in instances("JourneyWeek"))


@pytest.mark.parametrize(("cls", "count"), [("FrameworkUseStep", 5), ("ProjectMoment", 4), ("ShortLoopPhase", 5)])
def test_steps_moments_and_phases_are_numbered_without_a_gap(cls: str, count: int) -> None:
    assert sorted(number(one, "position") for one in instances(cls)) == list(range(1, count + 1))


def test_the_short_loop_comes_back_to_where_it_began() -> None:
    phase, seen = "ShortDiscovery", []
    while phase not in seen:
        seen.append(phase)
        (phase,) = names(phase, "nextPhase")
    assert set(seen) == instances("ShortLoopPhase")
    assert phase == "ShortDiscovery"


@pytest.mark.parametrize(("group", "count"), REFERENCE.items())
def test_a_group_of_reference_metrics_has_the_metrics_of_the_source(group: str, count: int) -> None:
    assert len(names(group, "prioritisesMetric")) == count
    assert names(group, "prioritisesMetric") <= instances("MetricKind")


def test_three_kinds_of_relations_join_every_pair_of_level_groups() -> None:
    pairs = {frozenset(names(one, "joinsGroup")) for one in instances("LevelGroupRelation")}
    assert len(pairs) == 3
    assert all(len(pair) == 2 for pair in pairs)


def test_every_week_but_the_last_plans_the_next() -> None:
    silent = {week for week in instances("JourneyWeek") if not words(week, "plannedNext")}
    assert silent == {"JourneyWeek10"}
    assert {len(words(week, "plannedNext")) % 2 for week in instances("JourneyWeek")} == {0}


def test_a_term_of_acceptance_has_six_parts_in_both_languages() -> None:
    assert len(words("ResidencyAcceptanceTerm", "hasSection")) == 12

"""The goals that the strategic framework asks a team to set, against its stages, gates and metrics."""

from __future__ import annotations

import pytest

from tests.ontology.reference import instances, names, words

TARGETS = {
    "HallucinationTarget": ("hallucinationRate", "RequirementsStage", "at most", ""),
    "GuardrailTarget": ("guardrailViolations", "RequirementsStage", "towards zero", ""),
    "MonthlyCeilingTarget": ("overBudgetShare", "RequirementsStage", "at most", ""),
    "RecallTarget": ("retrievalRecall", "DataStage", "at least", "RecallMetCriterion"),
    "FreshnessTarget": ("indexFreshness", "DataStage", "at most", ""),
    "RedactedDataTarget": ("redactedPersonalData", "DataStage", "at least", "PersonalDataTreatedCriterion"),
    "BaselineTarget": ("exactMatch", "TrainingStage", "at least", "BaselineBeatenCriterion"),
    "HandoffTarget": ("humanEscalationRate", "InferenceStage", "at most", ""),
    "LatencyTarget": ("latencyP95", "InferenceStage", "at most", "ObjectivesSustainedCriterion"),
    "RepairTarget": ("meanTimeToRepair", "MonitoringStage", "at most", ""),
}
BETTER = {"at most": "lower", "towards zero": "lower", "at least": "higher"}


def test_the_goals_are_those_of_the_source() -> None:
    assert instances("ReferenceTarget") == set(TARGETS)


@pytest.mark.parametrize("target", TARGETS)
def test_a_goal_has_its_metric_stage_direction_and_gate(target: str) -> None:
    metric, stage, direction, gate = TARGETS[target]
    assert names(target, "targetMetric") == {metric}
    assert names(target, "targetAtStage") == {stage}
    assert words(target, "targetDirection") == {direction}
    assert names(target, "targetOfGate") == ({gate} if gate else set())


@pytest.mark.parametrize("target", TARGETS)
def test_a_goal_points_the_way_in_which_its_metric_is_better(target: str) -> None:
    metric, _, direction, _ = TARGETS[target]
    assert words(metric, "better") == {BETTER[direction]}


@pytest.mark.parametrize("target", [name for name, (*_, gate) in TARGETS.items() if gate])
def test_a_gate_is_one_of_the_goals_stage(target: str) -> None:
    _, stage, _, gate = TARGETS[target]
    assert names(gate, "assessesStage") == {stage}


def test_the_cases_own_metrics_are_named() -> None:
    assert {"timeToAnswer", "perceivedPrecision"} <= names("MorganStanleyCase", "prioritisesMetric")
    assert names("ErrorSwitchIndicator", "measuredWith") == {"errors", "switchRate"}
    assert names("TaskCostIndicator", "measuredWith") == {"callCost", "costPerTaskType"}

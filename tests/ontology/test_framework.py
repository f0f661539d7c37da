"""The strategic framework and the self-assessment, against what the source says of each stage, written down by hand."""

from __future__ import annotations

import itertools

import pytest

from stratagraph.ontology.facts import Iri
from stratagraph.ontology.module_files import module_files
from stratagraph.ontology.namespaces import RDFS, SG, SKOS, VS, local_name
from tests.ontology.reference import GRAPH, MODEL

STAGES = (
    "RequirementsStage",
    "DataStage",
    "TrainingStage",
    "InferenceStage",
    "MonitoringStage",
    "AutomationStage",
)


def names(subject: str, predicate: Iri) -> set[str]:
    return {local_name(iri) for iri in GRAPH.iris(SG.term(subject), predicate)}


def levels(text: str) -> set[str]:
    return {f"L{number}" for number in text.split()}


def individuals(cls: str) -> set[str]:
    return {local_name(iri) for iri in GRAPH.instances(SG.term(cls))}


def ordered(cls: str, predicate: Iri, whole: str) -> list[str]:
    """The labels of the things of a class that belong to a whole, in order."""
    found = [iri for iri in GRAPH.instances(SG.term(cls)) if SG.term(whole) in GRAPH.iris(iri, predicate)]
    return [MODEL.label(iri) for iri in sorted(found, key=lambda iri: int(GRAPH.value(iri, SG.position) or 0))]


def test_there_are_six_stages_in_order() -> None:
    assert individuals("MacroStage") == set(STAGES)
    assert [GRAPH.value(SG.term(stage), SG.position) for stage in STAGES] == list("123456")


@pytest.mark.parametrize(
    ("stage", "touched"),
    list(zip(STAGES, ("8 9 10 11 12", "1 2 9", "3 4 7", "5 6 8 9", "7 8", "7 8"), strict=True)),
)
def test_a_stage_touches_the_levels_of_the_map(stage: str, touched: str) -> None:
    assert names(stage, SG.involvesLevel) == levels(touched)


@pytest.mark.parametrize(
    ("stage", "questions", "deliverables", "criteria"),
    list(zip(STAGES, (14, 8, 6, 7, 5, 6), (5, 4, 4, 4, 4, 6), (3, 3, 3, 2, 3, 2), strict=True)),
)
def test_a_stage_has_as_many_items_as_the_source_lists(
    stage: str, questions: int, deliverables: int, criteria: int
) -> None:
    for cls, count in (("Question", questions), ("Deliverable", deliverables), ("GateCriterion", criteria)):
        assert len(ordered(cls, SG.assessesStage, stage)) == count


def test_positions_of_items_are_gapless_within_stage_and_kind() -> None:
    for stage in STAGES:
        for cls in ("Question", "Deliverable", "GateCriterion"):
            mine = [i for i in GRAPH.instances(SG.term(cls)) if SG.term(stage) in GRAPH.iris(i, SG.assessesStage)]
            places = sorted(int(GRAPH.value(item, SG.position) or 0) for item in mine)
            assert places == list(range(1, len(mine) + 1))


def test_the_final_question_of_the_first_stage_asks_for_the_architecture() -> None:
    labels = ordered("Question", SG.assessesStage, "RequirementsStage")
    assert (labels[0], labels[-1]) == ("Do we need a language model?", "Which architecture fits best?")


@pytest.mark.parametrize(
    ("stage", "minimum"),
    list(zip(STAGES, (4, 4, 4, 4, 4, 5), strict=True)),
)
def test_the_short_checklist_is_marked(stage: str, minimum: int) -> None:
    """The checklist names four deliverables per stage, and five for the last."""
    mine = [i for i in GRAPH.instances(SG.Deliverable) if SG.term(stage) in GRAPH.iris(i, SG.assessesStage)]
    assert sum(GRAPH.value(item, SG.minimumDeliverable) == "true" for item in mine) == minimum


METRICS = {
    "RequirementsStage": "timeToFirstValue assistedTaskShare taskSuccessRate hallucinationRate guardrailViolations"
    " costPerTask costPerMillion redactedPersonalData impactAssessmentDone auditConformity",
    "DataStage": "retrievalPrecision retrievalRecall retrievalLatency contextUtilisation duplicateRate"
    " metadataFillRate expiredDocumentShare redactedPersonalData indexLeakageIncidents",
    "TrainingStage": "exactMatch faithfulness toxicity guardrailViolations costPerThousandTokens meanLatency"
    " energyFootprint",
    "InferenceStage": "answerQualityScore humanEscalationRate platformErrorRate latencyP50 latencyP95 latencyP99"
    " costPerCall retrievalPrecision retrievalRecall contextUtilisation staleIndexRate",
    "MonitoringStage": "faithfulness answerRelevancy contextPrecision contextRecall toxicity assistedTasksPerDay"
    " adoptionRate blockedInjectionRate unsafeActionRate costPerTask overBudgetShare",
    "AutomationStage": "deliveryCycleTime meanTimeToRepair rollbackRate evaluationCoverage policyCheckedChanges"
    " auditPassRate",
}


@pytest.mark.parametrize("stage", STAGES)
def test_a_stage_has_the_metrics_of_the_source(stage: str) -> None:
    assert names(stage, SG.prioritisesMetric) == set(METRICS[stage].split())


@pytest.mark.parametrize("stage", STAGES)
def test_a_stage_has_an_objective_and_practices(stage: str) -> None:
    assert set(GRAPH.texts(SG.term(stage), SG.objective)) == {"en", "pt-br"}
    assert GRAPH.subjects(SG.practiceOfStage, SG.term(stage))


def test_the_first_stage_weighs_retrieval_against_tuning_and_api_against_own_hosting() -> None:
    assert names("RetrievalOrTuningDecision", SG.weighsOption) == {"RAGArchitecture", "FineTuningArchitecture"}
    assert names("ApiOrSelfHostDecision", SG.weighsOption) == {"BlackBoxAPIArchitecture", "SelfHostingTechnique"}
    assert names("ApiOrSelfHostDecision", SG.decisionOf) == {"RequirementsStage"}


@pytest.mark.parametrize(("case", "figure"), [("MorganStanleyCase", "98%"), ("CopilotCase", "55%")])
def test_cases_keep_their_figures(case: str, figure: str) -> None:
    assert all(figure in text for text in GRAPH.texts(SG.term(case), SKOS.definition).values())


AREAS = {
    "StrategyArea": ("10", "returnOnInvestment netPromoterScore customerSatisfaction valueAtRisk complianceReadiness"),
    "DataArea": ("2", "retrievalRecall retrievalPrecision retrievalLatency indexFreshness embeddingDrift"),
    "ModelArea": ("4 5", "exactMatch faithfulness promptSuccessRate guardrailViolations"),
    "DevelopmentArea": ("7", "deliveryCycleTime evaluationCoverage meanTimeToRepair"),
    "OperationsArea": (
        "8 9",
        "qualityObjectiveAttainment latencyP99 costPerCall availabilityRate firstTokenTime",
    ),
    "ComplianceArea": ("12", "auditTrailCoverage policyEnforcement timeToComply"),
}


def test_the_areas_have_their_essential_metrics() -> None:
    assert individuals("WorkArea") == set(AREAS)
    for area, (touched, metrics) in AREAS.items():
        assert names(area, SG.involvesLevel) == levels(touched)
        assert names(area, SG.prioritisesMetric) == set(metrics.split())


def test_the_lanes_divide_the_activities_of_the_appendix() -> None:
    assert ordered("LaneActivity", SG.inLane, "StrategicLane") == [
        "Set the scope",
        "State business requirements",
        "Approve the architecture",
        "Assess business value",
    ]
    operational = ordered("LaneActivity", SG.inLane, "OperationalLane")
    assert len(operational) == 10
    assert (operational[0], operational[-1]) == ("State functional requirements", "Assess the life cycle")


def test_each_lane_hands_over_to_the_other() -> None:
    found = {(*names(hand, SG.handsFrom), *names(hand, SG.handsTo)) for hand in individuals("HandOff")}
    assert found == {("StrategicLane", "OperationalLane"), ("OperationalLane", "StrategicLane")}


def test_the_cycle_comes_back_to_where_it_began() -> None:
    seen = ["DiscoverPhase"]
    while (following := local_name(GRAPH.iri(SG.term(seen[-1]), SG.nextPhase) or "")) != seen[0]:
        seen.append(following)
    assert seen == [f"{name}Phase" for name in ("Discover", "Design", "Develop", "Evaluate", "Operate", "Reassess")]


def test_governance_names_five_requirements_and_five_steps() -> None:
    assert len(individuals("GovernanceRequirement")) == 5
    assert len(individuals("GovernanceStep")) == 5


def test_the_dates_of_the_brazilian_bill_are_kept() -> None:
    text = GRAPH.texts(SG.BrazilianBillRequirement, SKOS.definition)["pt-br"]
    assert "10/12/2024" in text
    assert "17/03/2025" in text


def test_maturity_levels_ask_for_more_from_one_to_the_next() -> None:
    minima = (SG.minimumQuestions, SG.minimumDeliverables, SG.minimumCriteria)
    rows = sorted(
        (int(GRAPH.value(iri, SG.position) or 0), *(float(GRAPH.value(iri, p) or 0) for p in minima))
        for iri in GRAPH.instances(SG.MaturityLevel)
    )
    assert [row[0] for row in rows] == [0, 1, 2, 3, 4]
    assert rows[0][1:] == (0, 0, 0)
    assert rows[-1][1:] == (1, 1, 1)
    for lower, higher in itertools.pairwise(rows):
        assert all(low <= high for low, high in zip(lower, higher, strict=True))


@pytest.mark.parametrize("name", [name for name, file in module_files().items() if file.parent.name == "framework"])
def test_every_term_of_the_branch_is_documented(name: str) -> None:
    terms = {fact.subject for fact in MODEL.modules[name] if fact.predicate == VS.term_status}
    assert len(terms) > 10
    for iri in terms:
        assert set(GRAPH.texts(iri, RDFS.label)) >= {"en", "pt-br"}
        assert set(GRAPH.texts(iri, SKOS.definition)) >= {"en", "pt-br"}

"""The metrics and risks of each level: those of both tables of the source, whole, and with their controls."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import stratagraph.ontology
from stratagraph.ontology.facts import Iri, Literal, Term
from stratagraph.ontology.model import load_model
from stratagraph.ontology.namespaces import ASSET_BASE, RDF, SG, local_name
from stratagraph.ontology.syntax.parsing import parse_rdf

MODEL = load_model()
INDEX: dict[tuple[Iri, Iri], list[Term]] = {}
for _fact in MODEL.triples:
    INDEX.setdefault((_fact.subject, _fact.predicate), []).append(_fact.object)
METRICS = {
    1: "costPerThousandTokens costPerMillion contextWindowFill truncatedRequestRate",
    2: "retrievalRecall retrievalPrecision retrievalDiversity retrievalLatency indexFreshness embeddingDrift",
    3: "floatingPointOperations tokenThroughput activationSparsity keyValueCacheHitRate",
    4: "taskQuality exactMatch faithfulness toxicity modelRunningCost energyFootprint",
    5: "promptSuccessRate selfConsistency costPerFlow latencyPerFlow guardrailViolations",
    6: "taskCompletionRate toolUseSuccess humanEscalationRate unsafeActionRate",
    7: "deliveryCycleTime evaluationCoverage driftDetection meanTimeToRepair testCoverage",
    8: "qualityObjectiveAttainment latencyObjectiveAttainment costObjectiveAttainment policyEnforcement traceCoverage",
    9: "acceleratorUtilisation processorUtilisation latencyP99 costPerCall egressVolume availabilityRate "
    "firstTokenTime",
    10: "returnOnInvestment netPromoterScore customerSatisfaction valueAtRisk complianceRate teamTraining",
    11: "supplierDiversity frameworkMaturity interoperability",
    12: "auditConformity timeToComply",
}
"""What "Interconexões" and section 7 of document 003 list as metrics."""
RISKS = {
    1: "UncontrolledTokenCost PersonalDataInLogs TokenisationLoss",
    2: "PoorRetrieval VectorStoreCost IndexLeakage",
    3: "LayerOverhead LocalInfeasibility QuantisationDegradation",
    4: "ModelBias VendorLockIn JurisdictionMismatch",
    5: "PromptInjection SecretLeakage OffBrandAnswers",
    6: "WrongAction OverAutomation ExternalDataFragility",
    7: "Regression MissingEvaluations WeakAudit",
    8: "PolicyGap MissingAuditTrail UnpredictableCost",
    9: "CapacityMismatch ExplodingInfrastructureCost SingleRegion",
    10: "StrategyCapabilityGap ShadowAI Reputation",
    11: "SystemicLockIn Obsolescence ApiDependence",
    12: "Fines OperationBlock PublicTrustLoss",
}
"""The three risks that "Interconexões" lists at each level; those of section 7 are among them."""
NO_DIRECTION = {SG.contextWindowFill}
"""Kinds of which neither more nor less is better."""
UNITS = {"1", "ms", "s", "min", "h", "d", "kW.h", "GBy"}
"""UCUM codes in use; other units are made of braces."""


def objects(subject: Iri, predicate: Iri) -> list[Term]:
    return INDEX.get((subject, predicate), [])


def texts(subject: Iri, predicate: Iri) -> set[str]:
    return {term.value for term in objects(subject, predicate) if isinstance(term, Literal)}


def kinds(cls: Iri) -> list[Iri]:
    return sorted({f.subject for f in MODEL.triples if f.predicate == RDF.type and f.object == cls})


def level(number: int) -> Iri:
    return SG.term(f"L{number}")


NAMED_METRICS = [(number, name) for number, names in METRICS.items() for name in names.split()]
NAMED_RISKS = [(number, name) for number, names in RISKS.items() for name in names.split()]


@pytest.mark.parametrize(("number", "name"), NAMED_METRICS)
def test_the_sources_metric_stands_at_its_level(number: int, name: str) -> None:
    assert SG.MetricKind in objects(SG.term(name), RDF.type)
    assert level(number) in objects(SG.term(name), SG.atLevel)


@pytest.mark.parametrize(("number", "name"), NAMED_RISKS)
def test_the_sources_risk_stands_at_its_level_and_has_controls(number: int, name: str) -> None:
    risk = SG.term(name + "Risk")
    assert SG.RiskKind in objects(risk, RDF.type)
    assert objects(risk, SG.atLevel) == [level(number)]
    assert objects(risk, SG.mitigatedBy)


@pytest.mark.parametrize("metric", [SG.term(name) for _, name in NAMED_METRICS], ids=local_name)
def test_a_metric_says_how_it_is_measured_and_which_way_is_better(metric: Iri) -> None:
    (unit,) = texts(metric, SG.unit)
    assert unit in UNITS or "{" in unit
    assert texts(metric, SG.better) < {"higher", "lower"}
    assert bool(texts(metric, SG.better)) == (metric not in NO_DIRECTION)
    assert len(texts(metric, SG.category)) == 1
    assert len(texts(metric, SG.periodicity)) == 1
    assert len(objects(metric, SG.aspect)) == 1


@pytest.mark.parametrize("risk", [SG.term(name + "Risk") for _, name in NAMED_RISKS], ids=local_name)
def test_a_risk_is_rated_and_treated(risk: Iri) -> None:
    scale = {"low", "medium", "high"}
    assert len(found := texts(risk, SG.severity)) == 1
    assert found < scale
    assert len(found := texts(risk, SG.likelihood)) == 1
    assert found < scale
    assert texts(risk, SG.treatment) < {"avoid", "reduce", "transfer", "accept"}
    assert len(texts(risk, SG.category)) == 1
    assert objects(risk, SG.aspect)


def categories(after: str) -> set[str]:
    """Return the values that the definition of the property lists for metrics or for risks."""
    listed = re.search(rf"((?:\w+, )+\w+) for {after}", MODEL.definitions[SG.category]["en"])
    assert listed
    return set(listed[1].split(", "))


@pytest.mark.parametrize(("cls", "what"), [(SG.MetricKind, "metrics"), (SG.RiskKind, "risks")])
def test_a_category_is_one_that_the_definition_lists(cls: Iri, what: str) -> None:
    used = {value for kind in kinds(cls) for value in texts(kind, SG.category)}
    assert used <= categories(what)


def test_the_metrics_of_the_example_estates_use_the_same_categories() -> None:
    folder = Path(stratagraph.ontology.__file__).parent / "estates"
    stated = [f for file in folder.glob("*.ttl") for f in parse_rdf(file.read_bytes(), "turtle", ASSET_BASE, file.name)]
    used = {f.object.value for f in stated if f.predicate == SG.category and isinstance(f.object, Literal)}
    assert used
    assert used <= categories("metrics")


def test_only_kinds_of_controls_lessen_kinds_of_risks() -> None:
    controls = set(kinds(SG.ControlKind))
    named = {control for risk in kinds(SG.RiskKind) for control in objects(risk, SG.mitigatedBy)}
    assert named <= controls


def test_the_sources_rating_of_leaked_personal_data_carries_over() -> None:
    risk = SG.PersonalDataInLogsRisk
    assert (texts(risk, SG.severity), texts(risk, SG.likelihood)) == ({"high"}, {"medium"})
    assert SG.LogRedaction in objects(risk, SG.mitigatedBy)


@pytest.mark.parametrize("cls", [SG.MetricKind, SG.RiskKind, SG.ControlKind], ids=local_name)
def test_no_kind_is_taken_for_an_asset(cls: Iri) -> None:
    assert [local_name(kind) for kind in kinds(cls) if any(SG.Asset in up for up in _ancestors(kind))] == []


def test_the_share_of_the_window_and_the_use_of_what_was_retrieved_are_two_metrics() -> None:
    assert objects(SG.contextWindowFill, SG.aspect) == [SG.CostAspect]
    assert objects(SG.contextUtilisation, SG.aspect) == [SG.QualityAspect]
    assert level(1) not in objects(SG.contextUtilisation, SG.atLevel)


def test_the_metric_that_telemetry_fills_names_its_kind() -> None:
    assert objects(SG.timeToFirstToken, SG.metricKind) == [SG.firstTokenTime]
    assert SG.timeToFirstToken in MODEL.metrics


def _ancestors(kind: Iri) -> list[frozenset[Iri]]:
    return [MODEL.ancestors(str(typed)) for typed in objects(kind, RDF.type)]

"""Architectures, modules, playbooks and anti-patterns, against what the source says of each, written down by hand."""

from __future__ import annotations

import pyoxigraph as ox
import pytest

from stratagraph.ontology.facts import Iri
from stratagraph.ontology.module_files import module_files
from stratagraph.ontology.namespaces import PREFIXES, RDF, RDFS, SG, SKOS, VS, local_name
from tests.ontology.reference import GRAPH, MODEL

BRANCHES = ("architectures", "decision-guide")


def names(subject: str, predicate: Iri) -> set[str]:
    return {local_name(iri) for iri in GRAPH.iris(SG.term(subject), predicate)}


def levels(text: str) -> set[str]:
    return {f"L{number}" for number in text.split()}


def individuals(cls: str) -> set[str]:
    return {local_name(iri) for iri in GRAPH.instances(SG.term(cls))}


ARCHITECTURES = {
    "MLOpsArchitecture": {"PipelineArchitecture", "MicroservicesArchitecture", "HybridArchitecture"},
    "LLMOpsArchitecture": {
        "BlackBoxAPIArchitecture",
        "RAGArchitecture",
        "AgenticRAGArchitecture",
        "FineTuningArchitecture",
        "OrchestratedAgentsArchitecture",
    },
    "AdvancedArchitecture": {
        "ModelRoutingArchitecture",
        "EmbeddedLLMArchitecture",
        "SovereignArchitecture",
        "StreamingArchitecture",
    },
    "ExtensionArchitecture": {"MCPAgentsArchitecture", "MultimodalArchitecture"},
}
DESCRIBED = sorted(name for kind, found in ARCHITECTURES.items() if kind != "ExtensionArchitecture" for name in found)

CRITICAL = {
    "PipelineArchitecture": "7 9 10",
    "MicroservicesArchitecture": "7 8 9",
    "HybridArchitecture": "7 8 9",
    "BlackBoxAPIArchitecture": "5 8 9 12",
    "RAGArchitecture": "2 5 7 8 9",
    "AgenticRAGArchitecture": "2 6 8",
    "FineTuningArchitecture": "4 7 8 9 10 12",
    "OrchestratedAgentsArchitecture": "5 6 8 12",
    "ModelRoutingArchitecture": "7 8 9",
    "EmbeddedLLMArchitecture": "8 9 10",
    "SovereignArchitecture": "7 8 9 12",
    "StreamingArchitecture": "3 4 8 9",
}
METRICS = {
    "PipelineArchitecture": "deliveryCycleTime evaluationCoverage driftDetection meanTimeToRepair",
    "MicroservicesArchitecture": "latencyP95 latencyP99 costPerCall availabilityRate interServiceErrorRate",
    "HybridArchitecture": "pipelineThroughput latencyP99 deploymentStability",
    "BlackBoxAPIArchitecture": "promptSuccessRate guardrailViolations costPerThousandTokens latencyP95 latencyP99"
    " interTokenLatency",
    "RAGArchitecture": "retrievalRecall retrievalPrecision retrievalDiversity retrievalLatency indexFreshness"
    " embeddingDrift hallucinationRate",
    "AgenticRAGArchitecture": "",
    "FineTuningArchitecture": "exactMatch faithfulness toxicity costPerEpoch energyPerEpoch tokenThroughput"
    " timeToTrain",
    "OrchestratedAgentsArchitecture": "taskCompletionRate toolUseSuccess humanEscalationRate unsafeActionRate",
    "ModelRoutingArchitecture": "",
    "EmbeddedLLMArchitecture": "returnOnInvestment netPromoterScore customerSatisfaction adoptionRate"
    " complianceIncidents",
    "SovereignArchitecture": "",
    "StreamingArchitecture": "",
}
RISKS = {
    "FineTuningArchitecture": {"DataLeakageRisk", "OverfittingRisk", "ServingCostRisk"},
    "OrchestratedAgentsArchitecture": {"WrongActionRisk", "OverAutomationRisk"},
    "SovereignArchitecture": {"CapitalCostRisk", "InfrastructureComplexityRisk", "ImmaturePlatformRisk"},
    "StreamingArchitecture": {"TailLatencyRisk", "ResourceThrashingRisk"},
}
COMPONENTS = {
    "BlackBoxAPIArchitecture": {
        "PromptTemplates": "5",
        "UsagePolicies": "8",
        "LightEvaluations": "7",
        "ProviderApiManagement": "9",
    },
    "RAGArchitecture": {
        "EmbeddingGeneration": "2",
        "VectorDatabaseComponent": "2 9",
        "Retriever": "2",
        "Reranker": "2",
        "PromptTemplates": "5",
        "RetrievalEvaluations": "7",
    },
    "OrchestratedAgentsArchitecture": {
        "AgentOrchestrator": "6",
        "StructuredProtocols": "5",
        "ToolAdapters": "6",
        "RuntimeGovernance": "8",
    },
}
MODULE_ORIGINS = {
    1: {"RAGArchitecture"},
    2: {"BlackBoxAPIArchitecture"},
    3: {"FineTuningArchitecture"},
    4: {"OrchestratedAgentsArchitecture"},
    5: {"ModelRoutingArchitecture"},
    6: {"ComplianceArea", "OperationsArea"},
    7: {"PipelineArchitecture", "MicroservicesArchitecture", "HybridArchitecture"},
    8: {"OperationsArea"},
    9: {"MCPAgentsArchitecture"},
    10: {"MultimodalArchitecture"},
}
PLUGGABLE = {
    1: {
        "BlackBoxAPIArchitecture",
        "OrchestratedAgentsArchitecture",
        "MultimodalArchitecture",
        "FineTuningArchitecture",
    },
    3: {"RAGArchitecture", "OrchestratedAgentsArchitecture", "MultimodalArchitecture"},
    4: {"BlackBoxAPIArchitecture", "MCPAgentsArchitecture", "RAGArchitecture", "MultimodalArchitecture"},
    5: set(),
    9: {"OrchestratedAgentsArchitecture"},
}
PLAYBOOKS = {
    "KnowledgeAssistantPlaybook": (
        ["RAGArchitecture", "PromptTemplates", "GuardrailsTechnique", "PIIProxy", "HumanInTheLoopTechnique"],
        "2 5 7 8 9 12",
        "faithfulness retrievalRecall guardrailViolations latencyP95 costPerThousandTokens",
    ),
    "ProductivityCopilotPlaybook": (
        ["ModelRoutingArchitecture", "AgentMemory", "ToolIntegration"],
        "5 6 8 9 12",
        "taskCompletionRate humanEscalationRate netPromoterScore",
    ),
    "PublicFAQPlaybook": (
        ["BlackBoxAPIArchitecture", "ResponseCachingTechnique", "PromptABTestingTechnique"],
        "5 8 9",
        "customerSatisfaction meanLatency costPerQuery",
    ),
}


@pytest.mark.parametrize("kind", ARCHITECTURES)
def test_the_architectures_are_those_of_the_source(kind: str) -> None:
    assert individuals(kind) == ARCHITECTURES[kind]


@pytest.mark.parametrize("architecture", DESCRIBED)
def test_critical_levels_are_those_of_the_source(architecture: str) -> None:
    assert names(architecture, SG.criticalLevel) == levels(CRITICAL[architecture])


@pytest.mark.parametrize("architecture", DESCRIBED)
def test_priority_metrics_are_those_of_the_source(architecture: str) -> None:
    assert names(architecture, SG.prioritisesMetric) == set(METRICS[architecture].split())


@pytest.mark.parametrize("architecture", RISKS)
def test_risks_are_those_of_the_source(architecture: str) -> None:
    assert names(architecture, SG.exposedToRisk) == RISKS[architecture]


@pytest.mark.parametrize("architecture", COMPONENTS)
def test_components_stand_at_their_levels(architecture: str) -> None:
    found = {name: names(name, SG.componentLevel) for name in names(architecture, SG.hasComponent)}
    assert found == {name: levels(text) for name, text in COMPONENTS[architecture].items()}


@pytest.mark.parametrize("architecture", sorted(set(DESCRIBED) - {"EmbeddedLLMArchitecture"}))
def test_every_architecture_but_the_embedded_one_has_components(architecture: str) -> None:
    """The source lists none for functions that a platform brings along."""
    assert len(names(architecture, SG.hasComponent)) >= 3


@pytest.mark.parametrize("architecture", DESCRIBED)
def test_every_architecture_says_when_to_use_it_in_both_languages(architecture: str) -> None:
    assert set(GRAPH.texts(SG.term(architecture), SG.whenToUse)) == {"en", "pt-br"}


def test_all_twelve_levels_say_what_they_mean_for_architecture() -> None:
    assert all(set(GRAPH.texts(level.iri, SG.architectureImplication)) == {"en", "pt-br"} for level in MODEL.levels)


def test_the_modules_are_m1_to_m10() -> None:
    notations = {GRAPH.value(iri, SKOS.notation) for iri in GRAPH.instances(SG.ExportableModule)}
    assert notations == {f"M{number}" for number in range(1, 11)}


def module(number: int) -> str:
    (found,) = (m for m in GRAPH.instances(SG.ExportableModule) if GRAPH.value(m, SKOS.notation) == f"M{number}")
    return local_name(found)


@pytest.mark.parametrize("number", MODULE_ORIGINS)
def test_a_module_names_its_origin_benefits_and_complexities(number: int) -> None:
    assert names(module(number), SG.takenFrom) == MODULE_ORIGINS[number]
    for predicate in (SG.benefit, SG.complexity):
        assert set(GRAPH.texts(SG.term(module(number)), predicate)) == {"en", "pt-br"}


@pytest.mark.parametrize("number", PLUGGABLE)
def test_a_module_plugs_into_the_architectures_that_the_source_names(number: int) -> None:
    assert names(module(number), SG.pluggableInto) == PLUGGABLE[number]


@pytest.mark.parametrize("number", [2, 6, 7])
def test_the_general_modules_plug_into_every_architecture_of_llmops(number: int) -> None:
    wanted = ARCHITECTURES["LLMOpsArchitecture"] | ARCHITECTURES["AdvancedArchitecture"]
    assert names(module(number), SG.pluggableInto) >= wanted - MODULE_ORIGINS[number]


@pytest.mark.parametrize("playbook", PLAYBOOKS)
def test_a_playbook_has_its_steps_in_order_its_levels_and_metrics(playbook: str) -> None:
    steps, touched, metrics = PLAYBOOKS[playbook]
    found = {int(GRAPH.value(s, SG.position) or 0): s for s in GRAPH.iris(SG.term(playbook), SG.hasPlaybookStep)}
    assert sorted(found) == list(range(1, len(steps) + 1))
    assert [local_name(GRAPH.iri(found[place], SG.usesOption) or "") for place in sorted(found)] == steps
    assert names(playbook, SG.involvesLevel) == levels(touched)
    assert names(playbook, SG.prioritisesMetric) == set(metrics.split())


def test_there_are_three_playbooks_and_four_anti_patterns() -> None:
    assert individuals("Playbook") == set(PLAYBOOKS)
    assert individuals("AntiPattern") == set(ESTATES)


ESTATES = {
    "UngovernedRAG": (
        "ex:reader a sg:Agent ; sg:retrievesFrom ex:index . ex:index a sg:VectorIndex .",
        {("index", "evaluates"), ("index", "produces")},
        (
            "ex:reader a sg:Agent ; sg:partOf ex:system ; sg:retrievesFrom ex:index . ex:index a sg:VectorIndex ."
            "ex:checks a sg:EvaluationPipeline ; sg:evaluates ex:system ."
            "ex:job a sg:Pipeline ; sg:produces ex:index ; sg:schedule 'nightly' ."
        ),
    ),
    "EverythingFineTuned": (
        (
            "ex:system a sg:LLMSystem ; sg:usesModel ex:quantised . ex:quantised a sg:QuantisedModel ;"
            "sg:derivedFrom ex:tuned . ex:tuned a sg:FineTunedModel ."
        ),
        {("system", "quantised")},
        (
            "ex:system a sg:LLMSystem ; sg:usesModel ex:tuned . ex:tuned a sg:FineTunedModel ."
            "ex:agent sg:partOf ex:system ; sg:retrievesFrom ex:index ."
            "ex:other a sg:LLMSystem ; sg:usesModel ex:tuned , ex:plain . ex:plain a sg:BaseModel ."
        ),
    ),
    "WeakObservability": (
        "ex:prompt a sg:Prompt . ex:agent a sg:Agent . ex:pipeline a sg:Pipeline .",
        {("prompt", "version"), ("agent", "hasMetric"), ("pipeline", "rollback")},
        (
            "ex:prompt a sg:Prompt ; sg:version 'v1' . ex:agent a sg:Agent . ex:o sg:observedOn ex:agent ."
            "ex:pipeline a sg:Pipeline ; sg:rollback 'last release' ."
        ),
    ),
    "CloudBoundArchitecture": (
        (
            "ex:system a sg:LLMSystem ; sg:implementedIn ex:node ; sg:usesModel ex:model ."
            "ex:node sg:partOf ex:cluster . ex:cluster sg:providedBy ex:cloud . ex:model sg:providedBy ex:cloud ."
        ),
        {("system", "cloud")},
        (
            "ex:system a sg:LLMSystem ; sg:implementedIn ex:node ; sg:usesModel ex:model , ex:open ."
            "ex:node sg:providedBy ex:cloud . ex:model sg:providedBy ex:cloud . ex:open sg:providedBy ex:hub ."
        ),
    ),
}


def detected(pattern: str, turtle: str) -> set[tuple[str, str]]:
    prefixes = f"@prefix sg: <{SG}> . @prefix ex: <https://example.org/> . "
    store = ox.Store()
    store.load((prefixes + turtle).encode(), ox.RdfFormat.TURTLE)
    for quad in list(store.quads_for_pattern(None, ox.NamedNode(RDF.type), None)):
        for cls in MODEL.ancestors(quad.object.value):  # type: ignore[union-attr]  # types are IRIs
            store.add(ox.Quad(quad.subject, quad.predicate, ox.NamedNode(cls)))
    solutions = store.query(GRAPH.value(SG.term(pattern), SG.detection) or "", prefixes=dict(PREFIXES))
    assert isinstance(solutions, ox.QuerySolutions)
    return {(local_name(str(row["asset"].value)), local_name(str(row["evidence"].value))) for row in solutions}


@pytest.mark.parametrize("pattern", ESTATES)
def test_an_anti_pattern_is_detected_where_it_is(pattern: str) -> None:
    bad, expected, _ = ESTATES[pattern]
    assert detected(pattern, bad) == expected


@pytest.mark.parametrize("pattern", ESTATES)
def test_an_anti_pattern_is_not_detected_where_it_is_not(pattern: str) -> None:
    assert detected(pattern, ESTATES[pattern][2]) == set()


@pytest.mark.parametrize("pattern", ESTATES)
def test_an_anti_pattern_is_exposed_to_risk_and_has_a_remedy(pattern: str) -> None:
    assert names(pattern, SG.exposedToRisk)
    assert set(GRAPH.texts(SG.term(pattern), SG.remedy)) == {"en", "pt-br"}


@pytest.mark.parametrize("name", [name for name, file in module_files().items() if file.parent.name in BRANCHES])
def test_every_individual_of_the_branch_is_documented(name: str) -> None:
    terms = {fact.subject for fact in MODEL.modules[name] if fact.predicate == VS.term_status}
    assert len(terms) > 4
    for iri in terms:
        assert set(GRAPH.texts(iri, RDFS.label)) >= {"en", "pt-br"}
        assert set(GRAPH.texts(iri, SKOS.definition)) >= {"en", "pt-br"}

"""The decision guide, asked for use cases whose answers follow from the source's own tree."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stratagraph.ontology.facts import Fact, Iri, Literal
from stratagraph.ontology.namespaces import RDF, SG, XSD, local_name
from stratagraph.queries.decision import Indication, UnknownNeed, indicated, needs, options, options_of
from tests.core import MODEL, store
from tests.queries.plain import PlainStore

CASE = "https://example.org/case"


def case(**values: bool | str) -> dict[Iri, bool | str]:
    return {SG.term(name): value for name, value in values.items()}


def architectures(**values: bool | str) -> list[str]:
    return [local_name(found.option) for found in indicated(store(), case(**values))]


def others(**values: bool | str) -> set[str]:
    return {local_name(found.option) for found in options(store(), case(**values)) if not found.architecture}


ALWAYS = {"AutomatedPipelinesTechnique", "ContinuousMonitoringTechnique", "TwoLaneProcessTechnique"}
QUICK_GUIDE = [
    (case(beginnerTeam=True, predictableCadence=True), "PipelineArchitecture"),
    (case(needsScale=True, autonomousTeams=True), "MicroservicesArchitecture"),
    (case(needsFastValue=True), "BlackBoxAPIArchitecture"),
    (case(usesBusinessPlatform=True), "EmbeddedLLMArchitecture"),
    (case(knowledgeChangesOften=True), "RAGArchitecture"),
    (case(precisionMandatory=True), "FineTuningArchitecture"),
    (case(coordinatesSystems=True, humanSupervision=True), "OrchestratedAgentsArchitecture"),
    (case(manyToolsOneAgent=True), "MCPAgentsArchitecture"),
    (case(multimodalInput=True), "MultimodalArchitecture"),
    (case(hasSpecialisedParts=True), "HybridArchitecture"),
    (case(multiStepReasoning=True), "AgenticRAGArchitecture"),
    (case(mixedDifficulty=True), "ModelRoutingArchitecture"),
    (case(requiresDataResidency=True), "SovereignArchitecture"),
    (case(streamingAnswers=True), "StreamingArchitecture"),
]


@pytest.mark.parametrize(("use_case", "architecture"), QUICK_GUIDE, ids=[name for _, name in QUICK_GUIDE])
def test_each_architecture_is_indicated_by_its_line_of_the_guide(
    use_case: dict[Iri, bool | str], architecture: str
) -> None:
    assert [local_name(found.option) for found in indicated(store(), use_case)] == [architecture]


@pytest.mark.parametrize(
    ("values", "chosen", "besides"),
    [
        (case(needsProprietaryKnowledge=True), ["RAGArchitecture"], set()),
        (case(needsStructuredOutput=True), [], {"PromptTemplates", "StructuredProtocols"}),
        (
            case(needsStructuredOutput=True, promptingInsufficient=True),
            ["FineTuningArchitecture"],
            {"PromptTemplates", "StructuredProtocols", "PreferenceTuningTechnique"},
        ),
        (case(costCritical=True), ["ModelRoutingArchitecture"], {"QuantisationTechnique", "KVCacheSharing"}),
        (
            case(regulatoryRisk="high"),
            ["SovereignArchitecture"],
            {"HybridHostingTechnique", "PIIProxy", "AuditTrailsTechnique", "HumanInTheLoopTechnique"},
        ),
    ],
    ids=["knowledge", "structure", "structure beyond prompts", "cost", "regulation"],
)
def test_the_canonical_tree(values: dict[Iri, bool | str], chosen: list[str], besides: set[str]) -> None:
    found = options(store(), values)
    assert [local_name(each.option) for each in found if each.architecture] == chosen
    assert {local_name(each.option) for each in found if not each.architecture} == besides | ALWAYS


def test_without_needs_no_architecture_is_indicated_only_what_holds_for_all() -> None:
    assert architectures() == []
    assert others() == ALWAYS


def test_a_condition_that_is_only_half_met_indicates_nothing() -> None:
    assert architectures(modelLacksDomain=True, hasRobustDataset=True) == ["RAGArchitecture"]
    assert architectures(regulatoryRisk="low", needsProprietaryKnowledge=False) == []


def test_tuning_needs_a_robust_data_set_and_a_lasting_need() -> None:
    found = architectures(modelLacksDomain=True, hasRobustDataset=True, hasPersistentNeed=True)
    assert sorted(found) == ["FineTuningArchitecture", "RAGArchitecture"]


def test_what_more_criteria_speak_for_comes_first_and_says_why() -> None:
    first, second = indicated(
        store(), case(knowledgeChangesOften=True, needsProprietaryKnowledge=True, regulatoryRisk="high")
    )
    assert local_name(first.option) == "RAGArchitecture"
    assert [local_name(reason.criterion) for reason in first.reasons] == [
        "FreshKnowledgeCriterion",
        "ProprietaryKnowledgeCriterion",
    ]
    assert all(set(reason.texts) == {"en", "pt-br"} for reason in first.reasons)
    assert local_name(second.option) == "SovereignArchitecture"


def test_tuning_without_weights_is_ruled_out_and_comes_last() -> None:
    found = indicated(store(), case(precisionMandatory=True, needsFastValue=True, weightsAvailable=False))
    assert [local_name(each.option) for each in found] == ["BlackBoxAPIArchitecture", "FineTuningArchitecture"]
    assert [local_name(reason.criterion) for reason in found[-1].objections] == ["NoWeightsCriterion"]


@pytest.mark.parametrize(
    ("task", "family"),
    [("search", "EncoderOnly"), ("chat", "DecoderOnly"), ("translation", "EncoderDecoder")],
)
def test_the_kind_of_task_decides_the_model_family(task: str, family: str) -> None:
    assert others(taskKind=task) == ALWAYS | {family}


def test_a_short_task_on_stable_documents_needs_no_model() -> None:
    assert others(deterministicTask=True, stableDocumentation=True) == ALWAYS | {"RulesOrSearchTechnique"}


def test_an_unknown_need_is_refused_with_the_known_ones() -> None:
    with pytest.raises(UnknownNeed, match=r"sg:needsMagic.*needsProprietaryKnowledge"):
        indicated(store(), case(needsMagic=True))


def test_a_stored_use_case_gets_the_same_answer() -> None:
    values = case(needsProprietaryKnowledge=True, regulatoryRisk="high", weightsAvailable=False)
    store = PlainStore(MODEL, MODEL.triples)
    store.add(Fact(CASE, RDF.type, SG.UseCase))
    for name, value in values.items():
        literal = Literal(value) if isinstance(value, str) else Literal(str(value).lower(), XSD.boolean)
        store.add(Fact(CASE, name, literal))
    assert options_of(store, CASE) == options(store, values)
    assert options_of(store, "https://example.org/another") == ()


def test_every_condition_asks_for_a_value_that_its_property_may_have() -> None:
    rows = store().select("SELECT ?p ?v { ?c a sg:Condition ; sg:conditionProperty ?p ; sg:conditionValue ?v }")
    assert {str(row["p"]) for row in rows} == set(needs(PlainStore(MODEL, GUIDE)))
    for row in rows:
        assert isinstance(row["v"], Literal)
        assert row["v"].datatype == MODEL.attributes[str(row["p"])].datatype


def test_every_architecture_is_within_reach_of_some_criterion() -> None:
    reached = {str(row["o"]) for row in store().select("SELECT ?o { ?c sg:indicates ?o }")}
    kinds = {iri for iri, info in MODEL.classes.items() if SG.Architecture in info.ancestors}
    known = {f.subject for f in MODEL.triples if f.predicate == RDF.type and f.object in kinds}
    assert known - reached == set()


GUIDE = [fact for name, facts in MODEL.modules.items() if name.startswith("decision") for fact in facts]
BOOLEANS = [iri for iri in needs(PlainStore(MODEL, GUIDE)) if MODEL.attributes[iri].datatype == XSD.boolean]


def _naive(values: dict[Iri, bool | str]) -> dict[Iri, tuple[set[Iri], set[Iri]]]:
    """The guide evaluated by hand over the plain facts."""
    facts = GUIDE
    conditions: dict[Iri, list[Iri]] = {
        f.subject: [] for f in facts if f.predicate == RDF.type and f.object == SG.DecisionCriterion
    }
    for fact in facts:
        if fact.predicate == SG.hasCondition:
            conditions[fact.subject].append(str(fact.object))
    asked = {f.subject: str(f.object) for f in facts if f.predicate == SG.conditionProperty}
    wanted: dict[Iri, set[str]] = {}
    for fact in facts:
        if fact.predicate == SG.conditionValue and isinstance(fact.object, Literal):
            wanted.setdefault(fact.subject, set()).add(fact.object.value)
    given_values = {name: str(value).lower() for name, value in values.items()}
    met = {c for c, needed in conditions.items() if all(given_values.get(asked[n]) in wanted[n] for n in needed)}
    found: dict[Iri, tuple[set[Iri], set[Iri]]] = {}
    for fact in facts:
        if fact.subject in met and fact.predicate in (SG.indicates, SG.rulesOut):
            pair = found.setdefault(str(fact.object), (set(), set()))
            pair[fact.predicate == SG.rulesOut].add(fact.subject)
    return found


def _summary(found: tuple[Indication, ...]) -> dict[Iri, tuple[set[Iri], set[Iri]]]:
    return {
        each.option: ({r.criterion for r in each.reasons}, {r.criterion for r in each.objections}) for each in found
    }


@settings(max_examples=50)
@given(st.dictionaries(st.sampled_from(BOOLEANS), st.booleans()), st.sampled_from(["low", "medium", "high"]))
def test_the_query_agrees_with_a_plain_evaluation(flags: dict[Iri, bool], risk: str) -> None:
    values: dict[Iri, bool | str] = {**flags, SG.regulatoryRisk: risk}
    found = options(store(), values)
    assert _summary(found) == _naive(values)
    assert list(found) == sorted(found, key=lambda each: each.rank)

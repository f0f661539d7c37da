"""Models that the sources name, the works they lean on, and the sequences they take as examples: counted and joined."""

from __future__ import annotations

import pytest

from stratagraph.ontology.namespaces import RDFS, SG
from tests.ontology.reference import GRAPH, MODEL, instances, names, number, pointing, words

STRONG = {
    "GPT4Model": {"CreativeWritingStrength", "ReasoningStrength"},
    "ClaudeModel": {"AnalysisStrength", "EthicalApproachStrength"},
    "GeminiModel": {"MultimodalStrength"},
    "CodexModel": {"ProgrammingStrength"},
    "GoogleTranslateModel": {"RareLanguagesStrength"},
}
YEARS = {"BertModel": 2018, "GPT3Model": 2020, "PalmModel": 2022}
STEPS = {"GhostwritingWorkflow": 4, "StyledSuggestionChain": 3, "OrchestrationSetup": 6}
STUDIES = {
    "UdescStudy": "O que é",
    "IskoStudy": "Roteamento",
    "IfspReport": "Casos de uso",
    "UnicuritibaArticles": "Monitoramento",
}


@pytest.mark.parametrize(("model", "strengths"), STRONG.items())
def test_a_model_is_strong_where_the_source_says(model: str, strengths: set[str]) -> None:
    assert names(model, "strongAt") == strengths


def test_each_route_of_tasks_asks_for_a_strength_of_a_recommended_model() -> None:
    for route in instances("TaskRoute"):
        (strength,) = pointing("strengthForRoute", route)
        strong = {MODEL.label(SG.term(model)) for model in pointing("strongAt", strength)}
        assert {text.removesuffix(" 3") for text in words(route, "recommendedModel")} <= strong


@pytest.mark.parametrize(("model", "year"), YEARS.items())
def test_the_models_of_the_revolution_have_their_year(model: str, year: int) -> None:
    assert number(model, "announcedInYear") == year


def test_a_special_model_comes_from_a_general_one() -> None:
    assert names("CodeLlamaModel", "specialisedFrom") == names("AlpacaModel", "specialisedFrom") == {"LlamaModel"}
    assert names("LlamaModel", "specialisedFrom") == set()


def test_each_family_has_an_example() -> None:
    shown = {family for model in instances("ReferenceModel") for family in names(model, "ofModelFamily")}
    assert shown == instances("ModelFamily")


@pytest.mark.parametrize(("workflow", "steps"), STEPS.items())
def test_the_steps_of_a_workflow_are_numbered_without_a_gap(workflow: str, steps: int) -> None:
    found = pointing("stepOfWorkflow", workflow)
    assert sorted(number(step, "stepNumber") for step in found) == list(range(1, steps + 1))


def test_every_step_belongs_to_one_workflow() -> None:
    assert {len(names(step, "stepOfWorkflow")) for step in instances("WorkflowStep")} == {1}


def test_every_component_of_orchestration_says_how_it_is_done_well() -> None:
    lacking = [one for one in instances("OrchestrationComponent") if not pointing("practiceOf", one)]
    assert lacking == ["DataIntegrationComponent"]
    assert pointing("integratedBy", "DataIntegrationComponent") == instances("IntegrationPoint")


@pytest.mark.parametrize(("study", "section"), STUDIES.items())
def test_a_study_is_cited_where_the_source_names_it(study: str, section: str) -> None:
    assert any(section in text for text in words_of_citation(study))


def words_of_citation(term: str) -> set[str]:
    iri = SG.term(term)
    return {
        str(getattr(f.object, "value", "")) for f in MODEL.triples if f.subject == iri and "Citation" in f.predicate
    }


def test_every_work_is_cited_for_something_that_the_ontology_has() -> None:
    cited = {work: GRAPH.iris(SG.term(work), SG.citedFor) for work in instances("CitedWork")}
    assert all(cited.values())
    assert {term for terms in cited.values() for term in terms if term not in MODEL.labels} == set()
    assert all(see.startswith("https://") for work in cited for see in GRAPH.iris(SG.term(work), RDFS.seeAlso))


def test_the_authors_own_tools_are_named() -> None:
    assert {"ToolNotebookLM", "ToolCursor", "ToolPerplexity"} <= pointing("inCategory", "StudyTool")
    assert pointing("builtWith", "ToolTaiga") == {"AuthorialStylePractice", "CaseMemoryPractice"}


def test_effort_without_a_number_has_none() -> None:
    assert names("MinimumProductEffort", "effortOf") == {"TaskBasedRouting"}
    assert words("MinimumProductEffort", "rangeLow") == set()

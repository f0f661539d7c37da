"""The glossary as SKOS: one scheme, the source's words in their places, linked to the ontology where they are in it."""

from __future__ import annotations

import pytest

from stratagraph.ontology.facts import Iri, Literal, Term
from stratagraph.ontology.model import load_model
from stratagraph.ontology.namespaces import OWL, RDF, RDFS, SG, SKOS, local_name

MODEL = load_model()
INDEX: dict[tuple[Iri, Iri], list[Term]] = {}
for _fact in MODEL.triples:
    INDEX.setdefault((_fact.subject, _fact.predicate), []).append(_fact.object)
CONCEPTS = sorted({f.subject for f in MODEL.triples if f.predicate == RDF.type and f.object == SKOS.Concept})
DICTIONARY = {
    "1": "MLOps DevOps FoundationModel",
    "2": "Token Embedding Transformer ContextWindow ModelParameters Inference",
    "3": "Prompt PromptTemplate FewShotLearning ChainOfThought",
    "4": "DataPreparation ModelSelection FineTuning Evaluation Deployment Monitoring",
    "5": "Containerisation ApiEndpoint LoadBalancing AutoScaling GpuAllocation",
    "6": "Observability ModelDrift Hallucination LatencyMonitoring",
    "7": "HumanFeedbackTraining LowRankAdaptation RetrievalAugmentedGeneration VectorDatabase",
    "8": "AiAgent McpServer ToolCalling AgenticWorkflow",
}
"""The 36 terms of the dictionary by the number of their category."""
ROADMAP = {
    "1": "TextPreprocessing DataPipelines EtlAndElt DataArchitectures DataDrift BiasedData Chunking Vectorisation "
    "Indexing",
    "2": "EncoderOnly DecoderOnly EncoderDecoder",
    "3": "Tokenisation AttentionMechanism BaseReadings",
    "4": "ModelTypes EvaluationMetrics LearningTypes",
    "5": "Git Docker CloudCosts CiCdPipelines",
}
TAGS = ("en", "pt-br")
SHARED = {"ContextWindow": "3", "Embedding": "3", "VectorDatabase": "1"}
"""Terms of the dictionary that the roadmap names as topics too."""
HISTORY = {
    SG.HistoricalPeriod: 4,
    SG.PredecessorArea: 6,
    SG.Trend: 5,
    SG.Milestone: 4,
    SG.RoadmapArea: 5,
    SG.PipelineStage: 5,
}


def objects(subject: Iri, predicate: Iri) -> list[Term]:
    return INDEX.get((subject, predicate), [])


def above(concept: Iri) -> set[Iri]:
    """Return all broader concepts."""
    found: set[Iri] = set()
    agenda = [concept]
    while agenda:
        for broader in map(str, objects(agenda.pop(), SKOS.broader)):
            if broader not in found:
                found.add(broader)
                agenda.append(broader)
    return found


def numbers(concept: Iri, cls: Iri) -> set[str]:
    """Return the numbers of a class's concepts above a concept."""
    tops = [top for top in above(concept) if cls in objects(top, RDF.type)]
    return {text.value for top in tops for text in objects(top, SKOS.notation) if isinstance(text, Literal)}


TERMS = [(number, name) for number, names in DICTIONARY.items() for name in names.split()]
TOPICS = [(number, name) for number, names in ROADMAP.items() for name in names.split()]


@pytest.mark.parametrize(("number", "name"), TERMS)
def test_the_dictionarys_term_stands_in_its_category(number: str, name: str) -> None:
    assert numbers(SG.term(name + "Term"), SG.GlossaryCategory) == {number}


@pytest.mark.parametrize(("number", "name"), TOPICS)
def test_the_roadmaps_topic_stands_in_its_area(number: str, name: str) -> None:
    assert numbers(SG.term(name + "Topic"), SG.RoadmapArea) == {number}


@pytest.mark.parametrize(("name", "number"), SHARED.items())
def test_a_term_that_the_roadmap_names_too_is_one_concept(name: str, number: str) -> None:
    assert numbers(SG.term(name + "Term"), SG.RoadmapArea) == {number}


@pytest.mark.parametrize(("cls", "count"), HISTORY.items(), ids=lambda part: local_name(str(part)))
def test_stages_areas_and_history_are_complete(cls: Iri, count: int) -> None:
    assert len([concept for concept in CONCEPTS if cls in objects(concept, RDF.type)]) == count


def test_every_concept_belongs_to_the_one_scheme_and_hangs_below_its_top() -> None:
    tops = set(objects(SG.Glossary, SKOS.hasTopConcept))
    for concept in CONCEPTS:
        assert objects(concept, SKOS.inScheme) == [SG.Glossary]
        assert {concept, *above(concept)} & tops, concept
        assert concept not in above(concept)


def test_top_concepts_have_nothing_above_them() -> None:
    assert [top for top in objects(SG.Glossary, SKOS.hasTopConcept) if above(str(top))] == []


def test_preferred_labels_are_the_labels_and_no_two_terms_share_one() -> None:
    for concept in CONCEPTS:
        assert set(objects(concept, SKOS.prefLabel)) == set(objects(concept, RDFS.label))
    labels = [label for concept in CONCEPTS for label in objects(concept, SKOS.prefLabel)]
    per_language = {tag: [str(label) for label in labels if getattr(label, "language", "") == tag] for tag in TAGS}
    assert {tag: _doubled(found) for tag, found in per_language.items()} == {"en": set(), "pt-br": set()}


def _doubled(labels: list[str]) -> set[str]:
    return {label for label in labels if labels.count(label) > 1}


def test_related_concepts_are_not_above_each_other() -> None:
    for concept in CONCEPTS:
        for other in map(str, objects(concept, SKOS.related)):
            assert other in CONCEPTS
            assert other not in above(concept)
            assert concept not in above(other)


def test_what_a_term_denotes_is_declared_in_the_ontology() -> None:
    denoted = {term for concept in CONCEPTS for term in objects(concept, SG.denotes)}
    assert {SG.Token, SG.Agent, SG.BaseModel, SG.VectorStore} <= denoted
    declared = {OWL.Class, OWL.NamedIndividual}
    assert [term for term in denoted if not declared & set(objects(str(term), RDF.type))] == []


def test_every_term_of_the_dictionary_has_a_level() -> None:
    assert [name for _, name in TERMS if not objects(SG.term(name + "Term"), SG.atLevel)] == []


def test_every_term_after_the_first_category_has_a_stage() -> None:
    assert [name for number, name in TERMS[3:] if not objects(SG.term(name + "Term"), SG.atStage)] == []


def test_a_predecessor_gave_as_much_in_one_language_as_in_the_other() -> None:
    for area in (concept for concept in CONCEPTS if SG.PredecessorArea in objects(concept, RDF.type)):
        for predicate in (SG.contribution, SG.continuityExample):
            tags = [getattr(text, "language", "") for text in objects(area, predicate)]
            assert tags.count("en") == tags.count("pt-br") > 0
        assert objects(area, SG.contributesTo) == [SG.LargeLanguageModelOpsTerm]


def test_the_periods_follow_each_other() -> None:
    found = [concept for concept in CONCEPTS if SG.HistoricalPeriod in objects(concept, RDF.type)]
    years = sorted(tuple(_year(period, which) for which in (SG.fromYear, SG.toYear)) for period in found)
    assert years == [(1980, 2009), (2015, 2021), (2020, 2023), (2022, 2025)]


def _year(period: Iri, which: Iri) -> int:
    (year,) = objects(period, which)
    return int(getattr(year, "value", "0"))


def test_the_six_columns_of_the_sources_sheet_say_where_they_are_kept() -> None:
    columns = {f.subject for f in MODEL.triples if f.predicate == RDF.type and f.object == SG.DictionaryColumn}
    assert len(columns) == 6
    unkept = {local_name(column) for column in columns if not objects(column, SG.keptIn)}
    assert unkept == {"ImportanceColumn", "RelevanceColumn"}

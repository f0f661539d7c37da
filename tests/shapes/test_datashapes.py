"""The hand-written data shapes: each with data that conforms, and the same data with one fault."""

from __future__ import annotations

import re

import pytest

from stratagraph.ontology.model import load_model
from stratagraph.ontology.namespaces import SG, SH, SHAPE_BASE
from stratagraph.ontology.syntax.parsing import parse_rdf
from stratagraph.shapes.data_graph import DataGraph
from stratagraph.shapes.datashapes import (
    ASSETS,
    DOCUMENTATION,
    GATE_SUBSET,
    OBSERVATIONS,
    compile_gate_shapes,
    shipped_shapes,
)
from stratagraph.shapes.errors import UnsupportedShape
from stratagraph.shapes.message_texts import DATA
from stratagraph.shapes.relative import Property
from stratagraph.shapes.shape import Shape

MODEL = load_model()
ANCESTORS = {iri: info.ancestors for iri, info in MODEL.classes.items()}
FILES = [ASSETS, DOCUMENTATION, OBSERVATIONS]
PREFIXES = (
    "@prefix sg: <https://w3id.org/stratagraph/ns#> . @prefix xsd: <http://www.w3.org/2001/XMLSchema#> . "
    "@prefix dct: <http://purl.org/dc/terms/> . @prefix : <http://example.org/> . "
)
SOUND = {
    ASSETS: """
        :m a sg:BaseModel ; sg:name "m" ; sg:version "1" ; sg:currency "BRL" ; sg:country "BR" ; sg:bits 4 ;
            sg:maxContextTokens 1 ; sg:parameterCount 1 ; sg:costPerMillionTokens 1.0 .
        :t a sg:Token ; sg:name "t" ; sg:contextWindowTokens 1 ; sg:truncationRate 0.5 .
        :r a sg:Embedding ; sg:name "r" ; sg:dimensions 1 ; sg:recallK 1 ; sg:recallAtK 1.0 ; sg:searchLatencyMs 1.0 .
        :p a sg:Prompt ; sg:name "p" ; sg:sizeTokens 1 .
        :l a sg:Pipeline ; sg:name "l" ; sg:cycleTimeMinutes 1.0 .
        :s a sg:LLMSystem ; sg:name "s" ; sg:costSloPerCall 1.0 ; sg:latencySloMs 1.0 ; sg:logRetentionDays 1 ;
            sg:availabilityTarget 0.5 .
        :i a sg:ComputeCluster ; sg:name "i" ; sg:hourlyCost 1.0 .
        :c a sg:Price ; sg:pricedModel "gpt" ; sg:currency "USD" ; dct:bibliographicCitation "list" ;
            sg:inputPrice 1.0 ; sg:outputPrice 1.0 ; sg:cachedInputPrice 1.0 ;
            sg:cacheWritePrice 1.0 ; sg:reasoningPrice 1.0 ; sg:aboveInputTokens 1 ; sg:upToInputTokens 2 ;
            sg:validFrom "2026-01-01T00:00:00Z"^^xsd:dateTime ; sg:validUntil "2026-02-01T00:00:00Z"^^xsd:dateTime .
        :d a sg:Document ; sg:name "d" ; sg:effectiveFrom "2026-01-01T00:00:00Z"^^xsd:dateTime ;
            sg:effectiveUntil "2026-02-01T00:00:00Z"^^xsd:dateTime .
        :x sg:strength 0.5 ; sg:disclosedShare 0.5 .
        :n a sg:Deployment ; sg:name "n" ; sg:trafficShare 0.5 ; sg:occurredAt "2026-01-01T00:00:00Z"^^xsd:dateTime ;
            sg:rolledBackAt "2026-01-02T00:00:00Z"^^xsd:dateTime ; sg:endedAt "2026-01-03T00:00:00Z"^^xsd:dateTime .
        :k a sg:Incident ; sg:name "k" ; sg:peopleAffected 1 ; sg:occurredAt "2026-03-01T00:00:00Z"^^xsd:dateTime ;
            sg:knownAt "2026-03-02T00:00:00Z"^^xsd:dateTime ;
            sg:authorityNotifiedAt "2026-03-03T00:00:00Z"^^xsd:dateTime .
        :q a sg:SubjectRequest ; sg:name "q" ; sg:occurredAt "2026-03-01T00:00:00Z"^^xsd:dateTime ;
            sg:repliedAt "2026-03-04T00:00:00Z"^^xsd:dateTime .
        :b a sg:BaseModel ; sg:name "b" ; sg:deprecatedAt "2026-01-01T00:00:00Z"^^xsd:dateTime ;
            sg:endOfLifeAt "2026-05-01T00:00:00Z"^^xsd:dateTime .
        :u a sg:QualityMetric ; sg:name "u" ; sg:targetAtLeast 0.7 ; sg:targetAtMost 0.9 .
        :g a sg:RetentionRule ; sg:name "g" ; sg:minimumRetentionDays 30 ; sg:retentionDays 90 .
        :h a sg:Contract ; sg:name "h" ; sg:noticeDays 30 .
        :w a sg:ModelServer ; sg:name "w" ; sg:replicas 2 ; sg:minimumReplicas 1 ; sg:maximumReplicas 3 ;
            sg:prefillReplicas 1 ; sg:acceleratorCount 2 .
        :v a sg:EvaluationResult ; sg:name "v" ; sg:sampleSize 1 .
    """,
    OBSERVATIONS: """
        :o a sg:Observation ; sg:count 1 ; sg:sum 1.0e0 ; sg:min 1.0e0 ; sg:max 2.0e0 ;
            sg:windowStart "2026-01-01T00:00:00Z"^^xsd:dateTime ; sg:windowEnd "2026-02-01T00:00:00Z"^^xsd:dateTime .
    """,
    DOCUMENTATION: """
        :t a sg:Token ; sg:version "1" ; sg:license "x" ; sg:truncationRate 0.1 .
        :r a sg:Embedding ; sg:version "1" ; sg:provider "x" ; sg:recallAtK 0.1 .
        :y a sg:Layer ; sg:version "1" ; sg:provider "x" ; sg:hasMetric sg:calls .
        :m a sg:BaseModel ; sg:version "1" ; sg:provider "x" ; sg:costPerMillionTokens 1.0 .
        :p a sg:Prompt ; sg:purpose "x" ; sg:outputFormat "x" ; sg:example "x" ; sg:retrievesFrom :r ; sg:hasRisk :k .
        :a a sg:Agent ; sg:purpose "x" ; sg:mayUseTool :u ; sg:autonomyLimit "x" ; sg:hasMetric sg:calls .
        :l a sg:Pipeline ; sg:pipelineType "x" ; sg:trigger "x" ; sg:produces :m ; sg:rollback "x" ; sg:evaluates :m .
        :s a sg:LLMSystem ; sg:governedBy :w ; sg:routingPolicy "x" ; sg:auditTrail true ; sg:costSloPerCall 1.0 .
        :i a sg:Region ; sg:provider "x" ; sg:region "x" ; sg:accelerator "x" ; sg:hourlyCost 1.0 ;
            sg:availabilityTarget 0.9 .
        :o a sg:Team ; sg:sector "x" ; sg:purpose "x" ; sg:governedBy :w ; sg:responsible "x" .
        :e a sg:Provider ; sg:partnerType "x" ; sg:suppliedDependency "x" ; sg:availabilityTarget 0.9 .
        :w a sg:Law ; sg:jurisdiction "x" ; sg:legalStatus "x" ; sg:responsible "x" .
    """,
}


def broken(file: str, turtle: str) -> set[str]:
    graph = DataGraph(parse_rdf((PREFIXES + turtle).encode(), "turtle", SG, "test"), superclasses=ANCESTORS)
    return {str(result.shape).removeprefix(SHAPE_BASE) for result in shipped_shapes(file).validate(graph).results}


@pytest.mark.parametrize("file", FILES)
def test_sound_data_conform(file: str) -> None:
    assert broken(file, SOUND[file]) == set()


NUMBERS = [
    *("contextWindowTokens", "maxContextTokens", "sizeTokens", "dimensions", "bits", "parameterCount", "recallK"),
    *("costPerMillionTokens", "costSloPerCall", "cycleTimeMinutes", "hourlyCost", "latencySloMs", "searchLatencyMs"),
    *("logRetentionDays", "truncationRate", "recallAtK", "availabilityTarget", "inputPrice", "outputPrice"),
    *("disclosedShare", "strength", "cachedInputPrice", "cacheWritePrice", "reasoningPrice", "aboveInputTokens"),
    *("upToInputTokens", "replicas", "minimumReplicas", "maximumReplicas", "prefillReplicas", "acceleratorCount"),
    *("trafficShare", "peopleAffected", "noticeDays", "sampleSize", "minimumRetentionDays"),
]
FAULTS = [
    (ASSETS, 'sg:name "m"', 'sg:purpose "m"', "asset-name"),
    (ASSETS, 'sg:name "m"', 'sg:name "  "', "asset-name"),
    (ASSETS, 'sg:version "1"', 'sg:version ""', "asset-version"),
    (ASSETS, '"BRL"', '"R$"', "currency"),
    (ASSETS, '"BR"', '"br"', "country"),
    (ASSETS, 'sg:pricedModel "gpt" ;', "", "price-model"),
    (ASSETS, 'sg:currency "USD" ;', "", "price-currency"),
    (ASSETS, "sg:inputPrice 1.0 ;", "", "price-input"),
    (ASSETS, 'dct:bibliographicCitation "list" ;', "", "price-citation"),
    (ASSETS, 'sg:validFrom "2026-01-01T00:00:00Z"^^xsd:dateTime ; sg:validUntil', "sg:validUntil", "price-begin"),
    (ASSETS, 'sg:validUntil "2026', 'sg:validUntil "2025', "price-period"),
    (ASSETS, 'sg:effectiveUntil "2026', 'sg:effectiveUntil "2025', "document-period"),
    (ASSETS, 'sg:endedAt "2026', 'sg:endedAt "2025', "event-period"),
    (ASSETS, 'sg:rolledBackAt "2026', 'sg:rolledBackAt "2025', "deployment-undone"),
    (ASSETS, 'sg:knownAt "2026-03', 'sg:knownAt "2026-02', "incident-known"),
    (ASSETS, 'sg:authorityNotifiedAt "2026', 'sg:authorityNotifiedAt "2025', "incident-notified"),
    (ASSETS, 'sg:repliedAt "2026', 'sg:repliedAt "2025', "request-answered"),
    (ASSETS, 'sg:endOfLifeAt "2026', 'sg:endOfLifeAt "2025', "end-announced"),
    (ASSETS, "sg:targetAtMost 0.9", "sg:targetAtMost 0.6", "target-band"),
    (ASSETS, "sg:retentionDays 90", "sg:retentionDays 29", "retention-band"),
    (ASSETS, "sg:minimumRetentionDays 30 ; sg:retentionDays 90", "sg:retentionDays -1", "retentionDays"),
    (ASSETS, "sg:trafficShare 0.5", "sg:trafficShare 1.01", "trafficShare"),
    (ASSETS, "sg:strength 0.5", "sg:strength 0.0", "strength"),
    (ASSETS, "sg:strength 0.5", "sg:strength 1.01", "strength"),
    (ASSETS, "sg:truncationRate 0.5", "sg:truncationRate 1.01", "truncationRate"),
    *((ASSETS, f"sg:{name} ", f"sg:{name} -", name) for name in NUMBERS),
    (OBSERVATIONS, "sg:count 1", "sg:count -1", "observation-count"),
    (OBSERVATIONS, "sg:sum 1", "sg:sum -1", "observation-sum"),
    (OBSERVATIONS, "sg:min 1", "sg:min -1", "observation-min"),
    (OBSERVATIONS, "sg:min 1", "sg:min 3", "observation-order"),
    (OBSERVATIONS, "sg:max 2.0e0", 'sg:max "INF"^^xsd:double', "observation-max"),
    (OBSERVATIONS, 'sg:windowEnd "2026', 'sg:windowEnd "2025', "observation-window"),
]


@pytest.mark.parametrize(("file", "sound", "fault", "shape"), FAULTS)
def test_one_fault_breaks_its_shape_alone(file: str, sound: str, fault: str, shape: str) -> None:
    assert sound in SOUND[file]
    assert broken(file, SOUND[file].replace(sound, fault)) == {shape}


def documentation_cases() -> list[tuple[str, str]]:
    """Pair every documentation shape with the piece of the sound data that satisfies it."""
    lines = re.sub(r"\s+", " ", SOUND[DOCUMENTATION]).strip().removesuffix(".").split(" . ")
    pieces = [(line.split(" ; ")[0], piece) for line in lines for piece in line.split(" ; ")[1:]]
    return [(head, piece.strip()) for head, piece in pieces]


@pytest.mark.parametrize(("head", "piece"), documentation_cases())
def test_each_missing_field_is_one_warning(head: str, piece: str) -> None:
    text = re.sub(r"\s+", " ", SOUND[DOCUMENTATION])
    start = text.index(head)
    without = text[:start] + text[start:].replace(f"; {piece} ", "", 1)
    missing = broken(DOCUMENTATION, without)
    assert len(missing) == 1
    assert next(iter(missing)).startswith("documentation-")


def test_every_documentation_shape_has_a_case() -> None:
    assert len(documentation_cases()) == len(shipped_shapes(DOCUMENTATION).shapes)


def test_all_but_the_gates_own_shapes_have_a_fault() -> None:
    own = {"observation-unit", "observation-metric", "observation-subject"}
    groups = {"observation", "quantity", "share"}
    shapes = {iri.removeprefix(SHAPE_BASE) for file in (ASSETS, OBSERVATIONS) for iri in shipped_shapes(file).shapes}
    assert shapes - own - groups == {shape for _, _, _, shape in FAULTS}


@pytest.mark.parametrize("file", FILES)
def test_shapes_use_only_the_declared_subset(file: str) -> None:
    assert shipped_shapes(file).components() <= GATE_SUBSET


@pytest.mark.parametrize("constraint", ["sh:uniqueLang true", 'sh:languageIn ( "en" )', "sh:equals sg:version"])
def test_other_components_are_refused(constraint: str) -> None:
    text = (
        "@prefix sh: <http://www.w3.org/ns/shacl#> . @prefix sg: <https://w3id.org/stratagraph/ns#> . "
        f"sg:S sh:targetClass sg:Asset ; sh:property [ sh:path sg:name ; {constraint} ] ."
    )
    with pytest.raises(UnsupportedShape, match="subset"):
        compile_gate_shapes(parse_rdf(text.encode(), "turtle", SG, "test"))


def speaks(shape: Shape) -> bool:
    return {message.language for message in shape.messages} == {"en", "pt-br"}


@pytest.mark.parametrize("file", FILES)
def test_every_shape_speaks_both_languages(file: str) -> None:
    shapes = shipped_shapes(file).shapes.values()
    silent = [
        shape.iri
        for shape in shapes
        if not all(isinstance(one, Property) for one in shape.constraints) and not speaks(shape)
    ]
    assert silent == []


def test_documentation_only_warns() -> None:
    assert {shape.severity for shape in shipped_shapes(DOCUMENTATION).shapes.values()} == {SH.Warning}


@pytest.mark.parametrize("file", FILES)
def test_shapes_speak_of_terms_of_the_ontology(file: str) -> None:
    known = MODEL.classes.keys() | MODEL.relations.keys() | MODEL.attributes.keys()
    used = {SG.term(name) for name in re.findall(r"\bsg:(\w+)", (DATA / file).read_text(encoding="utf-8"))}
    assert used <= known

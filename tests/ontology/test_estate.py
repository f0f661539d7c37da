"""The example estate: complete, well named, and connected so that both flows of the source come out of it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

import pytest

import stratagraph.ontology
from stratagraph.ontology.facts import Fact, Iri, Literal
from stratagraph.ontology.identity import mint
from stratagraph.ontology.model import FlowInfo, load_model
from stratagraph.ontology.namespaces import ASSET_BASE, RDF, RDFS, SG, local_name
from stratagraph.ontology.syntax.parsing import parse_rdf

MODEL = load_model()
FOLDER = Path(stratagraph.ontology.__file__).parent / "estates"


def read(name: str) -> tuple[Fact, ...]:
    return tuple(parse_rdf((FOLDER / name).read_bytes(), "turtle", ASSET_BASE, name))


STATED, ASSUMED = read("llmops.ttl"), read("llmops-assumed.ttl")
ESTATE = (*STATED, *ASSUMED)
SECTION_5 = [
    "Prompt_SAC_Amigável_v2",
    "Prompt_Extracao_JSON_Fatura_v1",
    "Prompt_RAG_Academico_v3",
    "Agente_Suporte_EduVest",
    "Agente_Roteirizador_LogX",
    "CRM",
    "NavegadorSeguro",
    "Calendário",
    "CalcFreteAPI",
    "Maps",
    "ERP",
    "Modelo_Llama3_8B",
    "Modelo_XYZ_13B_Q8",
    "Embedding_PT_768_OpenText_v1",
    "Index_Clientes_2025Q1",
    "Dataset_Clientes",
    "Pipeline_Evals_Contínuas",
    "Pipeline_Treino_2025Q1",
    "Plataforma_LLMOps_Ask4Me",
    "Cluster_GPU_BR-1",
    "VectorStore_X",
    "EduVest",
    "Banco_Áureo",
    "PorkLog",
    "LGPD_BR",
    "AI_Act_UE",
    "Política_Interna_Dados_v1",
    "Latência_p95_ms",
    "Custo_1k_tokens",
    "Faithfulness",
    "ToxicityScore",
    "PII_Leakage",
    "Prompt_Injection",
    "Bias",
    "Vendor_LockIn",
]
EARLIER_SECTIONS = [
    "paciente",
    "contrato",
    "Tokenizer_BPE_PTBR_v3",
    "Layer_Attn_23",
    "Layer_MoE_7",
    "Hub_OpenSource_X",
    "Fornecedor_API_Y",
    "Controle_Redação_Logs",
    "Política_Autonomia_Agentes",
    "Dataset_Contratos_Anon",
]


def objects(subject: Iri, predicate: Iri) -> list[object]:
    return [fact.object for fact in ESTATE if (fact.subject, fact.predicate) == (subject, predicate)]


def names() -> dict[str, Iri]:
    return {f.object.value: f.subject for f in ESTATE if f.predicate == SG.name and isinstance(f.object, Literal)}


NAMED = names()


@pytest.mark.parametrize("name", [name.replace("Banco_", "Banco ") for name in (*SECTION_5, *EARLIER_SECTIONS)])
def test_the_source_documents_individual_is_there(name: str) -> None:
    assert name in NAMED


@pytest.mark.parametrize(("name", "iri"), NAMED.items())
def test_its_iri_is_the_minted_one_and_it_has_labels_in_both_languages(name: str, iri: Iri) -> None:
    (cls,) = objects(iri, RDF.type)
    assert mint(MODEL, str(cls), {SG.name: name}) == iri
    labels = [label for label in objects(iri, RDFS.label) if isinstance(label, Literal)]
    assert {label.language for label in labels} == {"en", "pt-br"}


def test_nothing_is_mentioned_that_is_not_described() -> None:
    ends = {term for f in ESTATE for term in (f.subject, f.object) if isinstance(term, str)}
    assert {end for end in ends if end.startswith(ASSET_BASE)} == set(NAMED.values())


def test_every_fact_uses_the_ontology_within_its_domain_and_range() -> None:
    faults = [fact for fact in ESTATE if fact.predicate.startswith(SG) and not fits(fact)]
    assert faults == []


def fits(fact: Fact) -> bool:
    """Say whether a fact's ends are of the classes, or its value of the datatype, that its property asks for."""
    if isinstance(fact.object, Literal):
        attribute = MODEL.attributes[fact.predicate]
        return within(fact.subject, attribute.domain) and fact.object.datatype == attribute.datatype
    relation = MODEL.relations[fact.predicate]
    return within(fact.subject, relation.domain) and (
        within(fact.object, relation.range) or not fact.object.startswith(ASSET_BASE)
    )


def within(iri: Iri, allowed: frozenset[Iri]) -> bool:
    found = {cls for stated in objects(iri, RDF.type) for cls in MODEL.ancestors(str(stated))}
    return bool(found & allowed) or not allowed


def test_a_single_valued_attribute_has_one_value() -> None:
    stated = [(f.subject, f.predicate) for f in ESTATE if isinstance(f.object, Literal)]
    single = [pair for pair in stated if pair[1] in MODEL.attributes and MODEL.attributes[pair[1]].single_valued]
    assert sorted(single) == sorted(set(single))


def test_the_values_of_section_4_are_there() -> None:
    def value(name: str, attribute: str) -> str:
        (found,) = objects(NAMED[name], SG.term(attribute))
        assert isinstance(found, Literal)
        return found.value

    assert value("Tokenizer_BPE_PTBR_v3", "truncationRate") == "0.021"
    assert value("Embedding_PT_768_OpenText_v1", "recallAtK") == "0.63"
    assert value("Layer_Attn_23", "parameterCount") == "42000000"
    assert value("Modelo_Llama3_8B", "maxContextTokens") == "8192"
    assert value("Plataforma_LLMOps_Ask4Me", "latencySloMs") == "150.0"
    assert value("Cluster_GPU_BR-1", "hourlyCost") == "12.50"
    assert value("PII_Leakage", "severity") == "high"


# ---- the flows, by brute force over the asserted relations: no code of the deriver is used


def edges(facts: Iterable[Fact], manner: Iri) -> Iterator[tuple[Iri, Iri]]:
    """Yield every influence (influencer, influenced) of the facts in one manner."""
    for fact in facts:
        relation = MODEL.relations.get(fact.predicate)
        for transmission in relation.transmissions if relation else ():
            if manner in transmission.manners:
                ends = (fact.subject, str(fact.object))
                yield ends if transmission.forward else ends[::-1]


def level(iri: Iri) -> Iri | None:
    return MODEL.level_of(str(cls) for cls in objects(iri, RDF.type))


def runs(flow: FlowInfo, start: Iri, facts: Iterable[Fact], manner: Iri) -> bool:
    """Say whether one asset after another lies on the flow's levels, each influencing the next in the manner.

    A load turns into its effect at one of the assets on the way, if at all.
    """
    facts, effect = list(facts), MODEL.manners[manner].turns_into
    before = list(edges(facts, manner))
    after = list(edges(facts, effect)) if effect else []
    frontier = {(start, False)}
    for step in flow.steps[1:]:
        reached = {
            (node, turned): {(b, turned) for a, b in (after if turned else before) if a == node and level(b) in step}
            | {(b, True) for a, b in after if a == node != start and not turned and level(b) in step}
            for node, turned in frontier
        }
        frontier = {end for ends in reached.values() if {level(end) for end, _ in ends} == step for end in ends}
    return bool(frontier)


MADE_UP = [
    ("Agente_Roteirizador_LogX", "partOf", "PorkLog"),
    ("Pipeline_Treino_2025Q1", "partOf", "Banco Áureo"),
    ("Prompt_Extracao_JSON_Fatura_v1", "partOf", "Banco Áureo"),
    ("Agente_Suporte_EduVest", "retrievesFrom", "Index_Clientes_2025Q1"),
    ("Prompt_SAC_Amigável_v2", "sizedWithin", "Plataforma_LLMOps_Ask4Me"),
    ("Prompt_RAG_Academico_v3", "sizedWithin", "Plataforma_LLMOps_Ask4Me"),
    ("Index_Clientes_2025Q1", "sizedWithin", "Plataforma_LLMOps_Ask4Me"),
]
"""Relations that the document gives no ground for."""


def test_what_is_made_up_stands_in_a_file_of_its_own() -> None:
    made_up = {Fact(NAMED[one], SG.term(relation), NAMED[other]) for one, relation, other in MADE_UP}
    assert set(ASSUMED) == made_up
    assert made_up & set(STATED) == set()


def test_the_vector_store_stands_in_its_region_and_is_no_part_of_the_cluster() -> None:
    assert objects(NAMED["VectorStore_X"], SG.partOf) == []
    assert objects(NAMED["VectorStore_X"], SG.region) == [Literal("BR-1")]


TOP_DOWN = (SG.RegulationChange, "LGPD_BR", SG.PrivacyRequirement)
BOTTOM_UP = (SG.Quantisation, "Layer_Attn_23", SG.ThroughputLoad)
HOPS = [
    (TOP_DOWN, "EduVest", "governedBy", "LGPD_BR"),
    (TOP_DOWN, "Plataforma_LLMOps_Ask4Me", "partOf", "EduVest"),
    (TOP_DOWN, "Pipeline_Evals_Contínuas", "partOf", "Plataforma_LLMOps_Ask4Me"),
    (TOP_DOWN, "Pipeline_Evals_Contínuas", "evaluates", "Agente_Suporte_EduVest"),
    (TOP_DOWN, "Prompt_RAG_Academico_v3", "partOf", "Agente_Suporte_EduVest"),
    (TOP_DOWN, "Prompt_RAG_Academico_v3", "dependsOn", "Tokenizer_BPE_PTBR_v3"),
    (TOP_DOWN, "Prompt_RAG_Academico_v3", "retrievesFrom", "Index_Clientes_2025Q1"),
    (BOTTOM_UP, "Layer_Attn_23", "partOf", "Modelo_XYZ_13B_Q8"),
    (BOTTOM_UP, "Modelo_XYZ_13B_Q8", "implementedIn", "Cluster_GPU_BR-1"),
    (BOTTOM_UP, "Plataforma_LLMOps_Ask4Me", "implementedIn", "Cluster_GPU_BR-1"),
    (BOTTOM_UP, "Index_Clientes_2025Q1", "sizedWithin", "Plataforma_LLMOps_Ask4Me"),
]


@pytest.mark.parametrize(("change", "start", "aspect"), [TOP_DOWN, BOTTOM_UP])
def test_the_flow_emerges_from_the_relations_on_one_aspect(change: Iri, start: str, aspect: Iri) -> None:
    (flow,) = MODEL.change_kinds[change].flows
    assert aspect in MODEL.change_kinds[change].acts
    assert runs(flow, NAMED[start], ESTATE, aspect)


@pytest.mark.parametrize(("case", "subject", "relation", "target"), HOPS, ids=lambda part: str(part)[-30:])
def test_without_one_relation_the_flow_is_gone(
    case: tuple[Iri, str, Iri], subject: str, relation: str, target: str
) -> None:
    change, start, aspect = case
    (flow,) = MODEL.change_kinds[change].flows
    removed = Fact(NAMED[subject], SG.term(relation), NAMED[target])
    assert removed in ESTATE
    assert not runs(flow, NAMED[start], [fact for fact in ESTATE if fact != removed], aspect)


def test_each_flow_needs_its_own_aspect() -> None:
    for change, start, aspect in (TOP_DOWN, BOTTOM_UP):
        (flow,) = MODEL.change_kinds[change].flows
        wrong = SG.ThroughputLoad if aspect == SG.PrivacyRequirement else SG.PrivacyRequirement
        assert not runs(flow, NAMED[start], ESTATE, wrong), local_name(flow.iri)

"""What a practitioner asks of the shipped estates: what the domain says is touched, what is not, and which way it goes.

Each row: the asset, the kind of change, assets that must be touched with the course they take, and those that must not.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import NamedTuple

import pytest

from stratagraph import ontology
from stratagraph.ontology.facts import Fact
from stratagraph.ontology.infos import Course
from stratagraph.ontology.namespaces import ASSET_BASE, SG
from stratagraph.ontology.syntax.parsing import RdfSyntax, parse_rdf
from stratagraph.queries.impact.impact import Impact, impact
from stratagraph.queries.names import resolve_change, resolve_name
from tests.queries import estate
from tests.queries.plain import PlainAdjacency, PlainStore, influences

MODEL = estate.MODEL
ESTATES = Path(ontology.__file__).parent / "estates"
NAMES = (
    "llmops.ttl",
    "llmops-assumed.ttl",
    "compliance.ttl",
    "case-credit-risk.ttl",
    "case-financial-adviser.ttl",
    "case-support-chatbot.ttl",
)
WORSE, BETTER, OPEN = Course.WORSENS, Course.IMPROVES, Course.UNKNOWN


class Question(NamedTuple):
    """A question with the answer that the domain gives."""

    asset: str
    change: str
    touched: dict[str, Course]
    untouched: tuple[str, ...]


QUESTIONS = [
    Question(
        "Modelo_Llama3_8B",
        "price-change",
        {"Agente_Suporte_EduVest": OPEN, "Agente_Roteirizador_LogX": OPEN, "Plataforma_LLMOps_Ask4Me": OPEN},
        ("Index_Clientes_2025Q1", "Prompt_SAC_Amigável_v2", "Cluster_GPU_BR-1", "ToxicityScore", "Modelo_XYZ_13B_Q8"),
    ),
    Question(
        "Modelo_Premium_Mare",
        "price-change",
        {"Consultor_Mare": OPEN, "Sistema_Consultor_Mare": OPEN, "Banco_Mare": OPEN, "Mare_Prompt_Consulta": OPEN},
        ("Mare_Infraestrutura", "Modelo_Leve_Mare", "Mare_Fidelidade"),
    ),
    Question(
        "Embedding_PT_768_OpenText_v1",
        "encoder-replacement",
        {"Index_Clientes_2025Q1": WORSE, "Prompt_RAG_Academico_v3": WORSE, "Agente_Suporte_EduVest": WORSE},
        ("Cluster_GPU_BR-1", "Modelo_Llama3_8B", "PorkLog", "Banco Áureo"),
    ),
    Question(
        "Prompt_SAC_Amigável_v2",
        "prompt-change",
        {"Agente_Suporte_EduVest": OPEN, "Pipeline_Evals_Contínuas": OPEN, "Tokenizer_BPE_PTBR_v3": OPEN},
        ("Layer_Attn_23", "Agente_Roteirizador_LogX", "Modelo_Llama3_8B", "Prompt_RAG_Academico_v3", "CloudX"),
    ),
    Question(
        "Index_Clientes_2025Q1",
        "index-rebuild",
        {"Prompt_RAG_Academico_v3": WORSE, "Agente_Suporte_EduVest": WORSE, "Plataforma_LLMOps_Ask4Me": WORSE},
        ("Prompt_SAC_Amigável_v2", "Modelo_Llama3_8B", "Dataset_Clientes"),
    ),
    Question(
        "LGPD_BR",
        "regulation-change",
        {"EduVest": OPEN, "PorkLog": OPEN, "Plataforma_LLMOps_Ask4Me": OPEN, "Index_Clientes_2025Q1": OPEN},
        (),
    ),
    Question(
        "BR-1",
        "region-loss",
        {
            "Cluster_GPU_BR-1": WORSE,
            "VectorStore_X": WORSE,
            "Modelo_Llama3_8B": WORSE,
            "Index_Clientes_2025Q1": WORSE,
            "Agente_Suporte_EduVest": WORSE,
            "Plataforma_LLMOps_Ask4Me": WORSE,
        },
        ("Hub_OpenSource_X", "Dataset_Clientes"),
    ),
    Question(
        "Cluster_GPU_BR-1",
        "outage",
        {"Modelo_Llama3_8B": WORSE, "Modelo_XYZ_13B_Q8": WORSE, "Agente_Suporte_EduVest": WORSE},
        ("BR-1", "Index_Clientes_2025Q1", "VectorStore_X"),
    ),
    Question(
        "VectorStore_X",
        "outage",
        {"Index_Clientes_2025Q1": WORSE, "Agente_Suporte_EduVest": WORSE, "Pipeline_Evals_Contínuas": WORSE},
        ("Cluster_GPU_BR-1", "Modelo_Llama3_8B", "PorkLog", "BR-1"),
    ),
    Question(
        "Tokenizer_BPE_PTBR_v3",
        "quota-cut",
        {"Prompt_SAC_Amigável_v2": WORSE, "Modelo_Llama3_8B": WORSE, "Agente_Suporte_EduVest": WORSE},
        ("Cluster_GPU_BR-1", "Dataset_Clientes"),
    ),
    Question(
        "CloudX",
        "end-of-life",
        {"Cluster_GPU_BR-1": WORSE, "Modelo_Llama3_8B": WORSE, "Agente_Suporte_EduVest": WORSE},
        ("VectorStore_X", "Dataset_Clientes"),
    ),
    Question(
        "Mare_Classificador_Dados",
        "control-removal",
        {"Sistema_Consultor_Mare": WORSE, "Mare_Risco_Dados": WORSE, "Banco_Mare": WORSE},
        ("EduVest", "Girassol_Kubernetes"),
    ),
    Question(
        "Controle_Redação_Logs",
        "control-removal",
        {"Plataforma_LLMOps_Ask4Me": WORSE, "PII_Leakage": WORSE, "Logs_Plataforma_Ask4Me": OPEN},
        ("Cluster_GPU_BR-1", "Modelo_Llama3_8B"),
    ),
    Question(
        "Modelo_Llama3_8B",
        "model-replacement",
        {"Agente_Suporte_EduVest": OPEN, "Agente_Roteirizador_LogX": OPEN, "Cluster_GPU_BR-1": OPEN},
        ("contrato", "paciente", "Hub_OpenSource_X", "Dataset_Clientes"),
    ),
    Question(
        "Dataset_Contratos_Anon",
        "data-contamination",
        {"Modelo_XYZ_13B": WORSE, "Modelo_XYZ_13B_Q8": WORSE, "Prompt_Extracao_JSON_Fatura_v1": WORSE},
        ("Cluster_GPU_BR-1", "PorkLog"),
    ),
    Question(
        "CRM",
        "tool-contract-change",
        {"Agente_Suporte_EduVest": WORSE, "Plataforma_LLMOps_Ask4Me": WORSE},
        ("Modelo_Llama3_8B", "Cluster_GPU_BR-1", "PorkLog"),
    ),
    Question(
        "Dataset_Clientes",
        "personal-data-exposure",
        {"Index_Clientes_2025Q1": WORSE, "Agente_Suporte_EduVest": WORSE, "EduVest": WORSE},
        ("Modelo_Llama3_8B", "Cluster_GPU_BR-1", "PorkLog"),
    ),
    Question(
        "Modelo_Llama3_8B",
        "outage",
        {"Agente_Suporte_EduVest": WORSE, "Modelo_XYZ_13B_Q8": BETTER, "Cluster_GPU_BR-1": BETTER},
        ("VectorStore_X", "BR-1"),
    ),
]


@cache
def stated() -> tuple[Fact, ...]:
    """What the shipped estates state."""
    return tuple(
        fact
        for name in NAMES
        for fact in parse_rdf((ESTATES / name).read_bytes(), RdfSyntax.TURTLE, ASSET_BASE, name, salt=name)
    )


@cache
def views() -> tuple[PlainAdjacency, PlainStore]:
    return PlainAdjacency(influences(MODEL, stated())), PlainStore(MODEL, [*stated(), *MODEL.triples])


def ask(asset: str, change: str) -> Impact:
    adjacency, store = views()
    return impact(adjacency, store, MODEL, resolve_name(store, MODEL, asset), change=resolve_change(MODEL, change))


@pytest.mark.parametrize("question", QUESTIONS, ids=lambda question: f"{question.asset}-{question.change}")
def test_a_change_touches_what_the_domain_says_and_nothing_absurd(question: Question) -> None:
    answer = ask(question.asset, question.change)
    _, store = views()
    courses = {asset: {shown.course for shown in reached.shown} for asset, reached in answer.assets.items()}
    touched = {resolve_name(store, MODEL, name): course for name, course in question.touched.items()}
    assert touched.keys() <= courses.keys()
    assert {asset: course for asset, course in touched.items() if course not in courses[asset]} == {}
    assert [name for name in question.untouched if resolve_name(store, MODEL, name) in courses] == []


def test_what_a_change_worsens_nowhere_is_never_said_to_worsen() -> None:
    answer = ask("Modelo_Llama3_8B", "outage")
    freed = [reached for reached in answer.assets.values() if MODEL.manners[reached.lane.manner].mode == SG.LoadMode]
    assert freed
    assert {reached.course for reached in freed} == {BETTER}


def test_no_path_of_an_answer_mixes_aspects_and_only_load_turns() -> None:
    for question in QUESTIONS:
        answer = ask(question.asset, question.change)
        for reached in answer.assets.values():
            manners = [MODEL.manners[hop.manner] for hop in answer.path(reached)]
            assert {manner.aspect for manner in manners} == {reached.aspect}
            modes = list(dict.fromkeys(manner.mode for manner in manners))
            assert len(modes) == 1 or modes == [SG.LoadMode, SG.EffectMode]

"""Laws and policies under the names that people give them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stratagraph.ontology.frameworks import bindings
from stratagraph.ontology.model import load_model
from stratagraph.ontology.namespaces import SG

KNOWN = bindings(load_model())


@pytest.mark.parametrize(
    ("name", "framework"),
    [
        ("LGPD", SG.FrameworkLGPD),
        ("lgpd", SG.FrameworkLGPD),
        ("LGPD_BR", SG.FrameworkLGPD),
        ("LGPD (Brasil)", SG.FrameworkLGPD),
        ("Lei Geral de Protecao de Dados", SG.FrameworkLGPD),
        ("LEI GERAL DE PROTEÇÃO DE DADOS PESSOAIS", SG.FrameworkLGPD),
        ("LGPD - Lei Geral de Proteção de Dados", SG.FrameworkLGPD),
        ("Lei nº 13.709/2018", SG.FrameworkLGPD),
        ("Lei 13.709", SG.FrameworkLGPD),
        ("LGPD 2018", SG.FrameworkLGPD),
        ("Lei nº 13.709, de 14 de agosto de 2018", SG.FrameworkLGPD),
        ("Lei n. 13.709/18", SG.FrameworkLGPD),
        ("Lei nº 13709/2018", SG.FrameworkLGPD),
        ("Lei Federal 13.709-2018", SG.FrameworkLGPD),
        ("AIA", SG.FrameworkEUAIAct),
        ("Lei da IA da UE", SG.FrameworkEUAIAct),
        ("EU AI Act", SG.FrameworkEUAIAct),
        ("EU-AI-ACT", SG.FrameworkEUAIAct),
        ("eu_ai_act", SG.FrameworkEUAIAct),
        ("EUAIAct", SG.FrameworkEUAIAct),
        ("AI Act", SG.FrameworkEUAIAct),
        ("AI_Act_UE", SG.FrameworkEUAIAct),
        ("Regulamento_IA_UE", SG.FrameworkEUAIAct),
        ("Regulamento europeu de IA", SG.FrameworkEUAIAct),
        ("Regulation (EU) 2024/1689", SG.FrameworkEUAIAct),
        ("Regulation (EU) 2024/1689 (AI Act)", SG.FrameworkEUAIAct),
        ("gdpr", SG.FrameworkGDPR),
        ("RGPD", SG.FrameworkGDPR),
        ("Regulation (EU) 2016/679", SG.FrameworkGDPR),
        ("ISO 42001:2023", SG.FrameworkISO42001),
        ("iso/iec 42001", SG.FrameworkISO42001),
        ("NIST AI RMF 1.0", SG.FrameworkNISTAIRMF),
        ("NIST AI 600-1", SG.FrameworkNISTAI600),
        ("PL 2338/2023", SG.FrameworkPL2338),
        ("Política_Interna_Dados_v1", SG.InternalDataPolicy),
        ("Data Policy 2026", SG.InternalDataPolicy),
        ("Política_Autonomia_Agentes", SG.AgentAutonomyPolicy),
    ],
)
def test_a_law_or_policy_answers_to_its_names_in_any_spelling(name: str, framework: str) -> None:
    assert KNOWN.recognise([], [name]) == {framework}
    assert KNOWN.recognise([name], []) == {framework}


@pytest.mark.parametrize(
    "name",
    [
        "privacy-law",
        "LGDP",
        "Colorado AI Act",
        "UK GDPR",
        "Utah AI Act",
        "GDPR/LGPD mapping",
        "GDPR LGPD",
        "",
        "  ",
        "-",
        "2018",
    ],
)
def test_what_is_no_name_of_a_framework_is_not_taken_for_one(name: str) -> None:
    assert KNOWN.recognise([], [name]) == frozenset()


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("LGDP", "LGPD"),
        ("EU AI Akt", "EU AI Act"),
        ("Colorado AI Act", "EU AI Act"),
        ("privacy-law", None),
        ("Brazilian LGPD", "LGPD"),
        ("BR LGPD", "LGPD"),
        ("LGPD art. 33", "LGPD"),
        ("UK GDPR", "GDPR"),
    ],
)
def test_the_nearest_code_is_offered(text: str, code: str | None) -> None:
    assert KNOWN.nearest([text], SG.RegulatoryFramework) == code


@pytest.mark.parametrize("text", ["GDPR/LGPD mapping", "LGPD e GDPR"])
def test_of_several_names_in_a_text_the_one_asked_for_is_nearest(text: str) -> None:
    for framework, code in ((SG.FrameworkLGPD, "LGPD"), (SG.FrameworkGDPR, "GDPR")):
        assert KNOWN.nearest([text], SG.RegulatoryFramework, asked=framework) == code
        assert KNOWN.nearest(["GDPR", "LGPD"], SG.RegulatoryFramework, asked=framework) == code


def test_a_known_code_goes_before_a_name_and_an_unknown_one_does_not() -> None:
    assert KNOWN.recognise(["GDPR"], ["LGPD"]) == {SG.FrameworkGDPR}
    assert KNOWN.recognise(["house code 7"], ["LGPD"]) == {SG.FrameworkLGPD}


def test_names_that_disagree_tell_nothing() -> None:
    assert KNOWN.recognise([], ["LGPD", "GDPR"]) == frozenset()


@given(st.text())
def test_any_text_can_be_asked(text: str) -> None:
    KNOWN.recognise([text], [text])
    KNOWN.nearest([text], SG.PolicyKind)


def test_no_two_frameworks_share_a_name() -> None:
    spelled = [("".join(name), iri) for iri, binding in KNOWN.known.items() for name in binding.names]
    owners = {text: {iri for other, iri in spelled if other == text} for text, _ in spelled}
    assert {text: iris for text, iris in owners.items() if len(iris) > 1} == {}

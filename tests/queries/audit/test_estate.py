"""The audit of the example estate."""

from __future__ import annotations

from datetime import UTC, date, datetime
from importlib.resources import files
from urllib.parse import unquote

import pytest

from stratagraph.ontology.facts import Fact, Literal
from stratagraph.ontology.identity import mint
from stratagraph.ontology.model import load_model
from stratagraph.ontology.namespaces import ASSET_BASE, RDF, SG
from stratagraph.ontology.syntax.parsing import parse_rdf
from stratagraph.queries.audit.compliance import evaluate
from stratagraph.queries.audit.verdicts import Audit, Origin
from stratagraph.queries.outcome import Outcome
from stratagraph.shapes.packs import load_rules
from tests.shapes.rules.estate import Estate

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)


def _read(name: str) -> list[Fact]:
    return parse_rdf((files("stratagraph.ontology") / "estates" / name).read_bytes(), "turtle", "https://x/", name)


@pytest.fixture(name="audit", scope="module")
def _audit() -> Audit:
    facts = [*_read("llmops.ttl"), *_read("llmops-assumed.ttl"), *_read("compliance.ttl")]
    return evaluate(_estate(facts), load_model(), load_rules(), on=NOW.date(), now=NOW)


def _estate(facts: list[Fact]) -> Estate:
    """Add the one inference that the estate's audit rests on: what governs the whole governs its parts."""
    governed = {fact for fact in facts if fact.predicate == SG.governedBy}
    parts = [fact for fact in facts if fact.predicate == SG.partOf]
    inferred: set[Fact] = set()
    for _ in parts:
        known = {*governed, *inferred}
        more = {
            Fact(part.subject, SG.governedBy, rule.object)
            for part in parts
            for rule in known
            if part.object == rule.subject
        }
        if more <= known:
            break
        inferred |= more - governed
    return Estate(facts, inferred=inferred)


def _outcomes(audit: Audit, rule: str) -> dict[str, str]:
    return {verdict.name: verdict.outcome.value for verdict in audit.verdicts if verdict.rule.id == rule}


PLATFORM = "Plataforma_LLMOps_Ask4Me"
LONE = dict.fromkeys(
    (
        "Agente_Roteirizador_LogX",
        "Dataset_Clientes",
        "Index_Clientes_2025Q1",
        "Logs_Plataforma_Ask4Me",
        "Pipeline_Treino_2025Q1",
        "VectorStore_X",
    ),
    "unknown",
)
"""What stands outside any system, or states personal data of its own, and of which nobody states enough."""


@pytest.mark.parametrize(
    ("rule", "outcomes"),
    [
        ("LGPD-07", {PLATFORM: "pass", **LONE, "Dataset_Contratos_Anon": "not_applicable"}),
        (
            "LGPD-33",
            {
                PLATFORM: "fail",
                **LONE,
                "Dataset_Contratos_Anon": "not_applicable",
                "Index_Clientes_2025Q1": "not_applicable",
            },
        ),
        ("LGPD-41", {"EduVest": "pass", "Banco Áureo": "unknown", "PorkLog": "pass"}),
        ("LGPD-46", {PLATFORM: "pass", **LONE, "Dataset_Contratos_Anon": "not_applicable"}),
        ("AIA-05-1", {PLATFORM: "pass", "Agente_Roteirizador_LogX": "unknown"}),
        ("AIA-50-1", {PLATFORM: "unknown", "Agente_Roteirizador_LogX": "unknown"}),
        ("AIA-26-6", {PLATFORM: "not_applicable", "Agente_Roteirizador_LogX": "not_applicable"}),
        ("POL-LOG-01", {PLATFORM: "pass"}),
        ("POL-AGENT-01", {"Agente_Suporte_EduVest": "pass", "Agente_Roteirizador_LogX": "fail"}),
        ("POL-SLO-01", {PLATFORM: "unknown"}),
    ],
)
def test_the_example_estate_shows_every_outcome(audit: Audit, rule: str, outcomes: dict[str, str]) -> None:
    assert _outcomes(audit, rule) == outcomes


def test_an_inferred_fact_is_marked_as_such(audit: Audit) -> None:
    """The platform is governed by the LGPD only because EduVest is."""
    (verdict,) = [v for v in audit.verdicts if v.rule.id == "LGPD-07" and v.name == PLATFORM]
    origins = {e.fact.predicate: e.origin for e in verdict.evidence}
    assert origins[SG.governedBy] is Origin.INFERRED
    assert origins[SG.personalData] is Origin.STATED


def test_every_asset_of_the_evidence_has_the_address_that_its_key_gives() -> None:
    model = load_model()
    facts = [*_read("llmops.ttl"), *_read("llmops-assumed.ttl"), *_read("compliance.ttl")]
    names = {f.subject: f.object for f in facts if f.predicate == SG.name}
    types = {f.subject: f.object for f in facts if f.predicate == RDF.type}
    for subject in {fact.subject for fact in _read("compliance.ttl")}:
        name, cls = names[subject], types[subject]
        assert isinstance(name, Literal)
        assert isinstance(cls, str)
        assert mint(model, cls, {SG.name: name.value}) == subject, unquote(subject.removeprefix(ASSET_BASE))


def test_a_rule_before_its_day_is_not_applicable_and_says_when() -> None:
    facts = [*_read("llmops.ttl"), *_read("llmops-assumed.ttl"), *_read("compliance.ttl")]
    audit = evaluate(_estate(facts), load_model(), load_rules(), on=date(2026, 7, 1), framework="EU AI Act", now=NOW)
    (verdict,) = [v for v in audit.verdicts if v.rule.id == "AIA-50-1" and v.name == PLATFORM]
    assert verdict.outcome is Outcome.NOT_APPLICABLE
    assert verdict.reasons[0].code == "not-yet-in-force"
    assert "2026-08-02" in verdict.reasons[0].text.text("en")

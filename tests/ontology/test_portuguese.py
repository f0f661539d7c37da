"""The Portuguese of the ontology and of every text file is Brazilian, and each idea has one word for it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from stratagraph.ontology.facts import Literal
from stratagraph.ontology.namespaces import SG, local_name
from tests.ontology.reference import MODEL

ROOT = Path(__file__).parents[2]
TEXT_FILES = sorted(
    file
    for folder in ("ontology", "queries", "service", "shapes")
    for file in (ROOT / folder).rglob("*.json")
    if file.name.lower().endswith(("pt-br.json", "pt.json"))
)
TAGGED = re.compile(r'"((?:[^"\\]|\\.)*)"@pt-BR')
EUROPEAN = re.compile(
    r"\b(partilh\w*|ficheiros?|utilizador\w*|registos?|equipas?|ecrãs?|aced(?:e|em|er)|factos?|acç\w+|contactos?"
    r"|bases? de dados|monitoriz\w+|planeamento|optimiz\w+|direcç\w+|actua\w+|projectos?|efectu\w+|objectiv\w+"
    r"|telemóve\w+|palavras?-passe|connosco|est(?:á|ão) a \w+r)\b",
    re.IGNORECASE,
)
ONE_WORD = {
    "a prompt template is no model": r"modelos? de prompt|modelo de frase",
    "share": r"\bfraç(?:ão|ões)",
    "human in the loop": r"pessoas? no (?:circuito|ciclo)\b(?! de vida)",
    "redaction is not writing": r"redação de (?:logs?|pii|dados)|(?:política|filtros?|regras?) de redação",
    "a deep network": r"redes? fundas?",
    "without hands": r"sem mãos",
    "a backend": r"bastidores",
    "person-days": r"dias-pessoa",
    "estate": r"\bacervos? (?:de exemplo|registra)|níveis do ambiente",
}
"""Words that stood beside the chosen one, or that say something else; a document's own spelling may be another name."""


def texts() -> Iterator[tuple[str, str]]:
    """Yield every Portuguese text with where it stands; other names are free."""
    for kind in (MODEL.labels, MODEL.definitions):
        yield from ((local_name(term), by["pt-br"]) for term, by in kind.items() if "pt-br" in by)
    for fact in MODEL.triples:
        if isinstance(fact.object, Literal) and fact.object.language == "pt-br" and "Label" not in fact.predicate:
            yield local_name(fact.subject), fact.object.value
    for file in TEXT_FILES:
        yield file.name, file.read_text(encoding="utf-8")
    for file in [*(ROOT / "shapes" / "data").rglob("*.ttl"), *(ROOT / "shapes" / "rules").rglob("*.ttl")]:
        yield from ((file.name, text) for text in TAGGED.findall(file.read_text(encoding="utf-8")))


ALL = list(texts())


def test_there_are_texts_to_look_at() -> None:
    assert len(TEXT_FILES) >= 4
    assert len(ALL) > 3000


def test_no_word_is_european() -> None:
    assert [(where, found.group()) for where, text in ALL if (found := EUROPEAN.search(text))] == []


@pytest.mark.parametrize("pattern", ONE_WORD.values(), ids=ONE_WORD)
def test_each_idea_has_one_word(pattern: str) -> None:
    found = re.compile(pattern, re.IGNORECASE)
    assert [(where, match.group()) for where, text in ALL if (match := found.search(text))] == []


def labels() -> Iterator[tuple[str, str, str]]:
    for term, by in MODEL.labels.items():
        if {"en", "pt-br"} <= set(by):
            yield local_name(term), by["en"].lower(), by["pt-br"].lower()


def test_safety_and_security_are_told_apart() -> None:
    safe = {name for name, english, portuguese in labels() if "safety" in english and "de uso" not in portuguese}
    secure = {
        name for name, english, portuguese in labels() if "security" in english and "segurança de uso" in portuguese
    }
    assert (safe, secure) == (set(), set())
    assert MODEL.label(SG.SafetyAspect, "pt-br") != MODEL.label(SG.SecurityRisk, "pt-br")


def test_a_rollback_is_a_rollback() -> None:
    assert {
        name: portuguese
        for name, english, portuguese in labels()
        if "rollback" in english and "rollback" not in portuguese
    } == {}


@pytest.mark.parametrize(
    ("term", "name"),
    [
        ("ProviderRole", "prestador"),
        ("DeployerRole", "responsável pela implantação"),
        ("LogRedaction", "redação de logs"),
        ("HumanReviewControl", "Human-in-the-loop"),
        ("RollbackControl", "Reversão"),
        ("rollback", "reversão"),
        ("L8", "LLM system"),
        ("L5", "Prompt / interface"),
        ("L6", "Agente / aplicação"),
    ],
)
def test_the_other_word_still_finds_the_term(term: str, name: str) -> None:
    assert name in MODEL.alternatives[SG.term(term)]


@pytest.mark.parametrize(
    ("term", "english"),
    [("L8", "LLMOps system"), ("OfferWritingUse", "Writing quotations"), ("DynamicRouting", "meta-model")],
)
def test_what_the_sources_say_is_not_lost_in_english(term: str, english: str) -> None:
    said = " ".join((MODEL.label(SG.term(term)), MODEL.definitions[SG.term(term)]["en"]))
    assert english in said

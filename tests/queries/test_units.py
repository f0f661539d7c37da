"""Units in words, in both languages; what UCUM writes without braces stays."""

from __future__ import annotations

import re

import pytest

from stratagraph.ontology.facts import Literal
from stratagraph.ontology.model import load_model
from stratagraph.ontology.namespaces import SG
from stratagraph.queries.messages import messages
from stratagraph.queries.units import unit_label


@pytest.mark.parametrize(
    ("unit", "english", "portuguese"),
    [
        ("1", "", ""),
        ("s", "s", "s"),
        ("BRL", "BRL", "BRL"),
        ("kW.h", "kW.h", "kW.h"),
        ("{token}", "tokens", "tokens"),
        ("{call}", "calls", "chamadas"),
        ("{token}/{call}", "tokens per call", "tokens por chamada"),
        ("USD/{call}", "USD per call", "USD por chamada"),
        ("{token}/s", "tokens per s", "tokens por s"),
        ("{currency}/(10*6.{token})", "currency per million tokens", "moeda por milhão de tokens"),
        ("{somebodys}/{own}", "somebodys per own", "somebodys por own"),
    ],
)
def test_a_unit_is_told_in_words(unit: str, english: str, portuguese: str) -> None:
    assert (unit_label(unit, "en"), unit_label(unit, "pt-BR")) == (english, portuguese)


@pytest.mark.parametrize("language", ["en", "pt-BR"])
def test_every_unit_of_the_ontology_has_words(language: str) -> None:
    units = {f.object.value for f in load_model().triples if f.predicate == SG.unit and isinstance(f.object, Literal)}
    assert len(units) > 20
    words = set(re.findall(r"\{(\w+)\}", " ".join(units)))
    assert {f"{word}-{form}" for word in words for form in ("one", "many")} - messages(
        "units", language
    ).keys() == set()
    assert not any("{" in unit_label(unit, language) for unit in units)

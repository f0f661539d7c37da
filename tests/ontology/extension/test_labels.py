"""Labels: one per language, in whichever module they stand."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.ontology.extension.extending import LABELS, MY, extended, lacking


@pytest.mark.parametrize(
    ("turtle", "rule"),
    [
        ("my:A rdfs:label 'one'@en , 'two'@en , 'um'@pt-BR .", "two-labels"),
        ("my:A rdfs:label 'one'@EN , 'two'@en , 'um'@pt-BR .", "two-labels"),
        ("my:A skos:prefLabel 'one'@fr , 'two'@fr ; rdfs:label 'x'@en , 'x'@pt-BR .", "two-labels"),
        ("my:A rdfs:label 'one' , 'two' , 'x'@en , 'x'@pt-BR .", "two-labels-untagged"),
        ("my:A rdfs:label 'x'@en , 'x'@pt .", "missing-label"),
        ("my:A rdfs:label 'x'@en-GB , 'x'@pt-BR .", "missing-label"),
        ("my:A rdfs:label 'one'@en , 'one'@en-GB , 'um'@pt-BR , 'um'@pt .", ""),
    ],
)
def test_labels_are_one_per_language(tmp_path: Path, turtle: str, rule: str) -> None:
    found = lacking(tmp_path, labels=f"my:A a owl:Class . {turtle}")
    assert [finding.rule for finding in found] == ([rule] if rule else [])


def test_a_label_of_the_plain_language_is_shown_to_whoever_asks_for_a_region(tmp_path: Path) -> None:
    judged = extended(tmp_path, labels="my:A a owl:Class ; rdfs:label 'Colour'@en-GB , 'Cor'@pt .")
    assert (judged.model.label(f"{MY}A", "en"), judged.model.label(f"{MY}A", "pt-BR")) == ("Colour", "Cor")


def test_two_labels_may_come_from_two_modules(tmp_path: Path) -> None:
    assert lacking(tmp_path, "two-labels", a=f"my:A a owl:Class ; {LABELS} .", b="my:A rdfs:label 'other'@en .")

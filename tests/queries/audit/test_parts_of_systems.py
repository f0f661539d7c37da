"""A part is judged with its system, unless it states data of its own."""

from __future__ import annotations

import pytest

from tests.queries.audit.verdict_cases import (
    FOUR,
    LGPD,
    PERSONAL,
    PURPOSE,
    control,
    outcome,
)


@pytest.mark.parametrize(
    ("relation", "right"),
    [
        ("sg:partOf :system", "none"),
        ("sg:partOf :system ; sg:personalData true", "unknown"),
        ("sg:name 't'", "unknown"),
    ],
)
@pytest.mark.parametrize("cls", ["TaskAgent", "TrainingPipeline", "Dataset"])
def test_a_part_is_judged_with_its_system_unless_it_states_data_of_its_own(cls: str, relation: str, right: str) -> None:
    estate = (
        LGPD + f':system a sg:LLMSystem ; sg:name "system" . :t a sg:{cls} ; sg:name "t" ; sg:governedBy :lgpd ; '
        f"{relation} ."
    )
    assert outcome("LGPD-07", estate) == right


def test_a_part_with_personal_data_makes_its_system_one_that_handles_it() -> None:
    estate = LGPD + ':t a sg:LLMSystem ; sg:name "t" ; sg:governedBy :lgpd ; sg:personalData false . '
    part = ':a a sg:Agent ; sg:name "a" ; sg:partOf :t ; sg:personalData true .'
    for rule in ("LGPD-07", "LGPD-33", "LGPD-46"):
        assert outcome(rule, estate) == "not_applicable"
        assert outcome(rule, estate + part) == "unknown"


def test_records_and_controls_of_the_whole_count_for_its_parts() -> None:
    whole = (
        LGPD
        + PERSONAL
        + PURPOSE
        + ":p sg:legalBasis sg:LgpdContract . "
        + FOUR
        + control("a", "AccessControl", "Implemented")
    )
    part = ':a a sg:Agent ; sg:name "a" ; sg:partOf :t ; sg:governedBy :lgpd ; sg:personalData true .'
    assert outcome("LGPD-07", whole + part.replace(":a ", ":part "), target="part") == "pass"
    assert outcome("LGPD-46", whole + part.replace(":a ", ":part "), target="part") == "pass"

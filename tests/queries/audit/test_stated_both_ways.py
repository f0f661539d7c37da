"""What an estate states both ways is judged strictly, and told as a warning."""

from __future__ import annotations

from datetime import date

import pytest

from tests.queries.audit.verdict_cases import (
    HIGH_RISK,
    LGPD,
    ORGANISATION,
    PERSONAL,
    TALKS,
    TODAY,
    judge,
)


def test_e17_a_class_stated_both_ways_is_judged_strictly_and_reported() -> None:
    verdict = judge("AIA-26-6", HIGH_RISK + "sg:riskClass sg:NotHighRisk , sg:HighRiskAnnexIII .", on=date(2027, 12, 5))
    assert verdict is not None
    assert verdict.outcome.value == "fail"
    assert "warning" in {reason.code for reason in verdict.reasons}


@pytest.mark.parametrize(
    ("rule", "estate", "predicate"),
    [
        ("LGPD-07", LGPD + PERSONAL, "personalData"),
        ("LGPD-33", LGPD + PERSONAL, "personalData"),
        ("LGPD-46", LGPD + PERSONAL, "personalData"),
        ("AIA-50-1", TALKS, "interactsWithPeople"),
        ("AIA-26-6", HIGH_RISK + "sg:riskClass sg:HighRiskAnnexIII .", "logsHeldByDeployer"),
        (
            "LGPD-41",
            ORGANISATION + ":t sg:actsAs sg:ControllerRole ; sg:smallProcessingAgent true .",
            "smallProcessingAgent",
        ),
    ],
)
def test_a_fact_stated_both_ways_binds_and_is_reported(rule: str, estate: str, predicate: str) -> None:
    verdict = judge(
        rule, f"{estate} :t sg:{predicate} false .", on=max(TODAY, date(2027, 12, 5)) if rule == "AIA-26-6" else TODAY
    )
    assert verdict is not None
    assert verdict.outcome.value != "not_applicable"
    assert "warning" in {reason.code for reason in verdict.reasons}

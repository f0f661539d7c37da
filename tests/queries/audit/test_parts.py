"""What stands in the parts of a target counts with it: a whole is never judged better than what it is made of."""

from __future__ import annotations

from datetime import date

import pytest

from tests.queries.audit.verdict_cases import ACT, FIRST_EIGHT, LGPD, outcome, screening

SYSTEM = ACT + ':t a sg:LLMSystem ; sg:name "t" ; sg:governedBy :act . '
PART = ':a a sg:Agent ; sg:name "a" ; sg:partOf :t . '
ONE = "sg:ManipulationPractice"
CLEAN = screening("clean", "2026-11-01", FIRST_EIGHT, "NothingFound")
LATER = date(2027, 12, 5)


def of_part(name: str, at: str, practices: str, result: str) -> str:
    """Write a screening of the part."""
    return screening(name, at, practices, result).replace(":t sg:has", ":a sg:has", 1)


@pytest.mark.parametrize(
    ("screenings", "right"),
    [
        (CLEAN, "pass"),
        (CLEAN + of_part("b", "2026-11-02", ONE, "PracticeFound"), "fail"),
        # A later screening of the whole, or of the part, takes its place; that of another part does not.
        (CLEAN + of_part("b", "2026-10-02", ONE, "PracticeFound"), "pass"),
        (
            CLEAN + of_part("b", "2026-11-02", ONE, "PracticeFound") + of_part("c", "2026-11-03", ONE, "NothingFound"),
            "pass",
        ),
        (
            CLEAN
            + of_part("b", "2026-11-02", ONE, "PracticeFound")
            + of_part("c", "2026-11-03", "sg:SocialScoringPractice", "NothingFound"),
            "fail",
        ),
        (
            CLEAN
            + of_part("b", "2026-11-02", ONE, "PracticeFound")
            + of_part("c", "2026-11-03", ONE, "NothingFound").replace(":a sg:has", ":other sg:has", 1)
            + ':other a sg:Agent ; sg:name "other" ; sg:partOf :t . ',
            "fail",
        ),
        (
            CLEAN + of_part("b", "2026-11-02", ONE, "PracticeFound") + of_part("c", "2028-01-01", ONE, "NothingFound"),
            "fail",
        ),
        (
            screening("x", "2026-11-01", FIRST_EIGHT, "PracticeFound")
            + of_part("b", "2026-10-02", ONE, "PracticeFound")
            + of_part("c", "2026-11-03", FIRST_EIGHT, "NothingFound"),
            "fail",
        ),
        # What is clean in a part says nothing of the whole.
        (of_part("b", "2026-11-02", FIRST_EIGHT, "NothingFound"), "unknown"),
        (
            screening("x", "2026-11-01", FIRST_EIGHT, "PracticeFound")
            + of_part("b", "2026-11-02", FIRST_EIGHT, "NothingFound"),
            "fail",
        ),
        # Dates that decide and cannot be read never count for the better.
        (
            CLEAN + of_part("b", "2026-11-02", ONE, "PracticeFound") + of_part("c", "20260-11-03", ONE, "NothingFound"),
            "fail",
        ),
    ],
)
def test_a_prohibited_practice_found_in_a_part_is_found(screenings: str, right: str) -> None:
    assert outcome("AIA-05-1", SYSTEM + PART + screenings) == right


@pytest.mark.parametrize(
    ("practices", "exception", "right"),
    [
        ("sg:BiometricSortingPractice", "sg:BiometricSortingPractice", "pass"),
        (FIRST_EIGHT, "sg:BiometricSortingPractice", "pass"),
        ("sg:ManipulationPractice", "sg:BiometricSortingPractice", "unknown"),
        ("sg:LiveIdentificationPractice", "sg:BiometricSortingPractice", "unknown"),
        (f"{ONE} , sg:CrimePredictionPractice", "sg:CrimePredictionPractice , sg:EmotionInferencePractice", "unknown"),
        (ONE, ONE, "fail"),
    ],
)
def test_an_exception_is_for_a_practice_that_was_screened(practices: str, exception: str, right: str) -> None:
    excused = screening("b", "2026-11-02", practices, "ExceptionRecorded", f"; sg:exceptionFor {exception}")
    assert outcome("AIA-05-1", SYSTEM + CLEAN + excused) == right


@pytest.mark.parametrize(
    ("estate", "right"),
    [
        (":t sg:interactsWithPeople false .", "not_applicable"),
        (":t sg:interactsWithPeople false . :a sg:interactsWithPeople true .", "unknown"),
        (":a sg:interactsWithPeople true .", "unknown"),
        (":a sg:interactsWithPeople false .", "unknown"),
    ],
)
def test_who_talks_to_people_in_a_part_talks_to_people(estate: str, right: str) -> None:
    assert outcome("AIA-50-1", SYSTEM + PART + ":t sg:actsAs sg:ProviderRole . " + estate) == right


@pytest.mark.parametrize(
    ("estate", "right"),
    [
        (":t sg:riskClass sg:NotHighRisk ; sg:logRetentionDays 200 .", "not_applicable"),
        (":t sg:riskClass sg:NotHighRisk ; sg:logRetentionDays 200 . :a sg:riskClass sg:HighRiskAnnexIII .", "pass"),
        (":t sg:logRetentionDays 30 . :a sg:riskClass sg:HighRiskAnnexIII .", "fail"),
        (":t sg:riskClass sg:HighRiskAnnexIII ; sg:logRetentionDays 200 . :a sg:logRetentionDays 10 .", "fail"),
        (":t sg:riskClass sg:HighRiskAnnexIII . :a sg:logRetentionDays 200 .", "unknown"),
        (":a sg:riskClass sg:NotHighRisk .", "unknown"),
    ],
)
def test_a_part_of_high_risk_makes_its_system_one(estate: str, right: str) -> None:
    held = ":t sg:actsAs sg:DeployerRole ; sg:logsHeldByDeployer true . "
    assert outcome("AIA-26-6", SYSTEM + PART + held + estate, on=LATER) == right


@pytest.mark.parametrize("cls", ["Memory", "Cache", "SystemComponent", "DataLake", "VectorStore", "Embedding"])
@pytest.mark.parametrize("rule", ["LGPD-07", "LGPD-33", "LGPD-46"])
def test_whatever_states_personal_data_of_its_own_is_judged(cls: str, rule: str) -> None:
    store = LGPD + f':t a sg:{cls} ; sg:name "t" ; sg:governedBy :lgpd '
    assert outcome(rule, store + "; sg:personalData true .") == "unknown"
    assert outcome(rule, store + "; sg:personalData false .") == "not_applicable"


INDEX = ':i a sg:VectorIndex ; sg:name "i" . '


@pytest.mark.parametrize(
    ("estate", "right"),
    [
        ("", "not_applicable"),
        (":t sg:retrievesFrom :i .", "not_applicable"),
        (":t sg:retrievesFrom :i . :i sg:personalData false .", "not_applicable"),
        (":t sg:retrievesFrom :i . :i sg:personalData true .", "unknown"),
        (":a sg:retrievesFrom :i . :i sg:personalData true .", "unknown"),
        (
            ":a sg:retrievesFrom :i . :i sg:indexes :d . :d a sg:Dataset ; sg:name 'd' ; sg:personalData true .",
            "unknown",
        ),
        # What others retrieve from is no matter of this one.
        (":o a sg:LLMSystem ; sg:name 'o' ; sg:retrievesFrom :i . :i sg:personalData true .", "not_applicable"),
    ],
)
@pytest.mark.parametrize("rule", ["LGPD-07", "LGPD-33", "LGPD-46"])
def test_who_retrieves_personal_data_handles_it_whatever_they_state(rule: str, estate: str, right: str) -> None:
    """A statement is no ground for not applicable where another statement contradicts it."""
    stated = LGPD + ':t a sg:LLMSystem ; sg:name "t" ; sg:governedBy :lgpd ; sg:personalData false . '
    assert outcome(rule, stated + PART + INDEX + estate) == right

"""The edge cases of the domain review, E1 to E30, and their families: what each estate is, and the right verdict."""

from __future__ import annotations

from datetime import date

import pytest

from tests.queries.audit.verdict_cases import (
    ABROAD,
    CLAUSES,
    FIRST_EIGHT,
    FOUR,
    HOME,
    LATER_TWO,
    LGPD,
    ORGANISATION,
    PERSONAL,
    POLICY,
    PURPOSE,
    SIGNED,
    SYSTEM,
    TALKS,
    TEST,
    TO_ABROAD,
    UNDER_ACT,
    control,
    judge,
    outcome,
    record,
    screening,
)


@pytest.mark.parametrize(
    ("case", "rule", "estate", "right"),
    [
        # A law under its natural name is the law; one that nobody knows leaves the question open.
        ("E1", "LGPD-07", ':lgpd a sg:Law ; sg:name "LGPD" . ' + PERSONAL + PURPOSE, "unknown"),
        (
            "E1 judged",
            "LGPD-07",
            ':lgpd a sg:Law ; sg:name "LGPD" . ' + PERSONAL + PURPOSE + ":p sg:legalBasis sg:LgpdConsent .",
            "pass",
        ),
        ("E1 odd", "LGPD-07", ':lgpd a sg:Law ; sg:name "privacy-law" . ' + PERSONAL, "unknown"),
        *(
            (f"E2 {rule}", rule, POLICY + SYSTEM + ":t sg:governedBy :policy .", "unknown")
            for rule in ("LGPD-07", "LGPD-33", "LGPD-46", "AIA-05-1", "AIA-50-1")
        ),
        ("E2 team", "LGPD-41", POLICY + ':t a sg:Organisation ; sg:name "t" ; sg:governedBy :policy .', "unknown"),
        *(
            (f"E3 {rule}", rule, SYSTEM, "unknown")
            for rule in ("LGPD-07", "LGPD-33", "LGPD-46", "AIA-05-1", "AIA-50-1", "POL-LOG-01", "POL-SLO-01")
        ),
        # Where personal data goes: stated of the system, its parts, the agents it delegates to, the models in use.
        (
            "E4",
            "LGPD-33",
            LGPD
            + PERSONAL
            + HOME
            + ABROAD
            + ':t sg:sendsPersonalDataTo :home . :a a sg:Agent ; sg:name "a" ; sg:partOf :t ; '
            "sg:sendsPersonalDataTo :abroad .",
            "unknown",
        ),
        (
            "E5",
            "LGPD-33",
            LGPD
            + PERSONAL
            + HOME
            + ABROAD
            + ':t sg:sendsPersonalDataTo :home ; sg:usesModel :m . :m a sg:BaseModel ; sg:name "m" ; '
            "sg:providedBy :abroad .",
            "unknown",
        ),
        (
            "E5 placeless",
            "LGPD-33",
            LGPD
            + PERSONAL
            + HOME
            + ':t sg:sendsPersonalDataTo :home ; sg:usesModel :m . :m a sg:BaseModel ; sg:name "m" .',
            "unknown",
        ),
        (
            "E5 at home",
            "LGPD-33",
            LGPD
            + PERSONAL
            + HOME
            + ABROAD
            + ':t sg:usesModel :m . :m a sg:BaseModel ; sg:name "m" ; sg:providedBy :abroad ; sg:implementedIn :home .',
            "not_applicable",
        ),
        (
            "E5 spared",
            "LGPD-33",
            LGPD
            + PERSONAL
            + HOME
            + ABROAD
            + ":t sg:sendsPersonalDataTo :home ; sg:sendsNoPersonalDataTo :abroad ; sg:usesModel :m . :m a "
            'sg:BaseModel ; sg:name "m" ; sg:providedBy :abroad .',
            "not_applicable",
        ),
        (
            "E5 spared, yet sent",
            "LGPD-33",
            LGPD + PERSONAL + ABROAD + ":t sg:sendsPersonalDataTo :abroad ; sg:sendsNoPersonalDataTo :abroad .",
            "unknown",
        ),
        (
            "E5 delegated",
            "LGPD-33",
            LGPD
            + PERSONAL
            + HOME
            + ABROAD
            + ':t sg:sendsPersonalDataTo :home . :a a sg:Agent ; sg:name "a" ; sg:partOf :t ; sg:delegatesTo :b '
            '. :b a sg:Agent ; sg:name "b" ; sg:sendsPersonalDataTo :abroad .',
            "unknown",
        ),
        (
            "E5 hosted",
            "LGPD-33",
            LGPD
            + PERSONAL
            + HOME
            + ':t sg:sendsPersonalDataTo :home ; sg:implementedIn :c . :c a sg:Infrastructure ; sg:name "c" ; '
            'sg:country "US" .',
            "unknown",
        ),
        (
            "E6",
            "LGPD-33",
            LGPD
            + ABROAD
            + ':t a sg:Agent ; sg:name "t" ; sg:governedBy :lgpd ; sg:personalData true ; sg:sendsPersonalDataTo '
            ":abroad .",
            "unknown",
        ),
        (
            "E6 covered",
            "LGPD-33",
            LGPD
            + TO_ABROAD
            + record("r", SIGNED)
            + ':t a sg:Agent ; sg:name "t" ; sg:governedBy :lgpd ; sg:personalData true .',
            "pass",
        ),
        ("E8", "LGPD-07", LGPD + PERSONAL + PURPOSE + ":p sg:legalBasis sg:LgpdContract , sg:LgpdConsent .", "pass"),
        (
            "E8 none",
            "LGPD-07",
            LGPD + PERSONAL + PURPOSE + ":p sg:legalBasis sg:LgpdContract , sg:NoLegalBasis .",
            "fail",
        ),
        (
            "E9",
            "LGPD-46",
            LGPD
            + PERSONAL
            + FOUR
            + control("a", "AccessControl", "Implemented")
            + control("b", "AccessControl", "NotImplemented"),
            "pass",
        ),
        (
            "E9 unstated",
            "LGPD-46",
            LGPD + PERSONAL + FOUR + control("a", "AccessControl", "Implemented") + control("b", "AccessControl", ""),
            "pass",
        ),
        ("E9 planned", "LGPD-46", LGPD + PERSONAL + FOUR + control("b", "AccessControl", "NotImplemented"), "fail"),
        ("E9 partly", "LGPD-46", LGPD + PERSONAL + FOUR + control("b", "AccessControl", "PartlyImplemented"), "fail"),
        ("E9 none", "LGPD-46", LGPD + PERSONAL + FOUR, "unknown"),
        (
            "E9 logs",
            "POL-LOG-01",
            ':p a sg:InternalPolicy ; sg:name "p" ; sg:policyKind sg:InternalDataPolicy . '
            + SYSTEM
            + ":t sg:governedBy :p . "
            + control("a", "LogRedaction", "Implemented")
            + control("b", "LogRedaction", "NotImplemented"),
            "pass",
        ),
        (
            "E10",
            "LGPD-33",
            LGPD + PERSONAL + TO_ABROAD + record("r", CLAUSES + '"2028-01-01T00:00:00Z"^^xsd:dateTime'),
            "unknown",
        ),
        ("E10 signed", "LGPD-33", LGPD + PERSONAL + TO_ABROAD + record("r", SIGNED), "pass"),
        (
            "E12 small, silent",
            "LGPD-41",
            ORGANISATION + ":t sg:actsAs sg:ControllerRole ; sg:smallProcessingAgent true .",
            "unknown",
        ),
        (
            "E12 small, channel",
            "LGPD-41",
            ORGANISATION + ":t sg:actsAs sg:ControllerRole ; sg:smallProcessingAgent true ; sg:dataSubjectChannel "
            '"https://example.org/x" .',
            "pass",
        ),
        (
            "E12 not small",
            "LGPD-41",
            ORGANISATION + ":t sg:actsAs sg:ControllerRole ; sg:smallProcessingAgent false ; sg:dataSubjectChannel "
            '"https://example.org/x" .',
            "unknown",
        ),
        ("E12 operator", "LGPD-41", ORGANISATION + ":t sg:actsAs sg:OperatorRole .", "not_applicable"),
        ("E12 deployer", "LGPD-41", ORGANISATION + ":t sg:actsAs sg:DeployerRole .", "unknown"),
        (
            "E13",
            "AIA-05-1",
            UNDER_ACT
            + screening("a", "2026-11-01", FIRST_EIGHT, "NothingFound")
            + screening("b", "2026-11-02", "sg:ManipulationPractice", "ExceptionRecorded"),
            "fail",
        ),
        *(
            (
                f"E13 {practice}",
                "AIA-05-1",
                UNDER_ACT
                + screening("a", "2026-11-01", FIRST_EIGHT, "NothingFound")
                + screening("b", "2026-11-02", f"sg:{practice}", "ExceptionRecorded"),
                right,
            )
            for practice, right in (
                ("VulnerabilityPractice", "fail"),
                ("SocialScoringPractice", "fail"),
                ("FaceScrapingPractice", "fail"),
                ("IntimateImagePractice", "fail"),
                ("ChildAbuseMaterialPractice", "fail"),
                ("CrimePredictionPractice", "pass"),
                ("EmotionInferencePractice", "pass"),
                ("BiometricSortingPractice", "pass"),
                ("LiveIdentificationPractice", "pass"),
            )
        ),
        (
            "E13 which",
            "AIA-05-1",
            UNDER_ACT + screening("a", "2026-11-01", FIRST_EIGHT, "ExceptionRecorded"),
            "unknown",
        ),
        (
            "E13 this",
            "AIA-05-1",
            UNDER_ACT
            + screening(
                "a", "2026-11-01", FIRST_EIGHT, "ExceptionRecorded", "; sg:exceptionFor sg:BiometricSortingPractice"
            ),
            "pass",
        ),
        (
            "E13 that",
            "AIA-05-1",
            UNDER_ACT
            + screening(
                "a",
                "2026-11-01",
                FIRST_EIGHT,
                "ExceptionRecorded",
                "; sg:exceptionFor sg:BiometricSortingPractice , sg:FaceScrapingPractice",
            ),
            "fail",
        ),
        (
            "E14",
            "AIA-05-1",
            UNDER_ACT
            + screening("a", "2026-03-01", FIRST_EIGHT, "PracticeFound")
            + screening("b", "2026-09-01", FIRST_EIGHT, "NothingFound"),
            "pass",
        ),
        (
            "E14 back",
            "AIA-05-1",
            UNDER_ACT
            + screening("a", "2026-03-01", FIRST_EIGHT, "NothingFound")
            + screening("b", "2026-09-01", FIRST_EIGHT, "PracticeFound"),
            "fail",
        ),
        (
            "E14 in part",
            "AIA-05-1",
            UNDER_ACT
            + screening("a", "2026-03-01", FIRST_EIGHT, "PracticeFound")
            + screening("b", "2026-09-01", FIRST_EIGHT.replace("sg:ManipulationPractice , ", ""), "NothingFound"),
            "fail",
        ),
        (
            "E14 same day",
            "AIA-05-1",
            UNDER_ACT
            + screening("a", "2026-03-01", FIRST_EIGHT, "PracticeFound")
            + screening("b", "2026-03-01", FIRST_EIGHT, "NothingFound"),
            "fail",
        ),
        (
            "E14 yet to come",
            "AIA-05-1",
            UNDER_ACT
            + screening("a", "2026-03-01", FIRST_EIGHT, "PracticeFound")
            + screening("b", "2027-03-01", FIRST_EIGHT, "NothingFound"),
            "fail",
        ),
        ("E15", "AIA-05-1", UNDER_ACT + screening("a", "2027-03-01", FIRST_EIGHT, "NothingFound"), "unknown"),
        (
            "E16",
            "AIA-05-1",
            UNDER_ACT + screening("a", "2026-03-01", "sg:ManipulationPractice", "NothingFound"),
            "unknown",
        ),
        (
            "E18",
            "LGPD-07",
            LGPD
            + ':o a sg:Organisation ; sg:name "o" ; sg:governedBy :lgpd . '
            + SYSTEM
            + ":t sg:partOf :o ; sg:governedBy :lgpd .",
            "unknown",
        ),
        *(
            (
                f"E19 {cls} {rule}",
                rule,
                LGPD + f':t a sg:{cls} ; sg:name "t" ; sg:governedBy :lgpd ; sg:personalData true .',
                "unknown",
            )
            for cls in ("TrainingPipeline", "Dataset", "VectorIndex", "VectorStore", "TaskAgent")
            for rule in ("LGPD-07", "LGPD-33", "LGPD-46")
        ),
        (
            "E20",
            "LGPD-33",
            LGPD + PERSONAL + ':t sg:sendsPersonalDataTo :uk . :uk a sg:Provider ; sg:name "uk" ; sg:country "GB" ; '
            "sg:coveredByTransfer :r . " + record("r", "sg:transferMechanism sg:TransferAdequacy"),
            "fail",
        ),
        (
            "E20 Portugal",
            "LGPD-33",
            LGPD + PERSONAL + ':t sg:sendsPersonalDataTo :pt . :pt a sg:Provider ; sg:name "pt" ; sg:country "PT" ; '
            "sg:coveredByTransfer :r . " + record("r", "sg:transferMechanism sg:TransferAdequacy"),
            "pass",
        ),
        ("E22", "AIA-50-1", TALKS + TEST + "1 .", "unknown"),
        ("E22 below", "AIA-50-1", TALKS + TEST + "29 .", "unknown"),
        ("E22 floor", "AIA-50-1", TALKS + TEST + "30 .", "pass"),
        ("E22 agent", "AIA-50-1", TALKS.replace("sg:LLMSystem", "sg:TaskAgent") + TEST + "30 .", "pass"),
        (
            "E30",
            "LGPD-33",
            LGPD
            + PERSONAL
            + TO_ABROAD
            + record("r", SIGNED)
            + ':a a sg:Agent ; sg:name "a" ; sg:partOf :t ; sg:sendsPersonalDataTo :other . :other a sg:Provider '
            '; sg:name "other" ; sg:country "US" .',
            "unknown",
        ),
    ],
    ids=lambda value: value if isinstance(value, str) and value.startswith("E") else "",
)
def test_an_estate_at_the_edge_gets_the_right_verdict(case: str, rule: str, estate: str, right: str) -> None:
    assert outcome(rule, estate) == right, (case, judge(rule, estate))


def test_e8_two_legal_bases_are_told_as_a_warning() -> None:
    verdict = judge("LGPD-07", LGPD + PERSONAL + PURPOSE + ":p sg:legalBasis sg:LgpdContract , sg:LgpdConsent .")
    assert verdict is not None
    assert [reason.code for reason in verdict.reasons][-1] == "warning"


@pytest.mark.parametrize(
    ("day", "practices", "right"),
    [
        (date(2026, 12, 1), FIRST_EIGHT, "pass"),
        (date(2026, 12, 2), FIRST_EIGHT, "unknown"),
        (date(2026, 12, 15), FIRST_EIGHT, "unknown"),
        (date(2026, 12, 15), f"{FIRST_EIGHT} , sg:IntimateImagePractice", "unknown"),
        (date(2026, 12, 15), f"{FIRST_EIGHT} , {LATER_TWO}", "pass"),
    ],
)
def test_the_two_later_practices_are_asked_for_from_their_day_on(day: date, practices: str, right: str) -> None:
    assert outcome("AIA-05-1", UNDER_ACT + screening("a", "2026-11-01", practices, "NothingFound"), on=day) == right

"""Dates that decide whether evidence counts: what cannot be read never counts for the better."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from stratagraph.ontology.facts import Literal
from stratagraph.ontology.model import load_model
from stratagraph.ontology.namespaces import XSD
from stratagraph.queries.audit.compliance import evaluate
from stratagraph.queries.audit.freshness import moment_of
from stratagraph.queries.audit.verdicts import Audit
from tests.queries.audit.verdict_cases import (
    ABROAD,
    ACT,
    FIRST_EIGHT,
    LGPD,
    PERSONAL,
    RULES,
    facts,
    judge,
    outcome,
    record,
)
from tests.shapes.rules.estate import Estate

RECORD = (
    ':t sg:hasProcessingRecord :p . :p a sg:ProcessingRecord ; sg:name "p" ; sg:processingPurpose "support" ; '
    "sg:legalBasis sg:LgpdConsent . "
)
SCREENED = (
    ACT
    + ":t a sg:LLMSystem ; sg:name 't' ; sg:governedBy :act ; sg:hasAssessment :a . "
    + ":a a sg:PracticeScreening ; sg:name 'a' ; sg:screensFor "
    + f"{FIRST_EIGHT} ; sg:screeningResult sg:NothingFound ; sg:assessedAt"
    + ' "{at}"^^xsd:dateTime . '
)
INSTANT = timedelta(microseconds=1)
UNREADABLE = (
    "20260-01-01T00:00:00Z",
    "10000-01-01T00:00:00Z",
    "123456-01-01T00:00:00Z",
    "0000-01-01T00:00:00Z",
    "-0001-01-01T00:00:00Z",
    "-2026-01-01T00:00:00Z",
    "2026-02-30T00:00:00Z",
    "2026-13-01T00:00:00Z",
    "2026-01-01T25:00:00Z",
    "2026-01-01 00:00:00",
    "20260101T000000Z",
    "2026-W01-1",
    "01/02/2026",
    "soon",
    "",
)


@pytest.mark.parametrize("text", UNREADABLE)
@pytest.mark.parametrize("predicate", ["effectiveFrom", "effectiveUntil"])
def test_a_document_whose_period_cannot_be_read_is_not_counted(predicate: str, text: str) -> None:
    verdict = judge("LGPD-07", LGPD + PERSONAL + RECORD + f':p sg:{predicate} "{text}"^^xsd:dateTime .')
    assert verdict is not None
    assert verdict.outcome.value == "unknown"
    (told,) = [reason for reason in verdict.reasons if reason.code == "date-unreadable"]
    assert f"The date {text} (sg:{predicate})" in told.text.text("en")
    # What nobody can date is neither too old nor too new.
    assert "evidence-expired" not in {reason.code for reason in verdict.reasons}


@pytest.mark.parametrize("text", UNREADABLE)
def test_a_screening_whose_date_cannot_be_read_is_not_counted(text: str) -> None:
    estate = f"""{ACT} :t a sg:LLMSystem ; sg:name "t" ; sg:governedBy :act ; sg:hasAssessment :a .
        :a a sg:PracticeScreening ; sg:name "a" ; sg:screensFor {FIRST_EIGHT} ; sg:screeningResult sg:NothingFound ;
            sg:assessedAt "{text}"^^xsd:dateTime ."""
    assert outcome("AIA-05-1", estate) == "unknown"


@pytest.mark.parametrize(
    "text", [*UNREADABLE, "2026-11-27T12:00:01Z", "2028-01-01T00:00:00Z", "2026-11-27T10:00:01-02:00"]
)
def test_what_is_signed_in_the_future_or_at_no_readable_time_is_not_signed(text: str) -> None:
    clauses = "sg:transferMechanism sg:TransferStandardClauses ; sg:clausesUnmodified true"
    rest = f'{clauses} ; sg:signedAt "{text}"^^xsd:dateTime'
    estate = LGPD + PERSONAL + ABROAD + ":t sg:sendsPersonalDataTo :abroad . :abroad sg:coveredByTransfer :r . "
    verdict = judge("LGPD-33", estate + record("r", rest))
    assert verdict is not None
    assert verdict.outcome.value == "unknown"
    signed = [evidence for evidence in verdict.evidence if evidence.fact.predicate.endswith("signedAt")]
    assert [evidence.counts for evidence in signed] == [False]


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("2026-11-21T12:00:00Z", datetime(2026, 11, 21, 12, tzinfo=UTC)),
        ("2026-11-21T12:00:00", datetime(2026, 11, 21, 12, tzinfo=UTC)),
        ("2026-11-21T12:00:00.123456789Z", datetime(2026, 11, 21, 12, 0, 0, 123456, tzinfo=UTC)),
        ("2026-11-21T12:00:00-03:00", datetime(2026, 11, 21, 15, tzinfo=UTC)),
        ("2026-11-21T24:00:00Z", datetime(2026, 11, 22, tzinfo=UTC)),
        ("2026-12-31T24:00:00+14:00", datetime(2026, 12, 31, 10, tzinfo=UTC)),
        ("2026-11-21", datetime(2026, 11, 21, tzinfo=UTC)),
        ("2026-11-21-03:00", datetime(2026, 11, 21, 3, tzinfo=UTC)),
        ("0001-01-01T00:00:00Z", datetime(1, 1, 1, tzinfo=UTC)),
        ("0001-01-01T00:00:00+14:00", None),
        ("9999-12-31T24:00:00Z", None),
    ],
)
def test_a_moment_is_read_as_xsd_writes_it(text: str, moment: datetime | None) -> None:
    assert moment_of(Literal(text, XSD.dateTime)) == moment


@given(st.datetimes(min_value=datetime(2, 1, 1), max_value=datetime(9998, 12, 31)))  # noqa: DTZ001 - a zone is added
def test_every_moment_survives_being_written(moment: datetime) -> None:
    aware = moment.replace(tzinfo=UTC)
    assert moment_of(Literal(aware.isoformat(), XSD.dateTime)) == aware


@given(st.text(max_size=30))
def test_any_text_is_a_moment_or_none(text: str) -> None:
    moment_of(Literal(text, XSD.dateTime))


def test_an_address_is_no_moment() -> None:
    assert moment_of("https://example.org/2026-01-01") is None


NOW_AND_THEN = (
    # A document that begins, one that ends, one that grows too old, and one that is yet to be signed.
    ("LGPD-07", LGPD + PERSONAL + RECORD + ':p sg:effectiveFrom "2026-11-27T15:00:00Z"^^xsd:dateTime .', "15:00:00"),
    ("LGPD-07", LGPD + PERSONAL + RECORD + ':p sg:effectiveUntil "2026-11-27T12:00:06Z"^^xsd:dateTime .', "12:00:06"),
    ("AIA-05-1", SCREENED.format(at="2025-11-27T18:30:00Z"), "18:30:00.000001"),
    ("AIA-05-1", SCREENED.format(at="2026-11-27T13:00:00+00:00"), "13:00:00"),
    ("AIA-05-1", SCREENED.format(at="2026-11-27T09:00:00-05:00"), "14:00:00"),
)
BEGINS = datetime(2026, 11, 27, 12, tzinfo=UTC)
MIDNIGHT = datetime(2026, 11, 28, tzinfo=UTC)


def audited(rule: str, estate: str, moment: datetime, on: date | None = None) -> Audit:
    return evaluate(Estate(facts(estate)), load_model(), [RULES[rule]], on=on or moment.date(), now=moment)


def outcomes(audit: Audit) -> list[tuple[str, str]]:
    return [(verdict.outcome.value, str(verdict.reasons)) for verdict in audit.verdicts]


@pytest.mark.parametrize(("rule", "estate", "turns"), NOW_AND_THEN)
def test_an_audit_tells_the_very_moment_at_which_a_verdict_turns(rule: str, estate: str, turns: str) -> None:
    audit = audited(rule, estate, BEGINS)
    assert audit.good_until == datetime.fromisoformat(f"2026-11-27T{turns}+00:00")
    before = audited(rule, estate, audit.good_until - INSTANT)
    assert outcomes(before) == outcomes(audit)
    after = audited(rule, estate, audit.good_until)
    assert outcomes(after) != outcomes(audit)
    assert audit.holds_at(audit.good_until - INSTANT)
    assert not audit.holds_at(audit.good_until)
    # The end of the day, by which every other day is judged, does not move.
    assert audited(rule, estate, BEGINS, on=date(2027, 3, 1)).good_until == datetime(2027, 3, 1, tzinfo=UTC)
    assert audited(rule, estate, BEGINS, on=date(2026, 3, 1)).good_until is None


@given(
    st.lists(st.tuples(st.sampled_from(["effectiveFrom", "effectiveUntil"]), st.integers(-40, 40)), max_size=3),
    st.integers(-40, 40),
    st.integers(0, 40),
)
@example(periods=[("effectiveUntil", 0)], assessed=0, wait=0)
@settings(max_examples=40, deadline=None)
def test_until_then_evaluating_again_changes_nothing(periods: list[tuple[str, int]], assessed: int, wait: int) -> None:
    """Dates a few hours around now, and around a year ago, when a screening grows too old."""
    said = "".join(f':a sg:{name} "{at(hours)}"^^xsd:dateTime . ' for name, hours in periods)
    estate = SCREENED.format(at=at(assessed - 24 * 365)) + said
    audit = audited("AIA-05-1", estate, BEGINS)
    later = BEGINS + timedelta(hours=wait)
    if audit.holds_at(later):
        assert outcomes(audited("AIA-05-1", estate, later)) == outcomes(audit)
    else:
        assert audit.good_until is not None
        assert audit.good_until > BEGINS


def at(hours: int) -> str:
    return (BEGINS + timedelta(hours=hours)).isoformat()


def test_without_dates_an_audit_is_good_until_midnight() -> None:
    assert audited("LGPD-07", LGPD + PERSONAL + RECORD, BEGINS).good_until == MIDNIGHT


def test_a_rule_that_asks_for_the_time_itself_is_never_good_for_later() -> None:
    rule = RULES["LGPD-07"]
    asking = replace(rule, evidence=rule.evidence.replace("WHERE {", "WHERE { FILTER(NOW() > ?never || true)", 1))
    assert "NOW()" in asking.evidence
    audit = evaluate(Estate(facts(LGPD + PERSONAL)), load_model(), [asking], on=BEGINS.date(), now=BEGINS)
    assert not audit.holds_at(BEGINS)

"""Dates that decide whether evidence counts: what cannot be read never counts for the better."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stratagraph.ontology.facts import Literal
from stratagraph.ontology.namespaces import XSD
from stratagraph.queries.audit.freshness import moment_of
from tests.queries.audit.verdict_cases import ABROAD, ACT, FIRST_EIGHT, LGPD, PERSONAL, judge, outcome, record

RECORD = (
    ':t sg:hasProcessingRecord :p . :p a sg:ProcessingRecord ; sg:name "p" ; sg:processingPurpose "support" ; '
    "sg:legalBasis sg:LgpdConsent . "
)
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

"""Times and durations in the order of XSD 1.1; Python's own calendar is the oracle wherever it reaches."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stratagraph.ontology.facts import Literal
from stratagraph.ontology.namespaces import XSD
from stratagraph.shapes.comparison import compare

LESS, SAME, OPEN = -1, 0, None

ORDERS = [
    # beyond 14 hours the zone that is missing cannot turn the order
    ("dateTime", "2020-01-01T00:00:00Z", "2024-06-01T00:00:00", LESS),
    ("dateTime", "2026-01-01T00:00:00", "2026-01-01T14:00:00.001Z", LESS),
    ("dateTime", "2026-01-01T00:00:00", "2026-01-01T14:00:00Z", OPEN),
    ("dateTime", "2026-01-01T09:59:59Z", "2026-01-02T00:00:00", LESS),
    ("dateTime", "2026-01-01T10:00:00Z", "2026-01-02T00:00:00", OPEN),
    ("dateTime", "2026-01-01T00:00:00Z", "2026-01-01T00:00:00", OPEN),
    ("dateTimeStamp", "2026-01-01T00:00:00Z", "2026-01-01T00:00:00.1Z", LESS),
    # any year
    ("dateTime", "2029-01-01T00:00:00Z", "12024-01-01T00:00:00Z", LESS),
    ("dateTime", "-12024-01-01T00:00:00Z", "-0044-03-15T00:00:00Z", LESS),
    ("dateTime", "-0001-12-31T24:00:00Z", "0000-01-01T00:00:00Z", SAME),
    ("dateTime", "12024-02-29T24:00:00Z", "12024-03-01T00:00:00Z", SAME),
    ("date", "9999-12-31", "10000-01-01", LESS),
    ("date", "-0001-12-31", "0000-01-01", LESS),
    ("date", "2026-01-01", "2026-01-01Z", OPEN),
    ("date", "2026-01-01", "2026-01-02Z", LESS),
    ("date", "2000-01-01+13:00", "1999-12-31-11:00", SAME),
    ("date", "2024-02-29", "2024-03-01", LESS),
    # what has no day, month or year
    ("gYear", "2024", "2025", LESS),
    ("gYear", "9999", "10000", LESS),
    ("gYear", "-0002", "-0001", LESS),
    ("gYear", "2024Z", "2025", LESS),
    ("gYear", "2024Z", "2024", OPEN),
    ("gYearMonth", "2024-09", "2024-10", LESS),
    ("gYearMonth", "9999-12", "10000-01", LESS),
    ("gYearMonth", "2024-01Z", "2024-02", LESS),
    ("gMonth", "--02", "--11", LESS),
    ("gDay", "---09", "---10", LESS),
    ("gMonthDay", "--02-29", "--03-01", LESS),
    # times of day
    ("time", "09:00:00", "10:00:00", LESS),
    ("time", "24:00:00", "00:00:00", SAME),
    ("time", "24:00:00.00", "00:00:00", SAME),
    ("time", "23:00:00-02:00", "23:00:00-03:00", LESS),
    ("time", "09:00:00", "10:00:00Z", OPEN),
    # fractions of any length
    ("dateTime", "2026-01-01T00:00:00.45Z", "2026-01-01T00:00:00.5Z", LESS),
    ("dateTime", "2026-01-01T00:00:00.50Z", "2026-01-01T00:00:00.5Z", SAME),
    ("dateTime", f"2026-01-01T00:00:00.{'9' * 40}Z", f"2026-01-01T00:00:00.{'9' * 41}Z", LESS),
    # durations: months and days have no common measure
    ("duration", "P1M", "P32D", LESS),
    ("duration", "P27D", "P1M", LESS),
    ("duration", "P1M", "P30D", OPEN),
    ("duration", "P1Y", "P365D", OPEN),
    ("duration", "P1Y", "P364D", 1),
    ("duration", "P1Y", "P12M", SAME),
    ("duration", "P1DT24H", "P2D", SAME),
    ("duration", "-P2D", "-P1D", LESS),
    ("duration", "-P1M", "-P27D", LESS),
    ("duration", "PT0S", "P0Y", SAME),
    ("duration", "P12000Y", "P12001Y", LESS),
    ("duration", "PT1M", "P1M", LESS),
    ("dayTimeDuration", "P1D", "PT24H", SAME),
    ("dayTimeDuration", f"PT0.{'1' * 40}S", f"PT0.{'1' * 41}S", LESS),
    ("yearMonthDuration", "P11M", "P1Y", LESS),
]


@pytest.mark.parametrize(("datatype", "one", "other", "order"), ORDERS)
def test_order_of_xsd(datatype: str, one: str, other: str, order: int | None) -> None:
    left, right = (Literal(form, XSD.term(datatype)) for form in (one, other))
    assert compare(left, right) == order
    assert compare(right, left) == (None if order is None else -order)
    assert compare(left, left) == compare(right, right) == 0


@pytest.mark.parametrize(
    ("one", "other", "order"),
    [
        (Literal("P1M", XSD.yearMonthDuration), Literal("P32D", XSD.dayTimeDuration), LESS),
        (Literal("P1D", XSD.dayTimeDuration), Literal("PT24H", XSD.duration), SAME),
        (Literal("2026-01-01T00:00:00Z", XSD.dateTimeStamp), Literal("2026-01-01T00:00:00Z", XSD.dateTime), SAME),
        (Literal("2026-01-01", XSD.date), Literal("2026-01-02T00:00:00", XSD.dateTime), OPEN),
        (Literal("2026", XSD.gYear), Literal("2027-01", XSD.gYearMonth), OPEN),
        (Literal("2026", XSD.gYear), Literal("2027", XSD.integer), OPEN),
        (Literal("P1D", XSD.duration), Literal("1", XSD.integer), OPEN),
        (Literal("2026-02-30", XSD.date), Literal("2026-03-01", XSD.date), OPEN),
        (Literal(f"{'9' * 5000}-01-01", XSD.date), Literal("2026-01-01", XSD.date), OPEN),
    ],
)
def test_order_across_datatypes_of_time(one: Literal, other: Literal, order: int | None) -> None:
    assert compare(one, other) == order


ZONES = [timezone(timedelta(minutes=minutes)) for minutes in range(-14 * 60, 14 * 60 + 1, 15)]
near = st.datetimes(min_value=datetime(2024, 2, 25), max_value=datetime(2024, 3, 3))  # noqa: DTZ001 - hypothesis wants them naive


@given(near, near, st.sampled_from(ZONES))
def test_a_missing_zone_stands_for_every_zone(free: datetime, known: datetime, zone: timezone) -> None:
    known = known.replace(tzinfo=zone)
    orders = {_sign(free.replace(tzinfo=other), known) for other in ZONES}
    left, right = (Literal(moment.isoformat(), XSD.dateTime) for moment in (free, known))
    assert compare(left, right) == (orders.pop() if len(orders) == 1 else None)


far = st.datetimes(min_value=datetime(1, 1, 2), max_value=datetime(9999, 12, 30))  # noqa: DTZ001 - likewise


@given(far, far, st.sampled_from(ZONES), st.sampled_from(ZONES))
def test_zoned_moments_compare_as_python_has_them(
    one: datetime, other: datetime, here: timezone, there: timezone
) -> None:
    one, other = one.replace(tzinfo=here), other.replace(tzinfo=there)
    left, right = (Literal(moment.isoformat(), XSD.dateTime) for moment in (one, other))
    assert compare(left, right) == _sign(one, other)


Span = tuple[int, int, int]
spans = st.tuples(st.sampled_from([-1, 1]), st.integers(0, 30), st.integers(0, 1000))


@given(spans, spans)
def test_durations_compare_by_their_sum_with_four_days(one: tuple[int, int, int], other: tuple[int, int, int]) -> None:
    starts = [datetime(year, month, 1, tzinfo=UTC) for year, month in ((1696, 9), (1697, 2), (1903, 3), (1903, 7))]
    orders = {_sign(_later(start, *one), _later(start, *other)) for start in starts}
    assert compare(_written(*one), _written(*other)) == (orders.pop() if len(orders) == 1 else None)


def _later(start: datetime, sign: int, months: int, days: int) -> datetime:
    added = start.year * 12 + start.month - 1 + sign * months
    return start.replace(year=added // 12, month=added % 12 + 1) + timedelta(days=sign * days)


def _written(sign: int, months: int, days: int) -> Literal:
    return Literal(f"{'-' if sign < 0 else ''}P{months}M{days}D", XSD.duration)


def _sign(one: datetime, other: datetime) -> int:
    return (one > other) - (one < other)

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stratagraph.ontology.facts import Literal
from stratagraph.ontology.namespaces import OWL, RDF, XSD
from stratagraph.shapes.comparison import compare, well_formed


@pytest.mark.parametrize(
    ("datatype", "good", "bad"),
    [
        ("integer", ["0", "-05", "+7", "9" * 5000], ["", "1.0", "1e3", " 1", "٣"]),
        ("byte", ["127", "-128"], ["128", "-129"]),
        ("unsignedByte", ["0", "255"], ["-1", "256"]),
        ("positiveInteger", ["1"], ["0"]),
        ("nonNegativeInteger", ["0", "-0"], ["-1"]),
        ("negativeInteger", ["-1"], ["0"]),
        ("long", ["9223372036854775807"], ["9223372036854775808"]),
        ("decimal", ["1", "1.", ".5", "-2.50"], ["", ".", "1e3", "INF"]),
        ("double", ["1e3", "INF", "-INF", "NaN", "1.", ".5E-3"], ["inf", "1e", "nan", "e3"]),
        ("boolean", ["true", "false", "0", "1"], ["True", "yes", "2"]),
        ("date", ["2024-02-29", "-0044-03-15", "12024-01-01", "2026-01-01Z"], ["2023-02-29", "2026-13-01", "26-01-01"]),
        ("dateTime", ["2026-01-01T00:00:00.5+14:00", "2026-01-01T24:00:00Z"], ["2026-01-01", "2026-01-01T24:00:01Z"]),
        ("dateTimeStamp", ["2026-01-01T00:00:00Z", "2026-01-01T00:00:00-03:00"], ["2026-01-01T00:00:00"]),
        ("time", ["23:59:59", "24:00:00"], ["24:00:01", "1:00:00"]),
        ("gYear", ["2026", "-0001"], ["26"]),
        ("gMonthDay", ["--02-29"], ["--02-30", "--04-31"]),
        ("duration", ["P1Y2M3DT4H5M6.7S", "-PT1S"], ["P", "PT", "P1S"]),
        ("dayTimeDuration", ["P1DT2H"], ["P1M", "P1Y"]),
        ("yearMonthDuration", ["P1Y2M"], ["P1D"]),
        ("hexBinary", ["", "0fB8"], ["0", "xx"]),
        ("base64Binary", ["", "YQ==", "YWI=", "YWJj"], ["YQ", "Y"]),
        ("language", ["pt-BR"], ["pt_BR", ""]),
        ("token", ["", "a b"], [" a", "a  b"]),
        ("anyURI", ["http://example.org/", ""], ["a b", "<x>"]),
        ("string", ["", "anything"], []),
    ],
)
def test_lexical_forms(datatype: str, good: list[str], bad: list[str]) -> None:
    iri = XSD.term(datatype)
    assert [form for form in good if not well_formed(Literal(form, iri))] == []
    assert [form for form in bad if well_formed(Literal(form, iri))] == []


def test_numbers_of_owl() -> None:
    assert all(well_formed(Literal(form, OWL.rational)) for form in ("1/3", "-4/2", "0/007"))
    assert not any(well_formed(Literal(form, OWL.rational)) for form in ("1/0", "1/-3", "1", "0.5", "1 / 3"))
    assert not well_formed(Literal("1", OWL.real))


def test_unknown_datatypes_accept_everything() -> None:
    assert well_formed(Literal("?", "http://example.org/type"))


def test_a_language_text_needs_a_language() -> None:
    assert not well_formed(Literal("x", RDF.langString))


@pytest.mark.parametrize(
    ("one", "other", "order"),
    [
        # a decimal beside a float is rounded to single precision, beside a double to double; XPath 2.0, B.1
        (Literal("0.1", XSD.float), Literal("0.1", XSD.decimal), 0),
        (Literal("16777216", XSD.float), Literal("16777217", XSD.integer), 0),
        (Literal("0.1", XSD.double), Literal("0.1", XSD.decimal), 0),
        (Literal("0.1", XSD.float), Literal("0.1", XSD.double), 1),
        (Literal("0.1", XSD.float), Literal("0.10001", XSD.decimal), -1),
        (Literal("INF", XSD.float), Literal("1" * 50, XSD.decimal), 0),
        (Literal("-INF", XSD.float), Literal("-" + "1" * 50, XSD.integer), 0),
        (Literal("INF", XSD.float), Literal("INF", XSD.double), 0),
        (Literal("NaN", XSD.float), Literal("1", XSD.integer), None),
    ],
)
def test_numbers_of_two_datatypes_compare_in_the_less_exact_one(
    one: Literal, other: Literal, order: int | None
) -> None:
    assert compare(one, other) == order
    assert compare(other, one) == (None if order is None else -order)


numbers = st.integers() | st.decimals(allow_nan=False, allow_infinity=False, places=3)


@given(numbers, numbers)
def test_exact_numbers_compare_exactly(one: int | Decimal, other: int | Decimal) -> None:
    left, right = (
        Literal(
            f"{number:f}" if isinstance(number, Decimal) else str(number),
            XSD.decimal if isinstance(number, Decimal) else XSD.integer,
        )
        for number in (one, other)
    )
    assert compare(left, right) == (one > other) - (one < other)


@given(*[st.datetimes(min_value=datetime(1, 1, 2), max_value=datetime(9998, 1, 1), timezones=st.just(UTC))] * 2)  # noqa: DTZ001 - hypothesis wants them naive
def test_moments_compare_as_datetimes_do(one: datetime, other: datetime) -> None:
    left, right = (Literal(moment.isoformat(), XSD.dateTime) for moment in (one, other))
    assert compare(left, right) == (one > other) - (one < other)


@pytest.mark.parametrize(
    ("one", "other", "order"),
    [
        (Literal("1", XSD.integer), Literal("1.0", XSD.double), 0),
        (Literal("0.1", XSD.decimal), Literal("0.1", XSD.double), 0),
        (Literal("NaN", XSD.double), Literal("NaN", XSD.double), None),
        (Literal("INF", XSD.double), Literal("1", XSD.integer), 1),
        (Literal("1e39", XSD.float), Literal("INF", XSD.float), 0),
        (Literal("a"), Literal("b"), -1),
        (Literal("a", language="en"), Literal("b", language="en"), None),
        (Literal("a"), Literal("1", XSD.integer), None),
        (Literal("x", XSD.integer), Literal("1", XSD.integer), None),
        (Literal("2026-01-01T00:00:00", XSD.dateTime), Literal("2026-01-01T12:00:00Z", XSD.dateTime), None),
        (Literal("a b", XSD.token), Literal("a c"), -1),
        (Literal("2026-01-01T12:00:00+02:00", XSD.dateTime), Literal("2026-01-01T10:00:00Z", XSD.dateTime), 0),
        (Literal("2026-01-01T24:00:00Z", XSD.dateTime), Literal("2026-01-02T00:00:00Z", XSD.dateTime), 0),
        (Literal("false", XSD.boolean), Literal("1", XSD.boolean), -1),
        ("http://example.org/a", "http://example.org/a", None),
    ],
)
def test_order_across_datatypes(one: object, other: object, order: int | None) -> None:
    assert compare(one, other) == order

"""Literals as Neo4j keeps them: a native value where there is one, else the exact text and its datatype."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Collection, Iterable, Mapping
from contextlib import suppress
from datetime import timedelta, tzinfo
from decimal import Decimal
from functools import cache
from typing import Any, Final, NamedTuple

from neo4j.time import Date, DateTime, Duration, Time

from stratagraph.ontology.facts import XSD_STRING, Iri, Literal
from stratagraph.ontology.namespaces import XSD
from stratagraph.ontology.terms import decode, encode
from stratagraph.service.neo4j.mapping.graph_names import WRITTEN

_INT64: Final = range(-(1 << 63), 1 << 63)
# Enough for 64 bits; a longer text is not even turned into a number, which takes ever longer.
_DIGITS: Final = 19
_WIDEST: Final = timedelta(hours=14)
"""Largest offset of XML Schema."""

_INTEGER: Final = re.compile(r"[+-]?\d+")
_FLOAT: Final = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?")
_DECIMAL: Final = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)")
_NUMBERS_WITHOUT_END: Final = {"INF": math.inf, "+INF": math.inf, "-INF": -math.inf, "NaN": math.nan}
# Years of four digits and nanoseconds: what the driver's own types of time can hold.
_DAY: Final = r"(\d{4})-(\d\d)-(\d\d)"
_CLOCK: Final = r"(\d\d):(\d\d):(\d\d)(?:\.(\d{1,9}))?"
_ZONE: Final = r"(Z|[+-]\d\d:\d\d)?"
_DATE: Final = re.compile(_DAY)
_TIME: Final = re.compile(_CLOCK + _ZONE)
_MOMENT: Final = re.compile(_DAY + "T" + _CLOCK + _ZONE)
_SPAN: Final = re.compile(
    # Few enough digits for the sums of months and seconds to stay within 64 bits.
    r"(-)?P(?=[\dT])(?:(\d{1,9})Y)?(?:(\d{1,9})M)?(?:(\d{1,9})D)?"
    r"(?:T(?=\d)(?:(\d{1,9})H)?(?:(\d{1,9})M)?(?:(\d{1,12})(?:\.(\d{1,9}))?S)?)?"
)

_TRAILING: Final = re.compile(r"(\.\d*?)0+(?!\d)")
_EMPTY_FRACTION: Final = re.compile(r"\.(?!\d)")


class Value(NamedTuple):
    """A value that Neo4j can hold. Only values of one ``kind`` can share a list."""

    value: Any
    kind: str


class Form(NamedTuple):
    """How an attribute's values are held: which datatype they usually have, whether in a list, whether as texts."""

    datatype: Iri | None = None
    many: bool = True
    texts: bool = False


def native(literal: Literal, form: Form) -> Value:
    """Return the value of a literal, native where Neo4j has the type and the value is in its range."""
    convert = None if form.texts else _NATIVE.get(literal.datatype)
    if convert is not None:
        with suppress(ValueError, OverflowError):
            value = convert(literal.value)
            if value is not None:
                return _as_declared(value, form)
    return _text(literal.value)


def _as_declared(value: Value, form: Form) -> Value:
    """Let numbers of an attribute be of one type."""
    if value.kind == "integer" and form.datatype in _FLOATS:
        return Value(float(value.value), "float")
    return value


def plain(distinct: Collection[Literal], form: Form) -> str | None:
    """Return the text that says all by itself, if the values are that one text, as most are."""
    if len(distinct) != 1 or form.texts or (form.datatype or XSD_STRING) != XSD_STRING:
        return None
    (only,) = distinct
    return only.value if only.language or only.datatype == XSD_STRING else None


def shown(key: str, literals: Iterable[Literal], form: Form) -> dict[str, Any]:
    """Return the properties that stand for all values of a key; the language, if any, is part of the key already.

    A property that is None is to be removed.
    """
    distinct = set(literals)
    text = plain(distinct, form)
    properties: dict[str, Any] = {key: [text] if form.many and text is not None else text, key + WRITTEN: None}
    if text is not None or not distinct:
        return properties
    exact = sorted({encode(literal) for literal in distinct})
    known = [_literal(text) for text in exact]
    values = [native(literal, form) for literal in known]
    if len({value.kind for value in values}) > 1:  # a list holds one type only
        values = [_text(literal.value) for literal in known]
    kept = [same.value.value for same in dict.fromkeys(map(_Same, values))]
    properties[key] = kept if form.many else kept[0]
    # Read back as a test: exact writings are kept only where the properties do not give them.
    if {encode(literal) for literal in held(key, properties, form, known[0].language)} != set(exact):
        properties[key + WRITTEN] = exact
    return properties


def held(key: str, properties: Mapping[str, Any], form: Form, language: str = "") -> set[Literal]:
    """Return the literals that a node's properties stand for: the inverse of ``shown``."""
    written = properties.get(key + WRITTEN)
    if written is not None:
        return {_literal(text) for text in written}
    value = properties.get(key)
    if value is None:
        return set()
    values = value if isinstance(value, list) else [value]
    if language:
        return {Literal(text, language=language) for text in values}
    return {_written(one, form) for one in values}


class _Same:
    """A value by which duplicates are known: by type and text, for NaN equals nothing and True equals 1."""

    def __init__(self, value: Value) -> None:
        self.value = value
        self._key = (value.kind, str(value.value))

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Same) and self._key == other._key

    def __hash__(self) -> int:
        return hash(self._key)


def _literal(text: str) -> Literal:
    term = decode(text)
    assert isinstance(term, Literal)  # it was encoded from one
    return term


def _written(value: Any, form: Form) -> Literal:
    """Return the literal that a native value is the usual writing of."""
    declared = form.datatype if form.datatype in _NATIVE else None
    if isinstance(value, bool):
        return Literal("true" if value else "false", XSD.boolean)
    if isinstance(value, int):
        return Literal(str(value), declared if declared and _kind_of(declared) == "integer" else XSD.integer)
    if isinstance(value, float):
        return _float_written(value, declared)
    if isinstance(value, str):
        return Literal(value, form.datatype if form.datatype and not declared else XSD_STRING)
    usual = {Date: XSD.date, DateTime: XSD.dateTime, Time: XSD.time, Duration: XSD.duration}[type(value)]
    text = value.iso_format()
    if not isinstance(value, Duration):
        text = _EMPTY_FRACTION.sub("", _TRAILING.sub(r"\1", text))
        text = text.removesuffix("+00:00") + "Z" if text.endswith("+00:00") else text
    alike = declared and _kind_of(declared) == _kind_of(usual)
    return Literal(text, declared if declared and alike else usual)


def _float_written(value: float, declared: Iri | None) -> Literal:
    """Return a float's usual writing: a decimal, unless it is declared otherwise or no decimal can say it."""
    if math.isnan(value):
        return Literal("NaN", declared if declared in _FLOATS - {XSD.decimal} else XSD.double)
    if math.isinf(value):
        text = "INF" if value > 0 else "-INF"
        return Literal(text, declared if declared in _FLOATS - {XSD.decimal} else XSD.double)
    if declared in _FLOATS and declared != XSD.decimal:
        return Literal(repr(value), declared)
    return Literal(format(Decimal(repr(value)), "f"), XSD.decimal)


def _integer(text: str) -> Value | None:
    if not _INTEGER.fullmatch(text) or len(text.lstrip("+-0")) > _DIGITS:
        return None
    value = int(text)
    return Value(value, "integer") if value in _INT64 else None


def _decimal(text: str) -> Value | None:
    if not _DECIMAL.fullmatch(text) or math.isinf(value := float(text)):
        return None
    return Value(value, "float")


def _double(text: str) -> Value | None:
    if text in _NUMBERS_WITHOUT_END:
        return Value(_NUMBERS_WITHOUT_END[text], "float")
    # 1e400 is a number as it is written, but no double.
    if not _FLOAT.fullmatch(text) or math.isinf(value := float(text)):
        return None
    return Value(value, "float")


def _boolean(text: str) -> Value | None:
    value = {"true": True, "1": True, "false": False, "0": False}.get(text)
    return None if value is None else Value(value, "boolean")


def _date(text: str) -> Value | None:
    found = _DATE.fullmatch(text)
    return Value(Date(*map(int, found.groups())), "date") if found else None


def _time(text: str) -> Value | None:
    found = _TIME.fullmatch(text)
    if found is None:
        return None
    *clock, zone = found.groups()
    # Neo4j has a type with and one without a zone, and a list holds values of one type.
    return Value(Time(*_clock(*clock), tzinfo=_zone(zone)), "time" if zone else "local time")


def _moment(text: str) -> Value | None:
    found = _MOMENT.fullmatch(text)
    if found is None:
        return None
    year, month, day, *clock, zone = found.groups()
    moment = DateTime(int(year), int(month), int(day), *_clock(*clock), tzinfo=_zone(zone))
    return Value(moment, "moment" if zone else "local moment")


def _clock(hour: str, minute: str, second: str, fraction: str | None) -> tuple[int, int, int, int]:
    return int(hour), int(minute), int(second), int((fraction or "").ljust(9, "0"))


class _Offset(tzinfo):
    """A fixed offset that the driver's times accept too; the standard library's serves dates only."""

    def __init__(self, offset: timedelta) -> None:
        self._offset = offset

    def utcoffset(self, _: object) -> timedelta:
        return self._offset

    def dst(self, _: object) -> timedelta:
        return timedelta(0)

    def tzname(self, _: object) -> str:
        return str(self._offset)


def _zone(text: str | None) -> _Offset | None:
    if text is None:
        return None
    if text == "Z":
        return _Offset(timedelta(0))
    hours, minutes = text[1:].split(":")
    offset = timedelta(hours=int(hours), minutes=int(minutes))
    if offset > _WIDEST or int(minutes) > 59:  # noqa: PLR2004  minutes of an hour
        raise ValueError(text)
    return _Offset(-offset if text.startswith("-") else offset)


def _span(text: str) -> Value | None:
    found = _SPAN.fullmatch(text)
    if found is None:
        return None
    sign = -1 if found.group(1) else 1
    years, months, days, hours, minutes, seconds = (sign * int(part or 0) for part in found.groups()[1:7])
    nanoseconds = sign * int((found.group(8) or "").ljust(9, "0"))
    duration = Duration(
        months=12 * years + months,
        days=days,
        seconds=3600 * hours + 60 * minutes + seconds,
        nanoseconds=nanoseconds,
    )
    return Value(duration, "duration")


def _text(text: str) -> Value:
    return Value(text, "text")


_NATIVE: Final[Mapping[Iri, Callable[[str], Value | None]]] = {
    XSD_STRING: _text,
    XSD.boolean: _boolean,
    XSD.decimal: _decimal,
    XSD.double: _double,
    XSD.float: _double,
    XSD.date: _date,
    XSD.time: _time,
    XSD.dateTime: _moment,
    XSD.dateTimeStamp: _moment,
    XSD.duration: _span,
    XSD.dayTimeDuration: _span,
    XSD.yearMonthDuration: _span,
    **{
        XSD.term(name): _integer
        for name in (
            "integer",
            "long",
            "int",
            "short",
            "byte",
            "nonNegativeInteger",
            "positiveInteger",
            "nonPositiveInteger",
            "negativeInteger",
            "unsignedLong",
            "unsignedInt",
            "unsignedShort",
            "unsignedByte",
        )
    },
}
_FLOATS: Final = frozenset({XSD.decimal, XSD.double, XSD.float})
_SAMPLES: Final = ("1", "true", "2026-01-01", "12:00:00Z", "2026-01-01T12:00:00Z", "P1D")


@cache
def _kind_of(datatype: Iri) -> str:
    """Return of which kind the values of a datatype are, by those that it takes."""
    if datatype in _FLOATS:
        return "float"
    convert = _NATIVE[datatype]
    for sample in _SAMPLES if datatype != XSD_STRING else ():
        with suppress(ValueError, OverflowError):
            value = convert(sample)
            if value is not None and not (datatype == XSD.boolean and sample == "1"):
                return value.kind
    return "text"

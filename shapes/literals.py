"""The value space of XSD literals: which are well-formed, and how two compare, by their exact lexical forms."""

from __future__ import annotations

import re
import struct
from calendar import monthrange
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from functools import lru_cache
from typing import Final, TypeAlias

from stratagraph.ontology.facts import Literal
from stratagraph.ontology.namespaces import RDF, XSD

_INTEGER: Final = r"[+-]?[0-9]+"
_ZONE: Final = r"(?P<zone>Z|[+-](?:0[0-9]|1[0-3]):[0-5][0-9]|[+-]14:00)?"
_DATE: Final = r"(?P<year>-?(?:[1-9][0-9]{3,}|0[0-9]{3}))-(?P<month>0[1-9]|1[0-2])-(?P<day>0[1-9]|[12][0-9]|3[01])"
_TIME: Final = (
    r"(?:(?P<hour>[01][0-9]|2[0-3]):(?P<minute>[0-5][0-9]):(?P<second>[0-5][0-9](?:\.[0-9]+)?)|24:00:00(?:\.0+)?)"
)
_TIME_PART: Final = r"T(?=[0-9])(?:[0-9]+H)?(?:[0-9]+M)?(?:[0-9]+(?:\.[0-9]+)?S)?"
_FLOAT: Final = r"[+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]+)?|[+-]?INF|NaN"
_BASE64_QUAD: Final = r"(?:[A-Za-z0-9+/] ?){4}"

_LEXICAL: Final[dict[str, re.Pattern[str]]] = {
    XSD.term(name): re.compile(pattern, re.DOTALL)
    for name, pattern in {
        "boolean": r"true|false|0|1",
        "decimal": r"[+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)",
        "float": _FLOAT,
        "double": _FLOAT,
        "dateTime": f"{_DATE}T{_TIME}{_ZONE}",
        "dateTimeStamp": f"{_DATE}T{_TIME}{_ZONE}(?<!T24:00:00)(?:(?<=Z)|(?<=[+-]..:..))",
        "date": f"{_DATE}{_ZONE}",
        "time": f"{_TIME}{_ZONE}",
        "gYear": rf"-?(?:[1-9][0-9]{{3,}}|0[0-9]{{3}}){_ZONE}",
        "gYearMonth": rf"-?(?:[1-9][0-9]{{3,}}|0[0-9]{{3}})-(?:0[1-9]|1[0-2]){_ZONE}",
        "gMonth": rf"--(?:0[1-9]|1[0-2]){_ZONE}",
        "gDay": rf"---(?:0[1-9]|[12][0-9]|3[01]){_ZONE}",
        "gMonthDay": rf"--(?:(?:0[13578]|1[02])-(?:0[1-9]|[12][0-9]|3[01])|(?:0[469]|11)-(?:0[1-9]|[12][0-9]|30)"
        rf"|02-(?:0[1-9]|[12][0-9])){_ZONE}",
        "duration": rf"-?P(?=[0-9T])(?:[0-9]+Y)?(?:[0-9]+M)?(?:[0-9]+D)?(?:{_TIME_PART})?",
        "dayTimeDuration": rf"-?P(?=[0-9T])(?:[0-9]+D)?(?:{_TIME_PART})?",
        "yearMonthDuration": r"-?P(?=[0-9])(?:[0-9]+Y)?(?:[0-9]+M)?",
        "hexBinary": r"(?:[0-9a-fA-F]{2})*",
        "base64Binary": rf"(?:{_BASE64_QUAD})*(?:{_BASE64_QUAD}|(?:[A-Za-z0-9+/] ?){{2}}[AEIMQUYcgkosw048] ?="
        rf"|[A-Za-z0-9+/] ?[AQgw] ?= ?=)?",
        "normalizedString": r"[^\t\n\r]*",
        "token": r"(?:[^ \t\n\r]+(?: [^ \t\n\r]+)*)?",
        "language": r"[a-zA-Z]{1,8}(?:-[a-zA-Z0-9]{1,8})*",
        "NMTOKEN": r"[-.:\w·]+",
        "Name": r"[:_a-zA-Z\u00c0-\U000effff][-.:\w·]*",
        "NCName": r"[_a-zA-Z\u00c0-\U000effff][-.\w·]*",
        "anyURI": r"[^\x00-\x20<>\"{}|\\^`]*",
    }.items()
}
_RANGES: Final[dict[str, tuple[int | None, int | None]]] = {
    XSD.integer: (None, None),
    XSD.nonNegativeInteger: (0, None),
    XSD.positiveInteger: (1, None),
    XSD.nonPositiveInteger: (None, 0),
    XSD.negativeInteger: (None, -1),
    **{
        XSD.term(name): (-(2**bits), 2**bits - 1)
        for name, bits in (("byte", 7), ("short", 15), ("int", 31), ("long", 63))
    },
    **{
        XSD.term(name): (0, 2**bits - 1)
        for name, bits in (("unsignedByte", 8), ("unsignedShort", 16), ("unsignedInt", 32), ("unsignedLong", 64))
    },
}
_WHOLE: Final = re.compile(_INTEGER)
_DATED: Final = frozenset({XSD.dateTime, XSD.dateTimeStamp, XSD.date})


@lru_cache(maxsize=65536)
def well_formed(literal: Literal) -> bool:
    """Say whether the lexical form belongs to the datatype; unknown datatypes accept every form."""
    value, datatype = literal.value, literal.datatype
    if datatype in _RANGES:
        return _in_range(value, *_RANGES[datatype])
    pattern = _LEXICAL.get(datatype)
    if pattern is None:
        return datatype != RDF.langString or bool(literal.language)
    found = pattern.fullmatch(value)
    return found is not None and (datatype not in _DATED or _day_exists(found))


def _in_range(value: str, low: int | None, high: int | None) -> bool:
    if _WHOLE.fullmatch(value) is None:
        return False
    number = Decimal(value)
    return (low is None or number >= low) and (high is None or number <= high)


def _day_exists(found: re.Match[str]) -> bool:
    """Months have their days; years repeat every 400, so that one beyond Python's calendar is judged as well."""
    return int(found["day"]) <= monthrange(int(found["year"][-4:]) % 400 + 2000, int(found["month"]))[1]


@dataclass(frozen=True, slots=True)
class _Value:
    """A comparable value; only values of one family compare."""

    family: str
    key: Decimal | float | str | bool | datetime


_Reader: TypeAlias = Callable[[Literal], "_Value | None"]


def compare(left: object, right: object) -> int | None:
    """Return -1, 0 or 1 as SPARQL orders two terms, or None where they do not compare."""
    if not isinstance(left, Literal) or not isinstance(right, Literal):
        return None
    first, second = _value(left), _value(right)
    if first is None or second is None or first.family != second.family:
        return None
    one, other = _same_precision(first.key, second.key)
    if one == other:
        return 0
    if one < other:
        return -1
    return 1 if one > other else None


def _same_precision(one: object, other: object) -> tuple[float, float]:
    """Promote a decimal beside a double to double, as XPath does; leave everything else alone."""
    if isinstance(one, float) and isinstance(other, Decimal):
        other = float(other)
    elif isinstance(one, Decimal) and isinstance(other, float):
        one = float(one)
    return one, other  # type: ignore[return-value]  # both are of one ordered type: their family is the same


@lru_cache(maxsize=65536)
def _value(literal: Literal) -> _Value | None:
    if not well_formed(literal):
        return None
    if literal.datatype in _RANGES:
        return _Value("number", Decimal(literal.value))
    reader = _READERS.get(literal.datatype)
    return reader(literal) if reader is not None else None


def _single(literal: Literal) -> _Value:
    """Round to single precision; what is beyond its range is infinite."""
    number = float(literal.value)
    try:
        return _Value("number", float(struct.unpack("f", struct.pack("f", number))[0]))
    except OverflowError:
        return _Value("number", float("inf") if number > 0 else float("-inf"))


def _moment(literal: Literal) -> _Value | None:
    """Read a time on the calendar; with and without a zone are two families, whose order is not determined."""
    found = _LEXICAL[literal.datatype].fullmatch(literal.value)
    if found is None:
        return None
    parts = found.groupdict()
    zone = parts["zone"]
    try:
        moment = datetime(
            int(parts.get("year") or 1972), int(parts.get("month") or 12), int(parts.get("day") or 31), tzinfo=UTC
        ) + _time_of_day(literal.value, parts)
        moment -= _offset(zone)
    except (ValueError, OverflowError):
        return None
    family = XSD.dateTime if literal.datatype == XSD.dateTimeStamp else literal.datatype
    return _Value(f"{family} {'with' if zone else 'without'} zone", moment)


def _time_of_day(value: str, parts: dict[str, str | None]) -> timedelta:
    if parts.get("hour") is None:
        return timedelta(days=1) if "24:00:00" in value else timedelta()
    second = Decimal(parts["second"] or 0)
    return timedelta(
        hours=int(parts["hour"] or 0), minutes=int(parts["minute"] or 0), microseconds=int(second * 1_000_000)
    )


def _offset(zone: str | None) -> timedelta:
    if zone is None or zone == "Z":
        return timedelta()
    span = timedelta(hours=int(zone[1:3]), minutes=int(zone[4:6]))
    return -span if zone[0] == "-" else span


def _span(literal: Literal) -> _Value:
    """Read a duration of days and seconds, or of months, as one number."""
    units = {"Y": 12, "M": 1} if literal.datatype == XSD.yearMonthDuration else {"D": 86400, "H": 3600, "M": 60, "S": 1}
    total = sum(
        (Decimal(count) * units[unit] for count, unit in re.findall(r"([0-9.]+)([YMDHS])", literal.value)), Decimal(0)
    )
    return _Value(literal.datatype, -total if literal.value.startswith("-") else total)


_READERS: Final[dict[str, _Reader]] = {
    XSD.decimal: lambda literal: _Value("number", Decimal(literal.value)),
    XSD.double: lambda literal: _Value("number", float(literal.value)),
    XSD.float: _single,
    XSD.string: lambda literal: _Value("string", literal.value),
    XSD.boolean: lambda literal: _Value("boolean", literal.value in {"true", "1"}),
    XSD.dateTime: _moment,
    XSD.dateTimeStamp: _moment,
    XSD.date: _moment,
    XSD.time: _moment,
    XSD.dayTimeDuration: _span,
    XSD.yearMonthDuration: _span,
}

"""How two XSD literals compare, by their exact lexical forms."""

from __future__ import annotations

import re
import struct
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from functools import lru_cache
from typing import Final, TypeAlias

from stratagraph.ontology.datatypes import LEXICAL, RANGES, well_formed
from stratagraph.ontology.facts import Literal
from stratagraph.ontology.namespaces import XSD

__all__ = ["compare", "well_formed"]


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
    if literal.datatype in RANGES:
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
    found = LEXICAL[literal.datatype].fullmatch(literal.value)
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

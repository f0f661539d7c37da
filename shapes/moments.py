"""Moments, recurring days and durations as values of XSD 1.1, with the partial order that it gives them.

A moment is a point on the timeline of the proleptic Gregorian calendar, at any year, to any fraction of a second. One
without a time zone stands for every zone from -14:00 to +14:00, so that its order to one with a zone is open only
within 14 hours.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from fractions import Fraction
from typing import Final, TypeVar

from stratagraph.ontology.facts import Literal
from stratagraph.ontology.namespaces import XSD

LONGEST: Final = 1000
"""Characters of a form beyond which it is not compared: numbers of so many digits are no moment of anything."""

_Ordered = TypeVar("_Ordered", tuple[int, str], Fraction)

_DAY: Final = 86_400
_WIDEST_ZONE: Final = 14 * 3600
_DAYS_OF_400_YEARS: Final = 146_097
# The digits were checked when the literal was found to be well-formed: here they are only taken apart.
_FIELDS: Final = {
    XSD.dateTime: "(?P<year>-?[0-9]+)-(?P<month>..)-(?P<day>..)T(?P<hour>..):(?P<minute>..):(?P<second>[0-9.]+)",
    XSD.date: "(?P<year>-?[0-9]+)-(?P<month>..)-(?P<day>..)",
    XSD.time: "(?P<hour>..):(?P<minute>..):(?P<second>[0-9.]+)",
    XSD.gYearMonth: "(?P<year>-?[0-9]+)-(?P<month>..)",
    XSD.gYear: "(?P<year>-?[0-9]+)",
    XSD.gMonthDay: "--(?P<month>..)-(?P<day>..)",
    XSD.gMonth: "--(?P<month>..)",
    XSD.gDay: "---(?P<day>..)",
}
_FORMS: Final = {name: re.compile(f"{form}(?P<zone>Z|[+-]..:..)?") for name, form in _FIELDS.items()}
_FORMS[XSD.dateTimeStamp] = _FORMS[XSD.dateTime]
_DURATIONS: Final = frozenset({XSD.duration, XSD.dayTimeDuration, XSD.yearMonthDuration})
_PART: Final = re.compile(r"([0-9.]+)([YMDHS])|(T)")
_MONTHS: Final = {"Y": 12, "M": 1}
_SECONDS: Final = {"D": _DAY, "H": 3600, "M": 60, "S": 1}
_STARTS: Final = ((1696, 9), (1697, 2), (1903, 3), (1903, 7))
"""The months from whose first day durations are counted to compare them, as XSD 1.1 says."""


@dataclass(frozen=True, slots=True)
class Moment:
    """A point of one timeline: whole seconds and the digits behind the point; ``zoned`` where its zone is known."""

    timeline: str
    second: int
    fraction: str
    zoned: bool

    def order(self, other: Moment) -> int | None:
        """Return -1, 0 or 1, or None where zones or timelines leave the order open."""
        if self.timeline != other.timeline:
            return None
        # Where both lack a zone, they are taken to be in the same one.
        if self.zoned == other.zoned:
            return _sign(self._at(0), other._at(0))
        earliest, latest = self._bounds(), other._bounds()
        if earliest[1] < latest[0]:
            return -1
        return 1 if earliest[0] > latest[1] else None

    def _at(self, shift: int) -> tuple[int, str]:
        return self.second + shift, self.fraction

    def _bounds(self) -> tuple[tuple[int, str], tuple[int, str]]:
        width = 0 if self.zoned else _WIDEST_ZONE
        return self._at(-width), self._at(width)


@dataclass(frozen=True, slots=True)
class Duration:
    """Months and seconds, which have no common measure."""

    months: int
    seconds: Fraction

    def order(self, other: Duration) -> int | None:
        """Return -1, 0 or 1, or None where it depends on the months that are counted."""
        signs = {_sign(self._from(start), other._from(start)) for start in _STARTS}
        return signs.pop() if len(signs) == 1 else None

    def _from(self, start: tuple[int, int]) -> Fraction:
        year, month = start
        added = year * 12 + month - 1 + self.months
        return _days(added // 12, added % 12 + 1, 1) * _DAY + self.seconds


def read_time(literal: Literal) -> Moment | Duration | None:
    """Return what a well-formed literal of a datatype of time stands for; None for any other, or an endless one."""
    if len(literal.value) > LONGEST:
        return None
    if literal.datatype in _DURATIONS:
        return _duration(literal.value)
    form = _FORMS.get(literal.datatype)
    found = form.fullmatch(literal.value) if form is not None else None
    return None if found is None else _moment(literal.datatype, found)


def _moment(datatype: str, found: re.Match[str]) -> Moment:
    """Place a form on its timeline; parts that it leaves open are as on the last day of the leap year 1972."""
    parts: dict[str, str | None] = dict.fromkeys(("year", "month", "day", "hour", "minute", "second"))
    parts.update(found.groupdict())
    year, month = int(parts["year"] or 1972), int(parts["month"] or 12)
    day = int(parts["day"]) if parts["day"] else _length(year, month)
    whole, _, fraction = (parts["second"] or "0").partition(".")
    second = _days(year, month, day) * _DAY
    within = int(parts["hour"] or 0) * 3600 + int(parts["minute"] or 0) * 60 + int(whole)
    second += within % _DAY if datatype == XSD.time else within  # a time of 24:00:00 is midnight of the same day
    zone = parts["zone"]
    timeline = XSD.dateTime if datatype == XSD.dateTimeStamp else datatype
    # Without zeros at its end, a fraction compares as text: .50 and .5 are equal.
    return Moment(timeline, second - _offset(zone), fraction.rstrip("0"), zone is not None)


def _offset(zone: str | None) -> int:
    if zone is None or zone == "Z":
        return 0
    span = int(zone[1:3]) * 3600 + int(zone[4:6]) * 60
    return -span if zone[0] == "-" else span


def _length(year: int, month: int) -> int:
    return _days(year + month // 12, month % 12 + 1, 1) - _days(year, month, 1)


def _days(year: int, month: int, day: int) -> int:
    """Count days on the calendar, which repeats itself every 400 years, beyond the years that Python knows."""
    cycles, within = divmod(year, 400)
    # Years 400 to 799 stand for any cycle: all of them are dates that Python has.
    return cycles * _DAYS_OF_400_YEARS + date(within + 400, month, day).toordinal()


def _duration(form: str) -> Duration:
    units, months, seconds = _MONTHS, 0, Fraction(0)
    for count, unit, time in _PART.findall(form):
        # Before "T" an M is months, behind it minutes.
        if time or unit == "D":
            units = _SECONDS
        if unit in units and units is _MONTHS:
            months += int(count) * _MONTHS[unit]
        elif unit:
            seconds += Fraction(Decimal(count)) * _SECONDS[unit]
    sign = -1 if form.startswith("-") else 1
    return Duration(sign * months, sign * seconds)


def _sign(one: _Ordered, other: _Ordered) -> int:
    return (one > other) - (one < other)

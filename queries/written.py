"""Numbers, moments and truth values as people of a language write them."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Final

from stratagraph.ontology.namespaces import XSD

_MOMENTS: Final = {"en": "%Y-%m-%d %H:%M UTC", "pt": "%d/%m/%Y %H:%M UTC"}
_DATE: Final = re.compile(r"\d{4}-\d\d-\d\d")
_DAYS: Final = {"en": "{year}-{0}-{1}", "pt": "{1}/{0}/{year}"}
_TRUTHS: Final = {"en": {"true": "yes", "false": "no"}, "pt": {"true": "sim", "false": "não"}}
_SEPARATORS: Final = {"en": (",", "."), "pt": (".", ",")}
_TIMES: Final = frozenset({XSD.dateTime, XSD.dateTimeStamp})
_FRACTIONS: Final = frozenset({XSD.decimal, XSD.double, XSD.float})


def number(value: float, language: str, digits: int = 4) -> str:
    """Return a number with so many significant digits; thousands are never rounded away."""
    grouping, point = _SEPARATORS[_primary(language)]
    shown = f"{round(value):,}" if abs(value) >= 10**digits else f"{float(f'{value:.{digits}g}'):,.15g}"
    # Grouped as in English and then exchanged sign by sign: the locale of the process must not matter.
    return "".join({",": grouping, ".": point}.get(character, character) for character in shown)


def moment(text: str, language: str) -> str:
    """Return a time of ISO 8601 to the minute, in UTC; any other text stays as it is."""
    try:
        when = datetime.fromisoformat(text)
    except ValueError:
        return text
    if when.tzinfo is None:
        when = when.replace(tzinfo=UTC)
    try:
        return when.astimezone(UTC).strftime(_MOMENTS[_primary(language)])
    except (OverflowError, ValueError):  # at the ends of the calendar
        return text


def day(text: str, language: str) -> str:
    """Return a date of ISO 8601 as a reader writes it; any other text stays as it is."""
    year, *rest = text.split("-") if _DATE.fullmatch(text) else ("",)
    return _DAYS[_primary(language)].format(*rest, year=year) if year else text


def value(text: str, datatype: str, language: str) -> str:
    """Return the value of a literal as a reader writes it; a value that its datatype does not allow stays as it is."""
    if datatype == XSD.boolean:
        truth = {"1": "true", "0": "false"}.get(text, text)
        return _TRUTHS[_primary(language)].get(truth, text)
    if datatype in _TIMES:
        return moment(text, language)
    if datatype == XSD.date:
        return day(text, language)
    if datatype in _FRACTIONS and _primary(language) == "pt":
        return text.replace(".", ",")
    return text


def _primary(language: str) -> str:
    return language.partition("-")[0].lower()

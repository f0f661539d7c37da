"""The datatypes of XSD and OWL 2: which lexical forms they have, and which values of one are values of another."""

from __future__ import annotations

import re
from calendar import monthrange
from decimal import Decimal
from functools import cache, lru_cache
from typing import Final

from stratagraph.ontology.facts import Literal
from stratagraph.ontology.namespaces import OWL, RDF, RDFS, XSD

_INTEGER: Final = r"[+-]?[0-9]+"
_ZONE: Final = r"(?P<zone>Z|[+-](?:0[0-9]|1[0-3]):[0-5][0-9]|[+-]14:00)?"
_DATE: Final = r"(?P<year>-?(?:[1-9][0-9]{3,}|0[0-9]{3}))-(?P<month>0[1-9]|1[0-2])-(?P<day>0[1-9]|[12][0-9]|3[01])"
_TIME: Final = (
    r"(?:(?P<hour>[01][0-9]|2[0-3]):(?P<minute>[0-5][0-9]):(?P<second>[0-5][0-9](?:\.[0-9]+)?)|24:00:00(?:\.0+)?)"
)
_TIME_PART: Final = r"T(?=[0-9])(?:[0-9]+H)?(?:[0-9]+M)?(?:[0-9]+(?:\.[0-9]+)?S)?"
_FLOAT: Final = r"[+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]+)?|[+-]?INF|NaN"
_BASE64_QUAD: Final = r"(?:[A-Za-z0-9+/] ?){4}"

_FORMS: Final[dict[str, str]] = {
    XSD.term(name): pattern
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
} | {
    OWL.rational: r"[+-]?[0-9]+/0*[1-9][0-9]*",
    OWL.real: r"(?!)",  # it has values, but no forms of its own to write them in
}
RANGES: Final[dict[str, tuple[int | None, int | None]]] = {
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


@cache
def pattern(datatype: str) -> re.Pattern[str] | None:
    """Return the pattern of a datatype's lexical forms, None where every form is one; compiled when it is asked for."""
    forms = _FORMS.get(datatype)
    return None if forms is None else re.compile(forms, re.DOTALL)


def has_form(text: str, datatype: str) -> bool:
    """Say whether a text matches the pattern of the datatype."""
    forms = pattern(datatype)
    return forms is None or forms.fullmatch(text) is not None


@lru_cache(maxsize=65536)
def well_formed(literal: Literal) -> bool:
    """Say whether the lexical form belongs to the datatype; unknown datatypes accept every form."""
    value, datatype = literal.value, literal.datatype
    if datatype in RANGES:
        return _in_range(value, *RANGES[datatype])
    forms = pattern(datatype)
    if forms is None:
        return datatype != RDF.langString or bool(literal.language)
    found = forms.fullmatch(value)
    return found is not None and (datatype not in _DATED or _day_exists(found))


def _in_range(value: str, low: int | None, high: int | None) -> bool:
    if _WHOLE.fullmatch(value) is None:
        return False
    # Exact, and without the limit of 4,300 digits that Python sets to a text that becomes an integer.
    number = Decimal(value)
    return (low is None or number >= low) and (high is None or number <= high)


def _day_exists(found: re.Match[str]) -> bool:
    """Months have their days; years repeat every 400, so that one beyond Python's calendar is judged as well."""
    return int(found["day"]) <= monthrange(int(found["year"][-4:]) % 400 + 2000, int(found["month"]))[1]


TEXTS: Final = frozenset(
    XSD.term(name) for name in ("string", "normalizedString", "token", "language", "Name", "NCName", "NMTOKEN")
)
"""``xsd:string`` and the datatypes derived from it: their values are texts."""
_DATE_TIMES: Final = frozenset({XSD.dateTime, XSD.dateTimeStamp})
NUMBERS: Final = frozenset({XSD.decimal, *RANGES})
_PLAIN: Final = RDF.PlainLiteral


def within(literal: Literal, datatype: str) -> bool:
    """Say whether a literal's value is one of the datatype's, as OWL has it: 1 is a decimal, but no double.

    Of datatypes that are not XSD's nothing is known, so every value passes.
    """
    if not well_formed(literal):
        return False
    if datatype in {RDFS.Literal, literal.datatype} or (not datatype.startswith(XSD) and datatype != _PLAIN):
        return True
    if datatype == _PLAIN:
        return literal.datatype in {XSD.string, RDF.langString}
    if literal.datatype in NUMBERS and datatype in NUMBERS:
        return _is_number(Decimal(literal.value), datatype)
    for family in (TEXTS, _DATE_TIMES):
        if literal.datatype in family and datatype in family:
            return well_formed(Literal(literal.value, datatype))
    return False


def _is_number(number: Decimal, datatype: str) -> bool:
    if datatype == XSD.decimal:
        return True
    low, high = RANGES[datatype]
    whole = number == number.to_integral_value()
    return whole and (low is None or number >= low) and (high is None or number <= high)

"""How two XSD literals compare, by their exact lexical forms."""

from __future__ import annotations

import struct
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from functools import lru_cache
from typing import Final, TypeAlias

from stratagraph.ontology.datatypes import RANGES, TEXTS, well_formed
from stratagraph.ontology.facts import Literal
from stratagraph.ontology.namespaces import XSD
from stratagraph.shapes.moments import Duration, Moment, read_time

__all__ = ["compare", "has_order", "well_formed"]


@dataclass(frozen=True, slots=True)
class _Value:
    """A value of a number, a text or a boolean; only values of one family compare."""

    family: str
    key: Decimal | float | str | bool

    def order(self, other: _Value) -> int | None:
        """Return -1, 0 or 1, or None between families and beside what is no number."""
        if self.family != other.family:
            return None
        one, two = _same_precision(self.key, other.key)
        if one == two:
            return 0
        return -1 if one < two else 1 if one > two else None


_Reader: TypeAlias = Callable[[Literal], "_Value"]


def compare(left: object, right: object) -> int | None:
    """Return -1, 0 or 1 as XSD 1.1 and XPath order two terms, or None where they do not compare."""
    if not isinstance(left, Literal) or not isinstance(right, Literal):
        return None
    first, second = _value(left), _value(right)
    if first is None or type(first) is not type(second):
        return None
    return first.order(second)  # type: ignore[arg-type]  # both are of one type


def has_order(term: object) -> bool:
    """Say whether a term can be a bound: a value that compares at least with itself."""
    return compare(term, term) == 0


def _same_precision(one: object, other: object) -> tuple[float, float]:
    """Promote a decimal beside a float or a double to that, as XPath does; leave everything else alone."""
    if isinstance(other, Decimal):
        one, other = _promoted(one, other)
    elif isinstance(one, Decimal):
        other, one = _promoted(other, one)
    return one, other  # type: ignore[return-value]  # both are of one ordered type: their family is the same


def _promoted(beside: object, number: Decimal) -> tuple[object, object]:
    if isinstance(beside, _Single):
        return beside, _single(float(number))
    return beside, float(number) if isinstance(beside, float) else number


class _Single(float):
    """A number of single precision, so that what is compared with it can be rounded likewise."""


# One bound is compared with every value, and the same values return in many facts.
@lru_cache(maxsize=65536)
def _value(literal: Literal) -> _Value | Moment | Duration | None:
    if not well_formed(literal):
        return None
    if literal.datatype in RANGES:
        return _Value("number", Decimal(literal.value))
    reader = _READERS.get(literal.datatype)
    return reader(literal) if reader is not None else read_time(literal)


def _single(number: float) -> _Single:
    """Round to single precision; a number beyond its range becomes infinite."""
    # By way of four bytes, for Python has no type of single precision.
    try:
        return _Single(struct.unpack("f", struct.pack("f", number))[0])
    except OverflowError:
        return _Single("inf" if number > 0 else "-inf")


_READERS: Final[dict[str, _Reader]] = {
    XSD.decimal: lambda literal: _Value("number", Decimal(literal.value)),
    XSD.double: lambda literal: _Value("number", float(literal.value)),
    XSD.float: lambda literal: _Value("number", _single(float(literal.value))),
    XSD.boolean: lambda literal: _Value("boolean", literal.value in {"true", "1"}),
    **dict.fromkeys(TEXTS, lambda literal: _Value("string", literal.value)),
}

"""Sets of characters, as the regular expressions of XPath name them: Unicode categories, blocks, XML names, cases."""

from __future__ import annotations

import sys
import unicodedata
from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from itertools import groupby
from operator import itemgetter
from typing import Final

_LAST: Final = sys.maxunicode
_NO_CHARACTERS: Final = "Cs"
"""The category of surrogates, which no text holds."""
_CASED: Final = ("L", "Nl", "So", "Mn")
"""The categories whose characters may have a case."""


@dataclass(frozen=True, slots=True)
class CharacterSet:
    """Characters as ranges of code points, in order, with gaps between them."""

    ranges: tuple[tuple[int, int], ...] = ()

    @classmethod
    def of(cls, ranges: Iterable[tuple[int, int]]) -> CharacterSet:
        """Return the set of the ranges, which may overlap and stand in any order."""
        joined: list[tuple[int, int]] = []
        for low, high in sorted(ranges):
            if joined and low <= joined[-1][1] + 1:
                joined[-1] = (joined[-1][0], max(high, joined[-1][1]))
            else:
                joined.append((low, high))
        return cls(tuple(joined))

    def __or__(self, other: CharacterSet) -> CharacterSet:
        return CharacterSet.of((*self.ranges, *other.ranges))

    def __sub__(self, other: CharacterSet) -> CharacterSet:
        # By complements, so that the walk over ranges is written once.
        return (self.complement() | other).complement()

    def complement(self) -> CharacterSet:
        """Return all other characters."""
        edges = [-1, *(edge for pair in self.ranges for edge in pair), _LAST + 1]
        gaps = ((low + 1, high - 1) for low, high in zip(edges[::2], edges[1::2], strict=True))
        return CharacterSet(tuple((low, high) for low, high in gaps if low <= high))

    def __contains__(self, point: int) -> bool:
        at = bisect_right(self.ranges, point, key=itemgetter(0)) - 1
        return at >= 0 and point <= self.ranges[at][1]

    def in_any_case(self) -> CharacterSet:
        """Return the set with the case variants of its characters."""
        variants = _variants()
        # Whichever there is less of: the characters of the set, or those that have variants.
        if sum(high - low for low, high in self.ranges) < len(variants):
            cased: Iterable[int] = (point for low, high in self.ranges for point in range(low, high + 1))
        else:
            cased = (point for point in variants if point in self)
        added = [(variant, variant) for point in cased for variant in variants.get(point, ())]
        return CharacterSet.of((*self.ranges, *added))

    def expression(self) -> str:
        """Return the set as a character class of Python."""
        if not self.ranges:
            # Python has no empty class of characters; this matches nothing anywhere.
            return "(?!)"
        return "[" + "".join(_written(low, high) for low, high in self.ranges) + "]"


def _written(low: int, high: int) -> str:
    return f"\\U{low:08x}" if low == high else f"\\U{low:08x}-\\U{high:08x}"


def _points(*pairs: str) -> CharacterSet:
    return CharacterSet.of((ord(pair[0]), ord(pair[-1])) for pair in pairs)


SPACE: Final = _points("\t\n", "\r", " ")
NAME_START: Final = _points(
    *(":", "AZ", "_", "az", "\u00c0\u00d6", "\u00d8\u00f6", "\u00f8\u02ff", "\u0370\u037d", "\u037f\u1fff"),
    *("\u200c\u200d", "\u2070\u218f", "\u2c00\u2fef", "\u3001\ud7ff", "\uf900\ufdcf", "\ufdf0\ufffd"),
    "\U00010000\U000effff",
)
"""The characters that XML 1.0 lets a name begin with."""
NAME: Final = NAME_START | _points("-", ".", "09", "\u00b7", "\u0300\u036f", "\u203f\u2040")
"""The characters of a name of XML 1.0."""


@lru_cache(maxsize=1)
def _categories() -> Mapping[str, CharacterSet]:
    """Sort all of Unicode into its categories, of one letter and of two."""
    # All 1.1 million code points take about a second: only a pattern that names a category pays for it.
    found: dict[str, list[tuple[int, int]]] = defaultdict(list)
    for category, points in groupby(range(_LAST + 1), key=lambda point: unicodedata.category(chr(point))):
        low, *rest = points
        found[category].append((low, rest[-1] if rest else low))
        found[category[0]].append(found[category][-1])
    return {name: CharacterSet.of(ranges) for name, ranges in found.items() if name != _NO_CHARACTERS}


def category(name: str) -> CharacterSet:
    """Return the characters of a general category of Unicode, or raise ``ValueError``."""
    try:
        return _categories()[name]
    except KeyError:
        raise ValueError(f"{name} is no category of Unicode") from None


@lru_cache(maxsize=1)
def word() -> CharacterSet:
    """Return what XPath counts as part of a word: all but punctuation, the underscore too, separators and others."""
    return (category("P") | category("Z") | category("C")).complement()


@lru_cache(maxsize=64)
def block(name: str) -> CharacterSet:
    """Return the characters of a block of Unicode, its name without spaces, or raise ``ValueError``."""
    from elementpath.regex import RegexError, unicode_subset  # noqa: PLC0415 - slow to import, and rarely needed

    try:
        points = unicode_subset("Is" + name).codepoints
    except (RegexError, KeyError):
        raise ValueError(f"{name} is no block of Unicode") from None
    # Their ranges end before the second number.
    return CharacterSet.of((point, point) if isinstance(point, int) else (point[0], point[1] - 1) for point in points)


@lru_cache(maxsize=1)
def _variants() -> Mapping[int, frozenset[int]]:
    """Return the case variants of each character that has any: those whose upper or lower case is the same."""
    cased = [point for name in _CASED for low, high in category(name).ranges for point in range(low, high + 1)]
    found: dict[int, set[int]] = defaultdict(set)
    # Some share only one of the two: the long s has the upper case of s, the Kelvin sign the lower case of k.
    for change in (str.lower, str.upper):
        alike: dict[str, list[int]] = defaultdict(list)
        for point in cased:
            if (character := chr(point)).lower() != character or character.upper() != character:
                alike[change(character)].append(point)
        for points in alike.values():
            for point in points:
                found[point].update(points)
    return {point: frozenset(points) for point, points in found.items() if len(points) > 1}

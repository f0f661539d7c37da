from __future__ import annotations

import sys
import unicodedata
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stratagraph.shapes.characters import CharacterSet, category
from stratagraph.shapes.patterns import translate

ZOE, LOGOS, NBSP, KELVIN = "Zo\u00eb", "\u03bb\u03cc\u03b3\u03bf\u03c2", "\u00a0", "\u212a"

MEANINGS = [
    ("^a$", "", "a", "a\n"),
    ("^b$", "m", "a\nb\nc", "ab"),
    ("^$", "m", "a\n\nb", "a\n"),
    ("a.c", "", "abc", "a\nc"),
    ("a.c", "", "a\u2028c", "a\rc"),
    ("a.c", "s", "a\nc", "ac"),
    ("ABC", "i", "xabc", "ab"),
    ("a.c", "q", "a.c", "abc"),
    ("A.C", "qi", "a.c", "abc"),
    ("a b", "qx", "a b", "ab"),
    ("a b", "x", "ab", "a b"),
    # a number sign begins no comment, flag x or not
    ("a # b", "x", "a#b", "a"),
    ("a#b", "", "a#b", "a"),
    (r"^#[0-9a-f]{3} $", "x", "#0ff", "#0ff "),
    ("^[ #]+$", "x", "# #", "x"),
    (r"\p{ L u }", "x", "A", "a"),
    # names of XML
    (r"^\i\c*$", "", "name-1", "1name"),
    (r"^[\i-[:]][\c-[:]]*$", "", "name", "pre:name"),
    (r"^\I\C$", "", "1 ", "ab"),
    # what Python's own classes have more or less of
    (r"^\w+$", "", ZOE, "a_b"),
    (r"^\w$", "", "+", "-"),
    (r"^\W$", "", "_", "a"),
    (r"^\s$", "", "\t", NBSP),
    (r"^\S$", "", NBSP, " "),
    (r"^\d$", "", "\u0663", "\u00b2"),
    # categories and blocks
    (r"^\p{L}+$", "", ZOE, "42"),
    (r"^\P{L}+$", "", "42", ZOE),
    (r"^[\p{L}\p{N} ]+$", "", "Zo\u00eb 42", "a-b"),
    (r"^[^\p{L}]$", "", "1", "a"),
    (r"^\p{Lu}\p{Ll}+$", "", ZOE, "zoe"),
    (r"^\p{Nd}+$", "", "\u0663", "\u00bd"),
    (r"^\p{Sc}$", "", "\u20ac", "E"),
    (r"^\p{M}$", "", "\u0301", "a"),
    (r"^\p{Cn}$", "", "\U000effff", "a"),
    (r"^\p{IsGreek}+$", "", LOGOS, "logos"),
    (r"^\p{IsBasicLatin}+$", "", "logos", LOGOS),
    (r"^\p{IsLatin-1Supplement}$", "", "\u00eb", "e"),
    (r"^\P{IsBasicLatin}$", "", "\u00eb", "e"),
    # the letter case widens letters, and no category
    (r"^\p{Lu}$", "i", "A", "a"),
    ("^[A-Z-[IO]]$", "i", "b", "o"),
    ("^[^Q]$", "i", "p", "q"),
    ("^k$", "i", KELVIN, "j"),
    (r"^(a)\1$", "i", "aA", "ab"),
    # classes in brackets
    ("[.$]", "", "$", "a"),
    ("^[a-z-[aeiou]]$", "", "b", "e"),
    ("^[a-z-[aeiou-[e]]]$", "", "e", "a"),
    (r"^[\w-.]+$", "", "a-b.c", "a b"),
    ("^[a-]$", "", "-", "b"),
    ("^[-a]$", "", "-", "b"),
    ("^[a^]$", "", "^", "b"),
    (r"^[\-\]\[\\^]$", "", "[", "a"),
    ("^[&&]$", "", "&", "a"),
    # groups and references
    ("(?:a|b)c", "", "bc", "c"),
    (r"^(a|b)\1$", "", "aa", "ab"),
    (r"^(a)?b\1$", "", "b", "ba"),
    (r"^(a)\10$", "", "aa0", "aa"),
    (r"^(a+?)b$", "", "aab", "ab "),
    ("^a{2,}$", "", "aaa", "a"),
    ("^(^a)*$", "", "", "b"),
    (r"^\$\.\/$", "", "$./", "$/"),
    ("a||b", "", "", None),
    (r"^\^\|$", "", "^|", "^"),
    (r"^\n$", "", "\n", "n"),
]


@pytest.mark.parametrize(("pattern", "flags", "matching", "other"), MEANINGS)
def test_patterns_mean_what_xpath_says(pattern: str, flags: str, matching: str, other: str | None) -> None:
    compiled = translate(pattern, flags)
    assert compiled.search(matching)
    assert other is None or not compiled.search(other)


FAULTS = [
    *(("(", ""), (")", ""), ("a)", ""), ("[", ""), ("[]", ""), ("[^]", ""), ("[a", ""), ("[b-a]", ""), ("[a-[b]", "")),
    *(("a", "y"), ("a", "I"), (r"\p{Xx}", ""), (r"\p{IsNowhere}", ""), (r"\p{Cs}", ""), (r"\pL", ""), ("\\", "")),
    *(("(?=a)", ""), ("(?!a)", ""), ("(?<=a)", ""), ("(?P<n>a)", ""), ("(?i)a", ""), ("(?#a)", ""), ("(?>a)", "")),
    *((r"\ba", ""), (r"\Aa", ""), (r"a\Z", ""), (r"\x41", ""), (r"\u0041", ""), (r"\0", ""), (r"\e", "")),
    *(("*a", ""), ("a**", ""), ("a++", ""), ("a{2}{3}", ""), ("a{", ""), ("a{,3}", ""), ("a{3,2}", ""), ("a{x}", "")),
    *((r"\1", ""), (r"(a\1)", ""), (r"(a)\2", ""), (r"[\1]", ""), ("[[a]", ""), ("[a-z-[b]c]", "")),
    ("(" * 5000 + ")" * 5000, ""),
]


@pytest.mark.parametrize(("pattern", "flags"), FAULTS)
def test_what_is_no_pattern_is_refused(pattern: str, flags: str) -> None:
    with pytest.raises(ValueError, match=r"\S"):
        translate(pattern, flags)


def test_every_category_has_the_characters_of_unicode() -> None:
    counts = Counter(unicodedata.category(chr(point)) for point in range(sys.maxunicode + 1))
    del counts["Cs"]
    for name, count in counts.items():
        assert sum(high - low + 1 for low, high in category(name).ranges) == count, name
        assert translate(rf"^\p{{{name}}}$").search(next(chr(low) for low, _ in category(name).ranges))


points = st.integers(0, 200) | st.integers(sys.maxunicode - 100, sys.maxunicode)
members = st.frozensets(points, max_size=30)


def _set(of: frozenset[int]) -> CharacterSet:
    return CharacterSet.of((point, point) for point in of)


@given(members, members, points)
def test_sets_of_characters_are_sets(one: frozenset[int], other: frozenset[int], point: int) -> None:
    assert (point in _set(one)) == (point in one)
    assert _set(one) | _set(other) == _set(one | other)
    assert _set(one) - _set(other) == _set(one - other)
    assert (point in _set(one).complement()) == (point not in one)


texts = st.text(alphabet="aB.*#\u00eb\n ", max_size=8)


@given(texts, texts)
def test_a_quoted_pattern_is_found_where_the_text_stands(pattern: str, text: str) -> None:
    assert bool(translate(pattern, "q").search(text)) == (pattern in text)


@given(
    st.text(max_size=8, alphabet=st.sampled_from(r"ab[]()^-\.{}?*+|$dpLwi1,#_ ")), st.text(max_size=6, alphabet="ab-_1")
)
def test_no_pattern_does_anything_but_match_or_be_refused(pattern: str, text: str) -> None:
    try:
        compiled = translate(pattern, "x")
    except ValueError:
        return
    compiled.search(text)

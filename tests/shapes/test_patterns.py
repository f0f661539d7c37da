from __future__ import annotations

import pytest

from stratagraph.shapes.patterns import translate


@pytest.mark.parametrize(
    ("pattern", "flags", "matching", "other"),
    [
        ("^a$", "", "a", "a\n"),
        ("^b$", "m", "a\nb\nc", "ab"),
        ("a.c", "", "abc", "a\nc"),
        ("a.c", "s", "a\nc", "ac"),
        ("ABC", "i", "xabc", "ab"),
        ("a.c", "q", "a.c", "abc"),
        ("A.C", "qi", "a.c", "abc"),
        ("a b", "x", "ab", "a b"),
        (r"^\i\c*$", "", "name-1", "1name"),
        ("[.$]", "", "$", "a"),
        (r"\$\.", "", "$.", "$"),
        ("(?:a|b)c", "", "bc", "c"),
    ],
)
def test_patterns_mean_what_xpath_says(pattern: str, flags: str, matching: str, other: str) -> None:
    compiled = translate(pattern, flags)
    assert compiled.search(matching)
    assert not compiled.search(other)


@pytest.mark.parametrize(
    ("pattern", "flags"), [("(", ""), ("a", "y"), (r"\p{L}", ""), ("[a-z-[aeiou]]", ""), ("(?=a)", "")]
)
def test_what_cannot_be_said_is_refused(pattern: str, flags: str) -> None:
    with pytest.raises(ValueError):
        translate(pattern, flags)

"""Units as people read them: what UCUM writes in braces in words, a ratio as "per"."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

from stratagraph.queries.messages import messages

_WORD: Final = re.compile(r"\{(\w+)\}")
_TIMES: Final = {"10*3.": "thousand", "10*6.": "million"}
"""How UCUM writes a factor, and what the texts call it."""


def unit_label(unit: str, language: str) -> str:
    """Return a unit in words where it has some; ``1``, which counts nothing, is empty."""
    texts = messages("units", language)
    if unit == "1":
        return ""
    if not _WORD.search(unit):
        return unit
    above, _, below = unit.partition("/")
    counted = _named(above, texts, "many")
    # Below the stroke UCUM has a product in brackets.
    return texts["per"].format(above=counted, below=_named(below.strip("()"), texts, "one")) if below else counted


def _named(unit: str, texts: Mapping[str, str], form: str) -> str:
    for factor, name in _TIMES.items():
        if unit.startswith(factor):
            return texts[name].format(unit=_named(unit.removeprefix(factor), texts, "many"))
    return _WORD.sub(lambda word: texts.get(f"{word[1]}-{form}", word[1]), unit)

"""Messages in other languages than English: one catalogue per language, by the English sentence.

Errors and notes are written in English where they arise, as templates filled with data. The catalogue holds each
template with its translation, as gettext does; a sentence that was filled already, here or by a service elsewhere, is
recognised by its template, and what stands in its places is translated likewise where the catalogue knows it.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from functools import lru_cache
from importlib.resources import files
from typing import Final

SOURCE: Final = "en"
TRANSLATED: Final = ("pt-BR",)
"""Languages with a catalogue."""

_PLACE: Final = re.compile(r"\{(\w+)(!r)?(:[^{}]*)?\}")
_QUOTED: Final = r"""'(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*\""""
_LONGEST: Final = 4000
"""Characters of a sentence that is compared with templates; a longer one quotes a document."""
_DEEPEST: Final = 6
"""How far sentences are looked for within sentences."""


@lru_cache
def catalogue(language: str) -> Mapping[str, str]:
    """Return the translations of a language by English template; none for English."""
    if language not in TRANSLATED:
        return {}
    path = files("stratagraph.ontology") / "texts" / f"sentences.{language.lower()}.json"
    found: dict[str, str] = json.loads(path.read_text("utf-8"))
    return found


def say(text: str, language: str, depth: int = _DEEPEST) -> str:
    """Return an English sentence in a language; what the catalogue does not know stays as it is."""
    known = catalogue(language)
    if not known or not text or not depth:
        return text
    if text in known:
        return known[text]
    if len(text) > _LONGEST:
        return text
    for pattern, translation in _patterns(language):
        if found := pattern.fullmatch(text):
            values = {name: say(value, language, depth - 1) for name, value in found.groupdict().items()}
            return _filled(translation, values)
    return text


def _filled(template: str, values: Mapping[str, str]) -> str:
    return _PLACE.sub(lambda place: values[place[1]], template)


@lru_cache
def _patterns(language: str) -> tuple[tuple[re.Pattern[str], str], ...]:
    """Return a pattern for each template with places, those that say most by themselves first."""
    filled = [(template, text) for template, text in catalogue(language).items() if _PLACE.search(template)]
    ordered = sorted(filled, key=lambda pair: -len(_PLACE.sub("", pair[0])))
    return tuple((_pattern(template), text) for template, text in ordered)


def _pattern(template: str) -> re.Pattern[str]:
    parts, at, seen = [], 0, set()
    for place in _PLACE.finditer(template):
        parts.append(re.escape(template[at : place.start()]))
        name = place[1]
        parts.append(f"(?P={name})" if name in seen else f"(?P<{name}>{_QUOTED if place[2] else '.*?'})")
        seen.add(name)
        at = place.end()
    parts.append(re.escape(template[at:]))
    return re.compile("".join(parts), re.DOTALL)

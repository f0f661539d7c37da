"""Messages in other languages than English: one catalogue per language, by the English sentence.

Errors and notes are written in English where they arise, as templates filled with data. The catalogue holds each
template with its translation, as gettext does; a sentence that was filled already, here or by a service elsewhere, is
recognised by its template, and the values in its places are translated likewise where the catalogue knows them. Text
in quotes is data, and stays.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from functools import cached_property, lru_cache
from importlib.resources import files
from typing import Final

SOURCE: Final = "en"
TRANSLATED: Final = ("pt-BR",)
"""Languages with a catalogue."""

TOPICS: Final = ("sentences", "faults", "libraries", "help")
"""The catalogue's files: whole messages, what went wrong within them, what libraries say of that, what --help tells."""

_PLACE: Final = re.compile(r"\{(\w+)(!r)?(:[^{}]*)?\}")
_QUOTED: Final = r"""'(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*\""""
_COUNTED: Final = r"-?\d[\d,.]*"
NUMBERS: Final = frozenset({"column", "count", "line", "number", "position"})
"""Names of places that only a number fills."""
_LONGEST: Final = 4000
"""Characters of a sentence that is compared with templates; a longer one is looked at line by line."""
_DEEPEST: Final = 6
"""How far sentences are looked for within sentences."""


@lru_cache
def catalogue(language: str) -> Mapping[str, str]:
    """Return the translations of a language by English template; none for English."""
    if language not in TRANSLATED:
        return {}
    found: dict[str, str] = {}
    for topic in TOPICS:
        path = files("stratagraph.ontology") / "texts" / f"{topic}.{language.lower()}.json"
        found |= json.loads(path.read_text("utf-8"))
    return found


def say(text: str, language: str, depth: int = _DEEPEST) -> str:
    """Return an English sentence in a language; one that the catalogue does not know stays as it is."""
    known = catalogue(language)
    core = text.strip()
    if not known or not core or not depth:
        return text
    if text in known:
        return known[text]
    if core != text and (inner := say(core, language, depth)) != core:
        return text.replace(core, inner)
    # The patterns match loosely: on long texts they would take long.
    if len(text) <= _LONGEST:
        for template in _templates(language):
            if (said := template.fill(text, language, depth)) is not None:
                return said
    if "\n" in core:
        return "\n".join(say(line, language, depth) for line in text.split("\n"))
    return text


def counted(number: int, one: str, many: str = "") -> str:
    """Return a number of things in words: ``1 file``, ``2 files``."""
    return f"{number} {one if number == 1 else many or one + 's'}"


def in_part(names: Sequence[str], most: int, between: str = ", ") -> str:
    """Return the first of the names, and how many more there are."""
    listed = between.join(names[:most])
    return f"{listed} and {len(names) - most} more" if len(names) > most else listed


class _Template:
    """One English template and its translation; the pattern is made when a sentence may be of it."""

    def __init__(self, template: str, translation: str) -> None:
        self._template = template
        self._translation = translation
        self._pieces = [piece for piece in _PLACE.sub("\0", template).split("\0") if piece]
        self._quoted = {
            place[1]
            for place in _PLACE.finditer(template)
            if template[place.start() - 1 : place.start()] == "'" == template[place.end() : place.end() + 1]
        }
        self._stopped = {
            place[1] for place in _PLACE.finditer(template) if template[place.end() : place.end() + 1] == "."
        }
        self.weight = sum(map(len, self._pieces))

    def fill(self, text: str, language: str, depth: int) -> str | None:
        """Return the translation with the values that the text has; None if it is of another template."""
        if not self._may_be(text) or not (found := self._pattern.fullmatch(text)):
            return None
        values = {name: self._value(name, value, language, depth - 1) for name, value in found.groupdict().items()}
        return _PLACE.sub(lambda place: values[place[1]], self._translation)

    def _value(self, name: str, value: str, language: str, depth: int) -> str:
        """Return the translation of what stands in a place; the stop behind it may be that of a sentence in it."""
        if name in self._quoted:
            return value
        said = say(value, language, depth)
        if said == value and name in self._stopped and (whole := say(f"{value}.", language, depth)) != f"{value}.":
            return whole.removesuffix(".")
        return said

    def _may_be(self, text: str) -> bool:
        """Whether all that the template says by itself stands in the text, in order: cheap, and mostly not so."""
        at = 0
        for piece in self._pieces:
            at = text.find(piece, at) + len(piece)
            if at < len(piece):
                return False
        return True

    @cached_property
    def _pattern(self) -> re.Pattern[str]:
        parts, at, seen = [], 0, set()
        for place in _PLACE.finditer(self._template):
            parts.append(re.escape(self._template[at : place.start()]))
            name = place[1]
            value = _QUOTED if place[2] else _COUNTED if name in NUMBERS else ".*?"
            parts.append(f"(?P={name})" if name in seen else f"(?P<{name}>{value})")
            seen.add(name)
            at = place.end()
        parts.append(re.escape(self._template[at:]))
        return re.compile("".join(parts), re.DOTALL)


@lru_cache
def _templates(language: str) -> tuple[_Template, ...]:
    """Return the templates with places, those that say most by themselves first."""
    found = [_Template(template, text) for template, text in catalogue(language).items() if _PLACE.search(template)]
    return tuple(sorted(found, key=lambda template: -template.weight))

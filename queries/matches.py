"""How well the names and definitions of a term fit the words that a person searches for."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from typing import Final

from stratagraph.ontology.folding import fold

_SEPARATORS: Final = re.compile(r"[\W_]+")
_PLURALS: Final = (("oes", "ao"), ("aes", "ao"), ("ais", "al"), ("ies", "y"), ("ns", "m"), ("s", ""))
"""Endings of folded plurals in English and Portuguese, the longest first, with those of the singular."""
_SHORTEST_PLURAL: Final = 4


def words_of(text: str) -> tuple[str, ...]:
    """Return the words of a text without case and accents; underscores, hyphens and other marks part words."""
    return tuple(_SEPARATORS.sub(" ", fold(text)).split())


@dataclass(frozen=True, slots=True)
class Spelling:
    """One name or definition as it is compared: its words, and all of them without gaps."""

    words: tuple[str, ...]
    joined: str
    stems: frozenset[str]
    held: str
    """All in which a word may stand, also as a part of a longer one."""

    @classmethod
    def of(cls, text: str) -> Spelling:
        """Return the spelling of a text."""
        words, joined = words_of(text), "".join(words_of(text))
        return cls(words, joined, frozenset(map(_singular, words)), " ".join((*words, joined)))


@dataclass(frozen=True, slots=True)
class Texts:
    """What a term is searched by: labels and local name, further names, definitions."""

    names: tuple[Spelling, ...]
    others: tuple[Spelling, ...]
    definitions: tuple[Spelling, ...]

    @classmethod
    def of(cls, names: Iterable[str], others: Iterable[str], definitions: Iterable[str]) -> Texts:
        """Return the texts of a term, ready to compare."""
        return cls(*(tuple(map(Spelling.of, texts)) for texts in (names, others, definitions)))

    def rank(self, wanted: Spelling) -> tuple[int, int] | None:
        """Return how well a term fits, the smallest best; None where a word is missing.

        A name that is the text comes before one that begins with it, that before names with all of its words in any
        order, whole ones first, and all of those before definitions. Within a step the shortest name wins.
        """
        every = (*self.names, *self.others)
        texts = (*every, *self.definitions)
        if not _within(wanted, texts) and not any(wanted.stems <= text.stems for text in texts):
            return None
        steps = (
            lambda: [name for name in self.names if name.joined == wanted.joined],
            lambda: [name for name in self.others if name.joined == wanted.joined],
            lambda: [name for name in every if name.words[: len(wanted.words)] == wanted.words],
            lambda: [name for name in every if wanted.stems <= name.stems],
            lambda: [name for name in every if _within(wanted, (name,))],
            lambda: every[:1] if _within(wanted, every) else (),
            lambda: [text for text in self.definitions if wanted.stems <= text.stems],
            lambda: every[:1],
        )
        for step, fitting in enumerate(found() for found in steps):
            if fitting:
                return step, min(len(text.joined) for text in fitting)
        return None


def _within(wanted: Spelling, texts: Collection[Spelling]) -> bool:
    """Say whether every word stands somewhere in the texts, also as a part of a longer one."""
    return all(any(word in text.held for text in texts) for word in wanted.words)


def _singular(word: str) -> str:
    if len(word) < _SHORTEST_PLURAL or word.endswith("ss"):
        return word
    for plural, singular in _PLURALS:
        if word.endswith(plural):
            return word.removesuffix(plural) + singular
    return word

"""How well the names and definitions of a term fit the words that a person searches for."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from itertools import accumulate
from typing import Final

from stratagraph.ontology.facts import Iri
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
        words = words_of(text)
        joined = "".join(words)
        return cls(words, joined, frozenset(map(_singular, words)), " ".join((*words, joined)))


@dataclass(frozen=True, slots=True)
class SearchedTexts:
    """What a term is searched by: labels and local name, further names, definitions."""

    names: tuple[Spelling, ...]
    others: tuple[Spelling, ...]
    definitions: tuple[Spelling, ...]
    held: str
    """All in which a word may stand in any of them."""
    stems: frozenset[str]
    """The stems of all of them."""

    @classmethod
    def of(cls, names: Iterable[str], others: Iterable[str], definitions: Iterable[str]) -> SearchedTexts:
        """Return the texts of a term, ready to compare."""
        own, further, told = (tuple(map(Spelling.of, texts)) for texts in (names, others, definitions))
        every = (*own, *further, *told)
        held = " ".join(text.held for text in every)
        return cls(own, further, told, held, frozenset().union(*(text.stems for text in every)))

    def rank(self, wanted: Spelling) -> tuple[int, int] | None:
        """Return how well a term fits, the smallest best; None where a word is missing.

        A name that is the text comes before one that begins with it, that before names with all of its words in any
        order, whole ones first, and all of those before definitions. Within a step the shortest name wins.
        """
        if not self._may_fit(wanted):
            return None
        every = (*self.names, *self.others)
        # Functions, because most searches end at one of the first steps.
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

    def _may_fit(self, wanted: Spelling) -> bool:
        """Say whether every word stands somewhere, or one text has all stems."""
        return all(word in self.held for word in wanted.words) or any(
            wanted.stems <= text.stems for text in (*self.names, *self.others, *self.definitions)
        )


class Index:
    """The texts of many terms, laid out so that a search looks closely only at those that may fit."""

    def __init__(self, texts: Mapping[Iri, SearchedTexts]) -> None:
        """Lay out the texts."""
        self._terms = tuple(texts.items())
        # One text of all terms: to look for a word in it once is much quicker than in each of them.
        self._whole = "\n".join(each.held for each in texts.values())
        self._starts = (0, *accumulate(len(each.held) + 1 for each in texts.values()))
        self._by_stem: dict[str, set[int]] = defaultdict(set)
        for place, each in enumerate(texts.values()):
            for stem in each.stems:
                self._by_stem[stem].add(place)

    def candidates(self, wanted: Spelling) -> Iterator[tuple[Iri, SearchedTexts]]:
        """Yield every term that has the longest word somewhere, or all stems; no other can fit."""
        places = set.intersection(*(self._by_stem.get(stem, set()) for stem in wanted.stems))
        longest = max(wanted.words, key=len)
        at = self._whole.find(longest)
        while at >= 0:
            place = bisect_right(self._starts, at) - 1
            places.add(place)
            # On to the next term: that this one may fit is known.
            at = self._whole.find(longest, self._starts[place + 1])
        yield from (self._terms[place] for place in places)


def _within(wanted: Spelling, texts: Collection[Spelling]) -> bool:
    """Say whether every word stands somewhere in the texts, also as a part of a longer one."""
    return all(any(word in text.held for text in texts) for word in wanted.words)


@cache
def _singular(word: str) -> str:
    # Words such as class are no plurals.
    if len(word) < _SHORTEST_PLURAL or word.endswith("ss"):
        return word
    for plural, singular in _PLURALS:
        if word.endswith(plural):
            return word.removesuffix(plural) + singular
    return word

"""Names that need no backticks in Cypher, one for each term, whatever its IRI."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable
from hashlib import sha256
from typing import Final

from stratagraph.ontology.facts import Iri
from stratagraph.ontology.namespaces import SG, compact, local_name

APART: Final = "__"
"""What no term's own name holds: behind it stands what we add to a name."""
IDENTIFIER: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_WORD: Final = re.compile(r"[A-Za-z][A-Za-z0-9]*")
_CAMEL: Final = re.compile(r"[a-z][a-z0-9]*(?:[A-Z][a-z0-9]+)*")
"""A name that can be told from its words in capitals."""
_WORDS: Final = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")
_OTHERS: Final = re.compile("[^A-Za-z0-9]+")
_HASH: Final = 12
"""Hexadecimal digits that keep names apart of which the terms are only known by their IRIs."""

Spelling = Callable[[str], str | None]
"""How a local name is written; None where two would be written alike."""


def as_it_is(local: str) -> str | None:
    """Write a word as it is."""
    return local if _WORD.fullmatch(local) else None


def in_capitals(local: str) -> str | None:
    """Write a name in camel case as words in capitals."""
    return upper_snake(local) if _CAMEL.fullmatch(local) else None


def upper_snake(local: str) -> str:
    """Return the words of a name in capitals, with underscores between them."""
    return _WORDS.sub("_", local).upper()


class Register:
    """Terms with their names. Each declared term has one of its own, and a further one is never named like those.

    Our own vocabulary has the first choice, then the order of IRIs decides: what comes too late is told by its prefix.
    """

    def __init__(
        self, terms: Iterable[Iri], short: Callable[[str], str], apart: Spelling, taken: Iterable[str] = ()
    ) -> None:
        """``short`` writes the local name of a declared term, ``apart`` what follows the prefix of any other."""
        self._names: dict[Iri, str] = {}
        self._short = short
        self._apart = apart
        self._taken = set(taken)
        for term in sorted(terms, key=lambda iri: (not iri.startswith(SG), iri)):
            self._claim(term)

    @property
    def names(self) -> Collection[str]:
        """The names that are taken."""
        return self._taken

    def __getitem__(self, term: Iri) -> str:
        """Return a term's name."""
        known = self._names.get(term)
        if known is None:
            known = self._claim(term) if term.startswith(SG) else self._long(term)
        return known

    def __contains__(self, term: Iri) -> bool:
        """Say whether a term is declared."""
        return term in self._names

    def _claim(self, term: Iri) -> str:
        name = self._short(local_name(term))
        if not IDENTIFIER.fullmatch(name) or APART in name or name.endswith("_") or name in self._taken:
            name = self._long(term)
        self._taken.add(name)
        self._names[term] = name
        return name

    def _long(self, term: Iri) -> str:
        """Name a term by its prefix, or by a hash where that is unknown or could be another's name."""
        curie = compact(term)
        prefix, _, local = curie.partition(":")
        spelled = self._apart(local) if curie != term else None
        if spelled is not None:
            name = f"{prefix.upper() if spelled.isupper() else prefix}_{spelled}"
            if name not in self._taken:
                return name
        return f"{_slug(local_name(term))}{APART}x{sha256(term.encode()).hexdigest()[:_HASH]}"


def _slug(local: str) -> str:
    """Return what can be read of a name, beginning with a letter."""
    read = _OTHERS.sub("_", local).strip("_")
    return read if read[:1].isalpha() else f"n_{read}".rstrip("_")

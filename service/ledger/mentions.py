"""Where a value stands that a redaction erased elsewhere: in longer texts, and in names that a batch's hash covers."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final

from sqlalchemy import Column, Connection, or_, select

from stratagraph.ontology.facts import Literal
from stratagraph.service.ledger.damage import term as term_of
from stratagraph.service.ledger.database import chunks
from stratagraph.service.ledger.schema import batches, scopes, terms

SHORTEST: Final = 4
"""Characters of a value that is looked for within other texts: shorter ones are in too many by chance."""
MOST: Final = 20
"""Mentions that are told; the first few show what kind of place it is."""
AT_ONCE: Final = 50
"""Values looked for in one pass over a table."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Mention:
    """A place that holds an erased value: ``term``, ``source``, ``scope``, ``run`` or ``note``, and its text there."""

    place: str
    text: str


_PLACES: Final[tuple[tuple[str, Column[str]], ...]] = (
    ("term", terms.c.text),
    ("source", scopes.c.source),
    ("scope", scopes.c.name),
    ("run", batches.c.run),
    ("note", batches.c.note),
)


def plain(text: str) -> str:
    """Return what a term's N-Triples text stands for: the IRI itself, or what the literal says."""
    term = term_of(text)
    return term.value if isinstance(term, Literal) else term


def mentions(connection: Connection, erased: Iterable[str]) -> tuple[Mention, ...]:
    """Return the first places that hold one of the erased terms, given in N-Triples."""
    values = {value for value in map(plain, erased) if len(value) >= SHORTEST}
    # As it stands in a term's text: with N-Triples' escapes, and without the quotes or brackets around it.
    written = {text[1 : text.rindex(text[0] if text[0] == '"' else ">")] for text in erased}
    found: dict[Mention, None] = {}
    for place, column in _PLACES:
        wanted = {text for text in written if len(text) >= SHORTEST} if place == "term" else values
        for mention in _within(connection, place, column, wanted):
            found[mention] = None
            if len(found) >= MOST:
                return tuple(found)
    return tuple(found)


def _within(connection: Connection, place: str, column: Column[str], values: set[str]) -> Iterator[Mention]:
    for chunk in chunks(sorted(values), AT_ONCE):
        holds = or_(*(column.contains(value, autoescape=True) for value in chunk))
        for text in connection.execute(select(column).where(holds).distinct().limit(MOST)).scalars():
            yield Mention(place=place, text=text)

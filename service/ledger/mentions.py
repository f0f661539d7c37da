"""Where a value stands that a redaction erased elsewhere: in longer texts, and in names that a batch's hash covers."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import chain, islice
from typing import Final

from sqlalchemy import Column, ColumnElement, Connection, bindparam, or_, select

from stratagraph.ontology.facts import Iri, Literal
from stratagraph.service.ledger.claims import objects, predicates, subjects
from stratagraph.service.ledger.damage import term as term_of
from stratagraph.service.ledger.database import chunks
from stratagraph.service.ledger.schema import batches, claims, scopes, terms

SHORTEST: Final = 4
"""Characters of a value that is looked for within other texts: shorter ones are in too many by chance."""
MOST: Final = 20
"""Mentions that are told; the first few show what kind of place it is."""
AT_ONCE: Final = 50
"""Values looked for in one pass over a table."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Mention:
    """A place that holds an erased value: ``term``, ``source``, ``scope``, ``run`` or ``note``, and its text there.

    Of a text ``subject`` and ``predicate`` are the statement that says it, of a name of a thing ``subject`` is that.
    """

    place: str
    text: str
    subject: Iri | None = None
    predicate: Iri | None = None


_NAMES: Final[tuple[tuple[str, Column[str]], ...]] = (
    ("source", scopes.c.source),
    ("scope", scopes.c.name),
    ("run", batches.c.run),
    ("note", batches.c.note),
)
# In an order, so that the first few are the same each time; closed claims quote too.
_SAID: Final = (
    select(objects.c.text, subjects.c.text, predicates.c.text)
    .select_from(
        objects.outerjoin(claims, claims.c.object == objects.c.id)
        .outerjoin(subjects, subjects.c.id == claims.c.subject)
        .outerjoin(predicates, predicates.c.id == claims.c.predicate)
    )
    .where(objects.c.id.in_(bindparam("quoting", expanding=True)))
    .order_by(objects.c.text, subjects.c.text, predicates.c.text)
    .distinct()
    .limit(MOST)
)


def plain(text: str) -> str:
    """Return what a term's N-Triples text stands for: the IRI itself, or what the literal says."""
    term = term_of(text)
    return term.value if isinstance(term, Literal) else term


def mentions(connection: Connection, erased: Iterable[str]) -> tuple[Mention, ...]:
    """Return the first places that hold one of the erased terms, given in N-Triples."""
    terms_erased = tuple(erased)
    values = {value for value in map(plain, terms_erased) if len(value) >= SHORTEST}
    # As it stands in a term's text: with N-Triples' escapes, and without the quotes or brackets around it.
    written = {text[1 : text.rindex(text[0] if text[0] == '"' else ">")] for text in terms_erased}
    told = chain(
        _in_terms(connection, {text for text in written if len(text) >= SHORTEST}),
        *(_in_names(connection, place, column, values) for place, column in _NAMES),
    )
    return tuple(islice(dict.fromkeys(told), MOST))


def _in_terms(connection: Connection, values: set[str]) -> Iterator[Mention]:
    """Yield the terms that hold a value, with what says them."""
    for holds in _holding(terms.c.text, values):
        found = connection.execute(select(terms.c.id, terms.c.text).where(holds).order_by(terms.c.id).limit(MOST)).all()
        for _, text in found:
            if not text.startswith('"'):
                yield Mention(place="term", text=text, subject=plain(text))
        quoting = [number for number, text in found if text.startswith('"')]
        for text, subject, predicate in connection.execute(_SAID, {"quoting": quoting}) if quoting else ():
            about = {"subject": plain(subject), "predicate": plain(predicate)} if subject and predicate else {}
            yield Mention(place="term", text=text, **about)


def _in_names(connection: Connection, place: str, column: Column[str], values: set[str]) -> Iterator[Mention]:
    for holds in _holding(column, values):
        for text in connection.execute(select(column).where(holds).distinct().limit(MOST)).scalars():
            yield Mention(place=place, text=text)


def _holding(column: Column[str], values: set[str]) -> Iterator[ColumnElement[bool]]:
    for chunk in chunks(sorted(values), AT_ONCE):
        yield or_(*(column.contains(value, autoescape=True) for value in chunk))

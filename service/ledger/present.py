"""What the ledger knows now: open claims, all of them, about some subjects, on some objects, of one fact."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import suppress
from typing import Final

from sqlalchemy import Connection, bindparam

from stratagraph.ontology.facts import Claim, Fact, Iri
from stratagraph.service.ledger.claims import Claims, named_facts, present_claims
from stratagraph.service.ledger.database import chunks
from stratagraph.service.ledger.errors import UnstorableTerm
from stratagraph.service.ledger.interning import Terms, Texts, fact_numbers, find, is_storable
from stratagraph.service.ledger.prepared import Prepared
from stratagraph.service.ledger.schema import OPEN, claims

_OPEN_FACTS: Final = named_facts().where(OPEN).order_by(claims.c.id)
_OPEN: Final = present_claims().where(OPEN).order_by(claims.c.id)
_OF_SUBJECTS: Final = _OPEN.where(claims.c.subject.in_(bindparam("subjects", expanding=True)))
_EARLIER: Final = _OF_SUBJECTS.where(claims.c.opened < bindparam("before"))
_ON_OBJECTS: Final = _OPEN.where(claims.c.object.in_(bindparam("objects", expanding=True)))
_OF_FACT: Final = _OPEN.where(
    claims.c.subject == bindparam("s"), claims.c.predicate == bindparam("p"), claims.c.object == bindparam("o")
)
_FACTS: Final = Prepared(_OPEN_FACTS.where(claims.c.subject.in_(bindparam("subjects", expanding=True))))
_FACTS_WITH: Final = Prepared(
    _OPEN_FACTS.where(
        claims.c.subject.in_(bindparam("subjects", expanding=True)),
        claims.c.predicate.in_(bindparam("predicates", expanding=True)),
    )
)


def open_claims(connection: Connection) -> Iterator[Claim]:
    """Yield every open claim, in the order they were opened."""
    return Claims().present(connection.execute(_OPEN))


def open_facts(
    connection: Connection, subjects: Iterable[Iri], predicates: Iterable[Iri] = (), *, terms: Terms | None = None
) -> Iterator[Fact]:
    """Yield the open facts about the subjects, each once, however many sources state it.

    Args:
        connection: holds the state of the ledger.
        subjects: the nodes.
        predicates: where some are given, only facts with one of them.
        terms: numbers that are true of this state.
    """
    terms = terms or Terms()
    wanted = terms.find(connection, _texts_of(predicates, terms.texts)) if predicates else None
    if wanted == []:
        return
    reader = Claims()
    for chunk in chunks(_texts_of(subjects, terms.texts)):
        numbers = terms.find(connection, chunk)
        if not numbers:
            continue
        if wanted:
            rows = _FACTS_WITH(connection, subjects=numbers, predicates=wanted)
        else:
            rows = _FACTS(connection, subjects=numbers)
        yield from map(reader.fact, dict.fromkeys(rows))


def _texts_of(nodes: Iterable[Iri], texts: Texts) -> list[str]:
    """Return the texts of the nodes; what could never be stored is in no claim, and to ask for it is no mistake."""
    found = []
    for node in dict.fromkeys(nodes):
        with suppress(UnstorableTerm):
            found.append(texts[node])
    return found


def claims_about(connection: Connection, subjects: Iterable[Iri], before: int) -> Iterator[Claim]:
    """Yield the open claims about the subjects that were opened before a sequence."""
    reader = Claims()
    for numbers in _numbers(connection, subjects):
        yield from reader.present(connection.execute(_EARLIER, {"subjects": numbers, "before": before}))


def claims_on(connection: Connection, objects: Iterable[Iri]) -> Iterator[Claim]:
    """Yield the open claims that point to the objects; no index leads there, so all open claims are looked at."""
    reader = Claims()
    for numbers in _numbers(connection, objects):
        yield from reader.present(connection.execute(_ON_OBJECTS, {"objects": numbers}))


def _numbers(connection: Connection, nodes: Iterable[Iri]) -> Iterator[list[int]]:
    """Yield the numbers of those nodes that were ever stored, chunk by chunk."""
    texts = Texts()
    for chunk in chunks(dict.fromkeys(node for node in nodes if is_storable(node))):
        numbers = list(find(connection, [texts[node] for node in chunk]).values())
        if numbers:
            yield numbers


def claims_of(connection: Connection, fact: Fact) -> tuple[Claim, ...]:
    """Return who says the fact now."""
    numbers = fact_numbers(connection, fact)
    if numbers is None:
        return ()
    s, p, o = numbers
    return tuple(Claims().present(connection.execute(_OF_FACT, {"s": s, "p": p, "o": o})))

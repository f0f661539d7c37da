"""What the ledger knows now: open claims, all of them, about some subjects, on some objects, of one fact."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final

from sqlalchemy import Connection, bindparam

from stratagraph.ontology.facts import Claim, Fact, Iri
from stratagraph.service.ledger.claims import Claims, present_claims
from stratagraph.service.ledger.database import chunks
from stratagraph.service.ledger.interning import Texts, fact_numbers, find, is_storable
from stratagraph.service.ledger.schema import OPEN, claims

_OPEN: Final = present_claims().where(OPEN).order_by(claims.c.id)
_OF_SUBJECTS: Final = _OPEN.where(claims.c.subject.in_(bindparam("subjects", expanding=True)))
_EARLIER: Final = _OF_SUBJECTS.where(claims.c.opened < bindparam("before"))
_ON_OBJECTS: Final = _OPEN.where(claims.c.object.in_(bindparam("objects", expanding=True)))
_OF_FACT: Final = _OPEN.where(
    claims.c.subject == bindparam("s"), claims.c.predicate == bindparam("p"), claims.c.object == bindparam("o")
)


def open_claims(connection: Connection) -> Iterator[Claim]:
    """Yield every open claim, in the order they were opened."""
    return Claims().present(connection.execute(_OPEN))


def open_facts(connection: Connection, subjects: Iterable[Iri]) -> Iterator[Fact]:
    """Yield the open facts about the subjects, each once, however many sources state it."""
    reader = Claims()
    for numbers in _numbers(connection, subjects):
        rows = connection.execute(_OF_SUBJECTS, {"subjects": numbers})
        yield from dict.fromkeys(reader.fact(row) for row in rows)


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

"""What the ledger knew: open claims now, at a sequence, or at a time."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from typing import Any, Final

from sqlalchemy import ColumnElement, Connection, Row, Select, bindparam, func, or_, select

from stratagraph.ontology.facts import Claim, Fact, Iri
from stratagraph.service.ledger.chain import microseconds
from stratagraph.service.ledger.claims import COLUMNS, NAMED, Claims, present_claims, seeing
from stratagraph.service.ledger.database import chunks
from stratagraph.service.ledger.errors import AsOfInFuture
from stratagraph.service.ledger.interning import Texts, find, is_storable
from stratagraph.service.ledger.schema import OPEN, batches, claims, scope_runs, scopes

Moment = int | datetime
"""A ledger sequence, or an aware time."""

_HEAD: Final = select(func.coalesce(func.max(batches.c.sequence), 0))
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
    """Yield the open facts about the subjects, each once, whoever says it."""
    reader = Claims()
    for numbers in _numbers(connection, subjects):
        rows = connection.execute(_OF_SUBJECTS, {"subjects": numbers})
        yield from dict.fromkeys(reader.fact(row) for row in rows)


def claims_about(connection: Connection, subjects: Iterable[Iri], before: int) -> Iterator[Claim]:
    """Yield the open claims about the subjects that were opened before a sequence."""
    for numbers in _numbers(connection, subjects):
        yield from _claims(connection.execute(_EARLIER, {"subjects": numbers, "before": before}))


def claims_on(connection: Connection, objects: Iterable[Iri]) -> Iterator[Claim]:
    """Yield the open claims that point to the objects; no index leads there, so all open claims are looked at."""
    for numbers in _numbers(connection, objects):
        yield from _claims(connection.execute(_ON_OBJECTS, {"objects": numbers}))


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


def fact_numbers(connection: Connection, fact: Fact) -> tuple[int, int, int] | None:
    """Return the numbers of a fact's terms, or None where a term was never stored."""
    terms = (fact.subject, fact.predicate, fact.object)
    if not all(map(is_storable, terms)):
        return None
    texts = Texts()
    s, p, o = (texts[term] for term in terms)
    numbers = find(connection, {s, p, o})
    return (numbers[s], numbers[p], numbers[o]) if {s, p, o} <= numbers.keys() else None


def claims_as_of(connection: Connection, at: Moment, *, now: datetime) -> Iterator[Claim]:
    """Yield the claims that were open at a moment, as they were known then; redacted ones are gone.

    Raises:
        AsOfInFuture: the moment has not come.
    """
    head = int(connection.execute(_HEAD).scalar_one())
    future = at > now if isinstance(at, datetime) else at > head
    if future:
        raise AsOfInFuture(asked=str(at), head=head)
    return _claims(connection.execute(_as_of(_sequence(at))))


def _claims(rows: Iterable[Row[*tuple[Any, ...]]]) -> Iterator[Claim]:
    return Claims().present(rows)


def _sequence(at: Moment) -> ColumnElement[int]:
    """Return the sequence of a moment, as an expression inside the one query."""
    if isinstance(at, int):
        return bindparam("at", at)
    until = batches.c.time <= microseconds(at.astimezone(UTC))
    return select(func.coalesce(func.max(batches.c.sequence), 0)).where(until).scalar_subquery()


def _as_of(at: ColumnElement[int]) -> Select[*tuple[Any, ...]]:
    sighted = (
        select(scope_runs.c.scope, func.max(scope_runs.c.sequence).label("sequence"))
        .where(scope_runs.c.sequence <= at, or_(scope_runs.c.complete, scope_runs.c.stated > 0))
        .group_by(scope_runs.c.scope)
        .subquery("sighted")
    )
    joined = NAMED.join(sighted, sighted.c.scope == scopes.c.id).join(seeing, seeing.c.sequence == sighted.c.sequence)
    return (
        select(*COLUMNS, seeing.c.time.label("last_seen"))
        .select_from(joined)
        .where(claims.c.opened <= at, or_(OPEN, claims.c.closed > at))
        .order_by(claims.c.id)
    )

"""Scopes that fell silent: closing what was not seen for too long."""

from __future__ import annotations

from datetime import datetime
from typing import Final

from sqlalchemy import Connection, bindparam, exists, select

from stratagraph.ontology.facts import Batch, Fact, Method, Scope
from stratagraph.service.ledger.chain import microseconds
from stratagraph.service.ledger.claims import Claims, named_claims
from stratagraph.service.ledger.schema import OPEN, batches, claims, scopes

SILENCE_RUN: Final = "silence:"
"""How the runs of housekeeping batches begin."""
MOST: Final = 20_000
"""Claims closed by one entry at most: bounds its memory, and how long other commits wait for it."""

_SILENT: Final = (
    select(scopes.c.id, scopes.c.source, scopes.c.name)
    .join(batches, batches.c.sequence == scopes.c.last_seen)
    .where(
        scopes.c.silence.is_not(None),
        batches.c.time + scopes.c.silence <= bindparam("now"),
        exists().where(OPEN, claims.c.scope == scopes.c.id),
    )
    .order_by(scopes.c.source, scopes.c.name)
)
_ANY: Final = _SILENT.limit(1)
_OPEN_OF_SCOPE: Final = (
    named_claims().where(OPEN, claims.c.scope == bindparam("scope")).order_by(claims.c.id).limit(bindparam("most"))
)


def is_silent(connection: Connection, now: datetime) -> bool:
    """Tell whether any scope with open claims was not seen for its silence period."""
    return connection.execute(_ANY, {"now": microseconds(now)}).first() is not None


def silenced(connection: Connection, now: datetime, sequence: int) -> Batch | None:
    """Return the batch, to be this sequence, that withdraws what one source's silent scopes still say; None without.

    Ask for it inside the transaction that commits it: what a source says in between is not silence. Withdrawing is
    not seeing either: committing the batch leaves the scopes last seen when they were.
    """
    reader = Claims()
    silent: list[Scope] = []
    source, left = None, MOST
    for number, of, name in connection.execute(_SILENT, {"now": microseconds(now)}).all():
        if (source is not None and of != source) or not left:
            break
        source = of
        rows = connection.execute(_OPEN_OF_SCOPE, {"scope": number, "most": left}).all()
        facts: tuple[Fact, ...] = tuple(reader.fact(row) for row in rows)
        silent.append(Scope(name=name, complete=False, withdrawn=facts))
        left -= len(facts)
    if source is None:
        return None
    run = f"{SILENCE_RUN}{sequence}"  # no clock names a run: one that was set back would name the same again
    return Batch(source=source, run=run, method=Method.OBSERVED, scopes=tuple(silent))

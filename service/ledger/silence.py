"""Scopes that fell silent: the housekeeping batches that close what was not seen for too long."""

from __future__ import annotations

from collections import defaultdict
from datetime import datetime
from typing import Final

from sqlalchemy import Connection, bindparam, exists, select

from stratagraph.ontology.facts import Batch, Fact, Method, Scope
from stratagraph.service.ledger.chain import microseconds
from stratagraph.service.ledger.claims import Claims, named_claims
from stratagraph.service.ledger.schema import OPEN, batches, claims, scopes

SILENCE_RUN: Final = "silence:"
"""How the runs of housekeeping batches begin."""

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
_OPEN_OF_SCOPE: Final = named_claims().where(OPEN, claims.c.scope == bindparam("scope")).order_by(claims.c.id)


def due_for_silence(connection: Connection, now: datetime) -> tuple[Batch, ...]:
    """Return one batch for each source with silent scopes, withdrawing everything in them.

    Withdrawing is not seeing: committing such a batch leaves the scopes last seen when they were.
    """
    reader = Claims()
    silent: dict[str, list[Scope]] = defaultdict(list)
    for number, source, name in connection.execute(_SILENT, {"now": microseconds(now)}).all():
        rows = connection.execute(_OPEN_OF_SCOPE, {"scope": number})
        facts: tuple[Fact, ...] = tuple(reader.fact(row) for row in rows)
        silent[source].append(Scope(name=name, complete=False, withdrawn=facts))
    return tuple(
        Batch(
            source=source,
            run=f"{SILENCE_RUN}{now.isoformat()}",
            method=Method.OBSERVED,
            scopes=tuple(scopes_),
        )
        for source, scopes_ in silent.items()
    )

"""Indexes over a part of a table: SQLAlchemy loads both dialects for them, and only migrations need them."""

from __future__ import annotations

from typing import Final

from sqlalchemy import Index, text

from stratagraph.service.ledger.schema import claims, metadata, observations

__all__ = ["metadata"]

IS_OPEN: Final = text("closed IS NULL")
IS_CLOSED: Final = text("closed IS NOT NULL")

# Unique among open claims only, for a closed fact may be stated again. The subject comes first, so that this index also
# finds the claims about a subject.
Index(
    "claims_open_fact",
    claims.c.subject,
    claims.c.predicate,
    claims.c.object,
    claims.c.scope,
    unique=True,
    sqlite_where=IS_OPEN,
    postgresql_where=IS_OPEN,
)
# With the number, because a complete run asks for the open claims of its scope below one.
Index(
    "claims_open_scope",
    claims.c.scope,
    claims.c.id,
    sqlite_where=IS_OPEN,
    postgresql_where=IS_OPEN,
)
Index("claims_closed", claims.c.closed, claims.c.id, sqlite_where=IS_CLOSED, postgresql_where=IS_CLOSED)
# Whoever commits asks whether values were taken away from a window: as a rule, none ever were.
TAKES: Final = text("count < 0")
Index("observations_taken", observations.c.end, sqlite_where=TAKES, postgresql_where=TAKES)

"""Observations that go and leave their digest: added up by retention, or erased by a redaction.

The chain goes on verifying, for the digest stands where the row stood; an entry of the chain must name the row's
number, so that nobody drops one in silence.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from itertools import pairwise
from typing import Any, Final

from sqlalchemy import Connection, Row, bindparam, delete, select

from stratagraph.service.ledger.chain import numbers_of, observation_digest
from stratagraph.service.ledger.database import chunks, insert_many
from stratagraph.service.ledger.entry import DIGEST_COLUMNS
from stratagraph.service.ledger.observed import decoded
from stratagraph.service.ledger.schema import batches, dropped_observations, observations

RETENTION: Final = "retention"
REDACTION: Final = "redaction"
"""The kinds of entries that may drop observations."""

DIGESTS_KEPT: Final = (
    select(dropped_observations)
    .where(dropped_observations.c.id >= bindparam("first"), dropped_observations.c.id < bindparam("end"))
    .order_by(dropped_observations.c.id)
)
"""The digests of dropped observations with numbers from first to before end."""


def drop(connection: Connection, rows: Sequence[Row[*tuple[Any, ...]]]) -> None:
    """Replace observations, as rows of ``observed.NAMED``, by their digests."""
    for chunk in chunks(rows):
        gone = [
            (
                row.id,
                row.sequence,
                observation_digest(row.subject_text, row.metric_text, seen.unit, numbers_of(seen), seen.sketch),
            )
            for row, seen in zip(chunk, decoded(chunk), strict=True)
        ]
        insert_many(connection, dropped_observations, DIGEST_COLUMNS, gone)
        connection.execute(delete(observations).where(observations.c.id.in_([row.id for row in chunk])))


def ranges(ids: Iterable[int]) -> list[list[int]]:
    """Return ids as sorted [first, last] of each run without a gap."""
    sorted_ = sorted(ids)
    if not sorted_:
        return []
    starts = [sorted_[0], *(after for before, after in pairwise(sorted_) if after != before + 1)]
    ends = [*(before for before, after in pairwise(sorted_) if after != before + 1), sorted_[-1]]
    return [list(pair) for pair in zip(starts, ends, strict=True)]


def dropped_ids(connection: Connection) -> dict[int, int]:
    """Return the ranges of observations that entries of the chain name as dropped, last id by first id."""
    named: dict[int, int] = {}
    notes = select(batches.c.note).where(batches.c.kind.in_((RETENTION, REDACTION)))
    for note in connection.execute(notes).scalars():
        try:
            # A redaction that drops no observation names none.
            named.update((int(first), int(last)) for first, last in json.loads(note).get("dropped", ()))
        except (ValueError, KeyError, TypeError, AttributeError):
            continue  # a note that was tampered with names nothing; its batch's hash will not match
    return named

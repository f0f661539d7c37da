"""One state of the ledger, asked several questions whose answers fit together."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Final, NamedTuple

from sqlalchemy import Connection, bindparam, case, func, select

from stratagraph.ontology.facts import Claim, LedgerChange, Observation, Sighting
from stratagraph.service.ledger import asof, history, observed, present
from stratagraph.service.ledger.damage import moment
from stratagraph.service.ledger.dropping import REDACTION, RETENTION
from stratagraph.service.ledger.schema import batches

_HEAD: Final = select(batches.c.sequence, batches.c.time, batches.c.hash).order_by(batches.c.sequence.desc()).limit(1)
_AT: Final = select(batches.c.sequence, batches.c.time, batches.c.hash).where(batches.c.sequence == bindparam("at"))
_LATER: Final = batches.c.sequence > bindparam("after")
_DISTANCE: Final = select(
    func.coalesce(func.sum(batches.c.opened - batches.c.closed), 0),
    func.coalesce(func.sum(case((_LATER, batches.c.opened + batches.c.closed + batches.c.observed), else_=0)), 0),
    func.coalesce(func.sum(case((_LATER & batches.c.kind.in_((RETENTION, REDACTION)), 1), else_=0)), 0),
)


class End(NamedTuple):
    """Where the chain ends, or ended; sequence 0 is the empty ledger."""

    sequence: int
    batch_hash: str
    time: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Distance:
    """What lies between a sequence and the end: ``changes`` beside the ``open`` claims of the present.

    ``rewritten``: the ledger itself took something out of what was known then, by retention or redaction.
    """

    open: int
    changes: int
    rewritten: bool


class LedgerState:
    """One state of the ledger. What other processes commit meanwhile is not seen."""

    def __init__(self, connection: Connection) -> None:
        """Use ``Ledger.state``."""
        self._connection = connection

    def end(self) -> End:
        """Return where the chain ends."""
        return end_of(self._connection)

    def at(self, sequence: int) -> End | None:
        """Return where the chain ended when this was the newest sequence; None where there is none such."""
        row = self._connection.execute(_AT, {"at": sequence}).first()
        return End(row.sequence, bytes(row.hash).hex(), moment(row.time)) if row else None

    def distance(self, after: int) -> Distance:
        """Return how much was changed after a sequence."""
        open_, changed, rewrites = self._connection.execute(_DISTANCE, {"after": after}).one()
        return Distance(open=int(open_), changes=int(changed), rewritten=bool(rewrites))

    def changes(self, after: int) -> Iterator[LedgerChange]:
        """Yield what each sequence after this one changed.

        Raises:
            HistoryErased: a fact that was open at ``after`` was redacted since; read the open claims instead.
        """
        return history.changes(self._connection, after)

    def claims(self, until: int) -> Iterator[Claim]:
        """Yield the claims that were open at a sequence, in the order they were opened."""
        if until == self.end().sequence:
            return present.open_claims(self._connection)  # by an index of its own: half the cost of asking for a past
        return asof.claims_at(self._connection, until)

    def observations(self, until: int) -> Iterator[Observation]:
        """Yield the newest of each subject and metric, as they were known at a sequence."""
        if until == self.end().sequence:
            return observed.newest_observations(self._connection)
        return asof.newest_observations_until(self._connection, until)

    def statement_observations(self, since: datetime, until: int) -> Iterator[Observation]:
        """Yield every observation on a statement whose window started at this time or later, known at a sequence."""
        return observed.statement_observations(self._connection, since, until)

    def sightings(self, until: int) -> Iterator[Sighting]:
        """Yield when each scope was seen last, as it was known at a sequence."""
        if until == self.end().sequence:
            return history.sightings(self._connection)
        return asof.sightings_until(self._connection, until)


def end_of(connection: Connection) -> End:
    """Return where the chain ends."""
    row = connection.execute(_HEAD).first()
    return End(row.sequence, bytes(row.hash).hex(), moment(row.time)) if row else End(0, "", None)

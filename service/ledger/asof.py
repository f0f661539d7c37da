"""What the ledger knew at a sequence or a time: where it stood, its claims, what it had observed and seen by then."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

from sqlalchemy import ColumnElement, Connection, Row, Select, and_, bindparam, func, or_, select

from stratagraph.ontology.errors import StratagraphError
from stratagraph.ontology.facts import Claim, Observation, Sighting
from stratagraph.service.ledger.chain import microseconds
from stratagraph.service.ledger.claims import COLUMNS, Claims, seeing
from stratagraph.service.ledger.claims import NAMED as CLAIMS
from stratagraph.service.ledger.damage import moment
from stratagraph.service.ledger.dropping import REDACTION
from stratagraph.service.ledger.errors import AsOfInFuture
from stratagraph.service.ledger.history import SIGHTING, sighting
from stratagraph.service.ledger.observed import NAMED, newest_of
from stratagraph.service.ledger.schema import OPEN, batches, claims, observations, scope_runs, scopes

Moment = int | datetime
"""A ledger sequence, or an aware time."""


class AsOfBeforeLedger(StratagraphError, slug="as-of-before-ledger", status=400):
    """Asked what the ledger knew before it had its first batch."""

    text = "At {asked} the ledger was still empty. Ask for a later time, or a sequence from 1 on."

    asked: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """The newest batch of a moment, and how much of what was known then can't be told any more.

    ``ontology_hash`` is that of the ontology in force; ``redacted`` counts the claims that were open and erased since.
    """

    sequence: int
    time: datetime
    batch_hash: str
    ontology_hash: str
    redacted: int


_HEAD: Final = select(func.coalesce(func.max(batches.c.sequence), 0))
_AT_SEQUENCE: Final = select(batches).where(batches.c.sequence == bindparam("at"))
_AT_TIME: Final = select(batches).where(batches.c.time <= bindparam("at")).order_by(batches.c.sequence.desc()).limit(1)
_ONTOLOGY: Final = (
    select(batches.c.ontology)
    .where(batches.c.sequence <= bindparam("at"), batches.c.ontology != "")  # a redaction may name none
    .order_by(batches.c.sequence.desc())
    .limit(1)
)
# Redacting a fact takes the subject of all its claims, and closes those that are open: so no open claim is looked for.
_REDACTED: Final = select(func.count()).where(
    claims.c.subject.is_(None), claims.c.opened <= bindparam("at"), claims.c.closed > bindparam("at")
)
_NEWS: Final = select(
    func.max(batches.c.sequence), func.count().filter(batches.c.kind == REDACTION).label("redactions")
).where(batches.c.sequence > bindparam("after"))
_LATEST: Final = (
    select(observations.c.subject, observations.c.metric, func.max(observations.c.end).label("end"))
    .where(observations.c.sequence <= bindparam("until"))
    .group_by(observations.c.subject, observations.c.metric)
    .subquery("latest_then")
)
_NEWEST: Final = (
    NAMED.join(
        _LATEST,
        and_(
            _LATEST.c.subject == observations.c.subject,
            _LATEST.c.metric == observations.c.metric,
            _LATEST.c.end == observations.c.end,
        ),
    )
    .where(observations.c.sequence <= bindparam("until"))
    .order_by(observations.c.subject, observations.c.metric, observations.c.id)
)
_SIGHTED: Final = (
    # Only runs that saw the scope count, as in ``ScopeRun.seen``: withdrawing what fell silent is not seeing it.
    select(scope_runs.c.scope, func.max(scope_runs.c.sequence).label("sequence"))
    .where(scope_runs.c.sequence <= bindparam("until"), or_(scope_runs.c.complete, scope_runs.c.stated > 0))
    .group_by(scope_runs.c.scope)
    .subquery("sighted_then")
)
_SIGHTINGS: Final = (
    select(*SIGHTING)
    .join(_SIGHTED, _SIGHTED.c.scope == scopes.c.id)
    .join(batches, batches.c.sequence == _SIGHTED.c.sequence)
    .join(scope_runs, (scope_runs.c.sequence == _SIGHTED.c.sequence) & (scope_runs.c.scope == scopes.c.id))
    .order_by(scopes.c.id)
)


def standing(connection: Connection, at: Moment, *, now: datetime) -> Standing:
    """Return where the ledger stood at a sequence or time.

    Raises:
        AsOfInFuture: the moment has not come.
        AsOfBeforeLedger: there was nothing yet.
    """
    _refuse_future(connection, at, now=now)
    row = _row(connection, at)
    if row is None:
        raise AsOfBeforeLedger(asked=str(at))
    values = {"at": row.sequence}
    return Standing(
        sequence=row.sequence,
        time=moment(row.time),
        batch_hash=bytes(row.hash).hex(),
        ontology_hash=connection.execute(_ONTOLOGY, values).scalar() or "",
        redacted=int(connection.execute(_REDACTED, values).scalar_one()),
    )


def _refuse_future(connection: Connection, at: Moment, *, now: datetime) -> None:
    head = int(connection.execute(_HEAD).scalar_one())
    # A time after the newest batch is no future: that nothing happened since is an answer.
    if at > now if isinstance(at, datetime) else at > head:
        raise AsOfInFuture(asked=str(at), head=head)


def _row(connection: Connection, at: Moment) -> Row[*tuple[Any, ...]] | None:
    if isinstance(at, datetime):
        return connection.execute(_AT_TIME, {"at": microseconds(at.astimezone(UTC))}).first()
    return connection.execute(_AT_SEQUENCE, {"at": at}).first()


def newest_observations_until(connection: Connection, sequence: int) -> Iterator[Observation]:
    """Yield, for each subject and metric, what the batches up to a sequence say together of the newest window."""
    return newest_of(connection, connection.execute(_NEWEST, {"until": sequence}), sequence)


def sightings_until(connection: Connection, sequence: int) -> Iterator[Sighting]:
    """Yield when each scope was seen last, up to a sequence."""
    return map(sighting, connection.execute(_SIGHTINGS, {"until": sequence}))


def redactions(connection: Connection, after: int) -> tuple[int, bool]:
    """Return the newest sequence, and whether a redaction is among those after the one given."""
    sequence, count = connection.execute(_NEWS, {"after": after}).one()
    # The maximum of no rows is NULL: nothing came after.
    return sequence or after, bool(count)


def claims_as_of(connection: Connection, at: Moment, *, now: datetime) -> Iterator[Claim]:
    """Yield the claims that were open at a moment, as they were known then; redacted ones are gone.

    Raises:
        AsOfInFuture: the moment has not come.
    """
    _refuse_future(connection, at, now=now)
    return Claims().present(connection.execute(_as_of(_sequence(at))))


def claims_at(connection: Connection, sequence: int) -> Iterator[Claim]:
    """Yield the claims that were open at a sequence that there is, as they were known then; redacted ones are gone."""
    return Claims().present(connection.execute(_as_of(_sequence(sequence))))


def _sequence(at: Moment) -> ColumnElement[int]:
    """Return the sequence of a moment, as an expression inside the one query."""
    if isinstance(at, int):
        return bindparam("at", at)
    until = batches.c.time <= microseconds(at.astimezone(UTC))
    return select(func.coalesce(func.max(batches.c.sequence), 0)).where(until).scalar_subquery()


def _as_of(at: ColumnElement[int]) -> Select[*tuple[Any, ...]]:
    # The scope's row holds only the newest run that saw it; which one it was at that moment, the runs' outcomes tell.
    sighted = (
        select(scope_runs.c.scope, func.max(scope_runs.c.sequence).label("sequence"))
        .where(scope_runs.c.sequence <= at, or_(scope_runs.c.complete, scope_runs.c.stated > 0))
        .group_by(scope_runs.c.scope)
        .subquery("sighted")
    )
    joined = CLAIMS.join(sighted, sighted.c.scope == scopes.c.id).join(seeing, seeing.c.sequence == sighted.c.sequence)
    return (
        select(*COLUMNS, seeing.c.time.label("last_seen"))
        .select_from(joined)
        # ``>`` and not ``>=``: what the batch itself closed is not open any more at its sequence.
        .where(claims.c.opened <= at, or_(OPEN, claims.c.closed > at))
        .order_by(claims.c.id)
    )

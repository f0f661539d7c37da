"""What happened: changes sequence by sequence, batches with their outcomes, sources and when they were seen."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, Final

from sqlalchemy import Connection, Row, bindparam, func, or_, select

from stratagraph.ontology.facts import Claim, LedgerChange, Method, Sighting
from stratagraph.service.ledger.chain import MICROSECOND, Header, ScopeRun
from stratagraph.service.ledger.claims import COLUMNS, NAMED, Claims, named_claims
from stratagraph.service.ledger.damage import method, moment
from stratagraph.service.ledger.errors import HistoryErased
from stratagraph.service.ledger.observed import observation_rows, remaining
from stratagraph.service.ledger.schema import OPEN, batches, claims, scope_runs, scopes


class BatchOutcome(StrEnum):
    """How a run went."""

    COMPLETE = "complete"
    """It enumerated every scope that it speaks of."""
    PARTIAL = "partial"
    """It saw a part of some scope, so that nothing was closed there for being unmentioned."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BatchRecord:
    """One entry of the chain. ``kind`` is "run", or what the ledger did itself: "redaction"."""

    sequence: int
    time: datetime
    kind: str
    source: str
    run: str
    method: Method
    silence: timedelta | None
    ontology_hash: str
    batch_hash: str
    note: str
    opened: int
    closed: int
    observed: int
    scopes: tuple[ScopeRun, ...]

    @property
    def outcome(self) -> BatchOutcome:
        """How the run went; one that speaks of no scope is partial, for it closes nothing."""
        complete = bool(self.scopes) and all(scope.complete for scope in self.scopes)
        return BatchOutcome.COMPLETE if complete else BatchOutcome.PARTIAL


@dataclass(frozen=True, slots=True, kw_only=True)
class ScopeRecord:
    """One scope of a source: when it was seen last, and how many of its claims are open."""

    name: str
    last_seen: datetime | None
    silence: timedelta | None
    open_claims: int


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceRecord:
    """One source, its newest batch and its scopes."""

    source: str
    newest: BatchRecord
    scopes: tuple[ScopeRecord, ...]


_AFTER: Final = select(batches).where(batches.c.sequence > bindparam("after")).order_by(batches.c.sequence)
_RUNS: Final = (
    select(scopes.c.name, scope_runs.c.complete, scope_runs.c.stated, scope_runs.c.withdrawn)
    .join(scopes, scopes.c.id == scope_runs.c.scope)
    .where(scope_runs.c.sequence == bindparam("at"))
    .order_by(scope_runs.c.position)
)
_OPENED: Final = (
    named_claims().where(claims.c.id >= bindparam("first"), claims.c.id < bindparam("end")).order_by(claims.c.id)
)
_CLOSED: Final = (
    select(*COLUMNS, claims.c.scope.label("scope_id"))
    .select_from(NAMED)
    .where(claims.c.closed == bindparam("at"))
    .order_by(claims.c.id)
)
# The scope's row tells of the newest run alone; which one saw it before some batch, the outcomes tell.
_SEEN_BEFORE: Final = (
    select(batches.c.time)
    .join(scope_runs, scope_runs.c.sequence == batches.c.sequence)
    .where(
        scope_runs.c.scope == bindparam("scope"),
        scope_runs.c.sequence < bindparam("at"),
        or_(scope_runs.c.complete, scope_runs.c.stated > 0),
    )
    .order_by(scope_runs.c.sequence.desc())
    .limit(1)
)
_ERASED: Final = select(func.min(claims.c.closed)).where(
    claims.c.salt.is_(None), claims.c.opened <= bindparam("after"), claims.c.closed > bindparam("after")
)
_SCOPES: Final = (
    select(
        scopes.c.source,
        scopes.c.name,
        scopes.c.silence,
        batches.c.time,
        select(func.count()).where(OPEN, claims.c.scope == scopes.c.id).scalar_subquery().label("open_claims"),
    )
    .join(batches, batches.c.sequence == scopes.c.last_seen, isouter=True)
    .order_by(scopes.c.source, scopes.c.name)
)
SIGHTING: Final = (scopes.c.source, scopes.c.name, batches.c.time, batches.c.run, scope_runs.c.complete)
_SIGHTED: Final = (
    select(*SIGHTING)
    .join(batches, batches.c.sequence == scopes.c.last_seen)
    .join(scope_runs, (scope_runs.c.sequence == scopes.c.last_seen) & (scope_runs.c.scope == scopes.c.id))
    .order_by(scopes.c.id)
)
_NEWEST: Final = (
    select(batches)
    .where(batches.c.sequence.in_(select(func.max(batches.c.sequence)).group_by(batches.c.source)))
    .order_by(batches.c.source)
)


def changes(connection: Connection, after: int) -> Iterator[LedgerChange]:
    """Yield what each sequence after this one changed.

    Raises:
        HistoryErased: a fact open at ``after`` was redacted, so that its closing cannot be told any more.
    """
    # Asked before the first change is given: a reader can't take back half of the changes.
    erased = connection.execute(_ERASED, {"after": after}).scalar()
    if erased is not None:
        raise HistoryErased(after=after, sequence=erased)
    return (_change(connection, row) for row in connection.execute(_AFTER, {"after": after}))


def _change(connection: Connection, row: Row[*tuple[Any, ...]]) -> LedgerChange:
    reader = Claims()
    told = tuple(observation_rows(connection, row.first_observation, row.observed))
    opened = connection.execute(_OPENED, {"first": row.first_claim, "end": row.first_claim + row.opened})
    return LedgerChange(
        sequence=row.sequence,
        time=moment(row.time),
        batch_hash=bytes(row.hash).hex(),
        # As far as this change knows, a claim was last seen when it was opened.
        opened=tuple(reader.claim(claim, row.time) for claim in opened),
        closed=_closed(connection, row.sequence) if row.closed else (),
        observations=told,
        source=row.source,
        run=row.run,
        sightings=sightings_of(row.source, row.run, scope_runs_of(connection, row.sequence), moment(row.time)),
        remaining=tuple(remaining(connection, told, row.sequence)),
    )


def sightings_of(source: str, run: str, scopes_: Iterable[ScopeRun], time: datetime) -> tuple[Sighting, ...]:
    """Return the scopes that a batch saw."""
    return tuple(
        Sighting(source=source, scope=scope.name, last_seen=time, run=run, complete=scope.complete)
        for scope in scopes_
        if scope.seen
    )


def sightings(connection: Connection) -> Iterator[Sighting]:
    """Yield when each scope of each source was seen last."""
    return map(sighting, connection.execute(_SIGHTED))


def sighting(row: Row[*tuple[Any, ...]]) -> Sighting:
    """Return what a row of ``SIGHTING`` says."""
    return Sighting(
        source=row.source, scope=row.name, last_seen=moment(row.time), run=row.run, complete=bool(row.complete)
    )


def _closed(connection: Connection, sequence: int) -> tuple[Claim, ...]:
    reader = Claims()
    last_seen: dict[int, int] = {}
    result = []
    for claim in connection.execute(_CLOSED, {"at": sequence}):
        scope = claim.scope_id
        # A batch closes many claims of few scopes.
        if scope not in last_seen:
            seen = connection.execute(_SEEN_BEFORE, {"scope": scope, "at": sequence})
            last_seen[scope] = seen.scalar_one()
        result.append(reader.claim(claim, last_seen[scope]))
    return tuple(result)


def scope_runs_of(connection: Connection, sequence: int) -> tuple[ScopeRun, ...]:
    """Return what a batch said about its scopes."""
    rows = connection.execute(_RUNS, {"at": sequence})
    return tuple(
        ScopeRun(name=name, complete=complete, stated=stated, withdrawn=withdrawn)
        for name, complete, stated, withdrawn in rows
    )


def header_of(connection: Connection, row: Row[*tuple[Any, ...]]) -> Header:
    """Return the header of a row of ``batches``."""
    covered = {name: row._mapping[name] for name in Header.__slots__ if name != "scopes"}  # noqa: SLF001  # as documented
    for name in ("content", "facts", "observations", "previous"):
        covered[name] = bytes(covered[name])
    return Header(**covered, scopes=scope_runs_of(connection, row.sequence))


def record(connection: Connection, row: Row[*tuple[Any, ...]]) -> BatchRecord:
    """Return the record of a row of ``batches``."""
    return BatchRecord(
        sequence=row.sequence,
        time=moment(row.time),
        kind=row.kind,
        source=row.source,
        run=row.run,
        method=method(row.method),
        silence=_period(row.silence),
        ontology_hash=row.ontology,
        batch_hash=bytes(row.hash).hex(),
        note=row.note,
        opened=row.opened,
        closed=row.closed,
        observed=row.observed,
        scopes=scope_runs_of(connection, row.sequence),
    )


def newest_batches(connection: Connection, *, limit: int, source: str | None) -> tuple[BatchRecord, ...]:
    """Return the newest batches, newest first, of one source or of all."""
    query = select(batches).order_by(batches.c.sequence.desc()).limit(limit)
    if source is not None:
        query = query.where(batches.c.source == source)
    return tuple(record(connection, row) for row in connection.execute(query).all())


def sources(connection: Connection, *, source: str | None = None) -> tuple[SourceRecord, ...]:
    """Return every source, or the one of this name, with its newest batch and its scopes, by name."""
    scopes_, newest = _SCOPES, _NEWEST
    if source is not None:
        scopes_, newest = scopes_.where(scopes.c.source == source), newest.where(batches.c.source == source)
    by_source: dict[str, list[ScopeRecord]] = {}
    for row in connection.execute(scopes_):
        scope = ScopeRecord(
            name=row.name,
            last_seen=None if row.time is None else moment(row.time),
            silence=_period(row.silence),
            open_claims=row.open_claims,
        )
        by_source.setdefault(row.source, []).append(scope)
    return tuple(
        SourceRecord(source=row.source, newest=record(connection, row), scopes=tuple(by_source.get(row.source, ())))
        for row in connection.execute(newest).all()
    )


def _period(microseconds: int | None) -> timedelta | None:
    return None if microseconds is None else microseconds * MICROSECOND

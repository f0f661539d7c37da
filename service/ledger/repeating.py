"""A run that read the very documents of an earlier one: it says what that one said, and need not say it once more.

Whether that is so is asked where nobody can say anything in between: the facts of those scopes must be the ones that
the earlier run left there, none opened and none closed since, by whomever.
"""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from hashlib import sha256
from typing import Any, Final, Self

from sqlalchemy import Connection, bindparam, exists, or_, select

from stratagraph.ontology.facts import Batch, LedgerChange, Method, Repetition, Scope
from stratagraph.service.ledger.chain import SALT_LENGTH, ScopeRun
from stratagraph.service.ledger.commit import RUN, Receipt, content_of
from stratagraph.service.ledger.damage import moment
from stratagraph.service.ledger.database import chunks
from stratagraph.service.ledger.entry import Entry
from stratagraph.service.ledger.history import scope_runs_of, sightings_of
from stratagraph.service.ledger.marks import mark_of
from stratagraph.service.ledger.prepared import Prepared
from stratagraph.service.ledger.schema import OPEN, batches, claims, scopes

OWNER: Final = "stratagraph:documents"
"""Whose marks tell of what runs were made."""

_RUN: Final = Prepared(
    select(batches.c.sequence, batches.c.ontology, batches.c.first_claim, batches.c.opened).where(
        batches.c.source == bindparam("of"), batches.c.run == bindparam("run")
    )
)
_IN: Final = claims.c.scope.in_(bindparam("scopes", expanding=True))
_MOVED: Final = Prepared(
    select(
        or_(
            exists().where(OPEN, _IN, claims.c.id >= bindparam("first")),
            exists().where(claims.c.closed.is_not(None), claims.c.closed > bindparam("after"), _IN),
        )
    )
)
_SCOPES: Final = Prepared(select(scopes.c.id).where(scopes.c.source == bindparam("of")))


@dataclass(frozen=True, slots=True, kw_only=True)
class Noted:
    """What is kept of a run that was made of documents: which they were, and how much was told beside the facts."""

    run: str
    digest: str
    warnings: int
    remarks: int
    unread: int

    def dump(self) -> bytes:
        """Return it as it is kept."""
        return json.dumps(asdict(self)).encode()

    @classmethod
    def load(cls, kept: bytes) -> Self | None:
        """Return what was kept; None of what another version wrote in another way."""
        try:
            told: dict[str, Any] = json.loads(kept)
            return cls(**told)
        except (ValueError, TypeError):
            return None


@dataclass(frozen=True, slots=True, kw_only=True)
class Repeated:
    """The receipt of a run that repeats an earlier one, which was ``sequence``."""

    receipt: Receipt
    sequence: int
    noted: Noted


def key_of(source: str, names: Sequence[str]) -> str:
    """Return what the mark of a run is called: that of its source and its scopes, whatever it says of them."""
    return f"{source} {sha256(json.dumps(sorted(names)).encode()).hexdigest()}"


def note(batch: Batch, *, warnings: int) -> dict[str, bytes | None]:
    """Return the mark of a batch that was committed; none where it does not say of which documents it was made."""
    made = batch.documents
    if made is None:
        return {}
    noted = Noted(
        run=batch.run, digest=made.digest, warnings=warnings + made.remarks, remarks=made.remarks, unread=made.unread
    )
    return {key_of(batch.source, [scope.name for scope in batch.scopes]): noted.dump()}


def noted_of(connection: Connection, repetition: Repetition) -> Noted | None:
    """Return what was kept of the last run of these documents; None where that was of others, or of none."""
    kept = mark_of(connection, OWNER, key_of(repetition.source, repetition.scopes))
    noted = Noted.load(kept) if kept is not None else None
    return noted if noted is not None and noted.digest == repetition.digest else None


def repeat(entry: Entry, repetition: Repetition, *, ontology_hash: str) -> Repeated | None:
    """Write that a run found what an earlier one had said; None where it must say it all once more."""
    noted = noted_of(entry.connection, repetition)
    rows = _RUN(entry.connection, of=repetition.source, run=noted.run) if noted else []
    if noted is None or not rows:
        return None
    sequence, ontology, first, opened = rows[0]
    known = entry.known_scopes(repetition.source)
    runs = scope_runs_of(entry.connection, sequence)
    if ontology != ontology_hash or {run.name for run in runs} != set(repetition.scopes) or not runs:
        return None
    if _moved(entry.connection, [known[run.name] for run in runs], sequence, first + opened):
        return None
    return Repeated(receipt=_write(entry, repetition, runs, ontology_hash), sequence=sequence, noted=noted)


def moved_since(connection: Connection, source: str, sequence: int) -> bool:
    """Whether any fact of a source was opened or closed after a sequence, by whomever."""
    rows = connection.execute(
        select(batches.c.first_claim, batches.c.opened).where(batches.c.sequence == sequence)
    ).all()
    numbers = [number for (number,) in _SCOPES(connection, of=source)]
    return not rows or _moved(connection, numbers, sequence, rows[0].first_claim + rows[0].opened)


def _moved(connection: Connection, numbers: Sequence[int], sequence: int, first: int) -> bool:
    """Whether a fact in some scopes was opened or closed after a sequence; ``first`` is the next claim behind it."""
    return any(
        moved for chunk in chunks(numbers) for (moved,) in _MOVED(connection, scopes=chunk, first=first, after=sequence)
    )


def _write(entry: Entry, repetition: Repetition, runs: Sequence[ScopeRun], ontology_hash: str) -> Receipt:
    salt = os.urandom(SALT_LENGTH)
    said = Batch(
        source=repetition.source,
        run=repetition.run,
        method=Method.DECLARED,
        scopes=tuple(Scope(name=run.name, complete=run.complete) for run in runs),
    )
    batch_hash = entry.finish(
        kind=RUN,
        source=said.source,
        run=said.run,
        method=said.method.value,
        ontology=ontology_hash,
        runs=runs,
        content=content_of(said).digest(salt),
        salt=salt,
    ).hex()
    time = moment(entry.time)
    change = LedgerChange(
        sequence=entry.sequence,
        time=time,
        batch_hash=batch_hash,
        source=said.source,
        run=said.run,
        sightings=sightings_of(said.source, said.run, runs, time),
    )
    return Receipt(sequence=change.sequence, batch_hash=batch_hash, time=time, duplicate=False, change=change)

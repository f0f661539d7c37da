"""Retention: old observations are added up to hours, then to days; the chain keeps the digests of what was dropped."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from math import isfinite
from typing import Any, Final

from sqlalchemy import BindParameter, Connection, Row, and_, bindparam, func, select

from stratagraph.ontology.facts import LedgerChange, Method, Observation
from stratagraph.ontology.observations import Series, merge_all, series
from stratagraph.ontology.sketches import MalformedSketch
from stratagraph.service.ledger.chain import (
    MICROSECOND,
    SALT_LENGTH,
    Content,
    microseconds,
    numbers_of,
    observation_digest,
)
from stratagraph.service.ledger.commit import Receipt
from stratagraph.service.ledger.damage import moment
from stratagraph.service.ledger.database import chunks
from stratagraph.service.ledger.dropping import RETENTION, drop, ranges
from stratagraph.service.ledger.entry import Entry
from stratagraph.service.ledger.intake import LARGEST_COUNT
from stratagraph.service.ledger.observed import NAMED, decoded, remaining
from stratagraph.service.ledger.schema import batches, observations

HOUR: Final = timedelta(hours=1)
DAY: Final = timedelta(days=1)
# They are added up with the commit lock held: a batch that arrives meanwhile waits for this many at most.
MOST: Final = 20_000
"""Observations dropped by one entry at most."""
LEAST_KEPT: Final = timedelta(days=2)
"""Observed strengths look back a day: nothing younger than this is added up."""

_LATEST: Final = (
    select(observations.c.subject, observations.c.metric, func.max(observations.c.end).label("end"))
    .group_by(observations.c.subject, observations.c.metric)
    .subquery("latest")
)
_LENGTH: Final[BindParameter[int]] = bindparam("length")
# The newest window of a subject and metric stays as it is: the views show it.
_DUE: Final = NAMED.join(
    _LATEST, and_(_LATEST.c.subject == observations.c.subject, _LATEST.c.metric == observations.c.metric)
).where(
    # A window that is as long already stays.
    observations.c.end - observations.c.start < _LENGTH,
    observations.c.start < bindparam("until"),
    observations.c.end < _LATEST.c.end,
    # So does all that shares an hour (or day) with the newest window: added up, it would end later than that one.
    observations.c.start < (_LATEST.c.end - 1) // _LENGTH * _LENGTH,
)
_SOURCES: Final = select(batches.c.source).where(
    batches.c.sequence.in_(_DUE.with_only_columns(observations.c.sequence).scalar_subquery())
)
_ORDER: Final = (observations.c.subject, observations.c.metric, observations.c.start, observations.c.id)
_OF_SOURCE: Final = (
    _DUE.with_only_columns(observations.c.id).where(batches.c.source == bindparam("of")).order_by(*_ORDER).limit(MOST)
)
_STILL_THERE: Final = NAMED.where(observations.c.id.in_(bindparam("ids", expanding=True)))


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """How long observations stay as they came, and how long as hours; days stay."""

    fine: timedelta
    hourly: timedelta

    def steps(self) -> tuple[tuple[timedelta, timedelta], ...]:
        """Return (length of the window to add up to, age from which on)."""
        # Days are made of hours, so not before there are any.
        return (HOUR, max(self.fine, LEAST_KEPT)), (DAY, max(self.hourly, self.fine, LEAST_KEPT))


@dataclass(frozen=True, slots=True)
class Due:
    """One source's observations that are old enough to be added up to windows of a length, by their numbers.

    What is due stays due: observations are only added, and what is newest only moves on. So it may be found without
    a lock, and dropped later.
    """

    source: str
    length: timedelta
    ids: tuple[int, ...]


def due(connection: Connection, policy: Policy, now: datetime) -> Due | None:
    """Return what is to be added up next, None where nothing is."""
    for length, age in policy.steps():
        values = {"length": length // MICROSECOND, "until": _bucket(microseconds(now - age), length)}
        source = connection.execute(_SOURCES.limit(1), values).scalar()
        if source is not None:
            ids = connection.execute(_OF_SOURCE, {**values, "of": source}).scalars()
            return Due(source, length, tuple(ids))
    return None


def roll_up(entry: Entry, what: Due, *, ontology_hash: str) -> Receipt | None:
    """Write an entry that adds observations up and keeps nothing but the digests of those it drops.

    None where none of them is there any more: another process was faster.
    """
    rows = _still_there(entry.connection, what.ids)
    if not rows:
        return None
    rolled = tuple(_rolled(rows, what.length))
    drop(entry.connection, rows)
    _observe(entry, rolled)
    run = f"{RETENTION}:{entry.sequence}"
    salt = os.urandom(SALT_LENGTH)
    note = {"dropped": ranges(row.id for row in rows), "window": what.length // timedelta(seconds=1)}
    batch_hash = entry.finish(
        kind=RETENTION,
        # The sums are figures of that source: those of two are never added up.
        source=what.source,
        run=run,
        method=Method.OBSERVED.value,
        ontology=ontology_hash,
        content=Content([]).digest(salt),
        salt=salt,
        note=json.dumps(note, separators=(",", ":")),
    ).hex()
    time = moment(entry.time)
    change = LedgerChange(
        sequence=entry.sequence,
        time=time,
        batch_hash=batch_hash,
        observations=rolled,
        remaining=tuple(remaining(entry.connection, rolled, entry.sequence)),
        source=what.source,
        run=run,
    )
    return Receipt(sequence=entry.sequence, batch_hash=batch_hash, time=time, duplicate=False, change=change)


def _still_there(connection: Connection, ids: Iterable[int]) -> list[Row[*tuple[Any, ...]]]:
    """Return the rows of those observations that nobody has dropped, in an order that brings equal series together."""
    rows = [row for chunk in chunks(ids) for row in connection.execute(_STILL_THERE, {"ids": chunk})]
    return sorted(rows, key=lambda row: (row.subject, row.metric, row.start, row.id))


def _rolled(rows: Sequence[Row[*tuple[Any, ...]]], length: timedelta) -> Iterator[Observation]:
    grouped: dict[tuple[Series, int], list[Observation]] = {}
    for seen in decoded(rows):
        grouped.setdefault((series(seen), _bucket(microseconds(seen.start), length)), []).append(seen)
    for (_, start), parts in grouped.items():
        for merged in filter(None, map(_left, _keepable(parts))):
            # A part may reach beyond the hour (or day) that it started in; the sum must cover it.
            yield replace(merged, start=moment(start), end=max(merged.end, moment(start) + length))


def _keepable(parts: Sequence[Observation]) -> Iterator[list[Observation]]:
    """Cut parts where their sum would be more than a row holds: what some sender made up must not end retention."""
    taken: list[Observation] = []
    count, total = 0, 0.0
    for part in parts:
        count, total = count + part.count, total + part.total
        if taken and (count > LARGEST_COUNT or not isfinite(total)):
            yield taken
            taken, count, total = [], part.count, part.total
        taken.append(part)
    yield taken


def _left(parts: Sequence[Observation]) -> Observation | None:
    try:
        return _unless_nothing(parts)
    # A sketch that can't be read must not end retention for good: counts and sums add up without it.
    except MalformedSketch:
        return _unless_nothing([replace(part, sketch=b"") for part in parts])


def _unless_nothing(parts: Sequence[Observation]) -> Observation | None:
    merged = merge_all(parts)
    # What takes more than there is takes it from what another entry keeps.
    return merged if merged.count or not any(part.count for part in parts) else None


def _observe(entry: Entry, rolled: Sequence[Observation]) -> None:
    texts = entry.memory.terms.texts
    for chunk in chunks(rolled):
        named = [(texts[seen.subject], texts[seen.metric]) for seen in chunk]
        ids = entry.memory.terms.intern(entry.connection, {text for pair in named for text in pair})
        numbers = [numbers_of(seen) for seen in chunk]
        told = list(zip(chunk, named, numbers, strict=True))
        entry.observe(
            [(ids[s], ids[m], seen.unit, *values[:6], seen.sketch, values[6]) for seen, (s, m), values in told],
            [observation_digest(s, m, seen.unit, values, seen.sketch) for seen, (s, m), values in told],
        )


def _bucket(time: int, length: timedelta) -> int:
    size = length // MICROSECOND
    return time // size * size

"""Verification: every batch's hash is computed again from what is stored, in one pass over the ledger."""

from __future__ import annotations

import struct
from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass
from hashlib import sha256
from typing import Any, Final

from sqlalchemy import Connection, Row, bindparam, func, or_, select
from sqlalchemy.exc import DBAPIError

from stratagraph.service.ledger.chain import (
    closing_entry,
    commitment,
    genesis,
    numbers_of,
    observation_digest,
    opening_prefix,
)
from stratagraph.service.ledger.claims import objects, predicates, subjects
from stratagraph.service.ledger.damage import unreadable_text
from stratagraph.service.ledger.dropping import DIGESTS_KEPT, dropped_ids
from stratagraph.service.ledger.errors import LedgerDamaged
from stratagraph.service.ledger.history import header_of
from stratagraph.service.ledger.interning import Texts
from stratagraph.service.ledger.keys import KeyChange, key_changes, leads_to
from stratagraph.service.ledger.observed import observation_rows
from stratagraph.service.ledger.redaction import erased_commitments
from stratagraph.service.ledger.schema import batches, claims, dropped_observations, observations, scopes
from stratagraph.service.ledger.signing import Head

SHOWN: Final = 16
"""Digits of a key that a message shows."""


@dataclass(frozen=True, slots=True, kw_only=True)
class VerifyReport:
    """Whether the chain holds, and where it first does not."""

    ok: bool
    first_bad_sequence: int | None = None
    """None where the chain was not judged, because the head that was given says nothing about it."""
    problem: str = ""
    checked: int
    rollback_checked: bool
    """Whether a head kept elsewhere was compared; without one, newer batches may have been cut off unnoticed."""
    key_changes: tuple[KeyChange, ...] = ()
    """When another key began to sign, as the chain records it."""


class Unrelated(Exception):
    """A head that says nothing about the ledger."""


class Broken(Exception):
    """The chain does not hold at a sequence."""

    def __init__(self, sequence: int, problem: str) -> None:
        """Say where and why."""
        super().__init__(problem)
        self.sequence = sequence
        self.problem = problem


_STORED: Final = (
    select(
        claims.c.opened,
        claims.c.salt,
        claims.c.commitment,
        scopes.c.source,
        scopes.c.name.label("scope"),
        subjects.c.text.label("subject"),
        predicates.c.text.label("predicate"),
        objects.c.text.label("object"),
    )
    .join(scopes, scopes.c.id == claims.c.scope)
    # Outer joins: a redacted claim has no terms any more.
    .join(subjects, subjects.c.id == claims.c.subject, isouter=True)
    .join(predicates, predicates.c.id == claims.c.predicate, isouter=True)
    .join(objects, objects.c.id == claims.c.object, isouter=True)
    .order_by(claims.c.id)
)
_OPENED: Final = _STORED.where(claims.c.id >= bindparam("first"), claims.c.id < bindparam("end"))
_CLOSED: Final = _STORED.where(claims.c.closed == bindparam("at"))
_NUMBERS: Final = (
    select(observations.c.id)
    .where(observations.c.id >= bindparam("first"), observations.c.id < bindparam("end"))
    .order_by(observations.c.id)
)
_BATCHES: Final = select(batches).order_by(batches.c.sequence)
_BEYOND: Final = select(func.count()).where(or_(claims.c.opened > bindparam("at"), claims.c.closed > bindparam("at")))
_COUNTS: Final = select(
    select(func.count()).select_from(claims).scalar_subquery(),
    select(func.count()).select_from(observations).scalar_subquery()
    + select(func.count()).select_from(dropped_observations).scalar_subquery(),
)
# Whoever edits rows may leave times of no calendar, words for numbers (SQLite keeps any type in any column) and numbers
# of terms that do not exist. No commit ever wrote such, so it is a finding, and no reason to fail.
_UNREADABLE: Final = (ValueError, TypeError, OverflowError, struct.error, LedgerDamaged)


def verify(connection: Connection, ledger_id: str, public_key: str, head: Head | None) -> VerifyReport:
    """Check the whole chain, and that it still holds the batch of a head kept elsewhere."""
    try:
        return _verify(connection, ledger_id, public_key, head)
    except DBAPIError as error:
        damage = unreadable_text(connection, error)
        if damage is None:
            raise
        # Of a row of the chain itself nothing is read, so nothing before it was judged.
        problem = _not_written(damage)
        return VerifyReport(
            ok=False, first_bad_sequence=damage.sequence or 1, problem=problem, checked=0, rollback_checked=False
        )


def _verify(connection: Connection, ledger_id: str, public_key: str, head: Head | None) -> VerifyReport:
    checked = 0
    changes = tuple(key_changes(connection, ledger_id))
    try:
        # Before the chain is walked: a head of another ledger says nothing about this one.
        if head is not None:
            check_head(head, ledger_id, public_key, changes)
        for sequence in _check_chain(connection, ledger_id, head):
            checked = sequence
    except Unrelated as unrelated:
        return VerifyReport(ok=False, problem=str(unrelated), checked=0, rollback_checked=False)
    except Broken as broken:
        return VerifyReport(
            ok=False,
            first_bad_sequence=broken.sequence,
            problem=broken.problem,
            checked=checked,
            rollback_checked=head is not None,
            key_changes=changes,
        )
    return VerifyReport(ok=True, checked=checked, rollback_checked=head is not None, key_changes=changes)


def check_head(head: Head, ledger_id: str, public_key: str, changes: tuple[KeyChange, ...] = ()) -> None:
    """Refuse a head that says nothing about this ledger."""
    if not head.is_genuine():
        raise Unrelated("its signature does not fit what it says, so it was changed. Take another copy of it.")
    if head.ledger != ledger_id:
        raise Unrelated(
            f"it is that of ledger {head.ledger}, and this is {ledger_id}. Name the right data folder with --data."
        )
    # A head of before a change of key is as good as ever: it was kept elsewhere, and the chain names both keys.
    if head.public_key != public_key and not leads_to(changes, head.public_key, since=head.sequence, to=public_key):
        raise Unrelated(
            f"it is signed by another key ({head.public_key[:SHOWN]}...) than the ledger's ({public_key[:SHOWN]}...). "
            "Restore the ledger's key from its back-up; if it is lost, verify against a head signed since."
        )


def _check_chain(connection: Connection, ledger_id: str, head: Head | None) -> Iterator[int]:
    """Yield each sequence that holds."""
    erased, dropped = erased_commitments(connection), Dropped(dropped_ids(connection))
    previous, time, sequence, next_claim, next_observation = genesis(ledger_id), 0, 0, 1, 1
    for row in connection.execute(_BATCHES):
        sequence += 1
        try:
            if row.sequence != sequence:
                raise Broken(sequence, f"the batch is missing; {row.sequence} follows")
            if bytes(row.previous) != previous:
                raise Broken(sequence, "the batch does not follow the one before it")
            if row.time <= time:
                raise Broken(sequence, "the batch is not younger than the one before it")
            # The header does not cover these numbers; between two ranges, rows could hide that no hash includes.
            if (row.first_claim, row.first_observation) != (next_claim, next_observation):
                raise Broken(sequence, "its claims or observations are not numbered on from the batch before")
            previous, time = _check_batch(connection, row, erased, dropped), row.time
        except _UNREADABLE as error:
            raise Broken(sequence, "what is stored of it can't be read, so it is not what was written") from error
        except DBAPIError as error:
            if damage := unreadable_text(connection, error):
                raise Broken(sequence, _not_written(damage)) from error
            raise
        next_claim, next_observation = next_claim + row.opened, next_observation + row.observed
        if head is not None and head.sequence == sequence and head.batch_hash != previous.hex():
            raise Broken(sequence, "the chain was rewritten at or before this batch: the head kept elsewhere differs")
        yield sequence
    _check_end(connection, sequence, (next_claim - 1, next_observation - 1), head)


def _not_written(damage: LedgerDamaged) -> str:
    return f"{damage.fault}, so it is not what was written"


def _check_end(connection: Connection, last: int, expected: tuple[int, int], head: Head | None) -> None:
    if connection.execute(_BEYOND, {"at": last}).scalar_one():
        raise Broken(last + 1, "claims name this batch, which is missing")
    # Rows in nobody's range were read by none of the checks before.
    if tuple(connection.execute(_COUNTS).one()) != expected:
        raise Broken(last + 1, "claims or observations are stored that no batch brought")
    if head is not None and head.sequence > last:
        raise Broken(last + 1, f"the batch is missing: the head kept elsewhere is at {head.sequence}")


def _check_batch(connection: Connection, row: Row[*tuple[Any, ...]], erased: set[bytes], dropped: Dropped) -> bytes:
    """Return the batch's hash, computed from what is stored."""
    facts = sha256()
    opened = connection.execute(_OPENED, {"first": row.first_claim, "end": row.first_claim + row.opened})
    for claim in opened:
        # The commitment covers neither of the two.
        if claim.opened != row.sequence or claim.source != row.source:
            raise Broken(row.sequence, "a claim stands under another batch or source than the one that opened it")
        facts.update(opening_prefix(claim.scope) + _committed(row.sequence, claim, erased))
    for claim in connection.execute(_CLOSED, {"at": row.sequence}):
        committed = _committed(row.sequence, claim, erased)
        facts.update(closing_entry(claim.source, claim.scope, claim.opened, committed))
    observed = sha256(b"".join(_observation_digests(connection, row, dropped)))
    if facts.digest() != bytes(row.facts):
        raise Broken(row.sequence, "the facts it opened or closed are not those that it committed to")
    if observed.digest() != bytes(row.observations):
        raise Broken(row.sequence, "its observations are not those that it brought")
    batch_hash = header_of(connection, row).hash()
    if batch_hash != bytes(row.hash):
        raise Broken(row.sequence, "its header was changed")
    return batch_hash


class Dropped:
    """The observations that retention entries name as dropped."""

    def __init__(self, ranges: dict[int, int]) -> None:
        """Take the last number of each range by its first."""
        self._firsts = sorted(ranges)
        self._ranges = ranges

    def __contains__(self, number: int) -> bool:
        """Whether an entry names the observation."""
        at = bisect_right(self._firsts, number) - 1
        return at >= 0 and number <= self._ranges[self._firsts[at]]


def _observation_digests(connection: Connection, row: Row[*tuple[Any, ...]], dropped: Dropped) -> Iterator[bytes]:
    """Yield the digests of a batch's observations by number: computed, or kept where retention dropped the row."""
    if not row.observed:
        return
    span = {"first": row.first_observation, "end": row.first_observation + row.observed}
    digests = {}
    for number, _, digest in connection.execute(DIGESTS_KEPT, span):
        if number not in dropped:
            raise Broken(row.sequence, "an observation was dropped that no retention entry names")
        digests[number] = bytes(digest)
    texts = Texts()
    numbers = connection.execute(_NUMBERS, span).scalars().all()
    rows = observation_rows(connection, row.first_observation, row.observed)
    for number, observation in zip(numbers, rows, strict=True):
        names = (texts[observation.subject], texts[observation.metric], observation.unit)
        digests[number] = observation_digest(*names, numbers_of(observation), observation.sketch)
    yield from (digests[number] for number in sorted(digests))


def _committed(sequence: int, claim: Row[*tuple[Any, ...]], erased: set[bytes]) -> bytes:
    if claim.salt is not None:
        return commitment(bytes(claim.salt), f"{claim.subject} {claim.predicate} {claim.object}")
    committed = bytes(claim.commitment or b"")
    if committed not in erased:
        raise Broken(sequence, "a fact was erased that no redaction names")
    return committed

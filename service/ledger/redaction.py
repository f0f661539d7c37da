"""Redaction: a value is erased everywhere, its commitments stay, and the chain records who did it and why."""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from typing import Any, Final

from sqlalchemy import Connection, Row, bindparam, delete, exists, null, or_, select, update

from stratagraph.ontology.facts import Claim, Fact, LedgerChange, Method
from stratagraph.service.ledger.chain import SALT_LENGTH, Content, commitment, moment
from stratagraph.service.ledger.claims import Claims
from stratagraph.service.ledger.commit import Receipt
from stratagraph.service.ledger.entry import Entry
from stratagraph.service.ledger.errors import FactNotFound
from stratagraph.service.ledger.intake import LEDGER_SOURCE
from stratagraph.service.ledger.interning import Texts, fact_numbers
from stratagraph.service.ledger.schema import batches, claims, observations, scope_runs, terms

REDACTION: Final = "redaction"

_STATING: Final = (
    select(claims.c.id, claims.c.opened, claims.c.closed, claims.c.scope, claims.c.salt)
    .where(
        claims.c.subject == bindparam("s"),
        claims.c.predicate == bindparam("p"),
        claims.c.object == bindparam("o"),
    )
    .order_by(claims.c.id)
)
_ERASE: Final = (
    update(claims)
    .where(claims.c.id == bindparam("claim"))
    .values(subject=null(), predicate=null(), object=null(), salt=null(), commitment=bindparam("committed"))
)
_UNUSED: Final = (
    delete(terms)
    .where(terms.c.id.in_(bindparam("ids", expanding=True)))
    .where(
        ~exists().where(
            or_(claims.c.subject == terms.c.id, claims.c.predicate == terms.c.id, claims.c.object == terms.c.id)
        ),
        ~exists().where(or_(observations.c.subject == terms.c.id, observations.c.metric == terms.c.id)),
    )
)


def redact(entry: Entry, sequence: int, fact: Fact, *, by: str, why: str, ontology_hash: str) -> Receipt:
    """Erase a fact, whoever said it and whenever, and close it where it is open.

    Raises:
        FactNotFound: the batch with this sequence did not open the fact.
    """
    connection = entry.connection
    rows = _stating(connection, fact)
    if sequence not in {row.opened for row in rows}:
        raise FactNotFound(sequence=sequence)
    # While the salts are still there.
    committed = {row.id: commitment(row.salt, _line(fact)) for row in rows}
    # Closed first: the entry of a closing is made of the line and its salt.
    closed = tuple(Claims().present(entry.close(row.id for row in rows if row.closed is None)))
    note = {"by": by, "erased": [[row.opened, committed[row.id].hex()] for row in rows], "why": why}
    salt = os.urandom(SALT_LENGTH)
    run = f"{REDACTION}:{entry.sequence}"
    batch_hash = entry.finish(
        kind=REDACTION,
        source=LEDGER_SOURCE,
        run=run,
        method=Method.DECLARED.value,
        ontology=ontology_hash,
        content=Content([]).digest(salt),
        salt=salt,
        note=json.dumps(note, ensure_ascii=False, separators=(",", ":")),
    )
    _erase(connection, fact, rows, committed)
    # It may remember the numbers of terms that are gone now.
    entry.memory.forget()
    return _receipt(entry, batch_hash.hex(), closed, run)


def _stating(connection: Connection, fact: Fact) -> Sequence[Row[*tuple[Any, ...]]]:
    numbers = fact_numbers(connection, fact)
    if numbers is None:
        return ()
    s, p, o = numbers
    return connection.execute(_STATING, {"s": s, "p": p, "o": o}).all()


def _line(fact: Fact) -> str:
    texts = Texts()
    return f"{texts[fact.subject]} {texts[fact.predicate]} {texts[fact.object]}"


def _erase(
    connection: Connection, fact: Fact, rows: Sequence[Row[*tuple[Any, ...]]], committed: dict[int, bytes]
) -> None:
    numbers = fact_numbers(connection, fact)
    connection.execute(_ERASE, [{"claim": row.id, "committed": committed[row.id]} for row in rows])
    # Who has the salt of a run's content digest could test a guess against it.
    said = select(scope_runs.c.sequence).where(
        scope_runs.c.scope.in_({row.scope for row in rows}),
        scope_runs.c.sequence >= min(row.opened for row in rows),
    )
    connection.execute(update(batches).where(batches.c.sequence.in_(said)).values(salt=null()))
    connection.execute(_UNUSED, {"ids": list(set(numbers or ()))})


def _receipt(entry: Entry, batch_hash: str, closed: tuple[Claim, ...], run: str) -> Receipt:
    change = LedgerChange(
        sequence=entry.sequence,
        time=moment(entry.time),
        batch_hash=batch_hash,
        closed=closed,
        source=LEDGER_SOURCE,
        run=run,
    )
    return Receipt(sequence=change.sequence, batch_hash=batch_hash, time=change.time, duplicate=False, change=change)


def erased_commitments(connection: Connection) -> set[bytes]:
    """Return the commitments that redactions in the chain name: no other claim may lack its fact."""
    notes = connection.execute(select(batches.c.note).where(batches.c.kind == REDACTION)).scalars()
    erased: set[bytes] = set()
    for note in notes:
        try:
            erased.update(bytes.fromhex(committed) for _, committed in json.loads(note)["erased"])
        except (ValueError, KeyError, TypeError):
            continue  # a note that was tampered with erases nothing; its batch's hash will not match
    return erased

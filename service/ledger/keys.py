"""Which key signs a ledger's heads: remembered in the ledger, so that a lost or foreign one never goes unnoticed."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Final

from sqlalchemy import Connection, func, select, update

from stratagraph.service.ledger.commit import Receipt
from stratagraph.service.ledger.damage import moment
from stratagraph.service.ledger.entry import Entry
from stratagraph.service.ledger.errors import KeyForeign, KeyLost, LedgerDamaged
from stratagraph.service.ledger.own_entry import write_own
from stratagraph.service.ledger.schema import batches, ledger
from stratagraph.service.ledger.signing import Signer, is_endorsed

KEY_CHANGE: Final = "key"
"""The kind of the entries that record that another key signs from there on."""
_KNOWN: Final = select(ledger.c.public_key, ledger.c.key_check)
_BATCHES: Final = select(func.count()).select_from(batches)
_CHANGES: Final = (
    select(batches.c.sequence, batches.c.time, batches.c.note)
    .where(batches.c.kind == KEY_CHANGE)
    .order_by(batches.c.sequence)
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Rekeying:
    """A deliberate change of the signing key: who wants it, and why."""

    by: str
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyChange:
    """A change of key that the chain records; ``before`` is empty where the ledger never knew the older key."""

    sequence: int
    time: datetime
    by: str
    why: str
    before: str
    after: str
    endorsed: bool
    """Whether the older key signed the change, as only its holder could."""


def admit(connection: Connection, key_file: Path, *, new: bool) -> Signer:
    """Return the signer of the ledger's own key; a ledger without batches, or one just begun, may be given one.

    Call it under the commit lock: of two processes that begin a ledger together, one decides on the key.

    Raises:
        KeyLost: the file is gone, and heads that its key signed may be out in the world.
        KeyForeign: the file holds another ledger's key.
        KeyUnusable: the file can't be read, or holds no key.
    """
    public_key, check = connection.execute(_KNOWN).one()
    if not key_file.exists() and not new and _has_batches(connection):
        raise KeyLost(path=str(key_file))
    signer = Signer.at(key_file)
    if check is None or not _has_batches(connection):
        remember(connection, signer)
    elif bytes(check) != signer.check:
        raise KeyForeign(path=str(key_file), known=public_key)
    return signer


def remember(connection: Connection, signer: Signer) -> None:
    """Let the ledger know its key: the public one for whoever verifies, and a check that needs no library."""
    connection.execute(update(ledger).values(public_key=signer.public_key, key_check=signer.check))


def known_public_key(connection: Connection) -> str:
    """Return the public key that the ledger remembers; empty for one that was never opened with its key since."""
    return str(connection.execute(select(ledger.c.public_key)).scalar() or "")


def rekey(entry: Entry, key_file: Path, rekeying: Rekeying, *, ontology_hash: str) -> tuple[Signer, Receipt]:
    """Write an entry that says which key signs from here on; return the key and the receipt.

    A key that is still there signs the new one, and stays beside it as ``.old``: it verifies what it signed. A foreign
    key that was put in the lost one's place becomes the ledger's.
    """
    before, check = entry.connection.execute(_KNOWN).one()
    older = Signer.at(key_file) if key_file.exists() else None
    ours = older is not None and check is not None and older.check == bytes(check)
    if older is not None and ours:
        key_file.replace(key_file.with_name(f"{key_file.name}.old"))
    signer = Signer.at(key_file)
    note: dict[str, Any] = {"after": signer.public_key, "before": before or "", "by": rekeying.by, "why": rekeying.why}
    if older is not None and ours:
        note["signature"] = older.endorse(entry.memory.ledger_id, signer.public_key)
    remember(entry.connection, signer)
    receipt = write_own(entry, kind=KEY_CHANGE, note=note, ontology_hash=ontology_hash)
    return signer, receipt


def key_changes(connection: Connection, ledger_id: str) -> Iterator[KeyChange]:
    """Yield the changes of key that the chain records, oldest first."""
    for sequence, time, text in connection.execute(_CHANGES):
        try:
            note = json.loads(text)
            before, after, signature = str(note["before"]), str(note["after"]), str(note.get("signature", ""))
            yield KeyChange(
                sequence=sequence,
                time=moment(time),
                by=str(note["by"]),
                why=str(note["why"]),
                before=before,
                after=after,
                endorsed=is_endorsed(ledger_id, before=before, after=after, signature=signature),
            )
        except (ValueError, KeyError, TypeError, AttributeError, LedgerDamaged):
            continue  # a note or a time that was tampered with tells nothing; its batch's hash will not match


def leads_to(changes: tuple[KeyChange, ...], key: str, *, since: int, to: str) -> bool:
    """Tell whether the chain says how one key came to be another, by changes after a sequence."""
    for change in changes:
        if change.sequence > since and change.before == key:
            key = change.after
    return key == to


def _has_batches(connection: Connection) -> bool:
    return bool(connection.execute(_BATCHES).scalar_one())

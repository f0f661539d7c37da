"""An entry that the ledger makes about itself: no facts, a note in its place, and the source is the ledger's own."""

from __future__ import annotations

import json
import os
from typing import Any

from stratagraph.ontology.facts import Claim, LedgerChange, Method
from stratagraph.service.ledger.chain import SALT_LENGTH, Content
from stratagraph.service.ledger.commit import Receipt
from stratagraph.service.ledger.damage import moment
from stratagraph.service.ledger.entry import Entry
from stratagraph.service.ledger.intake import LEDGER_SOURCE


def write_own(
    entry: Entry, *, kind: str, note: dict[str, Any], ontology_hash: str, closed: tuple[Claim, ...] = ()
) -> Receipt:
    """Finish an entry that says what the ledger did itself, in a note that its hash covers."""
    salt = os.urandom(SALT_LENGTH)
    run = f"{kind}:{entry.sequence}"
    batch_hash = entry.finish(
        kind=kind,
        source=LEDGER_SOURCE,
        run=run,
        method=Method.DECLARED.value,
        ontology=ontology_hash,
        content=Content([]).digest(salt),
        salt=salt,
        note=json.dumps(note, ensure_ascii=False, separators=(",", ":"), sort_keys=True),
    ).hex()
    change = LedgerChange(
        sequence=entry.sequence,
        time=moment(entry.time),
        batch_hash=batch_hash,
        closed=closed,
        source=LEDGER_SOURCE,
        run=run,
    )
    return Receipt(sequence=change.sequence, batch_hash=batch_hash, time=change.time, duplicate=False, change=change)

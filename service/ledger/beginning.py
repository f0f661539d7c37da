"""Beginning a ledger with what another one begins with: the same facts, under an identity and a time of its own.

What is handed on has no identity, and its batch follows nothing. Whoever opens it gives it an identity, and with it the
batch its place in a new chain: of all that is stored only the header depends on either.
"""

from __future__ import annotations

import os
import sqlite3
import tempfile
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Final

from sqlalchemy import Connection, select, update

from stratagraph.service.ledger.chain import genesis
from stratagraph.service.ledger.history import header_of
from stratagraph.service.ledger.schema import batches
from stratagraph.service.privacy import make_private

NOTHING: Final = b""
"""The ``previous`` of a batch that was handed on; no batch with a place in a chain has an empty one."""


def hand_on(file: Path, folder: Path) -> bytes:
    """Return the SQLite ledger in a file, without its identity, as the bytes of a file; a folder serves for a draft."""
    with tempfile.TemporaryDirectory(dir=folder) as aside:
        draft = Path(aside) / "draft"
        # A copy of the file would miss what only the write-ahead log holds; VACUUM INTO reads both, and leaves free
        # pages out.
        with closing(sqlite3.connect(f"{file.absolute().as_uri()}?mode=ro", uri=True)) as source:
            source.execute("VACUUM INTO ?", (str(draft),))
        with closing(sqlite3.connect(draft)) as copy, copy:
            copy.execute("DELETE FROM ledger")
            copy.execute("UPDATE batches SET previous = ?", (NOTHING,))
        return draft.read_bytes()


def take_over(file: Path, handed: bytes) -> None:
    """Write what was handed on into a file that is not there yet, whole or not at all."""
    make_private(file.parent)
    handle, draft = tempfile.mkstemp(dir=file.parent, prefix=f"{file.name}.")
    try:
        with os.fdopen(handle, "wb") as copy:
            copy.write(handed)
            copy.flush()
            os.fsync(copy.fileno())  # later commits only make their own pages durable
        # A link fails where the name is taken; a rename would put the draft over the ledger of a process that was
        # quicker.
        os.link(draft, file)
    finally:
        Path(draft).unlink()


def give_identity(connection: Connection, ledger_id: str, *, now: int) -> None:
    """Let the one batch that was handed on be the first of this ledger's chain, at this time."""
    row = connection.execute(select(batches).where(batches.c.previous == NOTHING)).first()
    if row is None:
        return
    header = replace(header_of(connection, row), time=now, previous=genesis(ledger_id))
    values = {"time": header.time, "previous": header.previous, "hash": header.hash()}
    connection.execute(update(batches).where(batches.c.sequence == header.sequence).values(values))

"""Damage: rows that no commit wrote, met while the ledger is read; a finding, never a fault of the reader."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import Connection, Text
from sqlalchemy.exc import DBAPIError

from stratagraph.ontology.errors import in_short
from stratagraph.ontology.facts import Method, Term
from stratagraph.ontology.terms import MalformedTerm, decode
from stratagraph.service.ledger.chain import EPOCH
from stratagraph.service.ledger.errors import LedgerDamaged
from stratagraph.service.ledger.schema import batches, metadata

_NO_TEXT: Final = "Could not decode to UTF-8"
"""How Python's driver begins to tell of bytes that are no text."""


def moment(microseconds: int) -> datetime:
    """Return the aware UTC moment of microseconds since 1970, as a row has them.

    Raises:
        LedgerDamaged: it is a time of no calendar.
    """
    try:
        return EPOCH + timedelta(microseconds=microseconds)
    except (TypeError, OverflowError):
        raise LedgerDamaged(fault=f"the time '{microseconds}' is none") from None


def term(text: str) -> Term:
    """Return the term of a row's text.

    Raises:
        LedgerDamaged: it is none.
    """
    try:
        return decode(text)
    except (MalformedTerm, TypeError, AttributeError):
        raise LedgerDamaged(fault=f"the term '{in_short(str(text), 200)}' is no term in N-Triples") from None


def method(text: str) -> Method:
    """Return the method that a row names.

    Raises:
        LedgerDamaged: there is no such.
    """
    try:
        return Method(text)
    except ValueError:
        raise LedgerDamaged(fault=f"the method '{text}' is none of the ledger's") from None


def unreadable_text(connection: Connection, error: DBAPIError) -> LedgerDamaged | None:
    """Return which row holds bytes that are no text, where that is what a database's error tells of."""
    if not isinstance(error.orig, sqlite3.Error) or not str(error.orig).startswith(_NO_TEXT):
        return None
    # The driver names neither table nor row: they are looked for, which costs a look at every text.
    table, row = next(_rows_of_no_text(connection), ("", 0))
    fault = f"row {row} of the table '{table}' is no text in UTF-8" if table else "a row is no text in UTF-8"
    return LedgerDamaged(fault=fault, sequence=row if table == batches.name else None)


def _rows_of_no_text(connection: Connection) -> Iterator[tuple[str, int]]:
    own = connection.connection.driver_connection
    assert isinstance(own, sqlite3.Connection)  # its error is what is explained
    for table in metadata.sorted_tables:
        for column in table.columns:
            if isinstance(column.type, Text):
                name = f'"{column.name}"'
                asked = f"SELECT rowid, CAST({name} AS BLOB) FROM {table.name} WHERE typeof({name}) = 'text'"  # noqa: S608  # our own names
                yield from ((table.name, row) for row, text in own.execute(asked) if not _is_text(text))


def _is_text(data: bytes) -> bool:
    try:
        data.decode()
    except UnicodeDecodeError:
        return False
    return True

"""Finished statements on their way to the database's driver.

SQLAlchemy's work around a statement takes SQLite's ten times over, and a commit has eleven of them: SQLite's own
connection gets them. A server is so far away that it does not matter.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection
from sqlalchemy.exc import DBAPIError


def send(connection: Connection, text: str, values: Any = ()) -> list[tuple[Any, ...]]:
    """Execute one statement; return its rows, as the driver gives them.

    Raises:
        sqlalchemy.exc.DBAPIError: the database refuses it.
    """
    if connection.dialect.name == "sqlite":
        try:
            return _own(connection).execute(text, values).fetchall()
        except sqlite3.Error as error:
            raise _translated(error, text) from error
    result = connection.exec_driver_sql(text, values)
    return [tuple(row) for row in result] if result.returns_rows else []


def send_many(connection: Connection, text: str, rows: Sequence[Any]) -> None:
    """Execute a statement that returns nothing for each row of values.

    Raises:
        sqlalchemy.exc.DBAPIError: the database refuses it.
    """
    if connection.dialect.name == "sqlite":
        try:
            _own(connection).executemany(text, rows)
        except sqlite3.Error as error:
            raise _translated(error, text) from error
    elif rows:
        connection.exec_driver_sql(text, list(rows))


def in_transaction(connection: Connection) -> bool:
    """Whether SQLite's own connection is in a transaction, whoever began it."""
    return _own(connection).in_transaction


def _own(connection: Connection) -> sqlite3.Connection:
    """Return SQLite's own connection, in the transaction that SQLAlchemy began."""
    own = connection.connection.driver_connection
    assert isinstance(own, sqlite3.Connection)  # the dialect says so
    return own


def _translated(error: sqlite3.Error, text: str) -> BaseException:
    # Callers then know one kind of error for both databases.
    return DBAPIError.instance(text, None, error, sqlite3.Error)

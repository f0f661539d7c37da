"""Getting deleted values out of a database's files, where deleting alone leaves them.

SQLite zeroes what it deletes (``secure_delete``), but a row that was moved to another page before leaves a copy in the
page's unused part, and the write-ahead log keeps the pages of before until it is written back whole. PostgreSQL keeps
dead rows until the table is rewritten, and copies those that an old snapshot may still see.
"""

from __future__ import annotations

import sqlite3
import time
from contextlib import closing
from typing import Final

from sqlalchemy import Connection
from sqlalchemy.exc import DBAPIError

PATIENCE: Final = 5.0
"""Seconds to wait for readers and writers: the caller is waiting too, and it is tried again later."""
PAUSE: Final = 0.1
REWRITE: Final = "VACUUM FULL terms, claims, batches, observations, dropped_observations"
"""Of the tables of a ledger that a redaction deletes from."""

READERS: Final = "a reader sees the state of before"
WRITERS: Final = "another process writes"

# By age, since the numbers of transactions start again from the beginning at some point.
_OLDER: Final = """
SELECT count(*) FROM (
  SELECT backend_xmin AS horizon FROM pg_stat_activity
   WHERE pid <> pg_backend_pid() AND (datname = current_database() OR datname IS NULL)
  UNION ALL SELECT xmin FROM pg_replication_slots
  UNION ALL SELECT transaction FROM pg_prepared_xacts WHERE database = current_database()
) AS snapshots WHERE horizon IS NOT NULL AND age(horizon) > age(%s::text::xid)
"""


def scrub_sqlite(file: str) -> str | None:
    """Write the file anew and empty the write-ahead log; return who keeps it from that, None when it is done.

    Readers go on during it; commits wait for it.
    """
    with closing(sqlite3.connect(file, timeout=PATIENCE, isolation_level=None)) as connection:
        try:
            connection.execute("VACUUM")
            # The first column tells whether a reader kept the log from being emptied; no error is raised for that.
            busy, _, _ = connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode & 0xFF not in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
                raise
            return WRITERS
    return READERS if busy else None


def scrub_postgresql(connection: Connection) -> str | None:
    """Rewrite the tables; return who keeps them from that, None when it is done. Commits and readers wait for it.

    The server's own write-ahead log and its back-ups are its administrator's: they age out by its settings.
    """
    # Any snapshot older than this number may still see what was deleted.
    present = connection.exec_driver_sql("SELECT pg_current_xact_id()::text").scalar_one()
    deadline = time.monotonic() + PATIENCE
    # Rows that a snapshot of before may still see would be copied into the new tables.
    while connection.exec_driver_sql(_OLDER, (_short(present),)).scalar_one():
        if time.monotonic() > deadline:
            return READERS
        time.sleep(PAUSE)
    # In the text, because SET takes no parameters.
    connection.exec_driver_sql(f"SET lock_timeout = {int(PATIENCE * 1000)}")
    try:
        connection.exec_driver_sql(REWRITE)
    except DBAPIError as error:
        if getattr(error.orig, "sqlstate", None) != "55P03":  # lock_not_available
            raise
        return READERS
    finally:
        connection.exec_driver_sql("RESET lock_timeout")
    return None


def _short(transaction: str) -> str:
    """Return a transaction's number as rows carry it, without the epochs that have passed."""
    return str(int(transaction) % 2**32)

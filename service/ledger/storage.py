"""Storage that cannot be used for now: a full or write-protected disk, a device that fails, a server that is gone.

No fault of the request, and none of Stratagraph: whoever looks after the machine has to act, and who asked comes again.
"""

from __future__ import annotations

import errno
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from sqlalchemy.exc import DBAPIError, OperationalError

from stratagraph.ontology.errors import StratagraphError

RETRY_SECONDS: Final = 30
"""When to come again: somebody has to make room first."""


class StorageUnavailable(StratagraphError, slug="storage-unavailable", status=503):
    """What keeps the data cannot be used now."""

    text = (
        "The storage of the data cannot be used now: {problem}. Look after the disk or the database server, then send "
        "the same again under the same run, which counts once."
    )

    problem: str
    retry_after: int = RETRY_SECONDS


class StorageFull(StorageUnavailable, slug="storage-full"):
    """No space is left where the data are kept."""

    text = (
        "No space is left where the data are kept: {problem}. Free some or enlarge the disk, then send the same again "
        "under the same run, which counts once."
    )


class StorageReadOnly(StorageUnavailable, slug="storage-read-only"):
    """What keeps the data takes no writes."""

    text = (
        "What keeps the data takes no writes: {problem}. Make the file system, or the database server, writable, then "
        "send the same again under the same run, which counts once."
    )


class StorageFailing(StorageUnavailable, slug="storage-failing"):
    """The device that keeps the data fails."""

    text = (
        "The device that keeps the data fails: {problem}. Check the disk and the system's log, restore a back-up if "
        "the device is lost, then send the same again under the same run, which counts once."
    )


class StorageLocked(StorageUnavailable, slug="storage-locked"):
    """Another program keeps the ledger's file locked."""

    text = (
        "Another program keeps the ledger's file locked: {problem}. End it, or wait until it is through, then send the "
        "same again under the same run, which counts once."
    )


class StorageUnreachable(StorageUnavailable, slug="storage-unreachable"):
    """The database server cannot be reached."""

    text = (
        "The ledger's database cannot be reached: {problem}. Start it, or check its address and its network, then send "
        "the same again under the same run, which counts once."
    )


_OF_SQLITE: Final[dict[int, type[StorageUnavailable]]] = {
    sqlite3.SQLITE_FULL: StorageFull,
    sqlite3.SQLITE_READONLY: StorageReadOnly,
    sqlite3.SQLITE_IOERR: StorageFailing,
    sqlite3.SQLITE_CANTOPEN: StorageUnreachable,
    sqlite3.SQLITE_BUSY: StorageLocked,
    sqlite3.SQLITE_LOCKED: StorageLocked,
}
"""By primary result code."""
_OF_POSTGRESQL: Final[dict[str, type[StorageUnavailable]]] = {
    "53100": StorageFull,  # disk_full
    "25006": StorageReadOnly,  # read_only_sql_transaction: a standby, or a server that was told so
    "58030": StorageFailing,  # io_error
    "53300": StorageUnreachable,  # too_many_connections
    "57P01": StorageUnreachable,  # admin_shutdown
    "57P02": StorageUnreachable,  # crash_shutdown
    "57P03": StorageUnreachable,  # cannot_connect_now
}
"""By SQLSTATE; those of class 08 are about the connection, all of them."""
_OF_CONNECTIONS: Final = "08"
_OF_SYSTEM: Final[dict[int, type[StorageUnavailable]]] = {
    errno.ENOSPC: StorageFull,
    errno.EDQUOT: StorageFull,
    errno.EROFS: StorageReadOnly,
    errno.EIO: StorageFailing,
}
"""By errno."""


def unavailable(error: BaseException) -> StorageUnavailable | None:
    """Return what of the storage an error tells of; None where it tells of something else."""
    cause = error.orig if isinstance(error, DBAPIError) else error
    kind: type[StorageUnavailable] | None = None
    if isinstance(cause, sqlite3.Error):
        # The lower byte: the rest says more exactly where.
        kind = _OF_SQLITE.get(getattr(cause, "sqlite_errorcode", 0) & 0xFF)
    elif isinstance(cause, OSError):
        kind = _OF_SYSTEM.get(cause.errno or 0)
    elif isinstance(error, DBAPIError):
        kind = _of_server(error, getattr(cause, "sqlstate", None))
    # A server's words may go on for lines, with hints that are meant for its administrator.
    return None if kind is None else kind(problem=next(iter(str(cause).splitlines()), kind.slug))


def _of_server(error: DBAPIError, state: str | None) -> type[StorageUnavailable] | None:
    if state is not None:
        return StorageUnreachable if state.startswith(_OF_CONNECTIONS) else _OF_POSTGRESQL.get(state)
    # A server that is not there, or went in the middle, gives no code.
    gone = error.connection_invalidated or isinstance(error, OperationalError)
    return StorageUnreachable if gone else None


@contextmanager
def naming_storage() -> Iterator[None]:
    """Say what of the storage cannot be used, where that is what a database's error tells of.

    Raises:
        StorageUnavailable: instead of the driver's error.
    """
    try:
        yield
    except (DBAPIError, sqlite3.Error) as error:
        named = unavailable(error)
        if named is None:
            raise
        raise named from error

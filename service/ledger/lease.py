"""A lease: of the processes that share a ledger, one at a time holds it, for as long as it lives."""

from __future__ import annotations

import logging
from hashlib import blake2b
from typing import Final

from sqlalchemy import Connection, text
from sqlalchemy.exc import SQLAlchemyError

from stratagraph.service.ledger.database import Database

log = logging.getLogger(__name__)

_KEY_BYTES: Final = 8
"""PostgreSQL numbers its advisory locks with 64 bits."""
_TAKE: Final = text("SELECT pg_try_advisory_lock(:key)")
_ALIVE: Final = text("SELECT 1")


class Lease:
    """What one of several processes holds; the database takes it back as soon as its connection to the holder ends.

    So nobody has to be trusted to renew it in time, and no clock decides. It is a lock of the server, not a row: a row
    would outlive a process that was killed. The ledger in an SQLite file has one process, which holds every lease.
    """

    def __init__(self, database: Database, name: str) -> None:
        """Use ``Ledger.lease``."""
        self._database = database
        # Signed, as PostgreSQL's bigint is.
        self._key = int.from_bytes(blake2b(name.encode(), digest_size=_KEY_BYTES).digest(), signed=True)
        self._connection: Connection | None = None
        self.name = name

    def held(self) -> bool:
        """Tell whether this process holds the lease now, taking it where nobody does; never waits for another."""
        if self._database.sqlite:
            return True
        try:
            return self._hold()
        except SQLAlchemyError as error:
            log.warning("whether this process holds the lease of %s can't be told: %s", self.name, error)
            self.release()
            return False

    def release(self) -> None:
        """Let another process have it."""
        connection, self._connection = self._connection, None
        if connection is not None:
            # Not back into the pool: the lock belongs to the session, and ends with it.
            connection.invalidate()
            connection.close()

    def _hold(self) -> bool:
        if self._connection is not None:
            # The server may have dropped us meanwhile, and given the lease to another.
            self._connection.execute(_ALIVE)
            return True
        connection = self._database.session()
        try:
            if connection.execute(_TAKE, {"key": self._key}).scalar():
                self._connection = connection
        finally:
            if self._connection is None:
                connection.close()
        return self._connection is not None

"""Bringing a ledger's tables to the newest form: alembic, which takes as long to load as the rest of the ledger."""

from __future__ import annotations

from importlib.resources import as_file, files

from alembic import command
from alembic.config import Config
from alembic.util import CommandError
from sqlalchemy import Connection

from stratagraph.service.ledger.errors import LedgerUnreadable


def upgrade(connection: Connection) -> None:
    """Run the migrations that the database lacks, all of them where it is empty.

    Raises:
        LedgerUnreadable: a newer version wrote it.
    """
    with as_file(files(__package__) / "migrations") as folder:
        config = Config()
        # The options are read by configparser, which takes a single "%" for a reference.
        config.set_main_option("script_location", str(folder).replace("%", "%%"))
        config.attributes["connection"] = connection
        try:
            command.upgrade(config, "head")
        except CommandError as error:
            raise LedgerUnreadable(url=str(connection.engine.url), problem=str(error)) from error

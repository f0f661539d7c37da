"""The migrations make exactly the tables that the code declares."""

from __future__ import annotations

from pathlib import Path

from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory

from stratagraph.service.ledger import migrations
from stratagraph.service.ledger.database import REVISION, Database, locate
from stratagraph.service.ledger.indexes import metadata


def test_migrated_database_is_the_declared_schema(ledger_url: str) -> None:
    database = Database(locate(ledger_url))
    with database.reading() as connection:
        assert compare_metadata(MigrationContext.configure(connection), metadata) == []
    database.close()


def test_newest_revision_is_the_one_the_code_expects() -> None:
    config = Config()
    config.set_main_option("script_location", str(Path(str(migrations.__file__)).parent))
    assert ScriptDirectory.from_config(config).get_current_head() == REVISION

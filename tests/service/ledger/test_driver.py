"""Finished statements: the same rows and the same errors from both databases, inside the caller's transaction."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import bindparam, select
from sqlalchemy.exc import IntegrityError

from stratagraph.service.ledger import database as database_module
from stratagraph.service.ledger.database import PRAGMAS, Database, insert_many, locate
from stratagraph.service.ledger.prepared import Prepared
from stratagraph.service.ledger.schema import terms
from stratagraph.service.ledger.storage import StorageLocked

COLUMNS = ("id", "key", "text")
BY_ID = Prepared(select(terms.c.id, terms.c.text).where(terms.c.id.in_(bindparam("ids", expanding=True))))


@pytest.fixture(name="database")
def _database(ledger_url: str) -> Iterator[Database]:
    database = Database(locate(ledger_url))
    yield database
    database.close()


def rows(*numbers: int) -> list[tuple[int, bytes, str]]:
    return [(number, str(number).encode(), f"t{number}") for number in numbers]


def test_who_could_not_begin_can_write_later(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(database_module, "PRAGMAS", ("busy_timeout = 20", *PRAGMAS[1:]))
    ours, other = (Database(locate(tmp_path / "ledger.sqlite")) for _ in range(2))
    write(ours, rows(1))
    with other.writing(), pytest.raises(StorageLocked, match="database is locked"):
        write(ours, rows(2))
    write(ours, rows(3))
    assert present(other) == [(1, "t1"), (3, "t3")]
    for database in (ours, other):
        database.close()


def write(database: Database, *batches: list[tuple[int, bytes, str]]) -> None:
    """Insert in one transaction."""
    with database.writing() as connection:
        for batch in batches:
            insert_many(connection, terms, COLUMNS, batch)


def present(database: Database) -> list[tuple[int, str]]:
    with database.reading() as connection:
        return sorted((number, text) for number, text in BY_ID(connection, ids=[1, 2, 3]))


def test_rows_go_in_and_come_back(database: Database) -> None:
    write(database, [], rows(1), rows(2, 3))
    assert present(database) == [(1, "t1"), (2, "t2"), (3, "t3")]


@pytest.mark.parametrize("again", [(1,), (2, 1)], ids=["one row", "several"])
def test_a_refusal_is_sqlalchemys_error_and_nothing_stays(database: Database, again: tuple[int, ...]) -> None:
    write(database, rows(1))
    with pytest.raises(IntegrityError):
        write(database, rows(3), rows(*again))
    assert present(database) == [(1, "t1")]
    write(database, rows(2))  # the next writer finds nothing half done
    assert present(database) == [(1, "t1"), (2, "t2")]

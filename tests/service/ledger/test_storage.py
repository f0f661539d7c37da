"""Storage that is full, write-protected, failing or gone: said by name, nothing half done, and well again later."""

from __future__ import annotations

import errno
import os
import resource
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

import psycopg
import pytest
from sqlalchemy import Connection

from stratagraph.ontology.facts import Batch, Literal
from stratagraph.service.ledger.errors import LedgerUnreadable
from stratagraph.service.ledger.ledger import Ledger
from stratagraph.service.ledger.storage import (
    StorageFailing,
    StorageFull,
    StorageReadOnly,
    StorageUnavailable,
    StorageUnreachable,
    unavailable,
)
from tests.service.ledger.postgresql import database
from tests.service.ledger.samples import batch, fact, scope

Breaking = Callable[[Ledger], AbstractContextManager[None]]


def large(run: str = "large") -> Batch:
    """More than the free pages of a file hold."""
    return batch(run, scope(*(fact(number, value=Literal("x" * 500)) for number in range(400))))


@pytest.fixture(name="file")
def _file(tmp_path: Path) -> Iterator[Ledger]:
    with Ledger.open(tmp_path / "ledger.sqlite", key_file=tmp_path / "ledger.key") as ledger:
        ledger.commit(batch("first", scope(fact())), ontology_hash="o")
        yield ledger


@pytest.fixture(name="address")
def _address(postgresql: str, request: pytest.FixtureRequest) -> str:
    return database(postgresql, f"{request.node.name[:60]}")


@pytest.fixture(name="served")
def _served(address: str, tmp_path: Path) -> Iterator[Ledger]:
    with Ledger.open(address, key_file=tmp_path / "ledger.key") as ledger:
        ledger.commit(batch("first", scope(fact())), ontology_hash="o")
        yield ledger


def own(ledger: Ledger) -> Connection:
    """The connection that SQLite's writer keeps."""
    kept = ledger._database._kept
    assert kept is not None
    return kept


def pragma(ledger: Ledger, text: str) -> int:
    connection = own(ledger).connection.driver_connection
    assert connection is not None
    row = connection.execute(f"PRAGMA {text}").fetchone()
    return int(row[0]) if row else 0


@contextmanager
def full(ledger: Ledger) -> Iterator[None]:
    """Let the file be as large as it may."""
    before = pragma(ledger, "max_page_count")
    pragma(ledger, f"max_page_count = {pragma(ledger, 'page_count')}")
    yield
    pragma(ledger, f"max_page_count = {before}")


@contextmanager
def protected(ledger: Ledger) -> Iterator[None]:
    """Let the file take no writes."""
    pragma(ledger, "query_only = 1")
    yield
    pragma(ledger, "query_only = 0")


@contextmanager
def failing(ledger: Ledger) -> Iterator[None]:
    """Let the system refuse to write beyond the log's end."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    log = Path(f"{ledger._database.url.database}-wal").stat().st_size
    resource.setrlimit(resource.RLIMIT_FSIZE, (log + 1, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


@pytest.mark.parametrize(
    ("broken", "kind"), [(full, StorageFull), (protected, StorageReadOnly), (failing, StorageFailing)]
)
def test_a_file_that_cannot_be_written_is_named_and_written_later(
    file: Ledger, broken: Breaking, kind: type[StorageUnavailable]
) -> None:
    with broken(file):
        for _ in range(2):
            with pytest.raises(kind):
                file.commit(large(), ontology_hash="o")
        assert file.sequence() == 1, "readers go on"
    assert file.commit(large(), ontology_hash="o").sequence == 2
    assert file.commit(large(), ontology_hash="o").duplicate
    assert file.verify().ok


REFUSING = """
CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN RAISE EXCEPTION 'could not extend file' USING ERRCODE = '{state}', HINT = 'Check free disk space.'; END $$;
CREATE TRIGGER refuse BEFORE INSERT ON batches EXECUTE FUNCTION refuse();
"""
KINDS = {"53100": StorageFull, "58030": StorageFailing, "25006": StorageReadOnly}


@pytest.mark.postgres
def test_a_server_that_cannot_write_is_named(served: Ledger, address: str) -> None:
    for run, (state, kind) in enumerate(KINDS.items()):
        with psycopg.connect(address, autocommit=True) as other:
            other.execute(REFUSING.format(state=state).encode())
            with pytest.raises(kind, match="could not extend file") as refused:
                served.commit(large(str(run)), ontology_hash="o")
            assert "Check free" not in str(refused.value)
            other.execute(b"DROP TRIGGER refuse ON batches; DROP FUNCTION refuse")
        assert served.commit(large(str(run)), ontology_hash="o").sequence == run + 2


@pytest.mark.postgres
def test_a_server_that_leaves_in_the_middle_is_named(served: Ledger, address: str) -> None:
    def leave(_: object) -> None:
        with psycopg.connect(address, autocommit=True) as other:
            other.execute(
                b"SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                b" WHERE datname = current_database() AND pid <> pg_backend_pid()"
            )

    with pytest.raises(StorageUnreachable):
        served.commit(large(), judge=leave, ontology_hash="o")
    assert served.commit(large(), ontology_hash="o").sequence == 2


@pytest.mark.postgres
def test_a_server_that_is_not_there_is_unreadable_at_the_start_and_unreachable_later(
    served: Ledger, address: str, tmp_path: Path
) -> None:
    with psycopg.connect(address.rpartition("/")[0] + "/postgres", autocommit=True) as other:
        name = address.rpartition("/")[2]
        other.execute(f'ALTER DATABASE "{name}" ALLOW_CONNECTIONS false'.encode())
        other.execute(b"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s", [name])
        with pytest.raises(LedgerUnreadable):
            Ledger.open(address, key_file=tmp_path / "ledger.key")
        for ask in (served.sequence, lambda: served.commit(large(), ontology_hash="o")):
            with pytest.raises(StorageUnavailable):
                ask()
        other.execute(f'ALTER DATABASE "{name}" ALLOW_CONNECTIONS true'.encode())
    assert served.commit(large(), ontology_hash="o").sequence == 2


@pytest.mark.parametrize(
    ("number", "kind"),
    [
        (errno.ENOSPC, StorageFull),
        (errno.EDQUOT, StorageFull),
        (errno.EROFS, StorageReadOnly),
        (errno.EIO, StorageFailing),
        (errno.ENOENT, None),
    ],
)
def test_the_systems_errors_are_named_alike(number: int, kind: type[StorageUnavailable] | None) -> None:
    named = unavailable(OSError(number, os.strerror(number), "/data/x"))
    assert type(named) is (kind or type(None))


def test_what_says_nothing_of_the_storage_is_not_named() -> None:
    assert unavailable(ValueError("disk is full")) is None

"""Ledgers to test with: every test that asks for an address runs on SQLite and on a real PostgreSQL."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable, Iterator
from itertools import count
from pathlib import Path

import pytest

from stratagraph.service.ledger.ledger import Ledger
from tests.service.ledger.postgresql import binaries, database, server

NUMBERS = count(1)
MISSING = "PostgreSQL is not installed; on Debian: sudo apt-get install postgresql"


@pytest.fixture(name="postgresql", scope="session")
def _postgresql() -> Iterator[str]:
    """The address of a server that lives as long as the tests, without a database."""
    if binaries() is None:
        pytest.skip(MISSING)
    # Not below pytest's own folders, which only root may enter when root runs the tests.
    folder = Path(tempfile.mkdtemp(prefix="stratagraph-pg-"))
    folder.chmod(0o755)
    try:
        with server(folder / "data") as address:
            yield address
    finally:
        shutil.rmtree(folder)


@pytest.fixture(name="new_url", params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
def _new_url(request: pytest.FixtureRequest, tmp_path: Path) -> Callable[[], str]:
    """Return a function that gives the address of one more empty database."""
    if request.param == "sqlite":
        return lambda: f"sqlite:///{tmp_path / f'ledger{next(NUMBERS)}.db'}"
    address: str = request.getfixturevalue("postgresql")
    return lambda: database(address, f"ledger{next(NUMBERS)}")


@pytest.fixture(name="ledger_url")
def _ledger_url(new_url: Callable[[], str]) -> str:
    return new_url()


@pytest.fixture(name="ledger")
def _ledger(ledger_url: str, tmp_path: Path) -> Iterator[Ledger]:
    with Ledger.open(ledger_url, key_file=tmp_path / "ledger.key") as ledger:
        yield ledger

"""Ledgers to test with. Everything runs on the URL that one fixture gives, so that PostgreSQL can join SQLite."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from stratagraph.service.ledger.ledger import Ledger


@pytest.fixture(name="ledger_url", params=["sqlite"])
def _ledger_url(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path / 'ledger.db'}"


@pytest.fixture(name="ledger")
def _ledger(ledger_url: str, tmp_path: Path) -> Iterator[Ledger]:
    with Ledger.open(ledger_url, key_file=tmp_path / "ledger.key") as ledger:
        yield ledger

"""A ledger that begins with another's first batch is a ledger of its own, whole and in order."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from stratagraph.service.ledger.beginning import hand_on, take_over
from stratagraph.service.ledger.errors import LedgerUnreadable
from stratagraph.service.ledger.ledger import Ledger
from tests.service.ledger.samples import batch, fact, independent_verify, plain, scope

THEN = datetime(2026, 1, 1, tzinfo=UTC)
NOW = THEN + timedelta(days=30)
FACTS = (fact(1), fact(2, value="http://x/o"), fact(3, value=9))


@pytest.fixture(name="handed")
def _handed(tmp_path: Path) -> bytes:
    """What a ledger of one batch hands on, while it is open and its log holds all of it."""
    with Ledger.open(tmp_path / "first.sqlite", clock=lambda: THEN) as ledger:
        ledger.commit(batch("1", scope(*FACTS)), ontology_hash="o")
        return hand_on(tmp_path / "first.sqlite", tmp_path)


def begun(tmp_path: Path, handed: bytes, name: str = "next") -> Path:
    file = tmp_path / f"{name}.sqlite"
    take_over(file, handed)
    with Ledger.open(file, clock=lambda: NOW):
        return file


def test_it_says_the_same_at_a_time_and_in_a_chain_of_its_own(tmp_path: Path, handed: bytes) -> None:
    with Ledger.open(tmp_path / "first.sqlite") as first, Ledger.open(begun(tmp_path, handed)) as ledger:
        assert [claim.fact for claim in ledger.open_claims()] == list(FACTS)
        assert {claim.first_seen for claim in ledger.open_claims()} == {NOW}
        assert (ledger.end().sequence, ledger.end().time) == (1, NOW)
        assert ledger.id != first.id
        assert ledger.end().batch_hash != first.end().batch_hash
        assert ledger.verify().ok


def test_it_goes_on_and_an_independent_verifier_agrees(tmp_path: Path, handed: bytes) -> None:
    file = begun(tmp_path, handed)
    with Ledger.open(file) as ledger:
        assert ledger.commit(batch("1", scope(*FACTS)), ontology_hash="o").duplicate
        assert ledger.commit(batch("2", scope(*FACTS[:1])), ontology_hash="o").sequence == 2
        assert ledger.verify().checked == 2
        assert [claim.fact for claim in ledger.open_claims()] == [FACTS[0]]
    assert independent_verify(f"sqlite:///{file}") is None


def test_what_was_begun_once_keeps_its_identity(tmp_path: Path, handed: bytes) -> None:
    file = begun(tmp_path, handed)
    with Ledger.open(file) as ledger:
        identity, end = ledger.id, ledger.end()
    with Ledger.open(file) as ledger:
        assert (ledger.id, ledger.end()) == (identity, end)


def test_a_ledger_that_lost_its_identity_is_not_put_in_order(tmp_path: Path, handed: bytes) -> None:
    file = begun(tmp_path, handed)
    with plain(f"sqlite:///{file}") as ask:
        ask("DELETE FROM ledger")
    with Ledger.open(file) as ledger:
        assert ledger.verify().first_bad_sequence == 1


def test_no_ledger_is_overwritten(tmp_path: Path, handed: bytes) -> None:
    file = begun(tmp_path, handed)
    before = file.read_bytes()
    with pytest.raises(FileExistsError):
        take_over(file, handed)
    assert file.read_bytes() == before
    assert [each.name for each in tmp_path.iterdir() if each.name.startswith("next.sqlite.")] == ["next.sqlite.key"]


def test_the_giver_stays_as_it_was(tmp_path: Path, handed: bytes) -> None:
    assert handed
    with Ledger.open(tmp_path / "first.sqlite") as ledger:
        assert ledger.verify().ok
        assert ledger.end().time == THEN


def test_what_is_no_ledger_is_refused_and_stays(tmp_path: Path) -> None:
    take_over(tmp_path / "other.sqlite", b"no database" * 100)
    with pytest.raises(LedgerUnreadable):
        Ledger.open(tmp_path / "other.sqlite")

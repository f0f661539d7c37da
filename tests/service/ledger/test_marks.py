"""Marks move if and only if the batch that holds them does."""

from __future__ import annotations

import io
import random
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path

import pytest

from stratagraph.ontology.facts import Batch, LedgerChange
from stratagraph.service.ledger.errors import InvalidBatch, MarksMoved, RunConflict
from stratagraph.service.ledger.ledger import Ledger
from tests.counting import COUNTED
from tests.service.ledger.samples import batch, fact, independent_verify, scope

COMMITTER = """
import sys
from pathlib import Path
from stratagraph.ontology.facts import Batch, Fact, Literal, Method, Scope
from stratagraph.service.ledger.ledger import Ledger

url, key, life = sys.argv[1:]
with Ledger.open(url, key_file=Path(key)) as ledger:
    for number in range(10_000):
        scope = Scope(name="a", complete=True, stated=(Fact("http://x/0", "http://x/p", Literal(f"{life} {number}")),))
        marks = {"at": f"{life} {number}".encode(), f"n{number % 7}": None if number % 2 else b"even"}
        batch = Batch(
            source="s", run=f"{life} {number}", method=Method.DECLARED, scopes=(scope,), marks=marks, marks_owner="me"
        )
        ledger.commit(batch, ontology_hash="o")
        print(number, flush=True)
"""


def marked(run: str, marks: Mapping[str, bytes | None], owner: str = "me") -> Batch:
    return replace(batch(run, scope(fact(int(run)))), marks=marks, marks_owner=owner)


def test_marks_of_a_batch_are_kept_changed_and_deleted(ledger: Ledger) -> None:
    assert ledger.marks("me") == {}
    ledger.commit(marked("1", {"at": b"1", "gone": b"", "stays": b"\0\xff"}), ontology_hash="o")
    ledger.commit(marked("2", {"at": b"2", "gone": None, "never": None}), ontology_hash="o")
    ledger.commit(batch("3", scope(fact(3))), ontology_hash="o")
    assert ledger.marks("me") == {"at": b"2", "stays": b"\0\xff"}


def test_marks_of_one_owner_are_not_those_of_another_of_the_same_source(ledger: Ledger) -> None:
    ledger.commit(marked("1", {"at": b"1"}, owner="a"), ontology_hash="o")
    ledger.commit(marked("2", {"at": b"2"}, owner="b"), ontology_hash="o")
    ledger.mark("b", {"at": None})
    assert ledger.marks("a") == {"at": b"1"}
    assert ledger.marks("b") == {}


def test_marks_without_a_batch_make_no_entry(ledger: Ledger) -> None:
    many = {f"series {number}": bytes([number % 256]) * number for number in range(3_000)}
    ledger.mark("me", many)
    assert (ledger.sequence(), ledger.marks("me")) == (0, many)
    ledger.mark("me", dict.fromkeys(many))
    assert ledger.marks("me") == {}


def test_a_batch_that_fails_or_is_rehearsed_moves_no_mark(ledger: Ledger) -> None:
    ledger.commit(marked("1", {"at": b"1"}), ontology_hash="o")

    def review(_change: LedgerChange) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        ledger.commit(marked("2", {"at": b"2", "new": b""}), ontology_hash="o", judge=lambda _ask: review)
    with pytest.raises(RunConflict):
        ledger.commit(replace(marked("2", {"at": b"2"}), run="1"), ontology_hash="o")
    ledger.rehearse(marked("2", {"at": b"2"}), ontology_hash="o")
    assert (ledger.sequence(), ledger.marks("me")) == (1, {"at": b"1"})


def test_a_batch_with_marks_that_cannot_be_kept_is_refused(ledger: Ledger) -> None:
    for bad in ({"a\0b": b""}, {"\ud800": b""}):
        with pytest.raises(InvalidBatch):
            ledger.commit(marked("1", bad), ontology_hash="o")
        with pytest.raises(InvalidBatch):
            ledger.mark("me", bad)
    with pytest.raises(InvalidBatch):
        ledger.commit(marked("1", {"at": b""}, owner=""), ontology_hash="o")
    assert ledger.sequence() == 0


def test_a_run_that_comes_again_still_moves_its_marks(ledger: Ledger) -> None:
    ledger.commit(marked("1", {"at": b"1"}), ontology_hash="o")
    again = ledger.commit(marked("1", {"at": b"2"}), ontology_hash="o")
    assert (again.duplicate, ledger.marks("me")) == (True, {"at": b"2"})


def test_a_batch_that_expects_other_marks_is_refused_whole(ledger: Ledger) -> None:
    def expecting(run: str, expected: Mapping[str, bytes | None], marks: Mapping[str, bytes | None]) -> Batch:
        return replace(marked(run, marks), marks_expected=expected)

    first = expecting("1", {"at": None}, {"at": b"1"})
    ledger.commit(first, ontology_hash="o")
    for moved in (expecting("2", {"at": None}, {"at": b"2"}), expecting("2", {"at": b"0"}, {"at": b"2"}), first):
        with pytest.raises(MarksMoved):
            ledger.commit(moved, ontology_hash="o")
    with pytest.raises(MarksMoved):
        ledger.mark("me", {"at": b"3"}, {"at": None})
    with pytest.raises(MarksMoved):
        ledger.mark("another", {"at": b"3"}, {"at": b"1"})
    assert (ledger.sequence(), ledger.marks("me"), ledger.marks("another")) == (1, {"at": b"1"}, {})
    ledger.commit(expecting("2", {"at": b"1", "other": None}, {"at": None}), ontology_hash="o")
    ledger.mark("me", {"at": b"4"}, {"at": None})
    assert (ledger.sequence(), ledger.marks("me")) == (2, {"at": b"4"})


def test_of_two_that_go_on_from_one_mark_one_is_refused(ledger: Ledger, ledger_url: str, tmp_path: Path) -> None:
    """Two processes count: what is refused is read anew and tried again, so none of their steps is lost or doubled."""
    steps = 20

    def count(mine: Ledger, name: str) -> None:
        done = 0
        while done < steps:
            at = mine.marks("both").get("at")
            batch = replace(
                marked("0", {"at": str(int(at or b"0") + 1).encode()}, owner="both"), run=f"{name} {done} {at!r}"
            )
            try:
                mine.commit(replace(batch, marks_expected={"at": at}), ontology_hash="o")
            except MarksMoved:
                continue
            done += 1

    with Ledger.open(ledger_url, key_file=tmp_path / "ledger.key") as other:
        threads = [threading.Thread(target=count, args=(one, name)) for one, name in ((ledger, "a"), (other, "b"))]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert (ledger.marks("both"), ledger.sequence()) == ({"at": str(2 * steps).encode()}, 2 * steps)


def test_marks_are_no_part_of_the_chain_or_of_an_export(
    ledger: Ledger, ledger_url: str, new_url: Callable[[], str], tmp_path: Path
) -> None:
    ledger.commit(marked("1", {"at": b"secret-place"}), ontology_hash="o")
    hashed = ledger.end()
    ledger.mark("me", {"at": b"another-place", "more": b""})
    assert (ledger.end(), ledger.verify().ok, independent_verify(ledger_url)) == (hashed, True, None)
    exported = b"".join(ledger.export())
    assert b"place" not in exported
    with Ledger.open(new_url(), key_file=tmp_path / "other.key") as other:
        other.import_from(io.BytesIO(exported))
        assert (other.end(), other.marks("me")) == (hashed, {})


@pytest.mark.timeout(3600)  # a hundred lives at night
def test_a_killed_process_leaves_the_marks_of_its_last_batch(
    ledger_url: str, tmp_path: Path, request: pytest.FixtureRequest, record_property: Callable[[str, object], None]
) -> None:
    pick = random.Random(3)
    lives = 100 if request.config.getoption("--nightly") else 2
    key = tmp_path / "ledger.key"
    for life in range(lives):
        command = [sys.executable, "-c", COMMITTER, ledger_url, str(key), str(life)]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
            assert process.stdout is not None
            process.stdout.readline()
            time.sleep(pick.uniform(0, 0.1))
            process.kill()
        with Ledger.open(ledger_url, key_file=key) as ledger:
            newest, marks = ledger.batches(limit=1)[0].run, ledger.marks("me")
            claims = [claim.fact.object for claim in ledger.open_claims()]
        assert marks["at"].decode() == newest == claims[0].value  # type: ignore[union-attr]
    record_property(COUNTED, f"{lives} kills")

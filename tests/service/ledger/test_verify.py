"""Proof: tampering is found and named, redaction and transfer leave the chain whole."""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from pathlib import Path

import pytest

from stratagraph.ontology.facts import Batch, Fact, Literal, Method
from stratagraph.service.ledger.errors import (
    HistoryErased,
    ImportRefused,
    KeyForeign,
    KeyLost,
    LedgerDamaged,
    NothingToRedact,
)
from stratagraph.service.ledger.keys import Rekeying
from stratagraph.service.ledger.ledger import Ledger
from stratagraph.service.ledger.redaction import Sought
from stratagraph.service.ledger.signing import Signer
from stratagraph.service.settings import Settings
from tests.service.cli.invoking import run
from tests.service.ledger.samples import batch, fact, independent_verify, observation, plain, scope
from tests.service.running import clean_environment

TAMPERING = {
    "edit a term": ("UPDATE terms SET text = '\"9\"' WHERE text = '\"3\"'", 3),
    "edit a header": ("UPDATE batches SET source = 't' WHERE sequence = 2", 2),
    "edit an outcome": ("UPDATE scope_runs SET complete = FALSE WHERE sequence = 4", 4),
    "edit an observation": ("UPDATE observations SET total = 9 WHERE sequence = 2", 2),
    "reopen a claim": ("UPDATE claims SET closed = NULL WHERE closed = 3", 3),
    "close a claim": ("UPDATE claims SET closed = 4 WHERE opened = 1 AND closed IS NULL", 4),
    "close a claim in a batch to come": ("UPDATE claims SET closed = 9 WHERE opened = 1 AND closed IS NULL", 6),
    "end a window in no calendar": ('UPDATE observations SET "end" = 4611686018427387904 WHERE sequence = 3', 3),
    "erase a fact": ("UPDATE claims SET subject = NULL, salt = NULL, commitment = NULL WHERE id = 1", 1),
    "delete a claim": ("DELETE FROM claims WHERE opened = 3", 3),
    "delete a batch": ("DELETE FROM batches WHERE sequence = 3", 3),
    "delete the first batch": ("DELETE FROM batches WHERE sequence = 1", 1),
    "reorder batches": (
        "UPDATE batches SET sequence = CASE sequence WHEN 2 THEN -3 ELSE -2 END WHERE sequence IN (2, 3)",
        2,
    ),
    "cut carelessly": ("DELETE FROM batches WHERE sequence = 5", 5),
}
TAMPERED_CHANGES = {
    "no JSON": "UPDATE batches SET note = 'x' WHERE sequence = 6",
    "a list": "UPDATE batches SET note = '[]' WHERE sequence = 6",
    "nothing told": "UPDATE batches SET note = '{}' WHERE sequence = 6",
    "numbers": """UPDATE batches SET note = '{"before":1,"after":2,"by":3,"why":4}' WHERE sequence = 6""",
    "a time of no calendar": "UPDATE batches SET time = 4611686018427387904 WHERE sequence = 6",
}

WHAT_ONLY_SQLITE_KEEPS = {
    "an observation of no metric": ("UPDATE observations SET metric = 999 WHERE sequence = 2", 2),
    "a claim about nothing": ("UPDATE claims SET subject = 999 WHERE opened = 3", 3),
    "a word for a number": ("UPDATE observations SET total = 'much' WHERE sequence = 2", 2),
    "a word for a time": ("UPDATE batches SET time = 'late' WHERE sequence = 4", 4),
    "a word for a count": ("UPDATE batches SET opened = 'all' WHERE sequence = 4", 4),
    "a term of no text": ("UPDATE terms SET text = CAST(x'22ff22' AS TEXT) WHERE text = '\"3\"'", 3),
    "bytes for a term": ("UPDATE terms SET text = x'22ff22' WHERE text = '\"3\"'", 3),
    "a metric of no text": (
        "UPDATE terms SET text = CAST(x'3cff3e' AS TEXT) WHERE id = (SELECT metric FROM observations)",
        1,
    ),
    "a unit of no text": ("UPDATE observations SET unit = CAST(x'ff' AS TEXT) WHERE sequence = 4", 4),
    "a run of no text": ("UPDATE batches SET run = CAST(x'ff' AS TEXT) WHERE sequence = 4", 4),
    "a scope of no text": ("UPDATE scopes SET name = CAST(x'ff' AS TEXT)", 1),
    "a number for a hash": ("UPDATE batches SET previous = 3.5 WHERE sequence = 4", 4),
}


def fill(ledger: Ledger, *, runs: int = 5) -> None:
    for number in range(1, runs + 1):
        said = (fact(number, value=number), fact(0, value="http://x/always"))
        seen = (observation(number),)
        ledger.commit(
            Batch(source="s", run=str(number), method=Method.DECLARED, scopes=(scope(*said),), observations=seen),
            ontology_hash="o",
        )


@pytest.fixture(name="filled")
def _filled(ledger_url: str, tmp_path: Path) -> str:
    """The address of a ledger of five batches, whose key and head are in the test's folder."""
    with open_ledger(ledger_url, tmp_path) as ledger:
        fill(ledger)
        (tmp_path / "head.json").write_text(ledger.head().to_json())
    return ledger_url


def open_ledger(url: str, folder: Path) -> Ledger:
    return Ledger.open(url, key_file=folder / "ledger.key")


def tamper(url: str, *statements: str) -> None:
    with plain(url) as ask:
        for statement in statements:
            ask(statement)
        ask("UPDATE batches SET sequence = -sequence WHERE sequence < 0")


def test_an_untouched_ledger_verifies_and_says_that_rollback_was_not_excluded(filled: str, tmp_path: Path) -> None:
    with open_ledger(filled, tmp_path) as ledger:
        report = ledger.verify()
    assert (report.ok, report.checked, report.rollback_checked) == (True, 5, False)
    assert independent_verify(filled) is None


@pytest.mark.parametrize(("statement", "first_bad"), TAMPERING.values(), ids=TAMPERING)
def test_tampering_is_found_at_its_sequence(filled: str, tmp_path: Path, statement: str, first_bad: int) -> None:
    tamper(filled, statement)
    with open_ledger(filled, tmp_path) as ledger:
        report = ledger.verify()
    assert (report.ok, report.first_bad_sequence) == (False, first_bad), report.problem


@pytest.mark.parametrize(("statement", "first_bad"), WHAT_ONLY_SQLITE_KEEPS.values(), ids=WHAT_ONLY_SQLITE_KEEPS)
def test_what_no_commit_could_write_is_found_too(tmp_path: Path, statement: str, first_bad: int) -> None:
    url = f"sqlite:///{tmp_path / 'ledger.db'}"
    with open_ledger(url, tmp_path) as ledger:
        fill(ledger)
    tamper(url, statement)
    with open_ledger(url, tmp_path) as ledger:
        report = ledger.verify()
    assert (report.ok, report.first_bad_sequence) == (False, first_bad), report.problem


UNREADABLE = {
    "a term of no text": ("UPDATE terms SET text = CAST(x'22ff22' AS TEXT) WHERE text = '\"5\"'", "table 'terms'"),
    "bytes for a term": ("UPDATE terms SET text = x'22ff22' WHERE text = '\"5\"'", "the term"),
    "a word for a term": ("UPDATE terms SET text = 'five' WHERE text = '\"5\"'", "the term 'five'"),
    "a time of no calendar": ("UPDATE batches SET time = 4611686018427387904 WHERE sequence = 5", "the time"),
    "a word for a time": ("UPDATE batches SET time = 'late' WHERE sequence = 5", "the time 'late'"),
    "a method of its own": ("UPDATE batches SET method = 'guessed' WHERE sequence = 5", "the method 'guessed'"),
    "a run of no text": ("UPDATE batches SET run = CAST(x'ff' AS TEXT) WHERE sequence = 5", "row 5 of the table"),
    "a scope of no text": ("UPDATE scopes SET name = CAST(x'ff' AS TEXT)", "row 1 of the table 'scopes'"),
}


@pytest.mark.parametrize(("statement", "told"), UNREADABLE.values(), ids=UNREADABLE)
def test_whoever_reads_what_no_commit_wrote_is_told_that_the_ledger_is_damaged_and_where(
    tmp_path: Path, statement: str, told: str
) -> None:
    url = f"sqlite:///{tmp_path / 'ledger.db'}"
    with open_ledger(url, tmp_path) as ledger:
        fill(ledger)
    tamper(url, statement)
    with pytest.raises(LedgerDamaged) as damaged, open_ledger(url, tmp_path) as ledger:
        list(ledger.open_claims())
    assert told in str(damaged.value)
    with open_ledger(url, tmp_path) as ledger:
        assert not ledger.verify().ok


@pytest.mark.parametrize("text", ["22ff22", "22eda08022"], ids=["no UTF-8", "half a pair"])
def test_commands_refuse_a_ledger_with_a_term_of_no_text_in_words(tmp_path: Path, text: str) -> None:
    data = tmp_path / "data"
    data.mkdir()
    settings = Settings(data=data)
    with Ledger.open(settings.ledger, key_file=settings.ledger_key) as ledger:
        fill(ledger)
    tamper(f"sqlite:///{settings.ledger}", f"UPDATE terms SET text = CAST(x'{text}' AS TEXT) WHERE text = '\"5\"'")  # noqa: S608  # the test's own
    environment = clean_environment(tmp_path / "home")
    verified = run("ledger", "verify", "--data", str(data), environment=environment)
    assert verified.returncode == 1
    assert "broken at sequence 5" in verified.stdout
    assert "of the table 'terms' is no text in UTF-8" in verified.stdout
    exported = run("ledger", "export", "--data", str(data), "--out", str(tmp_path / "out"), environment=environment)
    assert (exported.returncode, exported.stderr.count("\n")) == (2, 1), exported.stderr
    assert "The ledger is damaged: row" in exported.stderr


def test_the_independent_verifier_finds_tampering_too(filled: str, tmp_path: Path) -> None:
    tamper(filled, TAMPERING["edit a term"][0])
    assert independent_verify(filled) == 3


def test_clean_truncation_shows_only_against_a_head_kept_elsewhere(filled: str, tmp_path: Path) -> None:
    tamper(
        filled,
        "DELETE FROM scope_runs WHERE sequence = 5",
        "DELETE FROM observations WHERE sequence = 5",
        "DELETE FROM claims WHERE opened = 5",
        "UPDATE claims SET closed = NULL WHERE closed = 5",
        "DELETE FROM batches WHERE sequence = 5",
    )
    with open_ledger(filled, tmp_path) as ledger:
        assert ledger.verify().ok
        report = ledger.verify(tmp_path / "head.json")
    assert (report.ok, report.first_bad_sequence, report.rollback_checked) == (False, 5, True)


def test_a_head_of_another_ledger_proves_nothing(filled: str, new_url: Callable[[], str], tmp_path: Path) -> None:
    with Ledger.open(new_url(), key_file=tmp_path / "other.key") as other:
        fill(other)
        report = other.verify(tmp_path / "head.json")
    assert (report.ok, report.first_bad_sequence, report.rollback_checked) == (False, None, False)
    assert "Name the right data folder" in report.problem


def test_a_changed_head_is_no_break_in_the_chain(filled: str, tmp_path: Path) -> None:
    head = json.loads((tmp_path / "head.json").read_text())
    (tmp_path / "changed.json").write_text(json.dumps(head | {"sequence": 4}))
    with open_ledger(filled, tmp_path) as ledger:
        report = ledger.verify(tmp_path / "changed.json")
    assert (report.ok, report.first_bad_sequence) == (False, None)
    assert "another copy" in report.problem


def test_a_lost_key_is_refused_and_not_replaced(filled: str, tmp_path: Path) -> None:
    """As in every way a key is lost: the file is gone, or another's key stands in its place."""
    key = tmp_path / "ledger.key"
    own = key.read_bytes()
    key.unlink()
    with pytest.raises(KeyLost, match="ledger rekey"):
        open_ledger(filled, tmp_path)
    assert not key.exists()
    key.write_bytes(b"k" * 32)
    with pytest.raises(KeyForeign, match="ledger rekey"):
        open_ledger(filled, tmp_path)
    assert key.read_bytes() == b"k" * 32
    key.write_bytes(own)
    with open_ledger(filled, tmp_path) as ledger:
        assert ledger.verify(tmp_path / "head.json").ok


def test_whoever_has_no_key_can_verify_and_not_sign(filled: str, tmp_path: Path) -> None:
    with Ledger.open(filled, key_file=tmp_path / "none.key", keyless=True) as ledger:
        assert ledger.verify(tmp_path / "head.json").ok
        with pytest.raises(KeyLost):
            ledger.head()
        with pytest.raises(KeyLost):
            ledger.export()
    assert not (tmp_path / "none.key").exists()


@pytest.mark.parametrize("lost", [True, False])
def test_a_change_of_key_is_recorded_and_heads_of_before_still_verify(
    filled: str, tmp_path: Path, *, lost: bool
) -> None:
    key = tmp_path / "ledger.key"
    before = json.loads((tmp_path / "head.json").read_text())["public_key"]
    if lost:
        key.unlink()
    rekeying = Rekeying(by="ana", why="the disk died")
    with Ledger.open(filled, key_file=key, rekeying=rekeying) as ledger:
        after = ledger.head()
        (tmp_path / "after.json").write_text(after.to_json())
    assert after.public_key != before
    with open_ledger(filled, tmp_path) as ledger:
        fill(ledger, runs=6)
        for name in ("head.json", "after.json"):
            report = ledger.verify(tmp_path / name)
            assert (report.ok, report.rollback_checked) == (True, True)
        (change,) = report.key_changes
    assert (change.sequence, change.by, change.why) == (6, "ana", "the disk died")
    assert (change.before, change.after) == (before, after.public_key)
    assert change.endorsed is not lost  # only whoever has the older key can sign the change
    assert independent_verify(filled) is None


@pytest.mark.parametrize("statement", TAMPERED_CHANGES.values(), ids=TAMPERED_CHANGES)
def test_a_tampered_change_of_key_is_found_like_any_other_batch(filled: str, tmp_path: Path, statement: str) -> None:
    with Ledger.open(filled, key_file=tmp_path / "ledger.key", rekeying=Rekeying(by="ana", why="the disk died")):
        pass
    tamper(filled, statement)
    with open_ledger(filled, tmp_path) as ledger:
        report = ledger.verify()
    assert (report.ok, report.first_bad_sequence) == (False, 6), report.problem


def test_a_head_of_a_key_that_the_chain_does_not_name_proves_nothing(filled: str, tmp_path: Path) -> None:
    with open_ledger(filled, tmp_path) as ledger:
        later = Signer.at(tmp_path / "foreign.key").sign(ledger.id, *ledger.end())
        (tmp_path / "foreign.json").write_text(later.to_json())
        report = ledger.verify(tmp_path / "foreign.json")
    assert not report.ok
    assert "Restore the ledger's key" in report.problem


def test_a_ledger_of_before_keys_were_remembered_learns_its_own(filled: str, tmp_path: Path) -> None:
    tamper(filled, "UPDATE ledger SET public_key = NULL, key_check = NULL")
    with open_ledger(filled, tmp_path) as ledger:
        assert ledger.verify(tmp_path / "head.json").ok
    (tmp_path / "ledger.key").unlink()
    with pytest.raises(KeyLost):
        open_ledger(filled, tmp_path)


def test_the_key_is_its_owners_alone(filled: str, tmp_path: Path) -> None:
    assert (tmp_path / "ledger.key").stat().st_mode & 0o777 == 0o600


SECRET = Fact("http://x/person", "http://x/name", Literal("Maria Secreta"))
SOUGHT = Sought(subject=SECRET.subject, predicate=SECRET.predicate)


def test_redaction_erases_the_value_and_the_chain_still_verifies(ledger: Ledger, ledger_url: str) -> None:
    ledger.commit(batch("1", scope(SECRET, fact(1))), ontology_hash="o")
    ledger.commit(batch("1", scope(SECRET), source="t"), ontology_hash="o")
    redaction = ledger.redact(SOUGHT, by="dpo", why="request 7")
    assert [claim.fact for claim in redaction.receipt.change.closed] == [SECRET, SECRET]
    assert ledger.verify().ok
    assert ledger.batches(limit=1)[0].note.startswith('{"by":"dpo"')
    assert [claim.fact for claim in ledger.facts_as_of(1)] == [fact(1)]
    with pytest.raises(HistoryErased):
        ledger.changes(2)
    assert len(list(ledger.changes(0))) == 3
    with pytest.raises(NothingToRedact):
        ledger.redact(SOUGHT, by="dpo", why="again")
    with plain(ledger_url) as ask:
        assert not ask("SELECT * FROM terms WHERE text LIKE ?", "%Secreta%")
    assert independent_verify(ledger_url) is None


def test_a_redacted_value_is_in_none_of_the_files(tmp_path: Path) -> None:
    with Ledger.open(tmp_path / "ledger.db") as ledger:
        ledger.commit(batch("1", scope(SECRET, fact(1))), ontology_hash="o")
        ledger.redact(SOUGHT, by="dpo", why="request 7")
        assert ledger.scrub() is None
        for name in ("ledger.db", "ledger.db-wal"):
            stored = (tmp_path / name).read_bytes()
            assert b"Secreta" not in stored
            assert b"http://x/person" not in stored


def test_import_rebuilds_an_identical_ledger(ledger: Ledger, new_url: Callable[[], str], tmp_path: Path) -> None:
    fill(ledger)
    ledger.commit(batch("r", scope(SECRET)), ontology_hash="o")
    ledger.redact(SOUGHT, by="dpo", why="request 7")
    lines = list(ledger.export())
    url = new_url()
    with Ledger.open(url, key_file=tmp_path / "copy.key") as copy:
        assert copy.import_from(io.BytesIO(b"".join(lines))) == 7
        assert (copy.id, copy.head().batch_hash) == (ledger.id, ledger.head().batch_hash)
        assert list(copy.open_claims()) == list(ledger.open_claims())
        assert list(copy.export())[:-1] == lines[:-1]
        assert copy.verify().ok
    assert independent_verify(url) is None


@pytest.mark.parametrize("damage", ["cut", "changed", "no json"])
def test_a_damaged_export_is_refused_whole(
    ledger: Ledger, new_url: Callable[[], str], tmp_path: Path, damage: str
) -> None:
    fill(ledger)
    data = b"".join(ledger.export())
    bad = {
        "cut": data[: data.rindex(b'{"head"')],
        "changed": data.replace(b'\\"3\\"', b'\\"9\\"', 1),
        "no json": data[:-40],
    }
    with Ledger.open(new_url(), key_file=tmp_path / "copy.key") as copy:
        with pytest.raises(ImportRefused):
            copy.import_from(io.BytesIO(bad[damage]))
        assert copy.sequence() == 0
        assert copy.import_from(io.BytesIO(data)) == 5

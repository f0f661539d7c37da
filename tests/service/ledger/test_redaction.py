"""Redaction: what it erases, of whom and of what; what it leaves; where a value still stands."""

from __future__ import annotations

import io
import sqlite3
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import psycopg
import pytest

from stratagraph.ontology.facts import Batch, Fact, Literal, Method
from stratagraph.ontology.identity import statement_iri
from stratagraph.ontology.model import CORE_SOURCE
from stratagraph.ontology.namespaces import RDFS
from stratagraph.service.ledger import scrubbing
from stratagraph.service.ledger.errors import NothingToRedact, NotRedactable, ReasonTells
from stratagraph.service.ledger.ledger import Ledger
from stratagraph.service.ledger.redaction import Sought
from tests.service.ledger.samples import batch, fact, independent_verify, observation, plain, scope

MARIA = "http://x/person/maria.silva%40example.org"
NAME, EMAIL, OWNS = "http://x/name", "http://x/email", "http://x/owns"
FACTS = (
    Fact(MARIA, NAME, Literal("Maria Silva")),
    Fact(MARIA, NAME, Literal("Maria da Silva", language="pt")),
    Fact(MARIA, EMAIL, Literal("maria.silva@example.org")),
    Fact(MARIA, OWNS, "http://x/model"),
    Fact("http://x/model", "http://x/ownedBy", MARIA),
)
OTHERS = (
    Fact("http://x/model", NAME, Literal("a model")),
    Fact("http://x/person/joao", NAME, Literal("Maria Silva")),
)


def seen(subject: str) -> Batch:
    observations = (replace(observation(), subject=subject), replace(observation(1), subject=subject))
    return Batch(
        source="otlp", run=f"seen {subject[-4:]}", method=Method.OBSERVED, scopes=(), observations=observations
    )


@pytest.fixture(autouse=True)
def _impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Who is waited for here does not come."""
    monkeypatch.setattr(scrubbing, "PATIENCE", 0.2)


@pytest.fixture(name="person")
def _person(ledger: Ledger) -> Ledger:
    """A ledger that knows a person from two sources, what she said before too, and what was measured of her."""
    ledger.commit(batch("1", scope(*FACTS, *OTHERS)), ontology_hash="o")
    ledger.commit(batch("1", scope(*FACTS[:1], name="b"), source="t"), ontology_hash="o")
    ledger.commit(batch("2", scope(*FACTS[1:], *OTHERS)), ontology_hash="o")
    ledger.commit(seen(MARIA), ontology_hash="o")
    ledger.commit(seen(statement_iri(FACTS[3])), ontology_hash="o")
    ledger.commit(seen("http://x/model"), ontology_hash="o")
    return ledger


def facts(ledger: Ledger) -> set[Fact]:
    return {claim.fact for at in range(1, ledger.sequence() + 1) for claim in ledger.facts_as_of(at)}


def texts(url: str) -> str:
    with plain(url) as ask:
        return "\n".join(row["text"] for row in ask("SELECT text FROM terms"))


def test_a_subject_goes_with_all_that_is_said_of_it_and_points_to_it(person: Ledger, ledger_url: str) -> None:
    redaction = person.redact(Sought(subject=MARIA), by="dpo", why="request 7")
    assert set(redaction.facts) == set(FACTS)
    assert (redaction.claims, redaction.observations) == (6, 4)
    assert redaction.sources == (("s", "a"), ("t", "b"))
    assert facts(person) == set(OTHERS)
    assert MARIA not in texts(ledger_url)
    assert "maria.silva@" not in texts(ledger_url)
    assert "Maria Silva" in texts(ledger_url)  # another is called the same
    assert person.verify().ok
    assert independent_verify(ledger_url) is None


def test_runs_that_may_have_said_it_lose_what_a_guess_could_be_tested_with(ledger: Ledger, ledger_url: str) -> None:
    """Those before the value came cannot have said it; one that came later may have again."""
    for run, said in enumerate((OTHERS, (*OTHERS, *FACTS), (*OTHERS, *FACTS, fact(1))), 1):
        ledger.commit(batch(f"{run}", scope(*said)), ontology_hash="o")
    ledger.commit(batch("4", scope(fact(2), name="another")), ontology_hash="o")
    ledger.redact(Sought(subject=MARIA), by="dpo", why="request 7")
    with plain(ledger_url) as ask:
        salted = {row["sequence"] for row in ask("SELECT sequence FROM batches WHERE salt IS NOT NULL")}
    assert salted & {1, 2, 3, 4} == {1, 4}


@pytest.mark.parametrize(
    ("sought", "gone"),
    [
        (Sought(subject=MARIA, predicate=NAME), FACTS[:2]),
        (Sought(subject=MARIA, predicate=NAME, value="Maria da Silva"), FACTS[1:2]),
        (Sought(subject=MARIA, predicate=EMAIL, value="maria.silva@example.org"), FACTS[2:3]),
        (Sought(subject=MARIA, predicate=OWNS, value="http://x/model"), FACTS[3:4]),
        (Sought(subject="http://x/model", predicate="http://x/ownedBy"), FACTS[4:]),
    ],
)
def test_a_property_or_one_value_goes_alone(
    person: Ledger, ledger_url: str, sought: Sought, gone: tuple[Fact, ...]
) -> None:
    redaction = person.redact(sought, by="dpo", why="request 7")
    assert set(redaction.facts) == set(gone)
    assert facts(person) == {*FACTS, *OTHERS} - set(gone)
    # What was measured on a statement is found by a hash of it, which would confirm a guess.
    assert redaction.observations == (2 if FACTS[3] in gone else 0)
    assert independent_verify(ledger_url) is None


def test_a_dry_run_tells_the_same_and_changes_nothing(person: Ledger) -> None:
    before = list(person.export())[:-1]
    dry = person.redact(Sought(subject=MARIA), by="dpo", why="request 7", dry_run=True)
    assert list(person.export())[:-1] == before
    wet = person.redact(Sought(subject=MARIA), by="dpo", why="request 7")
    assert replace(dry, receipt=wet.receipt) == wet


@pytest.mark.parametrize(
    "sought",
    [
        Sought(subject="http://x/nobody"),
        Sought(subject=MARIA, predicate="http://x/never"),
        Sought(subject=MARIA, predicate=NAME, value="maria silva"),
        Sought(subject=MARIA, predicate=OWNS, value="http://x/other"),
        Sought(subject="no iri"),
    ],
)
def test_what_is_not_there_is_refused(person: Ledger, sought: Sought) -> None:
    with pytest.raises(NothingToRedact):
        person.redact(sought, by="dpo", why="request 7")
    assert person.sequence() == 6


def test_a_reason_that_repeats_the_value_is_refused_whole(person: Ledger) -> None:
    for by, why in (("dpo", "for MARIA.SILVA@example.org"), ("maria.silva@example.org", "mine")):
        with pytest.raises(ReasonTells):
            person.redact(Sought(subject=MARIA), by=by, why=why)
    assert person.sequence() == 6
    assert facts(person) == {*FACTS, *OTHERS}


def test_what_the_ontology_states_is_not_redacted(ledger: Ledger) -> None:
    ledger.commit(batch("1", scope(fact(1)), source=CORE_SOURCE), ontology_hash="o")
    with pytest.raises(NotRedactable):
        ledger.redact(Sought(subject=fact(1).subject), by="dpo", why="request 7")


def test_where_the_value_still_stands_is_told(ledger: Ledger) -> None:
    mentioning = fact(2, value=Literal('wrote to maria.silva@example.org: "hi"'))
    folder = scope(FACTS[2], mentioning, name="cvs/maria.silva@example.org.yaml")
    ledger.commit(batch("1", folder), ontology_hash="o")
    redaction = ledger.redact(Sought(subject=MARIA), by="dpo", why="request 7")
    assert [(mention.place, "maria.silva@example.org" in mention.text) for mention in redaction.mentions] == [
        ("term", True),
        ("scope", True),
    ]


def test_what_quotes_the_value_is_told_with_what_erases_it(ledger: Ledger) -> None:
    """Every statement that says a quoting text, of now or before, and every thing whose IRI holds the value."""
    quoting = Literal('wrote to maria.silva@example.org: "hi"')
    said = [
        fact(2, value=quoting),
        fact(3, value=quoting),
        fact(4, value=Literal("cc maria.silva@example.org", language="pt")),
    ]
    home = Fact("https://example.org/home/maria.silva@example.org", RDFS.label, Literal("Home"))
    ledger.commit(batch("1", scope(FACTS[2], *said, home)), ontology_hash="o")
    ledger.commit(batch("2", scope(FACTS[2], *said[1:], home)), ontology_hash="o")
    told = [each for each in ledger.redact(Sought(subject=MARIA), by="dpo", why="request 7").mentions if each.subject]
    found = {(each.subject, each.predicate) for each in told}
    assert found == {*((each.subject, each.predicate) for each in said), (home.subject, None)}
    assert len(told) == len(found)
    for each in told:
        ledger.redact(Sought(subject=each.subject or "", predicate=each.predicate), by="dpo", why="request 7")
    assert not any("maria" in line.decode().casefold() for line in ledger.export())


def test_a_redacted_ledger_is_exported_and_imported_alike(
    person: Ledger, new_url: Callable[[], str], tmp_path: Path
) -> None:
    person.redact(Sought(subject=MARIA), by="dpo", why="request 7")
    lines = list(person.export())
    with Ledger.open(new_url(), key_file=tmp_path / "copy.key") as copy:
        copy.import_from(io.BytesIO(b"".join(lines)))
        assert list(copy.export())[:-1] == lines[:-1]
        assert copy.verify().ok


def test_closings_of_redacted_and_other_claims_are_imported_in_their_order(
    ledger: Ledger, new_url: Callable[[], str], tmp_path: Path
) -> None:
    """One batch closes three claims, of which the one in the middle is erased later."""
    said = tuple(fact(number) for number in (1, 2, 3))
    ledger.commit(batch("1", scope(*said)), ontology_hash="o")
    ledger.commit(batch("2", scope()), ontology_hash="o")
    ledger.redact(Sought(subject=said[1].subject), by="dpo", why="request 7")
    data = b"".join(ledger.export())
    with Ledger.open(new_url(), key_file=tmp_path / "copy.key") as copy:
        assert copy.import_from(io.BytesIO(data)) == 3
        assert copy.verify().ok


def test_no_byte_is_left_in_a_file_once_its_readers_are_through(tmp_path: Path) -> None:
    """A reader of before keeps the write-ahead log: that is said, and the next try succeeds."""
    file = tmp_path / "ledger.db"
    with Ledger.open(file) as ledger:
        ledger.commit(batch("1", scope(*FACTS, *OTHERS)), ontology_hash="o")
        ledger.commit(batch("2", scope(*(fact(number) for number in range(500)), name="much")), ontology_hash="o")
        with closing(sqlite3.connect(file)) as reader:
            reader.execute("BEGIN")
            reader.execute("SELECT count(*) FROM claims").fetchone()
            ledger.redact(Sought(subject=MARIA), by="dpo", why="request 7")
            assert "reader" in str(ledger.scrub())
            assert b"maria.silva" in b"".join(path.read_bytes() for path in tmp_path.iterdir())
        assert ledger.scrub() is None
        left = b"".join(path.read_bytes() for path in tmp_path.iterdir())
        assert b"maria.silva" not in left
        assert b"Maria da Silva" not in left
        assert ledger.verify().ok


def test_a_writer_keeps_the_file_from_being_written_anew(tmp_path: Path) -> None:
    file = tmp_path / "ledger.db"
    with Ledger.open(file) as ledger, closing(sqlite3.connect(file, isolation_level=None)) as writer:
        writer.execute("BEGIN IMMEDIATE")
        assert "writes" in str(ledger.scrub())
        writer.execute("ROLLBACK")
        assert ledger.scrub() is None


@pytest.mark.postgres
@pytest.mark.parametrize("new_url", ["postgresql"], indirect=True)
def test_a_table_of_postgresql_is_rewritten_once_nobody_sees_the_state_of_before(
    ledger: Ledger, ledger_url: str
) -> None:
    ledger.commit(batch("1", scope(*FACTS, *OTHERS)), ontology_hash="o")
    with psycopg.connect(ledger_url) as reader:
        reader.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
        reader.execute("SELECT 1 FROM pg_class LIMIT 1")  # a snapshot, and no lock on our tables
        ledger.redact(Sought(subject=MARIA), by="dpo", why="request 7")
        assert "reader" in str(ledger.scrub())
        reader.rollback()
    assert ledger.scrub() is None
    with psycopg.connect(ledger_url, autocommit=True) as server:
        server.execute("CREATE EXTENSION IF NOT EXISTS pageinspect")
        pages = server.execute("SELECT pg_relation_size('terms') / 8192").fetchone()
        assert pages
        for page in range(pages[0]):
            raw = server.execute("SELECT get_raw_page('terms', %s)", (page,)).fetchone()
            assert raw
            assert b"maria.silva" not in bytes(raw[0])

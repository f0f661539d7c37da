"""A run of the same documents says what the last one said, unless anything was opened or closed there since."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path
from typing import TypeAlias

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stratagraph.ontology.facts import Batch, Documents, Fact, Repetition, Scope
from stratagraph.service.ledger.errors import InvalidBatch
from stratagraph.service.ledger.ledger import Ledger
from stratagraph.service.ledger.redaction import Sought
from stratagraph.service.ledger.repeating import OWNER, key_of
from tests.service.ledger.samples import batch, fact, independent_verify, scope

HASH = "o"
SINGLE = frozenset({fact().predicate})
TOLD = (scope(fact(1), fact(2), name="a"), scope(fact(3), name="b"))


def made(first: Batch, digest: str = "d") -> Batch:
    return replace(first, documents=Documents(digest=digest, remarks=1, unread=2))


def commit(ledger: Ledger, given: Batch, *, ontology_hash: str = HASH) -> None:
    ledger.commit(given, ontology_hash=ontology_hash, single_valued=SINGLE)
    if given.documents:
        ledger.note(given, warnings=3)


def again(*names: str, digest: str = "d", run: str = "again", source: str = "s") -> Repetition:
    return Repetition(source=source, run=run, scopes=names or ("a", "b"), digest=digest)


@pytest.fixture(name="told")
def _told(ledger: Ledger) -> Ledger:
    commit(ledger, made(batch("1", *TOLD)))
    return ledger


def open_facts(ledger: Ledger) -> list[tuple[str, object]]:
    return sorted((claim.scope, claim.fact) for claim in ledger.facts_as_of(ledger.sequence()))


def test_it_writes_its_run_and_no_fact_and_is_as_complete_as_the_first(told: Ledger, ledger_url: str) -> None:
    before = open_facts(told)
    repeated = told.repeat(again("b", "a"), ontology_hash=HASH)
    assert repeated is not None
    assert (repeated.sequence, repeated.noted.warnings, repeated.noted.remarks, repeated.noted.unread) == (1, 4, 1, 2)
    newest, first = told.batches()
    assert (newest.run, newest.opened, newest.closed, newest.scopes) == ("again", 0, 0, first.scopes)
    assert [(seen.scope, seen.run, seen.complete) for seen in told.sightings()] == [
        ("a", "again", True),
        ("b", "again", True),
    ]
    assert open_facts(told) == before
    assert independent_verify(ledger_url) is None
    assert told.verify().ok
    assert told.repeat(again(run="thrice"), ontology_hash=HASH) is not None


def other_source(ledger: Ledger) -> None:
    commit(ledger, batch("1", scope(fact(1), fact(9), name="a"), source="t"))


def other_scope(ledger: Ledger) -> None:
    commit(ledger, batch("2", scope(fact(7), name="c")))


def said_in_full(ledger: Ledger) -> None:
    commit(ledger, batch("2", *TOLD))


def more_of_another(ledger: Ledger) -> None:
    commit(ledger, made(batch("2", scope(fact(7), name="c")), "e"))


@pytest.mark.parametrize("between", [other_source, other_scope, said_in_full, more_of_another])
def test_what_changes_none_of_its_facts_does_not_matter(told: Ledger, between: Callable[[Ledger], None]) -> None:
    between(told)
    before = open_facts(told)
    assert told.repeat(again(), ontology_hash=HASH) is not None
    assert open_facts(told) == before


def opened(ledger: Ledger) -> None:
    commit(ledger, batch("2", scope(fact(8), name="b", complete=False)))


def closed(ledger: Ledger) -> None:
    commit(ledger, batch("2", scope(name="b", complete=False, withdrawn=(fact(3),))))


def opened_and_closed(ledger: Ledger) -> None:
    opened(ledger)
    commit(ledger, batch("3", scope(name="b", complete=False, withdrawn=(fact(8),))))


def closed_and_opened(ledger: Ledger) -> None:
    closed(ledger)
    commit(ledger, batch("3", *TOLD))


def replaced(ledger: Ledger) -> None:
    commit(ledger, batch("2", scope(fact(2, value=5), name="c")))


def redacted(ledger: Ledger) -> None:
    ledger.redact(Sought(subject=fact(1).subject), by="me", why="asked")


def other_documents(ledger: Ledger) -> None:
    commit(ledger, made(batch("2", *TOLD), "e"))


def forgotten(ledger: Ledger) -> None:
    ledger.mark(OWNER, {key_of("s", ("a", "b")): None})


def of_another_version(ledger: Ledger) -> None:
    ledger.mark(OWNER, {key_of("s", ("a", "b")): b'{"of": "others"}'})


CHANGES = (opened, closed, opened_and_closed, closed_and_opened, replaced, redacted)


@pytest.mark.parametrize("between", [*CHANGES, other_documents, forgotten, of_another_version])
def test_what_does_makes_it_say_everything_once_more(told: Ledger, between: Callable[[Ledger], None]) -> None:
    between(told)
    before = told.sequence()
    assert told.repeat(again(), ontology_hash=HASH) is None
    assert told.sequence() == before
    commit(told, made(batch("full", *TOLD)))
    assert {claim for claim in open_facts(told) if claim[0] in "ab"} == {
        (each.name, stated) for each in TOLD for stated in each.stated
    }
    assert told.repeat(again(), ontology_hash=HASH) is not None


@pytest.mark.parametrize(
    ("asked", "ontology_hash"),
    [
        (again(), "extended"),
        (again(digest="e"), HASH),
        (again("a"), HASH),
        (again("a", "b", "c"), HASH),
        (again(source="t"), HASH),
        (again(run="1"), HASH),
    ],
)
def test_it_must_be_the_same_in_all_that_decides(told: Ledger, asked: Repetition, ontology_hash: str) -> None:
    assert told.repeat(asked, ontology_hash=ontology_hash) is None
    assert told.sequence() == 1


def test_silence_closes_what_it_would_repeat(ledger_url: str, tmp_path: Path) -> None:
    now = datetime(2026, 1, 1, tzinfo=UTC)
    with Ledger.open(ledger_url, key_file=tmp_path / "ledger.key", clock=lambda: now) as ledger:
        commit(ledger, made(batch("1", *TOLD, silence=timedelta(hours=1))))
        now += timedelta(hours=2)
        while ledger.close_silent(ontology_hash=HASH):
            pass
        assert open_facts(ledger) == []
        assert ledger.repeat(again(), ontology_hash=HASH) is None


def test_a_run_that_cannot_be_kept_is_refused(told: Ledger) -> None:
    with pytest.raises(InvalidBatch):
        told.repeat(again("a", "a"), ontology_hash=HASH)


FACTS = st.lists(st.integers(0, 3).map(fact), max_size=3, unique=True).map(tuple)
RUNS = st.tuples(
    st.sampled_from("st"),
    st.dictionaries(st.sampled_from("abc"), st.tuples(FACTS, FACTS, st.booleans()), min_size=1),
    st.booleans(),
)
Said: TypeAlias = tuple[tuple[Fact, ...], tuple[Fact, ...], bool]


def of_source(ledger: Ledger, source: str) -> set[tuple[str, Fact]]:
    claims = ledger.facts_as_of(ledger.sequence())
    return {(claim.scope, claim.fact) for claim in claims if claim.source == source}


def test_in_any_history_it_leaves_what_saying_it_all_would_leave(tmp_path: Path) -> None:
    numbers = count()
    repeated: list[bool] = []
    with Ledger.open(f"sqlite:///{tmp_path / 'ledger.db'}", key_file=tmp_path / "ledger.key") as ledger:

        @settings(max_examples=25, deadline=None)
        @given(history=st.lists(RUNS, max_size=4))
        def tell(history: list[tuple[str, dict[str, Said], bool]]) -> None:
            # Of each history sources of its own, for a new ledger takes longer than the history.
            ours, name = f"s{next(numbers)}", "{}{}".format
            said = made(batch("first", *TOLD, source=ours))
            commit(ledger, said)
            for number, (source, scopes, noted) in enumerate(history):
                parts = [Scope(name=n, complete=c, stated=s, withdrawn=w) for n, (s, w, c) in scopes.items()]
                run = batch(f"{number}", *parts, source=ours if source == "s" else name("t", ours))
                commit(ledger, made(run, f"{number}") if noted else run)
            change = ledger.rehearse(replace(said, run="x"), ontology_hash=HASH, single_valued=SINGLE).change
            before = of_source(ledger, ours)
            found = ledger.repeat(again(source=ours), ontology_hash=HASH)
            assert of_source(ledger, ours) == before
            repeated.append(found is not None)
            if found is not None:
                assert (change.opened, change.closed) == ((), ())

        tell()
    assert {True, False} == set(repeated)

"""What a commit opens, sees again and closes; what readers get."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial
from math import inf, nan
from pathlib import Path

import pytest
from sqlalchemy import Connection

from stratagraph.ontology.facts import Batch, Fact, Literal, Method, Sighting, Term
from stratagraph.ontology.identity import statement_iri
from stratagraph.ontology.namespaces import RDF, XSD
from stratagraph.service.ledger import commit, silence
from stratagraph.service.ledger.commit import Receipt
from stratagraph.service.ledger.database import chunks
from stratagraph.service.ledger.errors import AsOfInFuture, InvalidBatch, LedgerUnreadable, RunConflict, UnstorableTerm
from stratagraph.service.ledger.history import BatchOutcome
from stratagraph.service.ledger.ledger import Ledger
from tests.service.ledger.samples import NOON, batch, fact, observation, scope


def test_same_run_again_returns_its_first_receipt(ledger: Ledger) -> None:
    first = ledger.commit(batch("1", scope(fact(1), fact(2))), ontology_hash="o")
    again = ledger.commit(batch("1", scope(fact(2), fact(1))), ontology_hash="o")
    assert (again.sequence, again.batch_hash, again.time) == (first.sequence, first.batch_hash, first.time)
    assert again.duplicate
    assert ledger.sequence() == 1


def test_same_run_with_other_content_is_refused(ledger: Ledger) -> None:
    ledger.commit(batch("1", scope(fact(1))), ontology_hash="o")
    with pytest.raises(RunConflict):
        ledger.commit(batch("1", scope(fact(2))), ontology_hash="o")


def test_an_empty_batch_is_a_batch(ledger: Ledger) -> None:
    assert ledger.commit(batch("1"), ontology_hash="o").sequence == 1
    assert ledger.verify().ok


def test_conflicting_claims_coexist_and_close_apart(ledger: Ledger) -> None:
    ledger.commit(batch("1", scope(fact(1))), ontology_hash="o")
    ledger.commit(batch("1", scope(fact(1)), source="t"), ontology_hash="o")
    ledger.commit(batch("2", scope()), ontology_hash="o")
    assert [claim.source for claim in ledger.claims_of(fact(1))] == ["t"]


def test_two_values_stated_together_both_stand(ledger: Ledger) -> None:
    ledger.commit(batch("0", scope(name="b")), ontology_hash="o")
    both = batch("1", scope(fact(1, value=1), fact(1, value=2)))
    ledger.commit(both, ontology_hash="o", single_valued=frozenset({"http://x/p"}))
    assert len(list(ledger.open_facts(["http://x/1"]))) == 2


def test_a_receipt_tells_the_change_that_readers_get(ledger: Ledger) -> None:
    texts = ['"', "\\", "a\nb", "\x7f", "é\u00a0\u2028", "😀", "plain"]
    values: list[Term] = [Literal(text, language=tag) for text in texts for tag in ("", "en", "pt-BR")]
    values += [Literal("1", XSD.integer), "http://x/é"]
    said = [fact(number, value=value) for number, value in enumerate(values)]
    ledger.commit(batch("0", scope(*said[:5])), ontology_hash="o")
    receipt = ledger.commit(batch("1", scope(*said[3:], said[3]), scope(said[9], name="b")), ontology_hash="o")
    assert list(ledger.changes(1)) == [receipt.change]
    assert {claim.fact.subject for claim in receipt.change.closed} == {"http://x/0", "http://x/1", "http://x/2"}
    assert ledger.verify().ok


@pytest.mark.parametrize("before", [(), (fact(3), fact(12))])
def test_what_was_forgotten_of_a_large_scope_is_looked_up(
    ledger: Ledger, before: tuple[Fact, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A fact that a scope states twice opens one claim, however many came in between, of new subjects too."""
    monkeypatch.setattr(commit, "REMEMBERED_CLAIMS", 3)
    monkeypatch.setattr(commit, "chunks", partial(chunks, size=2))
    ledger.commit(batch("0", scope(*before)), ontology_hash="o")
    said = [fact(number, value=value) for number in range(8) for value in range(2)]
    receipt = ledger.commit(batch("1", scope(*said, *said[::-1], *said)), ontology_hash="o")
    assert {claim.fact for claim in receipt.change.opened} == set(said) - set(before)
    assert len(receipt.change.opened) == len(set(said) - set(before))
    assert {claim.fact for claim in receipt.change.closed} == set(before) - set(said)


def test_open_facts_may_be_asked_by_predicates(ledger: Ledger) -> None:
    said = [Fact(f"http://x/{n}", f"http://x/{p}", Literal(f"{n}")) for n in range(3) for p in "pqr"]
    ledger.commit(batch("1", scope(*said)), ontology_hash="o")
    nodes = ["http://x/2", "http://x/0", "http://x/unheard", "no iri at all"]
    for predicates in (
        [],
        ["http://x/q"],
        ["http://x/q", "http://x/unheard", "http://x/r"],
        ["http://x/unheard"],
        [" "],
    ):
        wanted = [f for f in said if f.subject in nodes and (not predicates or f.predicate in predicates)]
        assert list(ledger.open_facts(nodes, predicates)) == wanted


def test_a_judge_sees_what_another_process_stated_about_terms_known_here(ledger_url: str, tmp_path: Path) -> None:
    key = tmp_path / "key"
    with Ledger.open(ledger_url, key_file=key) as one, Ledger.open(ledger_url, key_file=key) as other:
        one.commit(batch("1", scope(fact(1))), ontology_hash="o")
        other.commit(batch("2", scope(fact(1, value=2)), source="t"), ontology_hash="o")
        seen: list[Fact] = []
        one.commit(
            batch("3", scope(fact(1))),
            ontology_hash="o",
            judge=lambda open_facts: seen.extend(open_facts(["http://x/1"], ["http://x/p"])),
        )
        assert set(seen) == {fact(1), fact(1, value=2)}


def test_silence_closes_what_was_not_seen(ledger_url: str, tmp_path: Path) -> None:
    now = NOON
    with Ledger.open(ledger_url, key_file=tmp_path / "l.key", clock=lambda: now) as ledger:
        partial = scope(fact(1), complete=False)
        seen = ledger.commit(batch("1", partial, silence=timedelta(hours=1)), ontology_hash="o").time
        now = seen + timedelta(minutes=59)
        assert ledger.close_silent(ontology_hash="o") is None
        now = seen + timedelta(hours=1)
        closing = ledger.close_silent(ontology_hash="o")
        assert closing is not None
        assert [claim.fact for claim in closing.change.closed] == [fact(1)]
        assert closing.change.closed[0].last_seen == seen
        now += timedelta(days=1)
        assert ledger.close_silent(ontology_hash="o") is None
        assert ledger.verify().ok


def test_silence_closes_source_after_source_and_no_more_at_once_than_it_may(
    ledger_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(silence, "MOST", 3)
    now = NOON
    with Ledger.open(ledger_url, key_file=tmp_path / "l.key", clock=lambda: now) as ledger:
        for source in "ab":
            scopes = [scope(*(fact(10 * n + i) for i in range(2)), name=str(n), complete=False) for n in range(2)]
            ledger.commit(batch("1", *scopes, source=source, silence=timedelta(hours=1)), ontology_hash="o")
        now += timedelta(hours=2)
        sizes = []
        while closing := ledger.close_silent(ontology_hash="o"):
            sizes.append((closing.change.source, len(closing.change.closed)))
        assert sizes == [("a", 3), ("a", 1), ("b", 3), ("b", 1)]
        assert list(ledger.open_claims()) == []


def test_what_is_said_between_the_look_and_the_lock_is_not_silence(ledger_url: str, tmp_path: Path) -> None:
    """The source speaks again after silence was found, and before the lock is had."""
    now = NOON
    with Ledger.open(ledger_url, key_file=tmp_path / "l.key", clock=lambda: now) as ledger:
        partial = scope(fact(1), complete=False)
        ledger.commit(batch("1", partial, silence=timedelta(hours=1)), ontology_hash="o")
        now += timedelta(hours=2)
        write = ledger._write

        def speak_first(work: Callable[[Connection], Receipt | None]) -> Receipt | None:
            ledger._write = write  # type: ignore[method-assign]  # once
            ledger.commit(batch("2", partial, silence=timedelta(hours=1)), ontology_hash="o")
            return write(work)

        ledger._write = speak_first  # type: ignore[method-assign,assignment]  # as a thread that was there first
        assert ledger.close_silent(ontology_hash="o") is None
        assert [claim.fact for claim in ledger.open_claims()] == [fact(1)]


@pytest.mark.parametrize("at", [2, datetime(9999, 1, 1, tzinfo=UTC)])
def test_the_future_is_refused(ledger: Ledger, at: int | datetime) -> None:
    ledger.commit(batch("1", scope(fact(1))), ontology_hash="o")
    with pytest.raises(AsOfInFuture):
        ledger.facts_as_of(at)


def test_clock_running_backwards_does_not_turn_the_ledger_back(ledger_url: str, tmp_path: Path) -> None:
    now = NOON
    with Ledger.open(ledger_url, key_file=tmp_path / "l.key", clock=lambda: now) as ledger:
        first = ledger.commit(batch("1"), ontology_hash="o")
        now = NOON - timedelta(hours=1)
        second = ledger.commit(batch("2", scope(fact(1))), ontology_hash="o")
        assert second.time > first.time
        # What was committed has happened, though the clock says that it is to come.
        assert ledger.standing(second.time).sequence == 2
        assert [claim.fact for claim in ledger.facts_as_of(second.time)] == [fact(1)]
        with pytest.raises(AsOfInFuture):
            ledger.standing(second.time + timedelta(seconds=1))
        assert ledger.verify().ok


def test_an_observation_of_the_day_after_tomorrow_is_refused(ledger_url: str, tmp_path: Path) -> None:
    with Ledger.open(ledger_url, key_file=tmp_path / "l.key", clock=lambda: NOON) as ledger:
        seen = [replace(observation(), end=NOON + timedelta(days=1, seconds=late)) for late in (0, 1)]
        ahead, beyond = (Batch(source="s", run="1", method=Method.OBSERVED, observations=(one,)) for one in seen)
        with pytest.raises(InvalidBatch, match="to come"):
            ledger.commit(beyond, ontology_hash="o")
        assert ledger.commit(ahead, ontology_hash="o").sequence == 1


def test_observations_are_read_back_exactly_with_their_source(ledger: Ledger) -> None:
    said = Batch(
        source="s",
        run="1",
        method=Method.OBSERVED,
        observations=tuple(replace(observation(minute), source="not mine") for minute in range(3)),
    )
    windows = [replace(observation(minute), source="s") for minute in range(3)]
    assert ledger.commit(said, ontology_hash="o").change.observations == tuple(windows)
    assert list(ledger.newest_observations()) == [windows[2]]
    end = NOON + timedelta(minutes=2)
    assert list(ledger.observations("http://x/0", "http://x/latency", NOON, end)) == windows[:2]
    assert next(ledger.changes(0)).observations == tuple(windows)


def test_the_source_is_no_part_of_the_digest(ledger: Ledger) -> None:
    said = Batch(source="s", run="1", method=Method.OBSERVED, observations=(observation(),))
    ledger.commit(said, ontology_hash="o")
    again = replace(said, observations=(replace(observation(), source="s"),))
    assert ledger.commit(again, ontology_hash="o").duplicate


def test_the_newest_window_of_a_source_adds_up_over_batches(ledger: Ledger) -> None:
    plain = replace(observation(5), sketch=b"")
    for run, minute in enumerate((5, 4, 5)):
        seen = replace(plain, start=NOON + timedelta(minutes=minute), end=NOON + timedelta(minutes=minute + 1))
        ledger.commit(Batch(source="s", run=str(run), method=Method.OBSERVED, observations=(seen,)), ontology_hash="o")
    assert list(ledger.newest_observations()) == [replace(plain, source="s", count=4, total=7.0)]


def test_everything_about_a_subject_is_read_at_once_up_to_a_sequence(ledger: Ledger) -> None:
    other = replace(observation(1), metric="http://x/calls")
    elsewhere = replace(observation(1), subject="http://x/9")
    for run, seen in enumerate((observation(0), other, elsewhere, observation(2))):
        ledger.commit(Batch(source="s", run=str(run), method=Method.OBSERVED, observations=(seen,)), ontology_hash="o")
    end = NOON + timedelta(hours=1)
    about = list(ledger.observations_about("http://x/0", NOON, end, until=3))
    assert {(seen.metric, seen.start) for seen in about} == {(s.metric, s.start) for s in (observation(0), other)}
    assert len(list(ledger.observations_about("http://x/0", NOON, end))) == 3
    assert not list(ledger.observations_about("http://x/unknown", NOON, end))


def test_observations_on_statements_are_told_apart(ledger: Ledger) -> None:
    on_statement = [replace(observation(minute), subject=statement_iri(fact(1))) for minute in (0, 7)]
    said = Batch(source="s", run="1", method=Method.OBSERVED, observations=(*on_statement, observation(7)))
    ledger.commit(said, ontology_hash="o")
    since = NOON + timedelta(minutes=7)
    assert list(ledger.statement_observations(since)) == [replace(on_statement[1], source="s")]


def test_a_batch_tells_which_scopes_it_saw(ledger: Ledger) -> None:
    ledger.commit(batch("1", scope(fact(1)), scope(fact(2), name="b")), ontology_hash="o")
    unseen = scope(name="b", complete=False, withdrawn=(fact(2),))
    receipt = ledger.commit(batch("2", scope(fact(1)), unseen), ontology_hash="o")
    assert receipt.change.sightings == (
        Sighting(source="s", scope="a", last_seen=receipt.time, run="2", complete=True),
    )
    first, second = ledger.changes(0)
    assert second.sightings == receipt.change.sightings
    assert list(ledger.sightings()) == [second.sightings[0], first.sightings[1]]


@pytest.mark.parametrize(
    "value",
    [
        Literal("x" * 1_000_000),
        Literal('quote " slash \\ line \n nul \0 del \x7f emoji \U0001f600'),
        Literal("Olá", language="pt-br"),
        *(Literal(form, XSD.double) for form in ("NaN", "INF", "-INF", "1.50")),
        "http://x/é",
    ],
    ids=lambda value: str(value)[:40].encode("ascii", "backslashreplace").decode(),
)
def test_terms_are_read_back_exactly(ledger: Ledger, value: Literal | str) -> None:
    said = fact(1, value=value)
    ledger.commit(batch("1", scope(said)), ontology_hash="o")
    assert [claim.fact for claim in ledger.open_claims()] == [said]


@pytest.mark.parametrize(
    "term",
    [
        *("http://x/a b", "http://x/a>", "", "http://x/\n", "http://x/\ud800"),
        *(Literal("x", datatype) for datatype in (RDF.langString, RDF.dirLangString, "", "a")),
    ],
)
def test_what_is_no_term_is_refused_and_leaves_nothing(ledger: Ledger, term: Term) -> None:
    with pytest.raises(UnstorableTerm):
        ledger.commit(batch("1", scope(fact(1), fact(1, value=term))), ontology_hash="o")
    assert ledger.sequence() == 0
    ledger.commit(batch("1", scope(fact(1))), ontology_hash="o")
    assert ledger.verify().ok


@pytest.mark.parametrize(
    ("total", "reason"), [(inf, "finite"), (nan, "finite"), (1.7e308, "beyond"), (-1e101, "beyond")]
)
def test_a_total_that_spoils_the_sums_is_refused(ledger: Ledger, total: float, reason: str) -> None:
    said = Batch(source="s", run="1", method=Method.OBSERVED, observations=(observation(total=total),))
    with pytest.raises(InvalidBatch, match=reason):
        ledger.commit(said, ontology_hash="o")


def test_outcomes_and_scopes_are_told(ledger: Ledger) -> None:
    ledger.commit(batch("1", scope(fact(1))), ontology_hash="o")
    ledger.commit(batch("2", scope(fact(2), complete=False)), ontology_hash="o")
    assert [record.outcome for record in ledger.batches()] == [BatchOutcome.PARTIAL, BatchOutcome.COMPLETE]
    (source,) = ledger.sources()
    assert source.scopes[0].open_claims == 2
    assert source.scopes[0].last_seen == source.newest.time


def test_a_batch_of_more_than_a_chunk_reloads_without_change(ledger: Ledger) -> None:
    facts = tuple(fact(number // 7, f"p{number % 7}", number) for number in range(12_000))
    assert len(ledger.commit(batch("1", scope(*facts)), ontology_hash="o").change.opened) == 12_000
    change = ledger.commit(batch("2", scope(*reversed(facts))), ontology_hash="o").change
    assert (change.opened, change.closed) == ((), ())
    assert len(ledger.commit(batch("3", scope(*facts[:100])), ontology_hash="o").change.closed) == 11_900
    assert ledger.verify().ok


def test_threads_that_send_the_same_run_leave_one(ledger: Ledger) -> None:
    receipts = []
    said = batch("1", scope(*map(fact, range(50))))

    def send() -> None:
        receipts.append(ledger.commit(said, ontology_hash="o"))

    threads = [threading.Thread(target=send) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(receipt.duplicate for receipt in receipts) == [False] + [True] * 5
    assert ledger.sequence() == 1


def test_a_file_that_is_no_ledger_is_refused(tmp_path: Path) -> None:
    (tmp_path / "l.db").write_bytes(b"not a database, but long enough to be looked at" * 100)
    with pytest.raises(LedgerUnreadable):
        Ledger.open(tmp_path / "l.db")

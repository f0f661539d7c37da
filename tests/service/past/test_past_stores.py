"""Stores of the past: kept and dropped, made anew after a redaction, with the ontology of then, moments read."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import QueuePool

from stratagraph.ontology.facts import Batch, Fact, Literal, Method, Scope
from stratagraph.ontology.model import extend, load_model
from stratagraph.ontology.namespaces import ASSET_BASE, OWL, RDF, RDFS, SG
from stratagraph.service import waiting
from stratagraph.service.ledger.ledger import Ledger
from stratagraph.service.ledger.redaction import Sought
from stratagraph.service.ledger.state import LedgerState
from stratagraph.service.past.past_stores import BadMoment, Pasts, read_moment
from stratagraph.service.waiting import NobodyWaits, in_thread

NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)
LAW = ASSET_BASE + "Law/l"


def name(text: str) -> Fact:
    return Fact(LAW, SG.name, Literal(text))


@pytest.fixture(name="ledger")
def _ledger(tmp_path: Path) -> Iterator[Ledger]:
    """A law whose name changes twice. The ontology is not stated: its thousands of facts are not what is tested."""
    model = load_model()
    with Ledger.open(tmp_path / "ledger.db") as ledger:
        for text in ("first", "second", "third"):
            stated = (Fact(LAW, RDF.type, SG.Law), name(text))
            scopes = (Scope(name="a", complete=True, stated=stated),)
            batch = Batch(source="s", run=text, method=Method.DECLARED, scopes=scopes)
            ledger.commit(batch, ontology_hash=model.hash)
        yield ledger


@pytest.fixture(name="pasts")
def _pasts(ledger: Ledger, tmp_path: Path) -> Iterator[Pasts]:
    pasts = Pasts(ledger, load_model(), tmp_path / "pasts", kept=2)
    yield pasts
    pasts.close()
    assert not (tmp_path / "pasts").exists()


def folders(path: Path) -> int:
    return len(list((path / "pasts").iterdir()))


def law_names(pasts: Pasts, sequence: int) -> list[str]:
    with pasts.at(sequence) as past:
        found = past.triples.facts_about(LAW)
        return [term.value for predicate, term in found if predicate == SG.name and isinstance(term, Literal)]


def test_stores_are_kept_for_the_next_question_and_dropped_when_they_are_many(pasts: Pasts, tmp_path: Path) -> None:
    assert [law_names(pasts, at) for at in (1, 2, 1, 3, 1)] == [["first"], ["second"], ["first"], ["third"], ["first"]]
    assert folders(tmp_path) == 2


def test_a_store_in_use_outlives_its_place_among_the_kept(pasts: Pasts, tmp_path: Path) -> None:
    checkpoint = pasts.checkpoint(1)
    assert (law_names(pasts, 2), law_names(pasts, 3)) == (["second"], ["third"])
    assert folders(tmp_path) == 3
    assert checkpoint.path.is_dir()
    pasts.release(checkpoint)
    assert folders(tmp_path) == 2
    assert not pasts.owns(checkpoint)


def test_a_checkpoint_is_made_once_and_counted_per_use(pasts: Pasts) -> None:
    first, second = pasts.checkpoint(1), pasts.checkpoint(1)
    assert first == second
    pasts.release(first)
    assert pasts.owns(second)
    assert second.path.is_dir()


def test_what_is_redacted_is_gone_from_the_past_and_said_to_be(ledger: Ledger, pasts: Pasts, tmp_path: Path) -> None:
    assert law_names(pasts, 1) == ["first"]
    ledger.redact(Sought(subject=LAW, predicate=SG.name, value="first"), by="dpo", why="a request")
    assert law_names(pasts, 1) == []
    assert folders(tmp_path) == 1
    with pasts.at(1) as past:
        assert past.standing.redacted == 1
        assert "redacted=1" in past.note()
    with pasts.at(2) as past:
        assert past.standing.redacted == 0
    assert law_names(pasts, 2) == ["second"]


def test_many_questions_at_once_make_one_store(pasts: Pasts, tmp_path: Path) -> None:
    answers: list[list[str]] = []
    threads = [threading.Thread(target=lambda: answers.append(law_names(pasts, 2))) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert answers == [["second"]] * 6
    assert folders(tmp_path) == 1


def test_the_ontology_of_then_is_read_from_the_ledger(ledger: Ledger, tmp_path: Path) -> None:
    statute = SG.term("test/Statute")
    facts = (Fact(statute, RDF.type, OWL.Class), Fact(statute, RDFS.subClassOf, SG.Law))
    extended = extend(load_model(), {"mine.ttl": facts})
    ledger.commit(load_model().as_batch(), ontology_hash=load_model().hash)
    ledger.commit(extended.as_batch(), ontology_hash=extended.hash)
    pasts = Pasts(ledger, extended, tmp_path / "pasts")
    try:
        with pasts.at(4) as past:
            assert past.model.hash == load_model().hash
            assert not past.substituted
            assert statute not in past.model.classes
        with pasts.at(5) as past:
            assert past.model is extended
    finally:
        pasts.close()


def test_an_ontology_that_nobody_can_restore_is_said_to_be_substituted(ledger: Ledger, tmp_path: Path) -> None:
    batch = Batch(source="s", run="later", method=Method.DECLARED, scopes=())
    ledger.commit(batch, ontology_hash="0" * 64)
    pasts = Pasts(ledger, load_model(), tmp_path / "pasts")
    try:
        with pasts.at(4) as past:
            assert past.substituted
            assert past.model is not None
            assert past.note().endswith("ontology=substituted")
    finally:
        pasts.close()


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("7", 7),
        (" 12 ", 12),
        ("2026-03-01", datetime(2026, 3, 1, 23, 59, 59, 999999, UTC)),
        ("2026-03-02", NOW),
        ("2026-03-01T12:00", datetime(2026, 3, 1, 12, tzinfo=UTC)),
        ("2026-03-01T12:00:00Z", datetime(2026, 3, 1, 12, tzinfo=UTC)),
        ("2026-03-01T12:00:00-03:00", datetime(2026, 3, 1, 15, tzinfo=UTC)),
        ("2026-03-01 12:00:00", datetime(2026, 3, 1, 12, tzinfo=UTC)),
        ("2026-03-01T12:00:00.25Z", datetime(2026, 3, 1, 12, 0, 0, 250000, UTC)),
    ],
)
def test_a_moment_is_a_sequence_a_day_or_a_time(text: str, moment: object) -> None:
    assert read_moment(text, now=NOW) == moment


@pytest.mark.parametrize(
    "text",
    [
        *("", "soon", "٣", "1.5", "2026-13-01", "2026-03-01T12:00:00 03:00", "2026-02-29", "2026-03-01T24:00:00Z"),
        # what ISO 8601 has besides, and what Python takes for it
        *("2026-W09", "2026-W09-7", "2026-060", "20260301T120000Z", "2026-03-01T1200", "2026-03-01T12"),
        *("2026-03-01x12:00", "2026-03-01T12:00:00,5Z", "2026-03-01T12:00:00+03:00:01", "2026-03-01T12:00+0300"),
        # a day with a zone: as written, and as it arrives from an address
        *("2026-03-01+02:00", "2026-03-01 02:00", "2026-03-01Z"),
        *("0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00", "12026-03-01"),
    ],
)
def test_anything_else_is_no_moment(text: str) -> None:
    with pytest.raises(BadMoment):
        read_moment(text, now=NOW)


def test_a_store_that_nobody_waits_for_is_not_made_and_leaves_nothing(
    pasts: Pasts, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun, goes_on = threading.Semaphore(0), threading.Event()
    rows = LedgerState.claims

    def slow(self: LedgerState, sequence: int) -> Iterator[Any]:
        begun.release()
        assert goes_on.wait(60)
        return rows(self, sequence)

    monkeypatch.setattr(LedgerState, "claims", slow)

    async def scene() -> None:
        asking = [asyncio.create_task(in_thread(partial(law_names, pasts, sequence))) for sequence in (1, 2, 2)]
        await asyncio.to_thread(begun.acquire)
        for task in asking:
            task.cancel()
        await asyncio.sleep(0.01)
        goes_on.set()
        ended = await asyncio.gather(*asking, return_exceptions=True)
        assert {type(each) for each in ended} == {asyncio.CancelledError}

    asyncio.run(asyncio.wait_for(scene(), 60))
    assert folders(tmp_path) == 0
    assert not begun.acquire(blocking=False), "the others were not begun"
    assert law_names(pasts, 1)


def test_a_store_that_nobody_waits_for_keeps_no_connection(
    ledger: Ledger, pasts: Pasts, monkeypatch: pytest.MonkeyPatch
) -> None:
    pool = ledger._database._reader.pool
    assert isinstance(pool, QueuePool)
    before = pool.checkedout()

    def left() -> None:
        assert pool.checkedout() > before, "in the middle of its rows"
        raise NobodyWaits

    monkeypatch.setattr(waiting, "go_on", left)
    # What is told keeps the frames that it came through, as a cycle would until the collector finds it.
    with pytest.raises(NobodyWaits) as told:
        law_names(pasts, 1)
    assert pool.checkedout() == before
    del told

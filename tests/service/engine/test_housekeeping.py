"""Housekeeping adds up old observations; the views stay in step and nothing looks newer than it is."""

from __future__ import annotations

import re
import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pytest

from stratagraph.loaders.otlp_traces import SOURCE as TELEMETRY
from stratagraph.ontology.facts import Batch, Fact, Literal, Method, Observation, Scope
from stratagraph.ontology.namespaces import ASSET_BASE, RDF, SG
from stratagraph.service.engine.engine import Engine
from stratagraph.service.ledger.ledger import Ledger
from stratagraph.service.ledger.retention import Due, Policy
from stratagraph.service.settings import TRIPLES_FOLDER, Settings
from stratagraph.service.views import triples
from tests.opened import Opened, served
from tests.service.engine.mending import eventually

MODEL = f"{ASSET_BASE}BaseModel/old"


def calls(start: datetime) -> Observation:
    end = start + timedelta(minutes=1)
    numbers = {"count": 1, "total": 1.0, "minimum": 1.0, "maximum": 1.0}
    return Observation(subject=MODEL, metric=SG.calls, unit="{call}", start=start, end=end, **numbers)  # type: ignore[arg-type]  # a dict of mixed numbers


def test_old_minutes_are_added_up_and_the_views_follow(tmp_path: Path, opened: Opened) -> None:
    facts = (Fact(MODEL, RDF.type, SG.BaseModel), Fact(MODEL, SG.name, Literal("old")))
    start = (datetime.now(UTC) - timedelta(days=20)).replace(minute=0, second=0, microsecond=0)
    seen = (*(calls(start + timedelta(minutes=minute)) for minute in range(30)), calls(start + timedelta(hours=2)))
    said = Batch(
        source=TELEMETRY,
        run="1",
        method=Method.OBSERVED,
        scopes=(Scope(name="live", complete=False, stated=facts),),
        observations=seen,
    )
    with Engine(Settings(data=opened(tmp_path))) as engine:
        committed = engine.commit(said).receipt
        assert engine.housekeep() == 1
        assert engine.housekeep() == 0
        assert engine.sequence == committed.sequence + 1
        assert engine.newest_telemetry() == committed.time
        kept = list(engine.ledger.observations(MODEL, SG.calls, start, start + timedelta(days=1)))
        assert [(each.end - each.start, each.count) for each in kept] == [
            (timedelta(hours=1), 30),
            (timedelta(minutes=1), 1),
        ]
        assert engine.ledger.verify().ok


def silent(run: str, *, seconds: float) -> Batch:
    facts = (Fact(MODEL, RDF.type, SG.BaseModel), Fact(MODEL, SG.name, Literal("old")))
    scope = Scope(name="live", complete=False, stated=facts)
    return Batch(source="probe", run=run, method=Method.OBSERVED, silence=timedelta(seconds=seconds), scopes=(scope,))


def is_known(engine: Engine) -> bool:
    with engine.reading() as snapshot:
        return snapshot.triples.ask(f"ASK {{ <{MODEL}> a sg:BaseModel }}")


def test_a_service_keeps_house_by_itself_and_tells_when(tmp_path: Path, opened: Opened) -> None:
    settings = Settings(data=opened(tmp_path), port=0, housekeeping_seconds=1)
    with Engine(settings) as engine, served(engine) as server:
        committed = engine.commit(silent("1", seconds=0.5)).receipt
        assert is_known(engine)
        assert engine.wait_for(committed.sequence + 1, 60), "nobody closed what fell silent"
        assert not is_known(engine)
        eventually(lambda: engine.housekeeping.entries == 1)
        told = httpx.get(f"{server.url}/metrics", trust_env=False).text
        assert re.search(r"stratagraph_housekeeping_timestamp_seconds 1\.\d+e\+09", told)
        assert "stratagraph_housekeeping_entries_total 1.0" in told
        assert "stratagraph_housekeeping_failures_total 0.0" in told
    assert not [thread.name for thread in threading.enumerate() if thread.name in {"housekeeping", "following"}]


def test_what_fails_in_housekeeping_keeps_the_rest_from_nothing_and_is_tried_again(
    tmp_path: Path, opened: Opened, caplog: pytest.LogCaptureFixture
) -> None:
    with Engine(Settings(data=opened(tmp_path))) as engine:
        engine.commit(silent("1", seconds=0))
        looks: list[object] = []
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(Ledger, "close_silent", lambda *_, **__: 1 / 0)
            patch.setattr(Ledger, "due_for_retention", lambda *_: looks.append(1))
            assert engine.housekeep() == 0
        assert looks == [1], "retention is looked after though closing failed"
        assert engine.housekeeping.failures == 1
        assert "silence failed" in caplog.text
        assert is_known(engine)
        assert engine.housekeep() == 1
        assert not is_known(engine)


def test_a_commit_need_not_wait_while_all_observations_are_looked_through(tmp_path: Path, opened: Opened) -> None:
    with Engine(Settings(data=opened(tmp_path))) as engine:
        look = Ledger.due_for_retention
        committed: list[bool] = []

        def looking(ledger: Ledger, policy: Policy) -> Due | None:
            """Look, and let another thread commit before it is through."""
            other = threading.Thread(target=lambda: committed.append(bool(engine.commit(silent("1", seconds=60)))))
            other.start()
            other.join(timeout=30)
            assert committed == [True], "the commit waits for who only looks"
            return look(ledger, policy)

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(Ledger, "due_for_retention", looking)
            engine.housekeep()
        assert engine.housekeeping.failures == 0


def test_a_price_that_falls_silent_is_no_price_any_more(tmp_path: Path, opened: Opened) -> None:
    scope = Scope(name="live", complete=False, stated=(Fact(f"{ASSET_BASE}Price/p", RDF.type, SG.Price),))
    said = Batch(source="probe", run="1", method=Method.OBSERVED, silence=timedelta(0), scopes=(scope,))
    with Engine(Settings(data=opened(tmp_path))) as engine:
        engine.commit(said)
        before = engine.prices()
        assert engine.prices() is before
        assert engine.housekeep() == 1
        assert engine.prices() is not before


def test_queries_get_the_files_that_were_put_in_order(
    tmp_path: Path, opened: Opened, monkeypatch: pytest.MonkeyPatch
) -> None:
    for size in ("TRANSACTION", "BULK", "BULK_TEXTS"):
        monkeypatch.setattr(triples, size, 2)
    with Engine(Settings(data=opened(tmp_path))) as engine:
        for run in ("1", "2"):
            engine.commit(silent(run, seconds=60))
        checkpoints = engine.checkpoints()
        loose = checkpoints.newest()
        with engine.reading() as reading:
            engine.snapshots.checkpoint(reading)  # those who read now keep the files as they were
            engine.housekeep()
            # At once: the store goes on to put files together by itself, also those that the next checkpoint holds.
            gone = files(loose.path) - files(tmp_path / TRIPLES_FOLDER)
            eventually(lambda: checkpoints.newest() != loose)  # not more often than twice a second
            ordered = checkpoints.newest()
            assert ordered.sequence == loose.sequence
            assert gone
            assert not gone & files(ordered.path)
            assert reading.triples.ask(f"ASK {{ <{MODEL}> a sg:BaseModel }}")
        assert is_known(engine)


def files(folder: Path) -> set[str]:
    """Return the names of a store's files of data."""
    return {file.name for file in folder.glob("*.sst")}

"""States of health in the graph: stated when they change, by a source of their own, and never without telemetry."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from stratagraph.ontology.facts import Batch, Fact, Iri, Literal, Method, Observation, Scope
from stratagraph.ontology.namespaces import ASSET_BASE, RDF, SG
from stratagraph.service.engine.engine import Engine
from stratagraph.service.engine.health_watch import SCOPE, SOURCE, HealthWatch
from stratagraph.service.settings import Settings
from tests.opened import Opened
from tests.queries.health import invented
from tests.queries.health.invented import minute

AGENT = f"{ASSET_BASE}ConversationalAgent/vita"
OTHER = f"{ASSET_BASE}ConversationalAgent/other"
STEP = timedelta(minutes=5)
NOW = invented.NOW.replace(minute=40)


def latency(start: datetime, end: datetime, seconds: float, asset: Iri = AGENT) -> Iterator[Observation]:
    """Yield calls and their latency, in windows of five minutes."""
    while start < end:
        yield replace(minute([1.0] * 12, SG.calls, start, "{call}", STEP), subject=asset, source="")
        yield replace(minute([seconds] * 12, SG.callLatency, start, "s", STEP), subject=asset, source="")
        start += STEP


def telemetry(run: str, seen: Iterable[Observation], assets: Iterable[Iri] = (AGENT,)) -> Batch:
    facts = [
        fact
        for asset in assets
        for fact in (
            Fact(asset, RDF.type, SG.ConversationalAgent),
            Fact(asset, SG.name, Literal(asset.rpartition("/")[2])),
        )
    ]
    scope = Scope(name="live", complete=False, stated=tuple(facts))
    return Batch(source="otlp", run=run, method=Method.OBSERVED, scopes=(scope,), observations=tuple(seen))


@pytest.fixture(name="engine")
def _engine(tmp_path: Path, opened: Opened) -> Iterator[Engine]:
    with Engine(Settings(data=opened(tmp_path))) as engine:
        engine.commit(telemetry("day", latency(NOW - timedelta(days=1), NOW, 1.0)))
        yield engine


def stated(engine: Engine) -> dict[Iri, Iri]:
    with engine.reading() as snapshot:
        rows = snapshot.triples.select("SELECT ?asset ?state WHERE { ?asset sg:healthState ?state }")
        return {str(row["asset"]): str(row["state"]) for row in rows}


def test_a_state_is_stated_when_it_changes_and_only_then(engine: Engine) -> None:
    assert engine.health.look(NOW) == 1
    assert stated(engine) == {AGENT: SG.normal}
    here = engine.sequence
    assert [engine.health.look(NOW + timedelta(minutes=each)) for each in (1, 5, 70)] == [0, 0, 0]
    assert engine.sequence == here
    later = NOW + timedelta(minutes=20)
    engine.commit(telemetry("slow", latency(NOW, later, 8.0)))
    assert engine.health.look(later + timedelta(minutes=3)) == 1
    assert stated(engine) == {AGENT: SG.anomalous}
    (changed,) = engine.ledger.batches(limit=1)
    assert (changed.source, changed.opened, changed.closed) == (SOURCE, 1, 1)
    assert engine.ledger.verify().ok


def test_what_was_stated_is_known_to_the_next_process(tmp_path: Path, opened: Opened) -> None:
    with Engine(Settings(data=opened(tmp_path))) as engine:
        engine.commit(telemetry("day", latency(NOW - timedelta(days=1), NOW, 1.0)))
        assert engine.health.look(NOW) == 1
    with Engine(Settings(data=tmp_path)) as engine:
        assert engine.health.look(NOW) == 0
        assert stated(engine) == {AGENT: SG.normal}


def test_nothing_is_stated_without_telemetry(tmp_path: Path, opened: Opened) -> None:
    with Engine(Settings(data=opened(tmp_path))) as engine:
        before = engine.sequence
        assert engine.look_at_health() == 0
        assert engine.sequence == before


def test_what_others_say_of_an_assets_health_is_theirs(engine: Engine) -> None:
    said = Fact(AGENT, SG.healthState, SG.degraded)
    scope = Scope(name="opinion", complete=True, stated=(said,))
    engine.commit(Batch(source="somebody", run="1", method=Method.DECLARED, scopes=(scope,)))
    assert engine.health.look(NOW) == 1
    assert engine.health.look(NOW) == 0
    with engine.reading() as snapshot:
        assert snapshot.triples.ask(f"ASK {{ <{AGENT}> sg:healthState sg:degraded , sg:normal }}")


def test_a_state_does_not_outlive_its_asset(engine: Engine) -> None:
    engine.health.look(NOW)
    engine.commit(Batch(source="otlp", run="gone", method=Method.OBSERVED, scopes=(Scope(name="live", complete=True),)))
    assert engine.health.look(NOW + timedelta(hours=2)) == 1
    assert stated(engine) == {}


def test_each_asset_is_judged_by_its_own_past(engine: Engine) -> None:
    both = telemetry("other", latency(NOW - timedelta(days=1), NOW, 8.0, OTHER), [OTHER])
    engine.commit(both)
    assert engine.health.look(NOW) == 2
    assert stated(engine) == {AGENT: SG.normal, OTHER: SG.normal}


def test_a_look_reads_nothing_of_what_it_knows(engine: Engine) -> None:
    watched = _Counted(engine)
    watch = HealthWatch(watched, engine.model, reading=engine.reading, commit=engine.commit)
    watch.look(NOW + timedelta(hours=3))
    assert watched.read
    watched.read.clear()
    watch.look(NOW + timedelta(hours=3, minutes=30))
    assert watched.read == []
    # What is usual is made once an hour: within it, the last three hours are read and no more.
    watch = HealthWatch(watched, engine.model, reading=engine.reading, commit=engine.commit)
    watch.look(NOW)
    watched.read.clear()
    watch.look(NOW + timedelta(minutes=1))
    assert max(watched.read) <= timedelta(hours=3)


def test_others_commit_while_a_look_reads(engine: Engine) -> None:
    reads, go_on = threading.Event(), threading.Event()

    class Slow(_Counted):
        def observations_about(
            self, subject: Iri, start: datetime, end: datetime, *, until: int
        ) -> Iterable[Observation]:
            reads.set()
            assert go_on.wait(60)
            return super().observations_about(subject, start, end, until=until)

    watch = HealthWatch(Slow(engine), engine.model, reading=engine.reading, commit=engine.commit)
    look = threading.Thread(target=lambda: watch.look(NOW))
    look.start()
    try:
        assert reads.wait(60)
        committed = engine.commit(telemetry("meanwhile", latency(NOW, NOW + STEP, 1.0))).receipt
        assert engine.wait_for(committed.sequence, 60)
    finally:
        go_on.set()
        look.join(60)
    assert stated(engine) == {AGENT: SG.normal}


def test_states_are_of_one_scope_of_a_source_of_their_own(engine: Engine) -> None:
    engine.health.look(NOW)
    (source,) = engine.ledger.sources(source=SOURCE)
    assert [(scope.name, scope.open_claims) for scope in source.scopes] == [(SCOPE, 1)]


class _Counted:
    """A ledger that notes how long the times are that are read."""

    def __init__(self, engine: Engine) -> None:
        self._ledger = engine.ledger
        self.read: list[timedelta] = []

    def observations_about(self, subject: Iri, start: datetime, end: datetime, *, until: int) -> Iterable[Observation]:
        self.read.append(end - start)
        return self._ledger.observations_about(subject, start, end, until=until)

    def hours_observed(
        self, subject: Iri, metric: Iri, start: datetime, end: datetime, *, until: int
    ) -> frozenset[int]:
        return self._ledger.hours_observed(subject, metric, start, end, until=until)

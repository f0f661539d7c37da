"""Housekeeping adds up old observations; the views stay in step and nothing looks newer than it is."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

from stratagraph.loaders.otlp_traces import SOURCE as TELEMETRY
from stratagraph.ontology.facts import Batch, Fact, Literal, Method, Observation, Scope
from stratagraph.ontology.namespaces import ASSET_BASE, RDF, SG
from stratagraph.service.engine.engine import Engine
from stratagraph.service.settings import Settings
from tests.opened import Opened

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

"""How the sources are doing, as both graphs tell it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from stratagraph.ontology.errors import StratagraphError
from stratagraph.ontology.facts import Literal
from stratagraph.service.engine.engine import Engine
from stratagraph.service.settings import Settings
from stratagraph.service.sources.schedule import is_late
from stratagraph.service.sources.source import source_of
from stratagraph.service.sources.source_readings import SourceReadings
from stratagraph.service.sources.source_register import SourceRegister
from stratagraph.service.sources.source_runs import SourceRuns
from stratagraph.service.sources.source_state import SourceState
from tests.opened import Opened

NOW = datetime(2026, 6, 1, 12, tzinfo=UTC)

ASKED = """
SELECT ?source ?code ?late ?paused ?opened ?closed WHERE {
  ?reading a sg:SourceReading ; sg:source ?source ; sg:sourceState/skos:notation ?code ;
    sg:isLate ?late ; sg:isPaused ?paused .
  OPTIONAL { ?reading sg:openedStatements ?opened ; sg:closedStatements ?closed }
} ORDER BY ?source
"""


@pytest.fixture(name="engine")
def _engine(tmp_path: Path, opened: Opened) -> Iterator[Engine]:
    with Engine(Settings(data=opened(tmp_path / "data"))) as engine:
        yield engine


@pytest.fixture(name="runs")
def _runs(engine: Engine) -> SourceRuns:
    return SourceRuns(engine, SourceRegister({}, engine, commands=True))


@pytest.fixture(name="readings")
def _readings(engine: Engine, runs: SourceRuns) -> SourceReadings:
    return SourceReadings(engine, runs)


def told(engine: Engine) -> dict[str, tuple[str, ...]]:
    """Return what the graph says of each source, by its name."""
    with engine.reading() as snapshot:
        rows = list(snapshot.triples.select(ASKED))
    columns = ("code", "late", "paused", "opened", "closed")
    values = [{name: value.value for name, value in row.items() if isinstance(value, Literal)} for row in rows]
    return {row["source"]: tuple(row.get(column, "-") for column in columns) for row in values}


def add(runs: SourceRuns, name: str, path: Path, text: str, **said: object) -> None:
    path.write_text(text)
    runs.register.add(source_of(name, {"path": str(path), **said}), replace=True)


def test_the_graph_tells_which_sources_failed_and_what_the_last_change_brought(
    engine: Engine, runs: SourceRuns, readings: SourceReadings, tmp_path: Path
) -> None:
    add(runs, "good", tmp_path / "good.yaml", "assets: [{kind: BaseModel, name: a}]", every="5m")
    add(runs, "new", tmp_path / "new.yaml", "assets: []")
    add(runs, "torn", tmp_path / "torn.yaml", "assets: [", every="5m")
    runs.run("good")
    with pytest.raises(StratagraphError):
        runs.run("torn")
    assert readings.look()
    assert told(engine) == {
        "good": ("up-to-date", "false", "false", "2", "0"),
        "new": ("never", "false", "false", "-", "-"),
        "torn": ("failed", "false", "false", "-", "-"),
    }
    add(runs, "torn", tmp_path / "torn.yaml", "assets: [{kind: BaseModel, name: b}]", every="5m")
    runs.run("torn")
    runs.register.pause("good", paused=True)
    runs.register.remove("new")
    assert readings.look()
    assert told(engine) == {
        "good": ("up-to-date", "false", "true", "2", "0"),
        "torn": ("up-to-date", "false", "false", "2", "0"),
    }


def test_runs_that_change_nothing_write_nothing(
    engine: Engine, runs: SourceRuns, readings: SourceReadings, tmp_path: Path
) -> None:
    add(runs, "good", tmp_path / "good.yaml", "assets: [{kind: BaseModel, name: a}]", every="5m")
    runs.run("good")
    readings.look()
    before = engine.ledger.sequence()
    for _ in range(3):
        runs.run("good")
        assert not readings.look()
        # Nor does a service that begins, and knows nothing of what was stated before.
        assert not SourceReadings(engine, runs).look()
    assert engine.ledger.sequence() == before


def test_the_last_success_of_what_failed_is_that_of_its_last_good_run(
    engine: Engine, runs: SourceRuns, readings: SourceReadings, tmp_path: Path
) -> None:
    file = tmp_path / "good.yaml"
    add(runs, "good", file, "assets: [{kind: BaseModel, name: a}]")
    runs.run("good")
    readings.look()
    runs.run("good")
    succeeded = runs.register.get("good").state.succeeded
    file.write_text("assets: [")
    with pytest.raises(StratagraphError):
        runs.run("good")
    readings.look()
    with engine.reading() as snapshot:
        (row,) = snapshot.triples.select("SELECT ?at { ?r a sg:SourceReading ; sg:lastSuccess ?at }")
    assert isinstance(row["at"], Literal)
    assert datetime.fromisoformat(row["at"].value) == succeeded


def test_what_runs_is_as_it_was_and_what_a_killed_service_left_is_interrupted(
    engine: Engine, runs: SourceRuns, readings: SourceReadings, tmp_path: Path
) -> None:
    add(runs, "good", tmp_path / "good.yaml", "assets: [{kind: BaseModel, name: a}]")
    runs.run("good")
    readings.look()
    with runs._alone("good"):
        runs.register.begin("good", "the run of a service that is about to die")
        assert not readings.look()
        assert not SourceReadings(engine, runs).look()
    assert readings.look()
    assert told(engine)["good"][0] == "interrupted"


@pytest.mark.parametrize(
    ("said", "last", "late"),
    [
        ({"every": "10m"}, timedelta(minutes=21), False),
        ({"every": "10m"}, timedelta(minutes=22), True),
        ({"every": "10m", "limitSeconds": "5m"}, timedelta(minutes=22), False),
        ({"every": "10m", "jitter": "5m"}, timedelta(minutes=22), False),
        ({"every": "10m"}, None, True),  # waited for since an hour, and never read
        ({"every": "1h"}, None, False),
        ({"every": "10m"}, timedelta(minutes=-30), False),  # by a clock that was ahead
        ({"cron": "0 * * * *"}, timedelta(minutes=61), False),
        ({"cron": "0 * * * *"}, timedelta(hours=3), True),
        ({}, timedelta(days=30), False),
    ],
)
def test_late_is_what_missed_two_turns(said: dict[str, object], last: timedelta | None, late: bool) -> None:
    source = source_of("s", {"path": "/estate.yaml", **said})
    state = SourceState(succeeded=None if last is None else NOW - last)
    assert is_late(source, state, NOW, since=NOW - timedelta(hours=1)) is late
    paused = state.model_copy(update={"paused": True})
    assert not is_late(source, paused, NOW, since=NOW - timedelta(hours=1))

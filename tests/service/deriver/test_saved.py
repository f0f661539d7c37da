"""A deriver that was saved is the deriver that the ledger would give, and goes on as that one does."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from stratagraph.loaders.otlp_traces import transform
from stratagraph.loaders.samples import read_sample, shifted
from stratagraph.ontology.facts import ChangeSet
from stratagraph.service.deriver import Deriver
from stratagraph.service.deriver.saved import load
from stratagraph.service.engine.engine import Engine
from stratagraph.service.engine.restoring import derived
from stratagraph.service.settings import DERIVER_FILE, Settings
from tests.opened import Opened

REQUESTS = shifted(read_sample("porklog"), datetime.now(UTC))


def commit(engine: Engine, number: int) -> None:
    told = transform(REQUESTS[number], model=engine.model, run=str(number))
    engine.commit(told.batch)


@pytest.fixture(name="folder", scope="module")
def _folder(tmp_path_factory: pytest.TempPathFactory, opened: Opened) -> Path:
    """A data folder with telemetry in it, closed in order."""
    folder = opened(tmp_path_factory.mktemp("data"))
    with Engine(Settings(data=folder)) as engine:
        for number in range(3):
            commit(engine, number)
    return folder


@pytest.fixture(name="engine")
def _engine(folder: Path, tmp_path: Path) -> Iterator[Engine]:
    with Engine(Settings(data=shutil.copytree(folder, tmp_path / "copy"))) as engine:
        yield engine


def saved(engine: Engine) -> Deriver | None:
    head = engine.ledger.head()
    return load(engine.settings.data / DERIVER_FILE, engine.model, sequence=head.sequence, batch_hash=head.batch_hash)


def told(*parts: ChangeSet) -> dict[str, object]:
    """Changes as one, without the order in which they were found."""
    return {
        "added": {fact for part in parts for fact in part.added},
        "removed": {fact for part in parts for fact in part.removed},
        "influences": {(edge.influencer, edge.influenced): edge for part in parts for edge in part.influences},
        "gone": {pair for part in parts for pair in part.influences_removed},
        "claims": {fact: set(claims) for part in parts for fact, claims in part.claims_changed},
        "observations": {seen for part in parts for seen in part.observations},
        "sightings": {seen for part in parts for seen in part.sightings},
    }


def present(deriver: Deriver) -> dict[str, object]:
    """Everything that a deriver holds."""
    return told(*deriver.snapshot())


def anew(engine: Engine) -> Deriver:
    with engine.ledger.state() as still:
        return derived(still, engine.model, still.end())


def test_it_holds_what_the_ledger_gives(engine: Engine) -> None:
    found = saved(engine)
    assert found is not None
    again = anew(engine)
    assert present(found) == present(again)
    assert present(found)["added"]


def test_it_goes_on_alike(engine: Engine) -> None:
    found, again = saved(engine), anew(engine)
    assert found is not None
    commit(engine, 3)
    (change,) = engine.ledger.changes(again.sequence)
    assert told(found.apply(change)) == told(again.apply(change))


def test_a_service_that_was_killed_derives_anew(folder: Path, tmp_path: Path) -> None:
    with Engine(Settings(data=shutil.copytree(folder, tmp_path / "copy"))) as engine:
        commit(engine, 3)
        # As it stands on disk now, a kill would leave it.
        killed = shutil.copytree(tmp_path / "copy", tmp_path / "killed", ignore=shutil.ignore_patterns("*.lock"))
        expected = present(engine.deriver)
    with Engine(Settings(data=killed)) as engine:
        assert saved(engine) is None
        assert present(engine.deriver) == expected

"""Whatever fails behind the ledger's commit: the batch is answered as committed, and the service goes on unhurt."""

from __future__ import annotations

import logging
import shutil
import subprocess
from collections.abc import Callable, Iterator
from itertools import count
from pathlib import Path
from typing import Any

import anyio
import httpx
import pytest
from fastapi import FastAPI

from stratagraph.ontology.facts import Batch
from stratagraph.ontology.number_rows import Rows
from stratagraph.service.deriver import Deriver
from stratagraph.service.engine import restoring
from stratagraph.service.engine.arrivals import Arrivals
from stratagraph.service.engine.engine import Engine
from stratagraph.service.engine.price_cache import Prices
from stratagraph.service.engine.sameness import Sameness
from stratagraph.service.engine.tally import Tally
from stratagraph.service.http.app import create_app
from stratagraph.service.http.wire import to_wire
from stratagraph.service.ledger.ledger import Ledger
from stratagraph.service.settings import DERIVER_FILE, TRIPLES_FOLDER
from stratagraph.service.views.adjacency import AdjacencyView
from stratagraph.service.views.projector import Projector
from stratagraph.service.views.snapshots import Snapshots
from stratagraph.service.views.triples import TriplesView
from tests.service.engine.mending import assert_in_step, batch, small_core, small_engine, true

PLACES: dict[str, tuple[type, str]] = {
    "the tally counts the batch": (Tally, "batch"),
    "the tally counts the change": (Tally, "changed"),
    "the deriver begins": (Deriver, "apply"),
    "the deriver is half-way": (Deriver, "_net"),
    "prices hear of it": (Prices, "follow"),
    "the remote view hears of it": (Projector, "offer"),
    "the adjacency applies it": (AdjacencyView, "apply"),
    "the adjacency is half-way": (Rows, "put"),
    "the triples apply it": (TriplesView, "apply"),
    "the triples are half-way": (TriplesView, "_write"),
    "readers get the new sequence": (Snapshots, "_move"),
    "those who wait are told": (Arrivals, "announce"),
    "who is who is asked": (Sameness, "warnings"),
}
"""Where a failure is injected, once, by what happens there."""


@pytest.fixture(name="small", autouse=True, scope="module")
def _small() -> Iterator[None]:
    with small_core():
        yield


@pytest.fixture(name="service", scope="module")
def _service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Engine, FastAPI]]:
    """One service that lives through all failures of this module, one after the other."""
    with small_engine(tmp_path_factory.mktemp("failing") / "data") as engine:
        engine.commit(next_batch())
        yield engine, create_app(engine, lasting=False)


@pytest.fixture(name="engine")
def _engine(service: tuple[Engine, FastAPI], tmp_path: Path) -> Engine:
    assert_in_step(service[0], tmp_path)
    return service[0]


NUMBERS = count(1)


def next_batch() -> Batch:
    return batch(next(NUMBERS))


def fail(
    patch: pytest.MonkeyPatch, place: tuple[type, str], *, times: int = 1, error: BaseException | None = None
) -> None:
    """Let a method raise, so many times."""
    owner, name = place
    real: Callable[..., Any] = getattr(owner, name)
    left = [times]

    def failing(*args: Any, **named: Any) -> Any:
        if left[0]:
            left[0] -= 1
            raise error or ZeroDivisionError("injected")
        return real(*args, **named)

    patch.setattr(owner, name, failing)


def post(app: FastAPI, said: Batch) -> httpx.Response:
    """Send a batch as a client of its own does."""

    async def send() -> httpx.Response:
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://127.0.0.1") as client:
            return await client.post("/api/batches", json=to_wire(said))

    return anyio.run(send)


@pytest.mark.parametrize("place", PLACES.values(), ids=PLACES)
def test_one_failure_is_answered_by_what_is_true_and_no_other_client_notices(
    service: tuple[Engine, FastAPI], tmp_path: Path, place: tuple[type, str]
) -> None:
    engine, app = service
    said, other = next_batch(), next_batch()
    with pytest.MonkeyPatch.context() as patch:
        fail(patch, place)
        answer = post(app, said)
    assert answer.status_code == httpx.codes.CREATED, answer.text
    assert answer.json()["sequence"] == engine.ledger.sequence()
    engine._follow()  # as the service does all the time
    assert_in_step(engine, tmp_path)
    assert post(app, said).json()["duplicate"]
    assert post(app, other).status_code == httpx.codes.CREATED
    assert_in_step(engine, tmp_path)


def test_what_a_batch_means_may_be_unreadable_without_making_it_an_error(
    service: tuple[Engine, FastAPI], monkeypatch: pytest.MonkeyPatch
) -> None:
    fail(monkeypatch, (Ledger, "claims_about"))
    answer = post(service[1], next_batch())
    assert answer.status_code == httpx.codes.CREATED, answer.text
    told = answer.json()
    assert (told["sequence"], told["partial"], told["assets"]) == (service[0].ledger.sequence(), True, None)
    assert "committed" in told["partialReason"]


@pytest.mark.parametrize("place", PLACES.values(), ids=PLACES)
def test_a_failure_that_stays_hinders_no_batch_and_is_mended_when_it_goes(
    engine: Engine, tmp_path: Path, place: tuple[type, str]
) -> None:
    with pytest.MonkeyPatch.context() as patch:
        fail(patch, place, times=1_000)
        for _ in range(3):
            head = engine.ledger.sequence()
            assert engine.commit(next_batch()).receipt.sequence == head + 1
    engine.commit(next_batch())
    assert_in_step(engine, tmp_path)


@pytest.mark.parametrize("view", [AdjacencyView, TriplesView])
def test_a_view_that_a_change_breaks_again_and_again_is_rebuilt(
    engine: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, view: type
) -> None:
    fail(monkeypatch, (view, "apply"), times=2)  # when it comes, and when it is tried once more
    rebuilt: list[object] = []
    real = view.rebuild  # type: ignore[attr-defined]

    def rebuild(*args: Any) -> None:
        rebuilt.append(args[0])
        real(*args)

    monkeypatch.setattr(view, "rebuild", rebuild)
    engine.commit(next_batch())
    assert len(rebuilt) == 1
    assert_in_step(engine, tmp_path)


@pytest.mark.parametrize("view", [AdjacencyView, TriplesView])
def test_a_view_that_cannot_even_be_rebuilt_is_mended_with_nobody_writing(
    engine: Engine, tmp_path: Path, view: type
) -> None:
    with pytest.MonkeyPatch.context() as patch:
        fail(patch, (view, "apply"), times=1_000)
        fail(patch, (view, "rebuild"), times=1_000)
        engine.commit(next_batch())
        head = engine.commit(next_batch()).receipt.sequence
        assert engine.sequence < head
        assert max(engine.lags().values()) > 0
        assert not engine.wait_for(head, 0.01)
    engine._follow()
    assert engine.wait_for(head, 0)
    assert_in_step(engine, tmp_path)


def test_a_deriver_that_can_not_be_derived_anew_now_is_later(engine: Engine, tmp_path: Path) -> None:
    with pytest.MonkeyPatch.context() as patch:
        fail(patch, (Deriver, "_net"))
        fail(patch, (restoring.Restorer, "derive"), times=2)
        before = engine.sequence
        for number in (1, 2):
            assert engine.commit(next_batch()).receipt.sequence == before + number
        assert engine.sequence == before
    engine._follow()
    assert_in_step(engine, tmp_path)


def test_a_ledger_that_can_not_be_read_for_a_while_is_read_again(engine: Engine, tmp_path: Path) -> None:
    with pytest.MonkeyPatch.context() as patch:
        fail(patch, (Deriver, "apply"))
        fail(patch, (Ledger, "state"))
        engine.commit(next_batch())
        fail(patch, (Ledger, "changes"))
        engine.ledger.commit(next_batch(), ontology_hash=engine.model.hash)  # as another process does
        engine.commit(next_batch())
    engine._committer.catch_up()
    assert_in_step(engine, tmp_path)


def test_a_deriver_that_broke_off_half_way_is_not_kept_for_the_next_process(tmp_path: Path) -> None:
    state = tmp_path / "data" / DERIVER_FILE
    with small_engine(tmp_path / "data") as engine:
        engine.commit(next_batch())
    assert state.exists()
    state.unlink()
    with small_engine(tmp_path / "data") as engine, pytest.MonkeyPatch.context() as patch:
        fail(patch, (Deriver, "_net"), error=SystemExit())  # what SIGTERM raises
        with pytest.raises(SystemExit):
            engine.commit(next_batch())
    assert not state.exists()
    with small_engine(tmp_path / "data") as engine:
        assert_in_step(engine, tmp_path)


def test_what_fails_again_and_again_is_logged_once(engine: Engine, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO):
        with pytest.MonkeyPatch.context() as patch:
            fail(patch, (TriplesView, "_write"), times=1_000, error=OSError("no room"))
            for _ in range(4):
                engine.commit(next_batch())
            told = [record.levelname for record in caplog.records if "view triples" in record.message]
            assert told.count("ERROR") == 1
        engine.commit(next_batch())
        assert "in step again" in caplog.text


def test_a_view_that_is_too_far_behind_keeps_nothing_and_is_rebuilt(
    engine: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("stratagraph.service.views.local.KEPT", 20)
    (kept,) = [each for each in engine._derivation._views if each.view is engine.triples]
    with pytest.MonkeyPatch.context() as patch:
        fail(patch, (TriplesView, "reopen"), times=1_000, error=OSError("no room"))
        fail(patch, (TriplesView, "_write"), times=1_000, error=OSError("no room"))
        for _ in range(10):
            engine.commit(next_batch())
        assert len(kept._waiting) < 10
    engine.commit(next_batch())
    assert_in_step(engine, tmp_path)


@pytest.fixture(name="tiny_disk")
def _tiny_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 24 MB, where this process may make one."""
    place = tmp_path / "disk"
    place.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=24m", "tmpfs", str(place)]
    if shutil.which("mount") is None or subprocess.run(mount, capture_output=True, check=False).returncode:
        pytest.skip("a small file system can be mounted by root only")
    try:
        yield place
    finally:
        subprocess.run(["umount", "--lazy", str(place)], check=True)


def test_a_disk_that_is_full_hinders_no_batch_and_needs_no_restart(tiny_disk: Path, tmp_path: Path) -> None:
    """The triples stand on a disk of their own that fills up; what they show stays, until there is room again."""
    data = tmp_path / "data"
    data.mkdir()
    (tiny_disk / "triples").mkdir()
    (data / TRIPLES_FOLDER).symlink_to(tiny_disk / "triples")
    with small_engine(data) as engine:
        engine.commit(batch(1))
        before = true(engine, tmp_path)
        fill(tiny_disk / "filler")
        for number in range(2, 8):
            assert engine.commit(batch(number, more=200)).receipt.sequence == number + 1
        assert engine.triples.sequence < engine.ledger.sequence() == engine.adjacency.sequence
        with engine.reading() as snapshot:
            assert snapshot.sequence == engine.triples.sequence
            assert snapshot.triples.select("SELECT ?s { ?s a sg:Asset }"), "what stood there can still be read"
        (tiny_disk / "filler").unlink()
        engine._follow()
        assert_in_step(engine, tmp_path)
        assert true(engine, tmp_path) != before
        engine.commit(batch(40))
        assert_in_step(engine, tmp_path)
    with small_engine(data) as engine:
        assert_in_step(engine, tmp_path)


def fill(file: Path) -> None:
    """Leave no room on a disk."""
    with file.open("wb", buffering=0) as filler:
        for block in (1 << 16, 1):
            try:
                while filler.write(b"x" * block):
                    pass
            except OSError:
                continue

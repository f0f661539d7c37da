"""What was derived is kept in files while a service runs; a kill costs what came since, and no file is believed."""

from __future__ import annotations

import logging
import shutil
import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings

from stratagraph.ontology.facts import Fact, Literal
from stratagraph.ontology.frozen import Frozen, thaw
from stratagraph.ontology.rules import compile_rules
from stratagraph.service.deriver import Deriver
from stratagraph.service.engine import saving
from stratagraph.service.engine.engine import Engine
from stratagraph.service.ledger.redaction import Sought
from stratagraph.service.settings import ADJACENCY_FILE, DERIVER_FILE, TRIPLES_FOLDER
from stratagraph.service.views.adjacency import AdjacencyView
from tests.service.deriver.test_saved import told
from tests.service.engine.mending import assert_in_step, batch, small_core, small_engine
from tests.service.engine.test_restoring import way_of
from tests.service.views.test_adjacency import arriving, leaving
from tests.service.worlds import EX, NODES, Event, History, events, world

WHISPERED = "nobody else may know"


@pytest.fixture(name="small", autouse=True, scope="module")
def _small() -> Iterator[None]:
    with small_core():
        yield


@pytest.fixture(name="engine")
def _engine(tmp_path: Path) -> Iterator[Engine]:
    """An engine with enough in it that a few batches are a small part of it; nothing of it is kept yet."""
    with small_engine(tmp_path / "data") as engine:
        engine.commit(batch(1, source="many", more=300))
        yield engine


def killed(engine: Engine, into: Path) -> Path:
    """Copy a folder as a kill would leave it now."""
    folder = engine.settings.data
    shutil.copytree(folder, into, ignore=shutil.ignore_patterns(TRIPLES_FOLDER, "*.lock"))
    engine.triples.checkpoint(into / TRIPLES_FOLDER)
    return into


def reread(deriver: Deriver, view: AdjacencyView) -> tuple[Deriver, AdjacencyView]:
    """Return a deriver and its edges as another process reads them."""
    model = world()
    with TemporaryDirectory() as folder:
        path = Path(folder) / "edges"
        again = AdjacencyView(model, path)
        assert Frozen(deriver, shared={"model": model}).write(Path(folder) / "deriver", "key")
        if view.watermark() is not None:
            assert view.taken().write(path, view.key)
        again.load()
        found = thaw(Path(folder) / "deriver", "key", shared={"model": model})
    assert isinstance(found, Deriver)
    return found, again


@settings(max_examples=40, deadline=None)
@given(events)
def test_who_reads_it_back_goes_on_as_who_never_stopped(happened: list[list[Event]]) -> None:
    history, model = History(), world()
    deriver, view = Deriver(model, compile_rules(model)), AdjacencyView(model)
    other, edges = Deriver(model, compile_rules(model)), AdjacencyView(model)
    for step in happened:
        other, edges = reread(other, edges)
        change = history.step(step)
        one, two = deriver.apply(change), other.apply(change)
        assert told(one) == told(two)
        view.apply(one)
        edges.apply(two)
        assert leaving(edges) == leaving(view)
        assert arriving(edges) == arriving(view)
        assert edges.watermark() == view.watermark()
    assert told(*other.snapshot()) == told(*deriver.snapshot())


def test_after_a_kill_what_was_kept_is_gone_on_with(
    engine: Engine, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    engine.commit(batch(2))
    assert engine.keep_state()
    assert not engine.keep_state(), "it stands there already"
    engine.commit(batch(3))
    folder = killed(engine, tmp_path / "killed")
    with caplog.at_level(logging.INFO), small_engine(folder) as again:
        assert_in_step(again, tmp_path)
        assert way_of(caplog) == ["catching up from sequence 3 to 4 (adjacency)"]
        again.commit(batch(4))
        assert_in_step(again, tmp_path)


@pytest.mark.parametrize("file", [DERIVER_FILE, ADJACENCY_FILE])
@pytest.mark.parametrize("harm", ["cut", "empty", "one bit", "foreign", "another version"])
def test_no_file_is_believed_that_is_not_whole_and_ours(
    engine: Engine, tmp_path: Path, caplog: pytest.LogCaptureFixture, file: str, harm: str
) -> None:
    engine.keep_state()
    folder = killed(engine, tmp_path / "killed")
    path = folder / file
    whole = path.read_bytes()
    middle = len(whole) // 2
    path.write_bytes(
        {
            "cut": whole[:-9],
            "empty": b"",
            "one bit": whole[:middle] + bytes([whole[middle] ^ 1]) + whole[middle + 1 :],
            "foreign": b"\x80\x05 a pickle of somebody else, without a line",
            "another version": b"0" * 64 + whole[64:],
        }[harm]
    )
    with caplog.at_level(logging.INFO), small_engine(folder) as again:
        assert_in_step(again, tmp_path)
        assert f"in {file}" in caplog.text, "who waits longer for a start reads why"


def test_a_file_that_is_ahead_of_the_ledger_is_not_used(
    engine: Engine, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    folder = killed(engine, tmp_path / "older")
    engine.commit(batch(2))
    engine.commit(batch(3))
    engine.keep_state()
    for file in (DERIVER_FILE, ADJACENCY_FILE):
        shutil.copy(engine.settings.data / file, folder / file)
    with caplog.at_level(logging.INFO), small_engine(folder) as older:
        assert_in_step(older, tmp_path)
        assert (
            way_of(caplog)[0] == f"the deriver in {DERIVER_FILE} is not used: this ledger was never at its sequence 4"
        )


def test_edges_that_are_older_than_the_deriver_are_made_anew(engine: Engine, tmp_path: Path) -> None:
    engine.keep_state()
    older = (engine.settings.data / ADJACENCY_FILE).read_bytes()
    engine.commit(batch(2))
    engine.keep_state()
    engine.commit(batch(3))
    folder = killed(engine, tmp_path / "killed")
    (folder / ADJACENCY_FILE).write_bytes(older)
    with small_engine(folder) as again:
        assert_in_step(again, tmp_path)


def test_it_is_kept_when_enough_has_changed_or_enough_time_has_passed(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert engine.keep_state(if_due=True), "nothing is there yet: a kill would cost everything"
    assert not engine.keep_state(if_due=True)
    engine.commit(batch(2))
    assert not engine.keep_state(if_due=True)
    monkeypatch.setattr(saving, "MANY", 1)
    monkeypatch.setattr(saving, "SHARE", 1_000)
    assert engine.keep_state(if_due=True)
    engine.commit(batch(3))
    monkeypatch.setattr(saving, "MANY", 1_000)
    assert not engine.keep_state(if_due=True)
    monkeypatch.setattr(engine.saving, "_seconds", 0.0)
    assert engine.keep_state(if_due=True)


def test_a_disk_that_takes_nothing_costs_the_next_start_and_no_commit(
    engine: Engine, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(Frozen, "write", lambda *_: False)
    assert not engine.keep_state()
    assert "can't be kept" in caplog.text
    engine.commit(batch(2))
    assert engine.sequence == 3


def whisper(engine: Engine) -> None:
    said = batch(2)
    (scope,) = said.scopes
    secret = Fact(NODES[0], EX.says, Literal(WHISPERED))
    engine.commit(replace(said, scopes=(replace(scope, stated=(*scope.stated, secret)),)))


def test_what_a_killed_writer_left_over_is_removed(engine: Engine, tmp_path: Path) -> None:
    engine.keep_state()
    folder = killed(engine, tmp_path / "killed")
    for name in (DERIVER_FILE, ADJACENCY_FILE):
        (folder / f"{name}.half").write_bytes(b"half")
    with small_engine(folder):
        assert sorted(file.name for file in folder.glob("*.state*")) == [ADJACENCY_FILE, DERIVER_FILE]


@pytest.mark.parametrize("file", [DERIVER_FILE, ADJACENCY_FILE])
def test_a_folder_of_such_a_name_keeps_nobody_from_opening(engine: Engine, tmp_path: Path, file: str) -> None:
    engine.keep_state()
    folder = killed(engine, tmp_path / "killed")
    (folder / file).unlink()
    for name in (file, f"{file}.old"):
        (folder / name).mkdir()
    with small_engine(folder) as again:
        assert again.sequence == engine.sequence
        whisper(again)
        redact(again)
    assert (folder / f"{file}.old").is_dir()


def redact(engine: Engine) -> None:
    engine.redact(Sought(subject=NODES[0], predicate=EX.says, value=WHISPERED), by="me", why="asked for")


def tells(folder: Path) -> list[str]:
    """Return the files of what was derived in which the secret stands."""
    return [file.name for file in folder.glob("*.state*") if WHISPERED.encode() in file.read_bytes()]


def test_what_was_redacted_is_in_no_file(engine: Engine) -> None:
    folder = engine.settings.data
    whisper(engine)
    engine.keep_state()
    assert tells(folder) == [DERIVER_FILE]
    (folder / f"{DERIVER_FILE}.half").write_bytes((folder / DERIVER_FILE).read_bytes())  # as a kill leaves it
    redact(engine)
    assert tells(folder) == []
    assert engine.keep_state()
    assert tells(folder) == []


def test_what_is_being_written_while_it_is_redacted_is_gone_afterwards(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    whisper(engine)
    writes, goes_on, write = threading.Event(), threading.Event(), Frozen.write

    def slow(content: Frozen, path: Path, key: str) -> bool:
        writes.set()
        assert goes_on.wait(20)
        return write(content, path, key)

    monkeypatch.setattr(Frozen, "write", slow)
    keeping = threading.Thread(target=engine.keep_state)
    keeping.start()
    assert writes.wait(20)
    erasing = threading.Thread(target=redact, args=(engine,))
    erasing.start()
    erasing.join(timeout=0.5)  # it gets as far as the files, which are being written
    goes_on.set()
    keeping.join()
    erasing.join()
    assert tells(engine.settings.data) == []

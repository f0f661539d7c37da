"""Data folders that were opened before: who tests what comes later waits for no first commit, and for no estate.

Each is made once for all processes of a run, by the first that asks; the others wait for it and copy.
"""

from __future__ import annotations

import fcntl
import os
import shutil
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TypeAlias

import pytest

from stratagraph.service.demo import load_estates, replay
from stratagraph.service.engine.engine import Engine
from stratagraph.service.server import Server, bind
from stratagraph.service.settings import Settings, load_settings

Opened: TypeAlias = Callable[[Path], Path]
"""Makes a folder the copy of one that was opened once, with a ledger that holds the core ontology; returns it."""


@pytest.fixture(name="opened", scope="session")
def _opened(tmp_path_factory: pytest.TempPathFactory) -> Opened:
    return _copies(_made_once(tmp_path_factory, "opened", _open))


@pytest.fixture(name="furnished", scope="session")
def _furnished(tmp_path_factory: pytest.TempPathFactory, opened: Opened) -> Opened:
    """The same, of a folder that holds the demo as well: the example estates, and the telemetry that came over OTLP."""
    return _copies(_made_once(tmp_path_factory, "furnished", lambda folder: _furnish(opened(folder))))


@contextmanager
def served(engine: Engine, *, tell: Callable[[str], None] | None = None) -> Iterator[Server]:
    """Let a service run over an engine in a thread, for the length of a block."""
    server = Server(engine, bind(engine.settings), tell=tell)
    thread = threading.Thread(target=server.run)
    thread.start()
    try:
        while not server.started:
            assert thread.is_alive(), "the server ended before it answered"
            time.sleep(0.05)
        yield server
    finally:
        server.stop()
        thread.join(timeout=30)


def _made_once(factory: pytest.TempPathFactory, name: str, make: Callable[[Path], None]) -> Path:
    """Return a folder that one of the run's processes made, and closed in order."""
    base = factory.getbasetemp()
    shared = base.parent if "PYTEST_XDIST_WORKER" in os.environ else base
    made = shared / name
    with (shared / f"{name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not made.exists():
            unfinished = factory.mktemp(name) / name
            make(unfinished)
            unfinished.rename(made)
    return made


def _copies(made: Path) -> Opened:
    return lambda folder: shutil.copytree(made, folder, dirs_exist_ok=True)


def _open(folder: Path) -> None:
    with Engine(load_settings(data=folder)):
        pass


def _furnish(folder: Path) -> None:
    with Engine(Settings(data=folder, port=0)) as engine:
        load_estates(engine)
        with served(engine) as server:
            assert replay(engine, server), "the samples came in over OTLP"

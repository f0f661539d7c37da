"""What we keep in a data folder is its owner's only, though the folder and the umask are open to all."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from stratagraph.service.engine.engine import Engine
from stratagraph.service.ledger.ledger import Ledger
from stratagraph.service.privacy import begin_private, make_private
from stratagraph.service.settings import LEDGER_FILE, TRIPLES_FOLDER, load_settings
from stratagraph.service.views.store_folders import open_store
from tests.opened import Opened


@pytest.fixture(autouse=True)
def _open_to_all() -> Iterator[None]:
    before = os.umask(0)
    yield
    os.umask(before)


@pytest.fixture(name="data")
def _data(tmp_path: Path) -> Path:
    """A data folder that its user made, for everybody to read."""
    folder = tmp_path / "data"
    folder.mkdir(mode=0o755)
    return folder


def open_to_others(folder: Path) -> set[str]:
    """What others may open in a folder; what stands within a folder that is closed to them they can't reach."""
    return {each.name for each in folder.iterdir() if each.stat().st_mode & 0o077}


def test_a_ledger_that_begins_is_private_with_its_log_and_its_key(data: Path) -> None:
    with Ledger.open(data / LEDGER_FILE):
        assert {each.name for each in data.iterdir()} >= {LEDGER_FILE, f"{LEDGER_FILE}-wal", f"{LEDGER_FILE}.key"}
        assert open_to_others(data) == set()


@pytest.mark.parametrize("kept", [(), (LEDGER_FILE, f"{LEDGER_FILE}.key")], ids=["new", "without its views"])
def test_an_opened_folder_is_private_with_all_that_is_made_in_it(
    data: Path, opened: Opened, kept: tuple[str, ...]
) -> None:
    source = opened(data.parent / "source")
    for name in kept:
        shutil.copy(source / name, data / name)
    with Engine(load_settings(data=data)) as engine:
        engine.checkpoints()
        with engine.reading() as snapshot:
            assert snapshot.sequence
        assert TRIPLES_FOLDER in {each.name for each in data.iterdir()}
        assert open_to_others(data) == set()
    assert open_to_others(data) == set()


def test_a_store_in_the_place_of_a_damaged_one_is_private(data: Path) -> None:
    damaged = data / TRIPLES_FOLDER
    damaged.write_bytes(b"no folder")
    open_store(damaged)
    assert open_to_others(data) == set()


def test_what_is_there_keeps_its_mode(data: Path) -> None:
    shared = data / "shared"
    shared.mkdir(mode=0o750)
    file = shared / "file"
    file.write_bytes(b"kept")
    file.chmod(0o640)
    make_private(shared)
    begin_private(file)
    assert (shared.stat().st_mode & 0o777, file.stat().st_mode & 0o777) == (0o750, 0o640)
    assert file.read_bytes() == b"kept"

"""A data folder that was opened before: who tests what comes later does not wait for the ontology's first commit."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import TypeAlias

import pytest

from stratagraph.service.engine import Engine
from stratagraph.service.settings import load_settings

Opened: TypeAlias = Callable[[Path], Path]
"""Makes a folder the copy of one that was opened once, with a ledger that holds the core ontology; returns it."""


@pytest.fixture(name="opened", scope="session")
def _opened(tmp_path_factory: pytest.TempPathFactory) -> Opened:
    first = tmp_path_factory.mktemp("opened")
    with Engine(load_settings(data=first)):
        pass

    def copy(folder: Path) -> Path:
        return shutil.copytree(first, folder, dirs_exist_ok=True)

    return copy

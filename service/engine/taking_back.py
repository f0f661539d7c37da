"""Taking back a data folder that was begun for nothing: its first load was refused, or its import."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from stratagraph.ontology.errors import StratagraphError
from stratagraph.ontology.model import CORE_SOURCE
from stratagraph.service.engine.lockfile import DataLock
from stratagraph.service.ledger.ledger import Ledger
from stratagraph.service.settings import (
    CHECKPOINTS_FOLDER,
    LEDGER_FILES,
    PASTS_FOLDER,
    SNAPSHOTS_FOLDER,
    STATE_FILES,
    TRIPLES_FOLDERS,
    Settings,
)

OURS: Final = (LEDGER_FILES, *TRIPLES_FOLDERS, *STATE_FILES, CHECKPOINTS_FOLDER, PASTS_FOLDER, SNAPSHOTS_FOLDER)
"""Patterns of what opening a data folder makes, but for the lock: a process that waits for it has it open already."""


@contextmanager
def taking_back(settings: Settings) -> Iterator[None]:
    """Leave no ledger behind where there was none before, if the block fails before anything is committed to it.

    Enter it before the data are opened: at its end they must be closed.
    """
    if settings.has_ledger:  # also one on a server, which others may have begun to use
        yield
        return
    # A key that was put there for an import is its user's, and stays.
    before = {path.name for path in settings.data.iterdir()} if settings.data.is_dir() else set()
    try:
        yield
    except BaseException:
        _take_back(settings, before)
        raise


def _take_back(settings: Settings, before: set[str]) -> None:
    try:
        # Under the lock, for another process may have opened the folder meanwhile, and may use it.
        with DataLock(settings.data):
            if _says_something(settings):
                return
            for pattern in OURS:
                for path in settings.data.glob(pattern):
                    if path.name in before:
                        continue
                    if path.is_dir():
                        shutil.rmtree(path, ignore_errors=True)
                    else:
                        path.unlink(missing_ok=True)
    except (StratagraphError, OSError):
        return  # what failed is told; that something was left is the smaller trouble


def _says_something(settings: Settings) -> bool:
    """Tell whether the ledger holds a batch beside those of the ontology, which every ledger begins with."""
    if not settings.has_ledger:
        return False
    with Ledger.open(settings.ledger, key_file=settings.ledger_key) as ledger:
        return any(record.source != CORE_SOURCE for record in ledger.sources())

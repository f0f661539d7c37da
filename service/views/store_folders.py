"""The folders of the triples' stores: which is the newest, and how one is opened, again, or anew."""

from __future__ import annotations

import logging
import shutil
import tempfile
import time
from pathlib import Path
from typing import Final

import pyoxigraph as ox

from stratagraph.service.privacy import make_private

log = logging.getLogger(__name__)

ROOM: Final = 8 << 20
"""Bytes that a disk must take before a store on it is closed and opened again: some of its files are written anew."""
PATIENCE: Final = 2.0
"""Seconds that opening a store again waits for queries that still read it."""
_CORRUPT: Final = "Corruption"
"""How the store's library begins to tell of a damaged file."""
DRAFT: Final = ".draft"
"""Ends the name of a store that is being made."""
_HELD: Final = "/LOCK:"
"""How it tells that a store is open already: by the name of the file."""
_BLOCK: Final = 1 << 20
_PAUSE: Final = 0.05


def newest(path: Path) -> Path:
    """Return where the store of a path is now, and remove what was left of others: each renewal has another number."""
    for draft in path.parent.glob(f"{path.name}.*{DRAFT}"):
        shutil.rmtree(draft, ignore_errors=True)
    numbered = {_number(found): found for found in path.parent.glob(f"{path.name}.*") if _number(found)}
    if not numbered:
        return path
    newest = numbered.pop(max(numbered))
    for old in (path, *numbered.values()):
        shutil.rmtree(old, ignore_errors=True)
    return newest


def following(path: Path) -> Path:
    """Return where the store that comes after one stands."""
    number = _number(path)
    return path.with_name(f"{path.name.removesuffix(f'.{number}')}.{number + 1}")


def _number(path: Path) -> int:
    last = path.name.rpartition(".")[2]
    return int(last) if last.isascii() and last.isdecimal() else 0


def see_room(folder: Path) -> None:
    """Raise the system's error where the disk would not even take what opening a store writes."""
    logged = sum(file.stat().st_size for file in folder.glob("*.log"))  # is written once more, as tables
    with tempfile.TemporaryFile(dir=folder) as file:
        for _ in range(0, logged + ROOM, _BLOCK):
            file.write(b"\0" * _BLOCK)
        file.flush()


def reopened(path: Path) -> ox.Store:
    """Open a store that this process had open; a query that still reads the old one is waited for."""
    deadline = time.monotonic() + PATIENCE
    while True:
        try:
            return open_store(path)
        except OSError as error:
            if _HELD not in str(error) or time.monotonic() > deadline:
                raise
            time.sleep(_PAUSE)


def open_store(path: Path) -> ox.Store:
    """Open the store of a folder; a damaged one is thrown away, for the ledger tells all of it again."""
    try:
        # The engine's own folders and files are for everybody to read.
        make_private(path)
        return ox.Store(str(path))
    except (RuntimeError, OSError) as error:
        # Anything else, such as the lock of another process, is no damage and must not cost the data.
        if not (path.is_file() or isinstance(error, FileNotFoundError) or _CORRUPT in str(error)):
            raise
        log.warning("the triples in %s can't be read (%s) and are made anew", path, error)
    if path.is_dir():
        shutil.rmtree(path)
    else:
        path.unlink()
    make_private(path)
    return ox.Store(str(path))

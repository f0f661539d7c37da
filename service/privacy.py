"""Files and folders of the data that only their owner may open, whatever the umask and whoever made the data folder."""

from __future__ import annotations

import os
from pathlib import Path


def make_private(folder: Path) -> None:
    """Make a folder, and those above it that are missing, for its owner only; one that is there stays as it is."""
    # Each by itself: pathlib gives the ones above the default mode, and the demo lies in what becomes one's own folder.
    for each in (*reversed(folder.parents), folder):
        each.mkdir(exist_ok=True, mode=0o700)


def begin_private(file: Path) -> None:
    """Make an empty file for its owner only, before somebody writes to it who asks for no mode; else leave it."""
    os.close(os.open(file, os.O_RDONLY | os.O_CREAT | os.O_CLOEXEC, 0o600))

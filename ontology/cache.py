"""Where what can be made again is kept for this user."""

from __future__ import annotations

import os
from pathlib import Path


def cache_folder() -> Path:
    """Return the folder for what can be made again for this user, as the XDG base directories define it."""
    # An empty variable counts as one that is not set (XDG Base Directory Specification).
    home = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(home) / "stratagraph"

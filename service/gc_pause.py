"""Memory around large batches: no collections meanwhile, and what was freed goes back to the system."""

from __future__ import annotations

import gc
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

LARGE: Final = 5_000
"""From this many facts on, walking over them again and again costs more than a sixth of a commit."""

FEW_COLLECTIONS: Final = 50_000
"""Objects between two walks of the collector: those of Python's own 700 make a tenth of a start, and find nothing."""

_lock: Final = threading.Lock()
_pausing = 0


@contextmanager
def paused(facts: int) -> Iterator[None]:
    """Let no collection run meanwhile, if so many facts are many: they are tuples and texts, and make no cycles."""
    if facts < LARGE or not (gc.isenabled() or _pausing):
        yield
        return
    _pause(1)
    try:
        yield
    finally:
        _pause(-1)
        _give_back()


def _pause(step: int) -> None:
    global _pausing  # noqa: PLW0603  # the collector is the process's, and so is the count of those who pause it
    with _lock:
        _pausing += step
        if _pausing:
            gc.disable()
        else:
            gc.enable()


def _give_back() -> None:
    """Hand free memory back, of which the GNU C library would keep some 100 MB in small pieces."""
    import ctypes  # every command loads this file, and few handle a large batch

    trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
    if trim is not None:
        trim(0)

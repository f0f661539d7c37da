"""One way to stop: a service that is asked to end closes what it has open."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType


@contextmanager
def ending_in_order() -> Iterator[None]:
    """Turn a request to end the process into an exit with status 0 that unwinds what is inside.

    A supervisor sends SIGTERM, a terminal that closes SIGHUP; both would end Python at once, the ledger open. While
    the HTTP server runs it takes SIGTERM itself, and sends it once more when it has answered what it began. A signal
    that somebody chose to ignore, as ``nohup`` does, stays ignored.
    """
    if threading.current_thread() is not threading.main_thread():
        yield  # signals are the main thread's
        return
    before = {asked: signal.getsignal(asked) for asked in (signal.SIGTERM, signal.SIGHUP)}
    for asked, handler in ((signal.SIGTERM, _end), (signal.SIGHUP, _pass_on)):
        if before[asked] is signal.SIG_DFL:
            signal.signal(asked, handler)
    try:
        yield
    finally:
        for asked, restored in before.items():
            signal.signal(asked, restored)


def _end(_signal: int, _frame: FrameType | None) -> None:
    """Unwind once: a second request must not break into the closing."""
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    raise SystemExit(0)


def _pass_on(_signal: int, _frame: FrameType | None) -> None:
    """Let whoever takes SIGTERM now take this too."""
    signal.raise_signal(signal.SIGTERM)

"""A thread that does one thing again and again, and survives whatever goes wrong with it."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from typing import Final

from stratagraph.service.logged_once import LoggedOnce

log = logging.getLogger(__name__)

PATIENCE: Final = 30.0
"""Seconds that ``close`` waits for what has begun."""


class Periodic:
    """Calls ``work`` every so many seconds, the first time after that many, until it is closed.

    A failure is logged, once for as long as it stays the same, and the next time comes as if nothing had happened.
    """

    def __init__(self, name: str, work: Callable[[], object], *, seconds: float) -> None:
        self._work = work
        self._seconds = seconds
        self._wake = threading.Event()
        self._ends = False
        self._log = LoggedOnce(log)
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)

    @property
    def ends(self) -> bool:
        """Whether the thread was asked to end: long work looks at this between its steps."""
        return self._ends

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def end(self) -> None:
        """Ask the thread to end, and wait for nothing."""
        self._ends = True
        self._wake.set()

    def close(self) -> None:
        """End, once what has begun is done; it need not have been started."""
        self.end()
        if self._thread.is_alive():
            self._thread.join(timeout=PATIENCE)

    def _run(self) -> None:
        while True:
            self._wake.wait(self._seconds)
            self._wake.clear()
            if self._ends:
                return
            try:
                self._work()
            except Exception as error:  # noqa: BLE001  the service goes on without it, and tries again
                self._log.error(error, "%s failed and is tried again in %g s", self._thread.name, self._seconds)
            else:
                self._log.settle()

"""What a service does without being asked: close what fell silent, add up what is old, put the store in order."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from datetime import timedelta
from typing import TYPE_CHECKING, Final

from stratagraph.service.engine.committer import Committer
from stratagraph.service.engine.erasure import Erasure
from stratagraph.service.settings import Settings

if TYPE_CHECKING:
    from stratagraph.service.ledger.retention import Policy

log = logging.getLogger(__name__)

RETENTION_SECONDS: Final = 3600.0
"""Least time between two looks for old observations, for a look reads all of them; they are days old anyway."""


class Housekeeping:
    """One round after another of closing and adding up, and how the last round went.

    ``compact`` puts the triples in order on disk where a large load left them otherwise. ``ends`` tells whether the
    service closes: what is left then is done when it runs again.
    """

    def __init__(
        self,
        committer: Committer,
        erasure: Erasure,
        settings: Settings,
        *,
        compact: Callable[[], bool] = lambda: False,
        ends: Callable[[], bool] = lambda: False,
    ) -> None:
        self._committer = committer
        self._erasure = erasure
        self._settings = settings
        self._compact = compact
        self._ends = ends
        self._retain_at = 0.0
        self.last: float | None = None
        """When a round ended last, in seconds since 1970."""
        self.failures = 0
        """Tasks that failed since the start."""
        self.entries = 0
        """Entries that the ledger has through housekeeping since the start."""

    def run(self) -> int:
        """Do one round; return the number of entries made. A task that fails keeps the others from nothing."""
        before = self.entries
        for name, task in (
            ("silence", self._close_silent),
            ("retention", self._retain),
            ("compaction", self._compact),
            ("erasing what was redacted", self._erase),
        ):
            try:
                task()
            except Exception:
                self.failures += 1
                log.exception("housekeeping: %s failed; the next round tries it again", name)
        self.last = time.time()
        return self.entries - before

    def _close_silent(self) -> None:
        while not self._ends() and self._committer.close_silent():
            self.entries += 1

    def _erase(self) -> None:
        # Some reader kept a file, or another process redacted something.
        if self._erasure.is_due():
            for left in self._erasure.sweep():
                log.warning("what was redacted may still stand in the %s: %s", left.place, left.reason)

    def _retain(self) -> None:
        if time.monotonic() < self._retain_at:
            return
        policy = self._policy()
        while not self._ends() and self._committer.retain(policy):
            self.entries += 1
        # Only once all went well: what failed is tried again in the next round.
        self._retain_at = time.monotonic() + RETENTION_SECONDS

    def _policy(self) -> Policy:
        # Nothing is old in a process that is young: most commands never load this.
        from stratagraph.service.ledger.retention import Policy

        settings = self._settings
        return Policy(fine=timedelta(days=settings.keep_minutes_days), hourly=timedelta(days=settings.keep_hours_days))

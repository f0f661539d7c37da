"""How long one reading of a source may take, and how much it may bring."""

from __future__ import annotations

import threading
import time

from stratagraph.service.sources.durations import in_words
from stratagraph.service.sources.errors import FetchFailed


class Limits:
    """The bounds of one run, which begins now."""

    def __init__(self, place: str, *, seconds: float, most_bytes: int, stopping: threading.Event) -> None:
        """``stopping`` is set when the service ends."""
        self.place = place
        self.seconds = seconds
        self.most_bytes = most_bytes
        self.stopping = stopping
        self._ends = time.monotonic() + seconds

    @property
    def left(self) -> float:
        """Seconds that are left."""
        return self._ends - time.monotonic()

    def check(self) -> None:
        """Go on only while there is time.

        Raises:
            FetchFailed: the time is over, or the service ends.
        """
        if self.stopping.is_set():
            raise self.failure("the service ended meanwhile")
        if self.left <= 0:
            raise self.too_late()

    def weigh(self, size: int) -> None:
        """Refuse what is larger than it may be.

        Raises:
            FetchFailed: it is.
        """
        if size > self.most_bytes:
            raise self.failure(f"it has more than {self.most_bytes >> 20} MiB (limit_mib)")

    def too_late(self) -> FetchFailed:
        """Return what is said when the time is over."""
        return self.failure(f"it was not done within {in_words(self.seconds)} (limit_seconds)")

    def failure(self, reason: str) -> FetchFailed:
        """Return the error for a reason."""
        return FetchFailed(place=self.place, reason=reason)

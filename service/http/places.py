"""Places for reads that take long: few, handed out fairly, so that commits and light reads have the machine as well."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Final, TypeVar

from anyio import CapacityLimiter

from stratagraph.ontology.errors import StratagraphError
from stratagraph.service.waiting import in_thread
from stratagraph.service.workers.errors import TooBusy
from stratagraph.service.workers.limits import QuerySettings
from stratagraph.service.workers.turns import Turns

QUEUE: Final = 128
"""Reads that may wait for a place; one client's may be half of them."""
QUEUE_SECONDS: Final = 30.0
"""Longest wait for a place: an impact takes seconds at most, so who waits longer is better told to come again."""
WRITERS: Final = 16
"""Threads of those who write, of their own: they wait for each other, and for no reader."""

_T = TypeVar("_T")


class NoPlace(StratagraphError, slug="no-place", status=503):
    """Too many long reads at once."""

    text = (
        "Too many impacts, audits and questions about the past are being worked on. Ask again in {retry_after} s, one "
        "after the other; STRATAGRAPH_LONG_READS says how many run at once."
    )
    retry_after: int


class Places:
    """Runs long reads in threads of their own, a few at a time, client by client."""

    def __init__(self, places: int, *, queue: int = QUEUE, seconds: float = QUEUE_SECONDS) -> None:
        self._turns = Turns(QuerySettings(workers=places, queue=queue, queue_seconds=seconds))
        self._places = places
        self._threads: CapacityLimiter | None = None
        self._seconds = seconds

    async def run(self, client: str, work: Callable[[], _T]) -> _T:
        """Wait for a place, and do the work there; whoever is cancelled gives it back when the thread is over.

        Raises:
            NoPlace: the queue is full, or no place came in time.
        """
        try:
            await self._turns.take(client)
        except TooBusy:
            raise NoPlace(retry_after=max(1, math.ceil(self._seconds / 6))) from None
        try:
            # Threads of their own: the pool that all other requests share must not fill up with those who stay long.
            return await in_thread(work, limiter=self._limiter())
        finally:
            self._turns.give_back(client)

    def _limiter(self) -> CapacityLimiter:
        if self._threads is None:
            self._threads = CapacityLimiter(self._places)
        return self._threads

"""The processes that wait for a query, the one used last in front."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from typing import Generic, TypeVar

from stratagraph.service.workers.process import Worker

W = TypeVar("W", bound=Worker)


class Idle(Generic[W]):
    """Workers between two queries; lives in one event loop.

    Last in, first out: one client is answered by one process, whose caches are warm, instead of by each in turn.
    """

    def __init__(self) -> None:
        self._workers: list[W] = []
        self._waiting: deque[asyncio.Future[W]] = deque()

    def __len__(self) -> int:
        """How many there are."""
        return len(self._workers)

    def put(self, worker: W, *, behind: bool = False) -> None:
        """Take a worker; ``behind``: for when there is no other one."""
        while self._waiting:
            waiting = self._waiting.popleft()
            if not waiting.done():
                waiting.set_result(worker)
                return
        self._workers.insert(0 if behind else len(self._workers), worker)

    def pick(self, fits: Callable[[W], bool], *, last: bool = False) -> W | None:
        """Return the first worker that fits, or the last one; None where there is none."""
        places = range(len(self._workers)) if last else range(len(self._workers) - 1, -1, -1)
        for place in places:
            if fits(self._workers[place]):
                return self._workers.pop(place)
        return None

    async def take(self, prefers: Callable[[W], bool], seconds: float) -> W:
        """Return a worker, one that is preferred if there is one; wait for any as long as there is none.

        Raises:
            TimeoutError: none came in time.
        """
        worker = self.pick(prefers) or self.pick(lambda _: True)
        if worker is not None:
            return worker
        coming: asyncio.Future[W] = asyncio.get_running_loop().create_future()
        self._waiting.append(coming)
        try:
            async with asyncio.timeout(seconds):
                return await coming
        except BaseException:
            # It may have come in the very moment of giving up.
            if coming.done() and not coming.cancelled():
                self.put(coming.result())
            else:
                coming.cancel()
            raise

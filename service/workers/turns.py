"""Whose query is next: bounded, and fair between clients however many queries each of them sends."""

from __future__ import annotations

import asyncio
import math
from collections import Counter, OrderedDict, deque

from stratagraph.service.workers.errors import TooBusy
from stratagraph.service.workers.limits import QuerySettings


class Turns:
    """Gives ``workers`` turns out; those who wait are served client by client, round and round.

    One client never holds more than ``per_client`` turns, nor more than half of the queue.
    """

    def __init__(self, settings: QuerySettings) -> None:
        self._settings = settings
        self._free = settings.workers
        self._running: Counter[str] = Counter()
        self._waiting: OrderedDict[str, deque[asyncio.Future[None]]] = OrderedDict()

    async def take(self, client: str) -> None:
        """Wait for a turn.

        Raises:
            TooBusy: the queue is full, or no turn came in time.
        """
        if self._free and client not in self._waiting and self._running[client] < self._settings.per_client:
            # Whoever waits while there is a free turn has its fair part already.
            self._free -= 1
            self._running[client] += 1
            return
        self._refuse_if_full(client)
        turn = asyncio.get_running_loop().create_future()
        self._waiting.setdefault(client, deque()).append(turn)
        self._hand_out()
        try:
            async with asyncio.timeout(self._settings.queue_seconds):
                await turn
        except BaseException as error:
            self._withdraw(client, turn)
            if isinstance(error, TimeoutError):
                raise self._busy() from None
            raise

    def give_back(self, client: str) -> None:
        """End a turn."""
        self._free += 1
        self._running[client] -= 1
        if not self._running[client]:
            del self._running[client]
        self._hand_out()

    def _refuse_if_full(self, client: str) -> None:
        total = sum(map(len, self._waiting.values()))
        own = len(self._waiting.get(client, ()))
        must_wait = self._free == 0 or self._running[client] >= self._settings.per_client
        if must_wait and (total >= self._settings.queue or own >= max(1, self._settings.queue // 2)):
            raise self._busy()

    def _busy(self) -> TooBusy:
        return TooBusy(retry_after=max(1, math.ceil(self._settings.query_seconds / 2)))

    def _hand_out(self) -> None:
        for client in list(self._waiting):
            if self._free == 0:
                return
            if self._running[client] >= self._settings.per_client:
                continue
            turn = self._next(client)
            if turn is not None:
                self._free -= 1
                self._running[client] += 1
                turn.set_result(None)

    def _next(self, client: str) -> asyncio.Future[None] | None:
        """Take the client's next turn out of the queue; None where nobody waits for one any more."""
        queue = self._waiting[client]
        turn: asyncio.Future[None] | None = None
        # A client that left has cancelled the turn already, and withdraws it only later.
        while queue and (turn is None or turn.done()):
            turn = queue.popleft()
        if queue:
            self._waiting.move_to_end(client)
        else:
            del self._waiting[client]
        return None if turn is None or turn.done() else turn

    def _withdraw(self, client: str, turn: asyncio.Future[None]) -> None:
        """Leave the queue, or give back a turn that came in the very moment of giving up."""
        if turn.done() and not turn.cancelled():
            self.give_back(client)
            return
        queue = self._waiting.get(client)
        if queue is not None and turn in queue:
            queue.remove(turn)
            if not queue:
                del self._waiting[client]

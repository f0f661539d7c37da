"""Who waits for a sequence, and is told when it can be read: in a thread, or in an event loop at no thread's cost."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from contextlib import suppress


class Arrivals:
    """Tells those who wait that the sequence moved. ``sequence()`` says cheaply where it is."""

    def __init__(self, sequence: Callable[[], int]) -> None:
        self._sequence = sequence
        self._moved = threading.Condition()
        self._waiting: dict[asyncio.Future[None], tuple[int, asyncio.AbstractEventLoop]] = {}

    @property
    def here(self) -> int:
        """The sequence that has come."""
        return self._sequence()

    def announce(self) -> None:
        """Wake those whose sequence has come; called by the writer, after the sequence moved."""
        here = self._sequence()
        with self._moved:
            self._moved.notify_all()
            come = [waiter for waiter, (wanted, _) in self._waiting.items() if wanted <= here]
            for waiter in come:
                _, loop = self._waiting.pop(waiter)
                # A loop that has ended in the meantime has nobody left who waits.
                with suppress(RuntimeError):
                    loop.call_soon_threadsafe(_wake, waiter)

    def wait(self, wanted: int, seconds: float) -> bool:
        """Wait in this thread; return whether the sequence came in time."""
        with self._moved:
            return self._moved.wait_for(lambda: self._sequence() >= wanted, max(0.0, seconds))

    async def reached(self, wanted: int, seconds: float) -> bool:
        """Wait without a thread: a hundred who wait must not keep anybody else from being answered."""
        loop = asyncio.get_running_loop()
        waiter = loop.create_future()
        with self._moved:
            # Looked at under the lock: what moves after this look finds the waiter there.
            if self._sequence() >= wanted:
                return True
            self._waiting[waiter] = (wanted, loop)
        try:
            async with asyncio.timeout(seconds):
                await waiter
        except TimeoutError:
            return self._sequence() >= wanted
        finally:
            with self._moved:
                self._waiting.pop(waiter, None)
        return True


def _wake(waiter: asyncio.Future[None]) -> None:
    if not waiter.done():
        waiter.set_result(None)

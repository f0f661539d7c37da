"""Whether anybody still waits for what a thread does: none can be stopped, so its work looks between its steps."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from contextvars import ContextVar
from typing import Final, TypeVar

from anyio import CapacityLimiter, to_thread

_T = TypeVar("_T")

STEPS: Final = 1024
"""Items between two looks."""

_LEFT: Final[ContextVar[threading.Event | None]] = ContextVar("left", default=None)
"""Set once whoever asked for the present thread's work has left."""


class NobodyWaits(Exception):
    """Ends work that nobody waits for any more; who asked for it has left, and never sees this."""


def go_on() -> None:
    """Look between two steps of long work.

    Raises:
        NobodyWaits: whoever asked for it has left.
    """
    left = _LEFT.get()
    if left is not None and left.is_set():
        raise NobodyWaits


def while_awaited(items: Iterable[_T]) -> Iterator[_T]:
    """Yield the items, looking now and then whether anybody waits for them. Raises as ``go_on``."""
    for number, item in enumerate(items):
        if number % STEPS == 0:
            go_on()
        yield item


async def in_thread(work: Callable[[], _T], *, limiter: CapacityLimiter | None = None) -> _T:
    """Do work in a thread; whoever is cancelled meanwhile learns of it when the thread is over, and it ends early.

    ``to_thread.run_sync`` leaves a thread behind that still uses what its caller gives back.
    """
    left = threading.Event()

    def watched() -> _T:
        _LEFT.set(left)  # in a context of its own, as each thread of the pool gets one for each piece of work
        go_on()
        return work()

    running = asyncio.ensure_future(to_thread.run_sync(watched, limiter=limiter))
    return await _outlasted(running, left.set)


async def let_go(release: Callable[[], None]) -> None:
    """Give something back in a thread, come what may; whoever is cancelled meanwhile learns of it afterwards."""
    await _outlasted(asyncio.ensure_future(to_thread.run_sync(release)))


async def _outlasted(running: asyncio.Future[_T], leave: Callable[[], None] = lambda: None) -> _T:
    """Wait for what runs, also when cancelled, and only then go on with that; ``leave`` is called at once."""
    try:
        return await asyncio.shield(running)
    except asyncio.CancelledError:
        leave()
        while not running.done():
            # Cancelled twice, by its client and by the end of the service, it waits all the same.
            with suppress(asyncio.CancelledError):
                await asyncio.wait([running])
        if not running.cancelled():
            running.exception()  # looked at, though nobody waits for it
        raise

"""Clients that leave before they are answered: what they asked for is stopped."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Coroutine
from types import TracebackType
from typing import Any, Final, TypeVar

from fastapi import Request
from starlette.types import Receive

from stratagraph.service.workers.errors import TooBusy

T = TypeVar("T")

UNWATCHED: Final = 0.005
"""Seconds of an answer in which nobody looks whether its client is still there."""


async def unless_gone(request: Request, running: Awaitable[T]) -> T:
    """Wait for an answer; when the client hangs up before, stop what makes it: nobody waits for it.

    Raises:
        TooBusy: the client is gone, and will not hear of it.
    """
    with _Watch(request.receive):
        return await running


class _Watch:
    """Cancels what the present task does within a block when its client hangs up.

    What is answered at once is not watched at all: beginning to takes longer than a look-up does.
    """

    def __init__(self, receive: Receive) -> None:
        self._receive = receive
        self._gone = False
        self._watching: asyncio.Task[None] | None = None

    def __enter__(self) -> None:
        task = asyncio.current_task()
        assert task is not None  # it answers a request
        self._task = task
        self._cancelling = task.cancelling()
        self._start = asyncio.get_running_loop().call_later(UNWATCHED, self._begin)

    def _begin(self) -> None:
        self._watching = asyncio.create_task(self._watch())

    async def _watch(self) -> None:
        await disconnected(self._receive)
        self._gone = True
        self._task.cancel()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._start.cancel()
        if self._watching is not None:
            self._watching.cancel()
        # A task that was cancelled by others too, as when the server stops, goes on with that.
        if self._gone and self._task.uncancel() <= self._cancelling and kind is asyncio.CancelledError:
            raise TooBusy(retry_after=1) from None


async def send_unless_gone(receive: Receive, sending: Coroutine[Any, Any, None]) -> None:
    """Send an answer that goes out in pieces until it is over, or its client hangs up; raise what sending raises."""
    pieces = asyncio.ensure_future(sending)
    gone = asyncio.ensure_future(disconnected(receive))
    try:
        await asyncio.wait({pieces, gone}, return_when=asyncio.FIRST_COMPLETED)
        if pieces.done():
            pieces.result()
    finally:
        gone.cancel()
        pieces.cancel()


async def disconnected(receive: Receive) -> None:
    """Wait until the client has hung up; whatever else of it comes is passed over."""
    while (await receive())["type"] != "http.disconnect":
        pass

"""Clients that leave before they are answered: what they asked for is stopped."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable
from typing import Protocol, TypeVar

from fastapi import Request
from starlette.types import Receive

from stratagraph.service.workers.errors import TooBusy


class Closable(Protocol):
    """Something that holds on to a worker until it is closed."""

    def close(self) -> None:
        """Let go of it."""


C = TypeVar("C", bound=Closable)


async def unless_gone(request: Request, running: Awaitable[C]) -> C:
    """Wait for an answer; when the client hangs up before, stop what makes it: nobody waits for it.

    Raises:
        TooBusy: the client is gone, and will not hear of it.
    """
    answer = asyncio.ensure_future(running)
    gone = asyncio.ensure_future(disconnected(request.receive))
    try:
        await asyncio.wait({answer, gone}, return_when=asyncio.FIRST_COMPLETED)
    except BaseException:
        _abandon(answer)
        raise
    finally:
        gone.cancel()
    if not answer.done():
        _abandon(answer)
        raise TooBusy(retry_after=1)
    return answer.result()


async def disconnected(receive: Receive) -> None:
    """Wait until the client has hung up; whatever else of it comes is passed over."""
    while (await receive())["type"] != "http.disconnect":
        pass


def _abandon(answer: asyncio.Future[C]) -> None:
    """Stop what nobody waits for, and close the answer that may have come in this very moment."""

    def close(done: asyncio.Future[C]) -> None:
        # Asking for the exception also marks it as seen: it is nobody's any more, and no matter for the log.
        if not done.cancelled() and done.exception() is None:
            done.result().close()

    answer.add_done_callback(close)
    answer.cancel()

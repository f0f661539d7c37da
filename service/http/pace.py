"""How slowly a client may take an answer that holds a place for as long as it is sent."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from typing import Final

from starlette.types import Send

from stratagraph.service.http.bodies import SLOWEST

GRACE: Final = 60.0
"""Seconds of waiting for the client that every answer has, and the longest that one piece may take."""


class TakenTooSlowly(Exception):
    """Ends an answer whose client takes nothing of it, or hardly."""


class Pace:
    """The pace of one client: beyond the grace it must take as many bytes a second as a body must have."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._size = 0
        self._waited = 0.0

    async def send(self, send: Send, piece: bytes) -> None:
        """Send a piece of a body, behind which others come.

        Raises:
            TakenTooSlowly: the client is not worth waiting for; the answer must be cut.
        """
        # Only the waiting counts, not the making of what is sent: the client cannot help that.
        began = self._clock()
        try:
            async with asyncio.timeout(min(GRACE, self._left)):
                await send({"type": "http.response.body", "body": piece, "more_body": True})
        except TimeoutError:
            raise TakenTooSlowly from None
        self._waited += self._clock() - began
        self._size += len(piece)
        if self._left < 0:
            raise TakenTooSlowly

    @property
    def _left(self) -> float:
        """The seconds for which the client is still waited for."""
        return GRACE + self._size / SLOWEST - self._waited

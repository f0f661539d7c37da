"""How a body may come in: not slower than a sender that means it, and not larger than its route reads."""

from __future__ import annotations

import asyncio
import time
from typing import Final

from fastapi import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from stratagraph.ontology.errors import StratagraphError
from stratagraph.service.http.refusals import refusal

GRACE: Final = 20.0
"""Seconds of waiting for a body that every request has."""
SLOWEST: Final = 16 << 10
"""Bytes that must come for each second beyond that: nobody keeps a line open with a byte now and then."""
OTHERS: Final = 1 << 20
"""Bytes that the body of a request to any other route may have: a query with its parameters, for one."""


class BodyTooSlow(StratagraphError, slug="body-too-slow", status=408):
    """The body of the request does not come, or hardly."""

    text = (
        "The body came in slower than {rate} bytes a second, and the service does not wait for the rest. "
        "Send it again over a faster line, or in parts."
    )
    rate: int = SLOWEST


class BodyTooLong(StratagraphError, slug="too-large", status=413):
    """A body larger than what any request to this route needs."""

    text = "The body is larger than the {limit} bytes that this route reads. Send less."
    limit: int = OTHERS


class BodyGuard:
    """ASGI middleware: gives up on bodies that don't come, and on those of routes that read no more than a query.

    ``unbounded`` are beginnings of the addresses whose routes bound their bodies themselves.
    """

    def __init__(self, app: ASGIApp, unbounded: tuple[str, ...]) -> None:
        self.app = app
        self.unbounded = unbounded

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, its body under watch."""
        if scope["type"] != "http" or not _has_body(scope):
            await self.app(scope, receive, send)
            return
        limit = None if scope["path"].startswith(self.unbounded) else OTHERS
        watched = _Watched(scope, receive, send, limit)
        await self.app(scope, watched.receive, watched.send)


def _has_body(scope: Scope) -> bool:
    """Tell whether a request says that a body follows its head: without one of these headers none does."""
    return any(name in {b"content-length", b"transfer-encoding"} for name, _ in scope["headers"])


class _Watched:
    """One request whose body is under watch; when it is given up, the app hears that its client has left."""

    def __init__(self, scope: Scope, receive: Receive, send: Send, limit: int | None) -> None:
        self._scope = scope
        self._receive = receive
        self._send = send
        self._limit = limit
        self._size = 0
        self._waited = 0.0
        self._whole = False
        self._answered = False
        self._given_up = False

    async def receive(self) -> Message:
        """Return the next piece of the body; what comes after the body is waited for as long as it takes."""
        if self._whole or self._given_up:
            return await self._receive()
        # Only the waiting counts, not what we do with the pieces: the client cannot help that.
        began = time.monotonic()
        try:
            async with asyncio.timeout(max(0.0, GRACE + self._size / SLOWEST - self._waited)):
                message = await self._receive()
        except TimeoutError:
            return await self._give_up(BodyTooSlow())
        self._waited += time.monotonic() - began
        self._size += len(message.get("body", b""))
        self._whole = not message.get("more_body", False)
        if self._limit is not None and self._size > self._limit:
            return await self._give_up(BodyTooLong(limit=self._limit))
        return message

    async def send(self, message: Message) -> None:
        """Send what the app answers, unless the request was answered already."""
        if not self._given_up:
            self._answered = True
            await self._send(message)

    async def _give_up(self, error: StratagraphError) -> Message:
        self._given_up = True
        if not self._answered:
            answer = refusal(error, Request(self._scope))
            answer.headers["Connection"] = "close"  # the rest of the body must not be read as a request
            await answer(self._scope, self._receive, self._send)
        return {"type": "http.disconnect"}

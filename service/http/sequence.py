"""The sequence of an answer: announced on every answer, and awaited when a request asks for it."""

from __future__ import annotations

from typing import Final

from anyio import to_thread
from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from stratagraph.service.engine import Engine
from stratagraph.service.http.headers import AT_LEAST, SEQUENCE
from stratagraph.service.http.problems import problem

PATIENCE: Final = 10.0
"""Seconds that a request waits for the sequence it asked for."""


class SequenceGate:
    """ASGI middleware over the API: waits for ``Stratagraph-At-Least``, announces ``Stratagraph-Sequence``.

    The SPARQL route does both itself, for its answers come from checkpoints that may be older than the views.
    """

    def __init__(self, app: ASGIApp, engine: Engine) -> None:
        self.app = app
        self.engine = engine

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer 400 or 503 when the sequence asked for is malformed or does not come."""
        if scope["type"] != "http" or not scope["path"].startswith("/api/"):
            await self.app(scope, receive, send)
            return
        wanted = Headers(scope=scope).get(AT_LEAST)
        if wanted is not None:
            if not wanted.isdecimal():
                await _malformed(wanted)(scope, receive, send)
                return
            if not await to_thread.run_sync(self.engine.wait_for, int(wanted), PATIENCE):
                await _too_early(wanted, self.engine.sequence)(scope, receive, send)
                return
        sequence = str(self.engine.sequence)

        async def announce(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message).setdefault(SEQUENCE, sequence)
            await send(message)

        await self.app(scope, receive, announce)


def _malformed(wanted: str) -> ASGIApp:
    return problem(
        slug="malformed-sequence",
        title="The sequence asked for is not a number",
        status=400,
        detail=f"{AT_LEAST} is '{wanted}'. Send the number that an earlier answer carried in {SEQUENCE}.",
    )


def _too_early(wanted: str, sequence: int) -> ASGIApp:
    return problem(
        slug="sequence-not-reached",
        title="The sequence asked for is not there yet",
        status=503,
        detail=f"Sequence {wanted} was asked for, the service is at {sequence}. Try again.",
        headers={"Retry-After": "1"},
    )

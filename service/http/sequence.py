"""The sequence of an answer: announced on every answer, and awaited when a request asks for it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from anyio import to_thread
from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from stratagraph.ontology.errors import StratagraphError
from stratagraph.service.engine.engine import Engine
from stratagraph.service.http.headers import AT_LEAST, SEQUENCE
from stratagraph.service.http.problems import from_error, problem

PATIENCE: Final = 10.0
"""Seconds that a request waits for the sequence it asked for."""
_DIGITS: Final = 18
"""Digits of the longest number that can be a sequence: it is kept in 64 bits."""


class MalformedSequence(StratagraphError, slug="malformed-sequence", status=400):
    """The sequence asked for is not a number."""

    text = (
        AT_LEAST
        + " is '{given}'. Send one number, of at most {digits} digits, that an earlier answer carried in "
        + SEQUENCE
        + "."
    )
    longest = 100

    given: str
    digits: int = _DIGITS


def wanted_sequence(given: Sequence[str]) -> int | None:
    """Return the sequence that the values of ``Stratagraph-At-Least`` ask for; None where there is none.

    Raises:
        MalformedSequence: it is no number of a sequence, or there are several.
    """
    if not given:
        return None
    text = given[0] if len(set(given)) == 1 else ", ".join(given)
    if not (text.isascii() and text.isdecimal() and len(text) <= _DIGITS):
        raise MalformedSequence(given=text)
    return int(text)


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
        try:
            wanted = wanted_sequence(Headers(scope=scope).getlist(AT_LEAST))
        except MalformedSequence as error:
            await from_error(error)(scope, receive, send)
            return
        if wanted is not None and not await to_thread.run_sync(self.engine.wait_for, wanted, PATIENCE):
            await _too_early(wanted, self.engine.sequence)(scope, receive, send)
            return
        sequence = str(self.engine.sequence)

        async def announce(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message).setdefault(SEQUENCE, sequence)
            await send(message)

        await self.app(scope, receive, announce)


def _too_early(wanted: int, sequence: int) -> ASGIApp:
    return problem(
        slug="sequence-not-reached",
        title="The sequence asked for is not there yet",
        status=503,
        detail=f"Sequence {wanted} was asked for, the service is at {sequence}. Try again.",
        headers={"Retry-After": "1"},
    )

"""The sequence of an answer: announced on every answer, and awaited when a request asks for it."""

from __future__ import annotations

from collections.abc import Sequence
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Final

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


@dataclass(slots=True)
class _Answer:
    """The answer that a request is getting."""

    sequence: int | None = None


_answer: Final[ContextVar[_Answer | None]] = ContextVar("answer", default=None)
"""Of the request that is being answered, also in the threads that work on it: they get a copy of the context."""


def answered_at(sequence: int) -> None:
    """Tell which sequence the present request's answer is of, for the header to say what the body says."""
    if (answer := _answer.get()) is not None:
        answer.sequence = sequence


class SequenceGate:
    """ASGI middleware over the API: waits for ``Stratagraph-At-Least``, announces ``Stratagraph-Sequence``.

    An answer that reads or writes the graph says itself which sequence it is of, by ``answered_at``; what depends on
    no sequence gets the newest. The SPARQL route does both itself, for its answers come from checkpoints that may be
    older than the views.
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
        if wanted is not None and not await self.engine.arrivals.reached(wanted, PATIENCE):
            await _too_early(wanted, self.engine.sequence)(scope, receive, send)
            return
        answer = _Answer()
        _answer.set(answer)

        async def announce(message: Message) -> None:
            if message["type"] == "http.response.start":
                told = self.engine.sequence if answer.sequence is None else answer.sequence
                MutableHeaders(scope=message).setdefault(SEQUENCE, str(told))
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

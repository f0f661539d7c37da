"""Which requests are answered while the data folder is still being opened."""

from __future__ import annotations

from typing import Final

from fastapi import Request
from starlette.types import ASGIApp, Receive, Scope, Send

from stratagraph.ontology.errors import StratagraphError
from stratagraph.service.engine.opening import Opening
from stratagraph.service.http.refusals import refusal

PATIENCE: Final = 10.0
"""Seconds that a request waits for the rest: most folders are open by then."""
RETRY_SECONDS: Final = 1
"""When to come again: whoever does waits here, and exporters drop what they are to keep for longer."""
EARLY: Final = ("/sparql", "/health/")


class StillOpening(StratagraphError, slug="still-opening", status=503):
    """The service has just begun, and still takes in what it holds."""

    text = (
        "The service is still opening its data. Ask again in {retry_after} s; /sparql answers already, and "
        "/health/ready says when everything does."
    )
    retry_after: int = RETRY_SECONDS


class Doors:
    """ASGI middleware: lets everybody wait who asks for more than the triples, until the engine holds more."""

    def __init__(self, app: ASGIApp, opening: Opening) -> None:
        self.app = app
        self.opening = opening

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, now or when everything is open; answer 503 to who waited for long."""
        closed = scope["type"] == "http" and not self.opening.is_whole and not scope["path"].startswith(EARLY)
        if closed and not await self.opening.whole(PATIENCE):
            await refusal(StillOpening(), Request(scope))(scope, receive, send)
            return
        await self.app(scope, receive, send)

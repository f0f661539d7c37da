"""A request that outlives the service's patience at its end: told so, instead of being cut without a word."""

from __future__ import annotations

import asyncio
import logging

from fastapi import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from stratagraph.ontology.errors import StratagraphError
from stratagraph.service.http.refusals import refusal

log = logging.getLogger(__name__)


class Stopping(StratagraphError, slug="stopping", status=503):
    """The service stops, and the request was not done in time."""

    text = (
        "The service is stopping, and the request was not done in time. A batch may have been committed all the same: "
        "send it again under the same run, which counts once."
    )
    retry_after: int = 10


class ShutdownNotice:
    """ASGI middleware: answers 503 when the server ends a request to stop, as it does some seconds after a signal.

    The server cancels what runs, and would tell the client of a failure and the log of an error, with a traceback;
    neither is what happened.
    """

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        begun = False

        async def noted(message: Message) -> None:
            nonlocal begun
            begun = True
            await send(message)

        try:
            await self.app(scope, receive, noted)
        except asyncio.CancelledError:
            # Only the server cancels requests, and only to stop: nobody waits for the cancellation itself.
            log.warning("%s %s was not done when the service stopped", scope["method"], scope["path"])
            if not begun:
                answer = refusal(Stopping(), Request(scope))
                answer.headers["Connection"] = "close"
                await answer(scope, receive, send)

"""One address that is answered without asking every route whether it is theirs."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from contextlib import suppress

from fastapi import Request
from starlette.requests import ClientDisconnect
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send


class Shortcut:
    """ASGI middleware around the routes: hands requests to ``path`` by these methods straight to their handler.

    Finding a route and its dependencies among all others takes longer than a look-up in the graph does. The route
    itself stays: the description of the API is made of routes, and what the handler does not take goes there.
    """

    def __init__(
        self, app: ASGIApp, path: str, methods: frozenset[str], handler: Callable[[Request], Awaitable[Response]]
    ) -> None:
        self.app = app
        self.path = path
        self.methods = methods
        self.handler = handler

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer the request, or pass it on."""
        if scope["type"] != "http" or scope["path"] != self.path or scope["method"] not in self.methods:
            await self.app(scope, receive, send)
            return
        with suppress(ClientDisconnect):  # nobody is there to be answered
            response = await self.handler(Request(scope, receive, send))
            await response(scope, receive, send)

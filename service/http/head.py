"""HEAD on every route that answers GET: what would be sent is not made, or made no further than its first piece."""

from __future__ import annotations

from typing import Final

from starlette.types import ASGIApp, Message, Receive, Scope, Send

_HEAD: Final = "stratagraph.head"


def wants_head_only(scope: Scope) -> bool:
    """Tell whether a request that comes as GET was HEAD, so that its body need not be made."""
    return bool(scope.get(_HEAD))


class HeadLikeGet:
    """ASGI middleware: HEAD is answered with the status and the headers that GET gets, and without a body.

    What watches for the client to hang up goes on doing so: only the method is another.
    """

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on as GET."""
        if scope["type"] != "http" or scope["method"] != "HEAD":
            await self.app(scope, receive, send)
            return

        over = False

        async def without_body(message: Message) -> None:
            nonlocal over
            if message["type"] == "http.response.body":
                if over:
                    return
                # To the server the answer is complete now, so that whoever sends the rest hears that nobody listens.
                over = True
                message = {"type": "http.response.body", "body": b"", "more_body": False}
            await send(message)

        await self.app({**scope, "method": "GET", _HEAD: True}, receive, without_body)

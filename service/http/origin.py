"""Refuses requests that a foreign web page makes a browser send: Host and Origin are checked."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable
from functools import lru_cache
from typing import Final
from urllib.parse import urlsplit

from starlette.datastructures import MutableHeaders
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from stratagraph.service.http.headers import AS_OF, AT_LEAST, SEQUENCE, values
from stratagraph.service.http.problems import problem

LOOPBACK_NAMES = frozenset({"localhost"})
SHARED: Final = {"/sparql": "GET, HEAD, POST", "/cypher": "POST"}
"""What pages of allowed origins may ask, all of it read only, and how."""
_ASKING: Final = f"Accept, Authorization, Content-Type, {AT_LEAST}, {AS_OF}"
_READABLE: Final = f"{SEQUENCE}, {AS_OF}, Retry-After"
_KEPT_SECONDS: Final = "600"
"""How long a browser need not ask again what it may send."""


@lru_cache(maxsize=256)
def is_loopback(host: str) -> bool:
    """Tell whether a host name or address can only mean this machine."""
    if host in LOOPBACK_NAMES:
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


class OriginGuard:
    """ASGI middleware: the Host must be loopback or an allowed name, and an Origin must be the Host itself.

    Without it, a page of any site could reach a service on the visitor's own machine through a name that it points
    there (DNS rebinding), or post to it. Pages of the ``origins`` may query, and read the answers; no credentials of
    the browser's go along, for it is never told that they may.
    """

    def __init__(self, app: ASGIApp, allowed: Iterable[str] = (), origins: Iterable[str] = ()) -> None:
        self.app = app
        self.allowed = frozenset(name.lower() for name in allowed)
        self.origins = frozenset(origin.lower() for origin in origins)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, or answer 421 or 403."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        host, origin = (next(iter(values(scope, name)), "") for name in (b"host", b"origin"))
        name = _host_name(host)
        if not (is_loopback(name) or name in self.allowed):
            refusal = problem(
                slug="unknown-host",
                title="This service is not known by that name",
                status=421,
                detail=f"The Host '{host}' is neither loopback nor allowed. Add it with STRATAGRAPH_ALLOWED_HOSTS.",
            )
        elif origin.lower() in self.origins and scope["path"] in SHARED and _foreign(origin, host):
            await self._share(origin, scope, receive, send)
            return
        elif _foreign(origin, host):
            refusal = problem(
                slug="foreign-origin",
                title="A page of another origin sent this request",
                status=403,
                detail=(
                    f"The Origin '{origin}' is not this service. Use its own pages; other pages may only query, where "
                    "STRATAGRAPH_ALLOWED_ORIGINS names them."
                ),
            )
        else:
            await self.app(scope, receive, send)
            return
        await refusal(scope, receive, send)

    async def _share(self, origin: str, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a page of an allowed origin: whether it may ask as it means to, or what it asks."""
        if scope["method"] == "OPTIONS" and values(scope, b"access-control-request-method"):
            await Response(status_code=204, headers=_leave(origin, scope))(scope, receive, send)
            return

        async def readable(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                headers["Access-Control-Allow-Origin"] = origin
                headers["Access-Control-Expose-Headers"] = _READABLE
                headers.add_vary_header("Origin")
            await send(message)

        await self.app(scope, receive, readable)


def _leave(origin: str, scope: Scope) -> dict[str, str]:
    """Return what a page of an allowed origin may send to a path."""
    leave = {
        "Access-Control-Allow-Origin": origin,
        "Access-Control-Allow-Methods": SHARED[scope["path"]],
        "Access-Control-Allow-Headers": _ASKING,
        "Access-Control-Max-Age": _KEPT_SECONDS,
        "Vary": "Origin",
    }
    # A browser asks so before a public page reaches an address of the visitor's own network.
    if values(scope, b"access-control-request-private-network"):
        leave["Access-Control-Allow-Private-Network"] = "true"
    return leave


@lru_cache(maxsize=256)
def _host_name(host: str) -> str:
    try:
        return (urlsplit(f"//{host}").hostname or "").lower()
    except ValueError:
        return ""


def _foreign(origin: str, host: str) -> bool:
    if not origin:
        return False
    try:
        return urlsplit(origin).netloc.lower() != host.lower()
    except ValueError:
        return True

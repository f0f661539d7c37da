"""Refuses requests that a foreign web page makes a browser send: Host and Origin are checked."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable
from functools import lru_cache
from urllib.parse import urlsplit

from starlette.types import ASGIApp, Receive, Scope, Send

from stratagraph.service.http.headers import values
from stratagraph.service.http.problems import problem

LOOPBACK_NAMES = frozenset({"localhost"})


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
    there (DNS rebinding), or post to it.
    """

    def __init__(self, app: ASGIApp, allowed: Iterable[str] = ()) -> None:
        self.app = app
        self.allowed = frozenset(name.lower() for name in allowed)

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
        elif _foreign(origin, host):
            refusal = problem(
                slug="foreign-origin",
                title="A page of another origin sent this request",
                status=403,
                detail=f"The Origin '{origin}' is not this service. Use its own pages.",
            )
        else:
            await self.app(scope, receive, send)
            return
        await refusal(scope, receive, send)


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

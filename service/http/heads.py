"""What the head of a request may be: not longer than anybody needs, and of one reading only."""

from __future__ import annotations

from typing import Final

from fastapi import Request
from starlette.types import ASGIApp, Receive, Scope, Send

from stratagraph.ontology.errors import StratagraphError
from stratagraph.service.http.refusals import refusal

HEADER_BYTES: Final = 32 << 10
"""Bytes of all headers together. The address, which may hold a whole query, is not among them."""


class HeadersTooLarge(StratagraphError, slug="headers-too-large", status=431):
    """The headers of the request are longer than all that is read of them."""

    text = "The headers of the request have more than {limit} bytes. Send fewer, or shorter ones."
    limit: int = HEADER_BYTES


class TwoLengths(StratagraphError, slug="two-lengths", status=400):
    """The request says in two ways where its body ends."""

    text = "The request has both Content-Length and Transfer-Encoding, which may disagree on where it ends. Send one."


class UnreadTransferEncoding(StratagraphError, slug="unread-transfer-encoding", status=400):
    """The body comes in a coding that the server passes on as it is: our routes would take it for the data."""

    text = "The Transfer-Encoding '{given}' is not read here. Send the body in plain chunks, or with its length."
    longest = 100

    given: str


class HeadGuard:
    """ASGI middleware: refuses heads that are too long or ambiguous, and reads nothing more of their connection.

    Where a body ends decides where the next request begins. A proxy in front that reads the other of two lengths would
    take part of one client's body for another client's request, so nothing may follow on that connection.
    """

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, or answer 400 or 431 and have the connection closed."""
        fault = _fault(scope) if scope["type"] == "http" else None
        if fault is None:
            await self.app(scope, receive, send)
            return
        answer = refusal(fault, Request(scope))
        answer.headers["Connection"] = "close"
        await answer(scope, receive, send)


def _fault(scope: Scope) -> StratagraphError | None:
    headers: list[tuple[bytes, bytes]] = scope["headers"]
    size = 0
    lengths: dict[bytes, bytes] = {}
    for name, value in headers:
        size += len(name) + len(value)
        if name in {b"content-length", b"transfer-encoding"}:
            lengths[name] = b", ".join([lengths[name], value]) if name in lengths else value
    if size > HEADER_BYTES:
        return HeadersTooLarge()
    if len(lengths) > 1:
        return TwoLengths()
    coding = lengths.get(b"transfer-encoding", b"chunked").strip()
    return UnreadTransferEncoding(given=coding.decode("latin-1")) if coding.lower() != b"chunked" else None

"""Answers in gzip, for clients that take it."""

from __future__ import annotations

import zlib
from collections.abc import Mapping
from typing import Final

from anyio import to_thread
from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from stratagraph.service.http.headers import values
from stratagraph.service.http.negotiation import takes_gzip

SMALLEST: Final = 1024
"""Bytes below which an answer stays as it is: the headers would eat what is won."""
LEVEL: Final = 5
"""Beyond it, the time goes up faster than the size goes down."""

_GZIP: Final = 16 + zlib.MAX_WBITS
_LARGE: Final = 64 << 10
"""Bytes from which a piece is compressed in a thread, so that no other answer waits for it."""
_DENSE: Final = (
    b"application/gzip",
    b"application/octet-stream",
    b"application/pdf",
    b"application/zip",
    b"audio/",
    b"font/",
    b"image/",
    b"text/event-stream",
    b"video/",
)
"""Beginnings of the media types that are small already, or must not wait for more to come."""
_SVG: Final = b"image/svg+xml"


class Compression:
    """ASGI middleware: compresses answers of more than a kilobyte where ``Accept-Encoding`` allows it.

    An answer that is sent in pieces is compressed piece by piece, none of which waits for the next; one that is cut
    gets no end in gzip either, so that no client takes it for complete.
    """

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, and the answer back through gzip."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        wanted = takes_gzip(",".join(values(scope, b"accept-encoding")))
        await self.app(scope, receive, _Answer(send, wanted=wanted).take)


class _Answer:
    """One answer on its way: its start is held back until the first piece tells how large it is."""

    def __init__(self, send: Send, *, wanted: bool) -> None:
        self._send = send
        self._wanted = wanted
        self._start: Message | None = None
        self._packer: zlib._Compress | None = None

    async def take(self, message: Message) -> None:
        """Send a message on, or hold it back."""
        if message["type"] == "http.response.start":
            self._start = message
            return
        if message["type"] == "http.response.body":
            if self._start is not None:
                await self._begin(self._start, message)
                self._start = None
            message = await self._packed(message)
        await self._send(message)

    async def _begin(self, start: Message, first: Message) -> None:
        """Decide what becomes of the answer, and send its start."""
        if _compressible({name.lower(): value for name, value in start["headers"]}):
            headers = MutableHeaders(raw=list(start["headers"]))
            headers.add_vary_header("Accept-Encoding")
            if self._wanted and (first.get("more_body") or len(first.get("body", b"")) >= SMALLEST):
                self._packer = zlib.compressobj(LEVEL, zlib.DEFLATED, _GZIP)
                _describe(headers)
            start["headers"] = headers.raw
        await self._send(start)

    async def _packed(self, message: Message) -> Message:
        if self._packer is None:
            return message
        body, more = message.get("body", b""), message.get("more_body", False)
        packer = self._packer

        def pack() -> bytes:
            return packer.compress(body) + packer.flush(zlib.Z_SYNC_FLUSH if more else zlib.Z_FINISH)

        return {**message, "body": await to_thread.run_sync(pack) if len(body) >= _LARGE else pack()}


def _compressible(headers: Mapping[bytes, bytes]) -> bool:
    kind = headers.get(b"content-type", b"").lower()
    if not kind or b"content-encoding" in headers or b"no-transform" in headers.get(b"cache-control", b""):
        return False
    return kind.startswith(_SVG) or not kind.startswith(_DENSE)


def _describe(headers: MutableHeaders) -> None:
    """Say that the answer is compressed. Its bytes are others than those that a strong ETag vouches for."""
    headers["Content-Encoding"] = "gzip"
    del headers["Content-Length"]
    etag = headers.get("etag")
    if etag and not etag.startswith("W/"):
        headers["ETag"] = f"W/{etag}"

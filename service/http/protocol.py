"""The connection of one client: uvicorn's, with bounds on how long a request's head may be, and may take."""

from __future__ import annotations

import asyncio
from typing import Final

from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol

from stratagraph.ontology.errors import StratagraphError
from stratagraph.service.http.problems import from_error
from stratagraph.service.workers.limits import QuerySettings

HEAD_SECONDS: Final = 20.0
"""Seconds that a request's head may take. A client that opens connections and says nothing would take all there are."""
_EXPANSION: Final = 3  # a percent-encoded byte takes three
HEAD_BYTES: Final = QuerySettings().query_bytes * _EXPANSION + (64 << 10)
"""How long the head of a request may be: a query of full length fits into the address."""
_LONGEST_READ: Final = 60_000
"""Bytes of an address that the parser takes apart: it counts them in 16 bits, and refuses what is longer."""


class HeadTooLong(StratagraphError, slug="head-too-long", status=431):
    """The head of the request is longer than all that is read of one."""

    text = "The head of the request is too long: it has more than {limit} bytes. Send the query in the body of a POST."
    limit: int = HEAD_BYTES


class HeadTooSlow(StratagraphError, slug="head-too-slow", status=408):
    """The head of the request did not come in time."""

    text = "The head of the request did not come within {seconds:g} s, and the connection is closed. Send it at once."
    seconds: float


class MalformedRequest(StratagraphError, slug="malformed-request", status=400):
    """What came is no request of HTTP/1.1."""

    text = (
        "This is no request of HTTP/1.1, or it says in two ways where its body ends; it was not read on, and the "
        "connection is closed. Send it again by a library for HTTP, with Content-Length or Transfer-Encoding, not both."
    )


class BoundedProtocol(HttpToolsProtocol):
    """Refuses heads that are too long or too slow, before any of our code sees them.

    The parser keeps a head as long as it comes, and the server waits for it as long as the client likes: both are for
    whoever embeds them to bound.
    """

    _head = 0
    """Bytes of the head that is coming in."""
    _begun = False
    _complete = False
    _deaf = False
    """Whether nothing that comes is read any more."""
    _timer: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as in the base
        """Begin to wait for the first head."""
        super().connection_made(transport)
        self._wait()

    def connection_lost(self, exc: Exception | None) -> None:
        """Wait no more."""
        self._rest()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Take what has come; count it as long as it belongs to a head."""
        if self._deaf:
            return
        if not self._complete:
            self._head += len(data)
            if self._head > HEAD_BYTES:
                self._refuse(HeadTooLong())
                return
        super().data_received(data)
        if self._deaf or self.transport.is_closing():
            self._rest()
        elif (self._begun or self._head) and not self._complete and self._timer is None:
            self._wait()

    def on_message_begin(self) -> None:
        """Begin to count anew. What came with the end of the request before is not counted: one read at most."""
        super().on_message_begin()
        self._begun = True
        self._head = 0

    def on_headers_complete(self) -> None:
        """Leave the rest to the request: its body is bounded where it is read."""
        self._begun = False
        self._complete = True
        self._rest()
        query: bytes | None = None
        if len(self.url) > _LONGEST_READ:
            self.url, _, rest = self.url.partition(b"?")
            query = rest.partition(b"#")[0]
        super().on_headers_complete()
        if query is not None:
            self.scope["query_string"] = query  # the request begins with the next turn of the loop

    def on_message_complete(self) -> None:
        """Count what comes next as a head, also before its first line has begun."""
        super().on_message_complete()
        self._complete = False
        self._head = 0

    def _wait(self) -> None:
        self._timer = self.loop.call_later(HEAD_SECONDS, self._expire)

    def _rest(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _expire(self) -> None:
        self._timer = None
        self._refuse(HeadTooSlow(seconds=HEAD_SECONDS))

    def send_400_response(self, msg: str) -> None:  # noqa: ARG002  the base's word for all that its parser refuses
        """Refuse what the parser does not take for a request."""
        self._refuse(MalformedRequest())

    def _refuse(self, error: StratagraphError) -> None:
        """Answer with the error, where an answer may stand, and close: where the next request begins is not known."""
        self._rest()
        self._deaf = True
        cycle, answer = self.cycle, from_error(error)
        answer.headers["Cache-Control"] = "no-store"
        if cycle is not None and not cycle.response_complete and (self.pipeline or not cycle.more_body):
            # Whole requests came before, and get their answers first; the newest in line, or this, is the last.
            cycle.keep_alive = False
            if cycle.more_body:
                self.pipeline[0] = (cycle, answer)  # type: ignore[assignment]  # Starlette has its own types of ASGI
            return
        if cycle is None or cycle.response_complete or not cycle.response_started:
            headers = [*self.server_state.default_headers, *answer.raw_headers, (b"connection", b"close")]
            lines = b"".join(b"%b: %b\r\n" % header for header in headers)
            self.transport.write(STATUS_LINE[error.status] + lines + b"\r\n" + bytes(answer.body))
        self.transport.close()  # within an answer that is being written nothing may stand

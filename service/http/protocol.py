"""The connection of one client: uvicorn's, with bounds on how long a request's head may be, and may take."""

from __future__ import annotations

import asyncio
from typing import Final

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from stratagraph.service.workers.limits import QuerySettings

HEAD_SECONDS: Final = 20.0
"""Seconds that a request's head may take. A client that opens connections and says nothing would take all there are."""
_EXPANSION: Final = 3  # a percent-encoded byte takes three
HEAD_BYTES: Final = QuerySettings().query_bytes * _EXPANSION + (64 << 10)
"""How long the head of a request may be: a query of full length fits into the address."""
_LONGEST_READ: Final = 60_000
"""Bytes of an address that the parser takes apart: it counts them in 16 bits, and refuses what is longer."""
_TOO_LONG: Final = "The head of the request is too long. Send the query in the body of a POST."
_TOO_SLOW: Final = "The head of the request did not come in time."


class BoundedProtocol(HttpToolsProtocol):
    """Refuses heads that are too long or too slow, before any of our code sees them.

    The parser keeps a head as long as it comes, and the server waits for it as long as the client likes: both are for
    whoever embeds them to bound.
    """

    _head = 0
    """Bytes of the head that is coming in."""
    _begun = False
    _complete = False
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
        if not self._complete:
            self._head += len(data)
            if self._head > HEAD_BYTES:
                self._refuse(_TOO_LONG)
                return
        super().data_received(data)
        if self.transport.is_closing():
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
        self._refuse(_TOO_SLOW)

    def _refuse(self, reason: str) -> None:
        self._rest()
        if self.cycle is None or self.cycle.response_complete:
            self.send_400_response(reason)
        else:
            self.transport.close()  # an answer is being written, and nothing may stand within it

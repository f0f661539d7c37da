"""One request to an application in this process, as ASGI 3 has it: no socket, and no library that loads for it."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import unquote

from starlette.types import ASGIApp, Message


@dataclass(slots=True)
class Exchange:
    """What was asked, and what the application has answered so far."""

    body: bytes
    asked: bool = False
    over: asyncio.Event = field(default_factory=asyncio.Event)
    status: int = 0
    headers: list[tuple[str, str]] = field(default_factory=list)
    content: bytearray = field(default_factory=bytearray)

    async def receive(self) -> Message:
        """Hand the body over; further reads wait until the answer is complete: the client stays."""
        if self.asked:
            await self.over.wait()
            return {"type": "http.disconnect"}
        self.asked = True
        return {"type": "http.request", "body": self.body, "more_body": False}

    async def send(self, message: Message) -> None:
        """Take a part of the answer in."""
        if message["type"] == "http.response.start":
            self.status = message["status"]
            self.headers = [(name.decode("latin-1"), value.decode("latin-1")) for name, value in message["headers"]]
        elif message["type"] == "http.response.body":
            self.content += message.get("body", b"")
            if not message.get("more_body", False):
                self.over.set()


async def exchange(app: ASGIApp, method: str, path: str, body: bytes | None, headers: Mapping[str, str]) -> Exchange:
    """Send one request, whose path is percent-encoded and may carry a query, and return what was answered."""
    address, _, query = path.partition("?")
    told = {"host": "localhost", "content-length": str(len(body or b"")), **headers}
    scope: dict[str, Any] = {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": method,
        "scheme": "http",
        "path": unquote(address),
        "raw_path": address.encode("ascii"),
        "query_string": query.encode("ascii"),
        "root_path": "",
        "headers": [(name.lower().encode("latin-1"), value.encode("latin-1")) for name, value in told.items()],
        "server": ("localhost", 80),
        "client": ("127.0.0.1", 0),
    }
    done = Exchange(body or b"")
    await app(scope, done.receive, done.send)
    return done

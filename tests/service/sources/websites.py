"""Web servers on loopback that answer as a test wants, and tell what they were asked."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email.message import Message
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TypeAlias

Behave: TypeAlias = Callable[[BaseHTTPRequestHandler], None]


@dataclass
class Website:
    """A server; ``behave`` may be changed at any time."""

    url: str
    behave: Behave
    asked: list[tuple[str, Message]] = field(default_factory=list)
    let_go: threading.Event = field(default_factory=threading.Event)
    """Set at the end: what a test lets stall goes on then."""


@contextmanager
def website(behave: Behave) -> Iterator[Website]:
    """Run a server for the length of a block."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            site.asked.append((self.path, self.headers))
            self.close_connection = True
            try:
                site.behave(self)
            except OSError:
                return  # who asked has gone

        def do_POST(self) -> None:
            self.do_GET()

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002  the library's name
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    site = Website(f"http://127.0.0.1:{server.server_port}", behave)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield site
    finally:
        site.let_go.set()
        server.shutdown()
        server.server_close()
        thread.join()


def stall(request: BaseHTTPRequestHandler) -> None:
    """Answer nothing until the client has gone."""
    request.connection.recv(1)


def answer(body: bytes | str, status: int = 200, media_type: str = "application/yaml", **headers: str) -> Behave:
    """Answer the same to everybody."""
    sent = body.encode() if isinstance(body, str) else body

    def behave(request: BaseHTTPRequestHandler) -> None:
        request.send_response(status)
        told = {"Content-Type": media_type, "Content-Length": str(len(sent))}
        for name, value in {**told, **{name.replace("_", "-"): value for name, value in headers.items()}}.items():
            request.send_header(name, value)
        request.end_headers()
        request.wfile.write(sent)

    return behave

"""Connections by hand: what a well-mannered HTTP library never sends, or never leaves unfinished."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from urllib.parse import urlsplit

PATIENCE = 30.0
"""Seconds until an answer is taken to have failed to come; a bound, not a measurement."""


def connect(url: str) -> socket.socket:
    """Open a connection to a service."""
    place = urlsplit(url)
    assert place.hostname
    assert place.port
    return socket.create_connection((place.hostname, place.port), timeout=PATIENCE)


def head(method: str, path: str, *headers: str) -> bytes:
    """The head of a request to loopback."""
    return "\r\n".join([f"{method} {path} HTTP/1.1", "Host: 127.0.0.1", *headers, "", ""]).encode("latin-1")


def exchange(url: str, sent: bytes) -> bytes:
    """Send bytes, and return all that comes until the service closes the connection."""
    with connect(url) as wire:
        wire.sendall(sent)
        return rest(wire)


def rest(wire: socket.socket) -> bytes:
    """All that still comes until the service closes the connection."""
    found = bytearray()
    while piece := wire.recv(65536):
        found += piece
    return bytes(found)


def status(answer: bytes) -> int:
    """The status of the first answer of a connection."""
    return int(answer.split(b" ", 2)[1])


def is_silent(wire: socket.socket) -> bool:
    """Whether nothing has come yet, not even the end."""
    wire.setblocking(False)
    try:
        return wire.recv(1, socket.MSG_PEEK) is None
    except BlockingIOError:
        return True
    finally:
        wire.settimeout(PATIENCE)


@contextmanager
def held(url: str, sent: bytes, times: int) -> Iterator[list[socket.socket]]:
    """Begin a request on many connections, and hold them for the length of a block."""
    with ExitStack() as open_ones:
        wires = [open_ones.enter_context(connect(url)) for _ in range(times)]
        for wire in wires:
            wire.sendall(sent)
        yield wires

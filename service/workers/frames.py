"""What worker and service say to each other over a pipe: one letter, a length, and that many bytes."""

from __future__ import annotations

import struct
from enum import StrEnum
from typing import IO, TYPE_CHECKING, Final

import orjson

if TYPE_CHECKING:
    import asyncio  # workers do without it and start sooner

_HEAD: Final = struct.Struct("!cI")


class Say(StrEnum):
    """The letter of a frame."""

    OPEN = "o"  # to the worker: {"path"}; answered by READY
    QUERY = "q"  # to the worker: a Question; answered by DATA*, then END or FAULT
    READY = "r"
    DATA = "d"
    END = "e"  # {"worn"}: the worker holds on to so much memory that it should be replaced
    FAULT = "f"  # {"kind", "detail"}


def pack(say: Say, body: bytes | dict[str, object] = b"") -> bytes:
    """Return the bytes of one frame; a mapping goes as JSON."""
    payload = body if isinstance(body, bytes) else orjson.dumps(body)
    return _HEAD.pack(say.encode(), len(payload)) + payload


def read(pipe: IO[bytes]) -> tuple[Say, bytes] | None:
    """Wait for one frame; None when the other side is gone."""
    head = pipe.read(_HEAD.size)
    if len(head) < _HEAD.size:
        return None
    letter, length = _HEAD.unpack(head)
    return Say(letter.decode()), pipe.read(length)


async def receive(reader: asyncio.StreamReader) -> tuple[Say, bytes]:
    """Wait for one frame without blocking.

    Raises:
        asyncio.IncompleteReadError: the other side is gone.
    """
    letter, length = _HEAD.unpack(await reader.readexactly(_HEAD.size))
    return Say(letter.decode()), await reader.readexactly(length)

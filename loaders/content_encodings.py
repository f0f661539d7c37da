"""Content encodings of a telemetry body: what was done to it on its way, undone within bounds."""

from __future__ import annotations

import sys
import zlib
from collections.abc import Callable
from typing import Final, Protocol

from stratagraph.ontology.errors import StratagraphError

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

LIMIT: Final = 64 * 2**20
"""Bytes that a body may have, also after decompression: what the protocol recommends."""
MOST_ENCODINGS: Final = 4
"""Encodings laid over each other. Each is undone in full, so that a long list would be work without an end."""
MOST_MEMBERS: Final = 10_000
"""Members, or frames, that one body may consist of: an empty one is 20 bytes, and each takes a decompressor."""
_PIECE: Final = 16 << 10
"""Bytes that are given to a decompressor at once: what follows a member is copied as often as members end."""
# The number of window bits tells zlib the format: 16 more mean gzip, less than nothing no header at all.
_GZIP: Final = 16 + zlib.MAX_WBITS
_ZLIB: Final = zlib.MAX_WBITS
_RAW: Final = -zlib.MAX_WBITS


class UnsupportedEncoding(StratagraphError, slug="unsupported-encoding", status=415):
    """A media type or content encoding that is not read here."""

    text = "The {header} '{given}' is not read here. Send one of: {known}."
    longest = 200

    header: str
    given: str
    known: str


class BodyTooLarge(StratagraphError, slug="body-too-large", status=413):
    """A body over the limit, as sent or decompressed."""

    text = "The body has more than {limit} bytes when decompressed. Export smaller batches."

    limit: int


class MalformedOtlp(StratagraphError, slug="malformed-otlp", status=400):
    """A body that is no OTLP request."""

    text = "The body is no OTLP trace request: {reason}. Check the exporter's protocol setting."

    reason: str


class _Decompressor(Protocol):
    """One member of a body, as both libraries read it."""

    @property
    def eof(self) -> bool:
        """Whether the member has ended."""

    @property
    def unused_data(self) -> bytes:
        """What came after its end."""

    def decompress(self, data: bytes, max_length: int, /) -> bytes:
        """Return what can be had of it so far, and no more than so many bytes."""


def _gzip(_: bytes) -> _Decompressor:
    return zlib.decompressobj(_GZIP)


def _deflate(body: bytes) -> _Decompressor:
    """Return what reads a deflated body, with the header that HTTP asks for and some senders leave out."""
    # RFC 1950, section 2.2: the method in the low bits, and both bytes together a multiple of 31.
    headed = len(body) > 1 and body[0] & 0x0F == zlib.DEFLATED and int.from_bytes(body[:2]) % 31 == 0
    return zlib.decompressobj(_ZLIB if headed else _RAW)


def _zstd(_: bytes) -> _Decompressor:
    # A frame says itself how much of what came before it wants kept; no more than a body may have.
    return zstd.ZstdDecompressor(options={zstd.DecompressionParameter.window_log_max: LIMIT.bit_length()})


_KINDS: Final[dict[str, Callable[[bytes], _Decompressor]]] = {
    "gzip": _gzip,
    "x-gzip": _gzip,  # the same, by its older name (RFC 9110, section 8.4.1.3)
    "deflate": _deflate,
    "zstd": _zstd,
}
KNOWN: Final = ("gzip", "deflate", "zstd", "identity")
"""What a sender may choose from."""


def encodings(header: str) -> tuple[str, ...]:
    """Return the encodings that a Content-Encoding header names, in the order they were applied.

    Raises:
        UnsupportedEncoding: one is not read here, or there are too many.
    """
    names = [name.strip().lower() for name in header.split(",")]
    applied = tuple(name for name in names if name not in {"", "identity"})
    if len(applied) > MOST_ENCODINGS or not all(name in _KINDS for name in applied):
        raise UnsupportedEncoding(header="Content-Encoding", given=header, known=", ".join(KNOWN))
    return applied


def decompress(body: bytes, header: str, *, limit: int = LIMIT) -> bytes:
    """Return the body without its content encodings, never holding more than the limit of any step.

    Raises:
        UnsupportedEncoding: as ``encodings``.
        BodyTooLarge: it is over the limit, as it came or after a step.
        MalformedOtlp: it is not what the header says.
    """
    if len(body) > limit:
        raise BodyTooLarge(limit=limit)
    for name in reversed(encodings(header)):
        body = _undone(body, _KINDS[name], limit)
    return body


def _undone(body: bytes, begin: Callable[[bytes], _Decompressor], limit: int) -> bytes:
    """Return the decompressed members, one after the other; stop at one byte beyond the limit."""
    plain = bytearray()
    engine: _Decompressor | None = None
    members = 0
    for at in range(0, len(body), _PIECE):
        piece = body[at : at + _PIECE]
        # A gzip file may be several in a row (RFC 1952, section 2.2), and so may frames of zstd (RFC 8878, section 3).
        while piece:
            if engine is None:
                members += 1
                if members > MOST_MEMBERS:
                    raise MalformedOtlp(reason=f"its compressed data have more than {MOST_MEMBERS} members")
                engine = begin(piece)
            try:
                # One byte more than allowed tells a body that goes on from one that just fits.
                plain += engine.decompress(piece, limit + 1 - len(plain))
            except (zlib.error, zstd.ZstdError) as error:
                raise MalformedOtlp(reason=f"it cannot be decompressed ({error})") from None
            if len(plain) > limit:
                raise BodyTooLarge(limit=limit)
            piece = engine.unused_data if engine.eof else b""
            engine = None if engine.eof else engine
    if engine is not None:
        raise MalformedOtlp(reason="the compressed data end too soon")
    return bytes(plain)

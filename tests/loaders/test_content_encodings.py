from __future__ import annotations

import gzip
import sys
import tracemalloc
import zlib
from collections.abc import Callable
from contextlib import suppress
from functools import reduce

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stratagraph.loaders.content_encodings import (
    MOST_MEMBERS,
    BodyTooLarge,
    MalformedOtlp,
    UnsupportedEncoding,
    decompress,
)

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

BODY = bytes(range(256)) * 300


def raw_deflate(body: bytes) -> bytes:
    engine = zlib.compressobj(wbits=-15)
    return engine.compress(body) + engine.flush()


def members(compress: Callable[[bytes], bytes]) -> Callable[[bytes], bytes]:
    """Compress in three pieces, one of them empty."""
    return lambda body: compress(body[:4]) + compress(b"") + compress(body[4:])


def zstd_in_pieces(body: bytes) -> bytes:
    """A frame that does not say how long its content is, as who compresses while sending writes it."""
    engine = zstd.ZstdCompressor()
    return engine.compress(body[:9]) + engine.compress(body[9:]) + engine.flush()


ENCODINGS: list[tuple[str, Callable[[bytes], bytes]]] = [
    ("identity", bytes),
    ("", bytes),
    ("gzip", gzip.compress),
    ("x-gzip", gzip.compress),
    ("GZIP ", members(gzip.compress)),
    ("deflate", zlib.compress),
    (" Deflate", raw_deflate),
    ("zstd", zstd.compress),
    ("Zstd", members(zstd.compress)),
    ("zstd", zstd_in_pieces),
    ("identity, gzip", gzip.compress),
    ("gzip, zstd", lambda body: zstd.compress(gzip.compress(body))),
    ("zstd,deflate , gzip", lambda body: gzip.compress(zlib.compress(zstd.compress(body)))),
]


@pytest.mark.parametrize(("header", "encode"), ENCODINGS)
@pytest.mark.parametrize("body", [b"", b"x", BODY], ids=["empty", "short", "long"])
def test_what_was_encoded_is_had_again(header: str, encode: Callable[[bytes], bytes], body: bytes) -> None:
    assert decompress(encode(body), header) == body


STEPS: dict[str, Callable[[bytes], bytes]] = {"gzip": gzip.compress, "deflate": raw_deflate, "zstd": zstd.compress}


@given(st.binary(max_size=40_000), st.lists(st.sampled_from(sorted(STEPS)), max_size=4))
def test_any_encodings_in_any_order(body: bytes, names: list[str]) -> None:
    encoded = reduce(lambda sent, name: STEPS[name](sent), names, body)
    assert decompress(encoded, ", ".join(names)) == body


@given(st.binary(max_size=200), st.sampled_from(["gzip", "deflate", "zstd", "gzip, zstd"]))
def test_any_bytes_are_read_or_refused(body: bytes, header: str) -> None:
    with suppress(MalformedOtlp, BodyTooLarge):
        decompress(body, header, limit=10_000)


@pytest.mark.parametrize(("header", "encode"), [each for each in ENCODINGS if "," not in each[0]])
def test_the_limit_holds_after_decompression(header: str, encode: Callable[[bytes], bytes]) -> None:
    bomb, fits = encode(bytes(1_000_001)), encode(bytes(1_000_000))
    assert len(decompress(fits, header, limit=1_000_000)) == 1_000_000
    with pytest.raises(BodyTooLarge):
        decompress(bomb, header, limit=1_000_000)


@pytest.mark.parametrize("name", STEPS)
def test_a_bomb_takes_no_more_memory_than_the_limit(name: str) -> None:
    bomb = STEPS[name](bytes(50_000_000))
    tracemalloc.start()
    try:
        with pytest.raises(BodyTooLarge):
            decompress(bomb, name, limit=1_000_000)
        assert tracemalloc.get_traced_memory()[1] < 5_000_000
    finally:
        tracemalloc.stop()


def test_a_bomb_in_a_bomb_stops_at_the_first_step_over_the_limit() -> None:
    with pytest.raises(BodyTooLarge):
        decompress(zstd.compress(gzip.compress(bytes(50_000_000))), "gzip, zstd", limit=10_000)


@pytest.mark.parametrize("name", ["gzip", "zstd"])
def test_members_without_content_have_a_bound(name: str) -> None:
    assert decompress(STEPS[name](b"") * 100, name) == b""
    with pytest.raises(MalformedOtlp, match="members"):
        decompress(STEPS[name](b"") * (MOST_MEMBERS + 1), name)


@pytest.mark.parametrize("name", STEPS)
def test_broken_compression_is_malformed(name: str) -> None:
    whole = STEPS[name](b"hello" * 100)
    for broken in (b"\xffno such thing", whole[:-1], whole[: len(whole) // 2], whole + b"\xffrest"):
        with pytest.raises(MalformedOtlp):
            decompress(broken, name)


@pytest.mark.parametrize(
    "header", ["br", "gzip, br", "gzip gzip", "gzip;q=1", "chunked", ", ".join(["gzip"] * 5)], ids=str
)
def test_what_is_not_read_is_named(header: str) -> None:
    with pytest.raises(UnsupportedEncoding, match="gzip, deflate, zstd, identity"):
        decompress(b"", header)

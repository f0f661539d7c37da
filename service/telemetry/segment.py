"""One file of the spool: records one behind the other, each with its length and a checksum.

A record is its payload's length, the checksum, the signal and the time at which it was heard, then the payload. The
checksum is of all that but itself, so that a length that was damaged is seen too.
"""

from __future__ import annotations

import os
import struct
from collections.abc import Iterator
from pathlib import Path
from typing import Final
from zlib import crc32

from stratagraph.service.telemetry.reader import Entry
from stratagraph.service.telemetry.signals import Signal

MAGIC: Final = b"SGSPOOL1"
SUFFIX: Final = ".spool"
_CHECK: Final = struct.Struct("<I")
_HEAD: Final = struct.Struct("<IBq")
_PREFIX: Final = _HEAD.size + _CHECK.size
_SIGNALS: Final = tuple(Signal)


class Damaged(Exception):
    """A record that is not what was written: its file and offset, and how far the file was whole."""

    def __init__(self, file: Path, offset: int) -> None:
        super().__init__(file, offset)
        self.file = file
        self.offset = offset


def frame(signal: Signal, heard: int, payload: bytes) -> bytes:
    """Return a record as it stands in a file."""
    head = _HEAD.pack(len(payload), _SIGNALS.index(signal), heard)
    return head + _CHECK.pack(crc32(payload, crc32(head))) + payload


def path_of(folder: Path, base: int) -> Path:
    """Return the file that begins at a position."""
    return folder / f"{base:020d}{SUFFIX}"


def base_of(file: Path) -> int:
    """Return the position at which a file begins: its name tells, so that damage does not hide it."""
    return int(file.name.removesuffix(SUFFIX))


def create(folder: Path, base: int) -> int:
    """Make the file that begins at a position, readable by its owner alone; return its descriptor, at its end."""
    file = path_of(folder, base)
    made = os.open(file, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_APPEND | os.O_CLOEXEC, 0o600)
    try:
        os.write(made, MAGIC)
        os.fdatasync(made)
        sync_folder(folder)
    except OSError:
        os.close(made)
        file.unlink(missing_ok=True)
        raise
    return made


def sync_folder(folder: Path) -> None:
    """Make the names in a folder durable."""
    opened = os.open(folder, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(opened)
    finally:
        os.close(opened)


def entries(file: Path, *, until: int | None = None) -> Iterator[Entry]:
    """Yield what stands in a file before a position. Raises Damaged where a record is cut or not what was written."""
    base = base_of(file)
    with file.open("rb") as opened:
        data = opened.read(-1 if until is None else until - base)
    size = len(data)
    if data[: len(MAGIC)] != MAGIC:
        raise Damaged(file, 0)
    offset = len(MAGIC)
    while offset < size:
        entry = _entry(data, offset, base)
        if entry is None:
            raise Damaged(file, offset)
        yield entry
        offset = entry.end - base


def goes_on(file: Path, offset: int) -> bool:
    """Return whether a whole record follows one that is damaged: then it is no tail that was cut while it was written.

    What was being written when the machine stopped was never acknowledged, and nothing was written behind it.
    """
    data = file.read_bytes()
    if len(data) < offset + _PREFIX:
        return False
    length = _HEAD.unpack_from(data, offset)[0]
    return _entry(data, offset + _PREFIX + length, 0) is not None


def _entry(data: bytes, offset: int, base: int) -> Entry | None:
    """Return the record at an offset; None where there is none that is whole."""
    if len(data) < offset + _PREFIX:
        return None
    length, signal, heard = _HEAD.unpack_from(data, offset)
    begin = offset + _PREFIX
    if len(data) < begin + length or signal >= len(_SIGNALS):
        return None
    payload = data[begin : begin + length]
    (told,) = _CHECK.unpack_from(data, offset + _HEAD.size)
    if told != crc32(payload, crc32(data[offset : offset + _HEAD.size])):
        return None
    return Entry(base + offset, base + begin + length, _SIGNALS[signal], heard, payload)

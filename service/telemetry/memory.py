"""Which spans were told, when nothing else is known of them any more: eight bytes for each, on disk and in memory.

Of a span a hash of its key is kept, in sorted arrays: beside a thousand million of them, one stranger in some ten
thousand million is taken for known. What is added is durable once ``save`` was called, in a file of its own. Files are
gathered in batches, and a batch is forgotten as a whole: when all of it is older than the time, or when there are more
spans than may be.
"""

from __future__ import annotations

import logging
import os
import struct
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from hashlib import blake2b
from pathlib import Path
from typing import TYPE_CHECKING, Final, TypeAlias
from zlib import crc32

from stratagraph.loaders.genai.record import SpanKey
from stratagraph.service.privacy import make_private
from stratagraph.service.telemetry.segment import sync_folder

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Hashes: TypeAlias = NDArray[np.uint64]

log = logging.getLogger(__name__)

SUFFIX: Final = ".spans"
MAGIC: Final = b"SGspans1"
BATCHES: Final = 8
"""Into how many the time, and the number of spans, are divided: so much more may be kept than was asked for."""
MOST_LOOSE: Final = 1 << 16
"""Spans that are held as Python's numbers, ten times the size, until they are sorted."""
SMALL: Final = 1 << 13
"""Spans below which a file is written anew with those that come next."""
_HEADER: Final = struct.Struct("<8sQI")
_HASH_BYTES: Final = 8


@dataclass(slots=True)
class _Batch:
    """Spans that are forgotten together: when the first and the last of their files was written, and the files."""

    first: int
    last: int
    files: list[Path] = field(default_factory=list)
    runs: list[Hashes] = field(default_factory=list)

    @property
    def size(self) -> int:
        return sum(map(len, self.runs))

    def add(self, run: Hashes) -> None:
        """Take in a run; those that are not much longer become one with it, so that there are never many."""
        while self.runs and len(self.runs[-1]) <= 2 * len(run):
            run = _together([self.runs.pop(), run])
        self.runs.append(run)


class SpanMemory:
    """Remembers spans for so many ``seconds``, and no more than ``most`` of them. For one thread at a time."""

    def __init__(self, folder: Path, *, seconds: float, most: int, clock: Callable[[], int] = time.time_ns) -> None:
        """Begin with what is in the folder's files, which are read when they are first asked for."""
        self._folder = folder
        self._kept = int(seconds * 1e9)
        self._most = most
        self._clock = clock
        self._loose: set[int] = set()
        self._unsaved: list[Hashes] = []
        self._batches: list[_Batch] = []
        self._small: tuple[Path, Hashes] | None = None
        self._loaded = False

    def __len__(self) -> int:
        """Return how many spans are remembered, those that were added twice perhaps counted twice."""
        self._load()
        return len(self._loose) + sum(map(len, self._unsaved)) + sum(batch.size for batch in self._batches)

    def add(self, keys: Iterable[SpanKey]) -> None:
        """Remember spans."""
        self._loose.update(map(_hash, keys))
        if len(self._loose) >= MOST_LOOSE:
            self._unsaved.append(self._sorted())

    def among(self, keys: Iterable[SpanKey]) -> set[SpanKey]:
        """Return those of the spans that are remembered. Raises OSError."""
        self._load()
        self._forget(self._clock())
        hashed = {key: _hash(key) for key in keys}
        found = {key for key, number in hashed.items() if number in self._loose}
        runs = [*self._unsaved, *(run for batch in self._batches for run in batch.runs)]
        if not runs or not hashed:
            return found
        import numpy as np

        listed = list(hashed)
        numbers = np.fromiter(hashed.values(), np.uint64, len(hashed))
        hits = np.zeros(len(numbers), np.bool_)
        for run in runs:
            places = np.searchsorted(run, numbers)
            hits |= run[np.minimum(places, len(run) - 1)] == numbers
        found.update(listed[place] for place in np.flatnonzero(hits))
        return found

    def save(self, position: int) -> None:
        """Make what was added durable, in the file of a position; then forget what is too old or too much.

        Raises OSError: all that was added is still there, to be saved the next time.
        """
        self._load()
        now = self._clock()
        if self._loose:
            self._unsaved.append(self._sorted())
        if self._unsaved:
            run = _together(self._unsaved)
            small, self._small = self._small, None
            whole = run if small is None else _together([small[1], run])
            file = self._free(position)
            try:
                self._write(file, now, whole)
            except OSError:
                self._small = small
                raise
            self._unsaved = []
            self._take(file, now, run)
            if small is not None:
                self._let_go(small[0])
            # A quiet service saves a few spans each second: they need no file each.
            if len(whole) < SMALL and not self._is_full(now):
                self._small = file, whole
        self._forget(now)

    def _sorted(self) -> Hashes:
        import numpy as np

        run = np.fromiter(self._loose, np.uint64, len(self._loose))
        run.sort()
        self._loose = set()
        return run

    def _write(self, file: Path, now: int, run: Hashes) -> None:
        make_private(self._folder)
        data = run.astype("<u8").tobytes()
        draft = file.with_suffix(".draft")
        with draft.open("wb") as written:
            written.write(_HEADER.pack(MAGIC, now, _checked(now, data)))
            written.write(data)
            written.flush()
            os.fsync(written.fileno())
        draft.replace(file)
        sync_folder(self._folder)

    def _take(self, file: Path, written: int, run: Hashes) -> None:
        """Put a file's spans into the newest batch, or into a new one where that is full."""
        if self._is_full(written):
            self._batches.append(_Batch(written, written))
        newest = self._batches[-1]
        newest.last = max(newest.last, written)
        newest.files = [known for known in newest.files if known != file] + [file]
        newest.add(run)

    def _is_full(self, now: int) -> bool:
        """Tell whether the newest batch, if any, takes in no more."""
        if not self._batches:
            return True
        newest = self._batches[-1]
        return now - newest.first > self._kept // BATCHES or newest.size > self._most // BATCHES

    def _free(self, position: int) -> Path:
        """Return the name of a new file for what was told up to a position."""
        while (file := self._folder / f"{position:020d}{SUFFIX}").exists():
            position += 1
        return file

    def _let_go(self, file: Path) -> None:
        """Remove a file whose spans stand in another one too."""
        file.unlink(missing_ok=True)
        for batch in self._batches:
            batch.files = [known for known in batch.files if known != file]

    def _forget(self, now: int) -> None:
        while self._batches and self._batches[0].last + self._kept < now:
            self._drop()
        while len(self._batches) > 1 and len(self) - self._batches[0].size >= self._most:
            self._drop()

    def _drop(self) -> None:
        batch = self._batches.pop(0)
        kept = {file for other in self._batches for file in other.files}
        for file in batch.files:
            if file not in kept:
                file.unlink(missing_ok=True)

    def _load(self) -> None:
        if self._loaded:
            return
        read = [(written, file, run) for file in self._folder.glob(f"*{SUFFIX}") for written, run in _read(file)]
        for written, file, run in sorted(read, key=lambda each: each[:2]):
            self._take(file, written, run)
        for draft in self._folder.glob("*.draft"):
            draft.unlink()
        self._loaded = True
        self._forget(self._clock())


def _hash(key: SpanKey) -> int:
    # Not Python's own, which is another one in each process; and ids are not as random everywhere as they should be.
    return int.from_bytes(blake2b(b"".join(key), digest_size=_HASH_BYTES).digest(), "little")


def _checked(written: int, data: bytes | memoryview) -> int:
    return crc32(data, crc32(written.to_bytes(8, "little")))


def _together(runs: Iterable[Hashes]) -> Hashes:
    import numpy as np

    return np.unique(np.concatenate(list(runs)))


def _read(file: Path) -> Iterable[tuple[int, Hashes]]:
    """Yield when a file was written, and its spans; nothing where it is damaged, which is logged, and it goes."""
    import numpy as np

    data = file.read_bytes()
    if len(data) > _HEADER.size:
        magic, written, checked = _HEADER.unpack_from(data)
        if magic == MAGIC and checked == _checked(written, memoryview(data)[_HEADER.size :]):
            yield written, np.frombuffer(data, "<u8", offset=_HEADER.size).astype(np.uint64)
            return
    log.warning("the spans in %s can't be told any more: it is damaged. They count again if they are sent again.", file)
    file.unlink()

"""Bodies of requests on their way in: on disk while they come, in memory while they are worked on."""

from __future__ import annotations

import asyncio
import logging
import shutil
import tempfile
from collections import deque
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import IO, Final

from anyio import CapacityLimiter, to_thread
from fastapi import Request

from stratagraph.ontology.errors import StratagraphError
from stratagraph.service.privacy import make_private

log = logging.getLogger(__name__)

SMALL: Final = 256 << 10
"""Bytes of a body that are kept in memory; a larger one goes to disk while it comes."""
SMALL_TOTAL: Final = 32 << 20
"""Bytes of all bodies that are kept in memory while they come; then smaller ones go to disk too."""
DISK: Final = 4 << 30
"""Bytes of bodies on disk: 64 uploads of the largest size."""
ROOM: Final = 128 << 20
"""Bytes of the bodies that are worked on at once, which takes several times as much memory."""
PATIENCE: Final = 60.0
"""Seconds that a body which has come in waits for its turn to be worked on."""
_WRITE: Final = 128 << 10
"""Bytes that are written at once, in a thread: a disk may be slow, and nobody else should wait for it."""
_WRITERS: Final = 8
"""Threads that write and read bodies: not those of the routes, which may all be busy with answers."""


class TooManyBodies(StratagraphError, slug="too-many-bodies", status=503):
    """More data are on their way in than the service holds at once."""

    text = "The service is taking in as much as it can hold. Send the request again in {retry_after} s."
    retry_after: int = 10


class Body:
    """A body that has come in whole."""

    def __init__(self, file: IO[bytes] | None, data: bytes, size: int, threads: CapacityLimiter) -> None:
        self._file = file
        self._data = data
        self._threads = threads
        self.size = size

    async def read(self) -> bytes:
        """Return all of it."""
        if self._file is None:
            return self._data
        return await to_thread.run_sync(self._from_disk, self._file, limiter=self._threads)

    def _from_disk(self, file: IO[bytes]) -> bytes:
        file.seek(0)
        return file.read()


class Intake:
    """Takes bodies in: on disk while they come, in memory while they are worked on, and of both only so much.

    Lives in one event loop.
    """

    def __init__(self, folder: Path, *, disk: int = DISK, room: int = ROOM) -> None:
        self._folder = folder
        self._disk = disk
        self._room = room
        self._small = 0
        self._on_disk = 0
        self._working = 0
        self._waiting: deque[tuple[int, asyncio.Future[None]]] = deque()
        self._threads: CapacityLimiter | None = None
        # What a service that was killed has left: nobody will read it.
        shutil.rmtree(folder, ignore_errors=True)

    @asynccontextmanager
    async def body(
        self, request: Request, limit: int, too_large: Callable[[], StratagraphError]
    ) -> AsyncIterator[Body]:
        """Take the body of a request in, for the length of a block.

        Raises:
            StratagraphError: ``too_large()`` of a body over the limit.
            TooManyBodies: there is no place for it.
        """
        coming = _Coming(self)
        try:
            async for piece in request.stream():
                await coming.add(piece)
                if coming.size > limit:
                    raise too_large()
            yield await coming.whole()
        finally:
            coming.close()

    @asynccontextmanager
    async def room(self, size: int) -> AsyncIterator[None]:
        """Wait until so many bytes may be worked on beside the others, for the length of a block.

        Small bodies wait for nobody: requests for them take no more memory than those without one.

        Raises:
            TooManyBodies: there was no room for it in time.
        """
        taken = 0 if size <= SMALL else min(size, self._room)
        await self._take(taken)
        try:
            yield
        finally:
            self._working -= taken
            self._admit()

    async def _take(self, size: int) -> None:
        if not size:
            return
        turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append((size, turn))
        self._admit()
        try:
            async with asyncio.timeout(PATIENCE):
                await turn
        except BaseException as error:
            if turn.done() and not turn.cancelled():
                self._working -= size  # it came in the very moment of giving up
            elif (size, turn) in self._waiting:
                self._waiting.remove((size, turn))
            self._admit()
            if isinstance(error, TimeoutError):
                raise TooManyBodies from None
            raise

    def _admit(self) -> None:
        """Let those in who fit, in the order in which they came: a large one is not overtaken for ever."""
        while self._waiting and self._working + self._waiting[0][0] <= self._room:
            size, turn = self._waiting.popleft()
            # Whoever left has cancelled the turn already, and takes it out of the queue only when it runs again.
            if not turn.done():
                self._working += size
                turn.set_result(None)

    def keep(self, size: int) -> bool:
        """Take so many bytes into memory; False where that is full."""
        if self._small + size > SMALL_TOTAL:
            return False
        self._small += size
        return True

    def store(self, size: int) -> None:
        """Take so many bytes on disk.

        Raises:
            TooManyBodies: it is full.
        """
        if self._on_disk + size > self._disk:
            raise TooManyBodies
        self._on_disk += size

    def let_go(self, *, small: int, on_disk: int) -> None:
        """Give back what was taken."""
        self._small -= small
        self._on_disk -= on_disk

    @property
    def threads(self) -> CapacityLimiter:
        """How many threads write and read; made in the loop that runs."""
        if self._threads is None:
            self._threads = CapacityLimiter(_WRITERS)
        return self._threads

    def file(self) -> IO[bytes]:
        """Return a file that has no name, so that it goes with the process."""
        make_private(self._folder)
        return tempfile.TemporaryFile(dir=self._folder)


class _Coming:
    """A body on its way in."""

    def __init__(self, intake: Intake) -> None:
        self._intake = intake
        self._file: IO[bytes] | None = None
        self._pieces = bytearray()
        self._kept = 0
        self._stored = 0

    @property
    def size(self) -> int:
        """How much has come so far."""
        return self._stored + len(self._pieces)

    async def add(self, piece: bytes) -> None:
        """Take a piece in."""
        fits = len(self._pieces) + len(piece) <= SMALL
        if self._file is None and fits and self._intake.keep(len(piece)):
            self._kept += len(piece)
            self._pieces += piece
            return
        self._pieces += piece
        if self._file is None or len(self._pieces) >= _WRITE:
            await self._write()

    async def whole(self) -> Body:
        """Return the body."""
        if self._file is None:
            return Body(None, bytes(self._pieces), len(self._pieces), self._intake.threads)
        await self._write()
        return Body(self._file, b"", self._stored, self._intake.threads)

    def close(self) -> None:
        """Give everything back."""
        if self._file is not None:
            self._file.close()
        self._intake.let_go(small=self._kept, on_disk=self._stored)

    async def _write(self) -> None:
        data, self._pieces = bytes(self._pieces), bytearray()
        self._intake.store(len(data))
        self._stored += len(data)
        self._intake.let_go(small=self._kept, on_disk=0)
        self._kept = 0
        try:
            await to_thread.run_sync(self._to_disk, data, limiter=self._intake.threads)
        except OSError as error:
            log.error("a body cannot be written to disk: %s", error)  # noqa: TRY400  the disk's fault, not the code's
            raise TooManyBodies from None

    def _to_disk(self, data: bytes) -> None:
        if self._file is None:
            self._file = self._intake.file()
        self._file.write(data)

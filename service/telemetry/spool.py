"""Where telemetry waits, durable, between the answer to its sender and the commit.

Records are appended to files, and files are removed from the front once nothing in them is needed any more. All
requests that wait at one moment share one write and one call of fsync: the first of them does it for all.

**Positions.** A position counts the bytes before a record, over all files there ever were. It never comes again, also
where a file is damaged: the name of a file says at which position it begins.

**After a crash.** What was cut in the middle of its writing was never acknowledged, and is cut off. A file that is
damaged elsewhere is read up to the damage, which the log names, and the next one from its beginning.
"""

from __future__ import annotations

import logging
import os
import threading
import uuid
from collections import deque
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

from stratagraph.ontology.errors import StratagraphError
from stratagraph.service.ledger.storage import unavailable
from stratagraph.service.telemetry import segment
from stratagraph.service.telemetry.reader import Entry, Judged
from stratagraph.service.telemetry.receiver import Overloaded
from stratagraph.service.telemetry.signals import Signal

log = logging.getLogger(__name__)

IDENTITY_FILE: Final = "id"
SEGMENTS: Final = 16
"""Files that a full spool consists of: space comes back by that share."""
LARGEST_SEGMENT: Final = 8 << 20
REMEMBERED_BYTES: Final = 32 << 20
"""Payload of the newest records, what was found in which is kept in memory, so that nothing is parsed twice."""


class SpoolFull(Overloaded, slug="spool-full"):
    """More waits to be committed than may: the ledger does not keep up, or cannot take any."""

    text = (
        "{waiting} bytes of telemetry wait to be committed, which is as much as may. Send it again in a second, as "
        "exporters do by themselves."
    )

    waiting: int


class _Ticket:
    """A record on its way into a file."""

    __slots__ = ("done", "entry", "error", "frame")

    def __init__(self, entry: Entry) -> None:
        self.entry = entry
        self.frame = segment.frame(entry.signal, entry.heard, entry.payload)
        self.done = False
        self.error: OSError | None = None


class Spool:
    """Keeps what was received, in order, until it is released. ``append`` may be called from any thread."""

    def __init__(self, folder: Path, limit: int) -> None:
        """Open or make the spool in a folder; it grows to ``limit`` bytes. Raises OSError."""
        self._folder = folder
        self._limit = limit
        self._largest = min(LARGEST_SEGMENT, max(1, limit // SEGMENTS))
        self._changed = threading.Condition()
        self._queue: list[_Ticket] = []
        self._queued = 0
        self._writing = False
        self._torn = False
        self._tail: deque[Entry] = deque()
        self._tail_bytes = 0
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self.identity = self._identity()
        """Whose marks in the ledger the positions are."""
        self._files: deque[int] = deque(sorted(map(segment.base_of, folder.glob(f"*{segment.SUFFIX}"))))
        self._end = 0
        self._file = self._opened()

    def _identity(self) -> str:
        """Return the name of the spool, made with it."""
        file = self._folder / IDENTITY_FILE
        if file.exists():
            return file.read_text(encoding="ascii").strip()
        made = uuid.uuid4().hex
        draft = file.with_suffix(".draft")
        with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600), "w") as written:
            written.write(made)
            written.flush()
            os.fsync(written.fileno())
        draft.rename(file)
        segment.sync_folder(self._folder)
        return made

    def _opened(self) -> int:
        """Return the file to append to: the newest, its torn tail cut; a new one where that is damaged or missing."""
        if not self._files:
            return self._next_file()
        file = segment.path_of(self._folder, self._files[-1])
        self._end = base = segment.base_of(file)
        try:
            for entry in segment.entries(file):
                self._end = entry.end
        except segment.Damaged as damage:
            if file.stat().st_size <= len(segment.MAGIC):  # it was being made
                file.unlink()
                self._files.pop()
                return self._next_file()
            if damage.offset == 0 or segment.goes_on(file, damage.offset):
                self._end = base + file.stat().st_size
                return self._next_file()
        opened = os.open(file, os.O_RDWR | os.O_APPEND | os.O_CLOEXEC)
        self._end = max(self._end, base + len(segment.MAGIC))
        os.ftruncate(opened, self._end - base)
        os.fsync(opened)
        return opened

    def _next_file(self) -> int:
        made = segment.create(self._folder, self._end)
        self._files.append(self._end)
        self._end += len(segment.MAGIC)
        return made

    @property
    def end(self) -> int:
        """The position behind the newest record that is durable."""
        return self._end

    @property
    def size(self) -> int:
        """How many bytes it takes on the disk."""
        return self._end - self._files[0]

    def append(self, signal: Signal, heard: int, payload: bytes, judged: Judged[Any] | None = None) -> int:
        """Return the position of a record once it is durable; ``judged`` stays in memory beside it for a while.

        Raises:
            SpoolFull: it is as large as it may be.
            StorageUnavailable, Overloaded: it cannot be written.
        """
        ticket = _Ticket(Entry(0, 0, signal, heard, payload, judged))
        with self._changed:
            waiting = self.size + self._queued
            # One record is taken however large it is: it would be refused for ever.
            if waiting > len(segment.MAGIC) and waiting + len(ticket.frame) > self._limit:
                raise SpoolFull(waiting=waiting)
            self._queue.append(ticket)
            self._queued += len(ticket.frame)
            self._changed.wait_for(lambda: ticket.done or not self._writing)
            group: list[_Ticket] = []
            if not ticket.done:
                self._writing = True
                group, self._queue = self._queue, []
        if group:
            self._lead(group)
        if ticket.error is not None:
            raise _told_of(ticket.error) from ticket.error
        return ticket.entry.position

    def _lead(self, group: list[_Ticket]) -> None:
        """Write for all who wait, and let them and the next go on."""
        error: OSError | None = None
        try:
            self._write(b"".join(ticket.frame for ticket in group))
        except OSError as failed:
            error = failed
        except BaseException as failed:
            error = OSError(str(failed))
            raise
        finally:
            with self._changed:
                for ticket in group:
                    self._queued -= len(ticket.frame)
                    ticket.error = error
                    if error is None:
                        self._append(ticket)
                    ticket.done = True
                self._writing = False
                self._changed.notify_all()

    def _write(self, data: bytes) -> None:
        """Write behind what is durable, and make it durable. Raises OSError."""
        if self._torn:
            self._mend()
        if self._end - self._files[-1] >= self._largest:
            self._rotate()
        self._torn = True
        try:
            view = memoryview(data)
            while view:
                view = view[os.write(self._file, view) :]
            os.fdatasync(self._file)
        except OSError:
            self._mend()
            raise
        self._torn = False

    def _mend(self) -> None:
        """Take away what could not be made durable: nobody was told that it is. Raises OSError."""
        os.ftruncate(self._file, self._end - self._files[-1])
        os.fsync(self._file)
        self._torn = False

    def _rotate(self) -> None:
        before = self._file
        self._file = self._next_file()
        os.close(before)

    def _append(self, ticket: _Ticket) -> None:
        """Know a record that is durable now."""
        position, self._end = self._end, self._end + len(ticket.frame)
        ticket.entry = ticket.entry._replace(position=position, end=self._end, payload=b"")
        self._tail.append(ticket.entry)
        self._tail_bytes += len(ticket.frame)
        while self._tail_bytes > REMEMBERED_BYTES and self._tail:
            self._forget()

    def _forget(self) -> None:
        oldest = self._tail.popleft()
        self._tail_bytes -= oldest.end - oldest.position

    def read(self, start: int) -> Iterator[Entry]:
        """Yield the records from a position on that are durable now, in their order; for one thread, which drains it.

        Those in memory come with what was found in them and without their payload. What was read before may be
        forgotten.
        """
        with self._changed:
            while self._tail and self._tail[0].position < start:
                self._forget()
            tail = list(self._tail)
            until = tail[0].position if tail else self._end
            files = list(self._files)
        yield from self._read_files(files, start, until)
        yield from tail

    def _read_files(self, files: list[int], start: int, until: int) -> Iterator[Entry]:
        for base, following in zip(files, [*files[1:], until], strict=True):
            if following <= start or base >= until:
                continue
            file = segment.path_of(self._folder, base)
            try:
                for entry in segment.entries(file, until=min(following, until)):
                    if entry.position >= start:
                        yield entry
            except segment.Damaged as damage:
                log.error(  # noqa: TRY400  no fault of ours
                    "%s is damaged at offset %s: what follows in this file of the telemetry spool is lost",
                    damage.file,
                    damage.offset,
                )

    def reach(self, position: int) -> None:
        """Give no position to a record that is before this one. Raises OSError."""
        with self._changed:
            if self._end < position:
                self._end = position
                self._rotate()

    def release(self, position: int) -> None:
        """Remove the files in which everything stands before a position. Raises OSError."""
        with self._changed:
            if self._writing:
                return  # the next time is soon enough
            if position >= self._end and self._end - self._files[-1] > len(segment.MAGIC):
                self._rotate()
            while self._tail and self._tail[0].end <= position:
                self._forget()
            gone = []
            while len(self._files) > 1 and self._files[1] <= position:
                gone.append(self._files.popleft())
        for base in gone:
            segment.path_of(self._folder, base).unlink(missing_ok=True)

    def close(self) -> None:
        """Let go of the file."""
        os.close(self._file)


def _told_of(error: OSError) -> StratagraphError:
    """Return what the sender is told where its data could not be made durable."""
    return unavailable(error) or Overloaded()

"""The lock of a data directory: one process at a time writes, and others learn where it listens."""

from __future__ import annotations

import fcntl
import json
import os
import time
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Final, Self

from stratagraph.ontology.errors import StratagraphError
from stratagraph.service.privacy import make_private

NAME: Final = "stratagraph.lock"
ATTEMPTS: Final = 10
PAUSE: Final = 0.05
"""Seconds between attempts: a process that only asks who holds the lock has it for a moment."""


@dataclass(frozen=True, slots=True)
class Holder:
    """The process that holds a lock; ``url`` is empty while it does not listen."""

    pid: int
    url: str


class DataInUse(StratagraphError, slug="data-in-use", status=409):
    """Another process holds the data directory."""

    text = "The data in {folder} is in use by process {pid}{where}. Stop it, or choose another folder with --data."

    folder: str
    pid: str
    where: str

    @classmethod
    def by(cls, holder: Holder | None, folder: Path) -> DataInUse:
        """Return the error that tells who holds a folder, as far as that is known."""
        return cls(
            folder=str(folder),
            pid=str(holder.pid) if holder else "unknown",
            where=f" ({holder.url})" if holder and holder.url else "",
        )


class DataLock:
    """Exclusive ownership of a data directory for as long as this object is open.

    The operating system drops the lock when the process dies, however it dies; the file's text is only information.
    """

    def __init__(self, folder: Path) -> None:
        make_private(folder)
        self._path = folder / NAME
        self._file = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        if not self._take():
            os.close(self._file)
            raise DataInUse.by(_read(self._path), folder)
        self.announce("")

    def _take(self) -> bool:
        for attempt in range(ATTEMPTS):
            try:
                fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                time.sleep(PAUSE if attempt < ATTEMPTS - 1 else 0)
            else:
                return True
        return False

    def announce(self, url: str) -> None:
        """Tell other processes where this one listens."""
        text = json.dumps({"pid": os.getpid(), "url": url}).encode()
        os.ftruncate(self._file, 0)
        os.pwrite(self._file, text, 0)

    def close(self) -> None:
        """Give the directory back."""
        os.ftruncate(self._file, 0)
        os.close(self._file)

    def __enter__(self) -> Self:
        """Return the lock itself."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Give the directory back."""
        self.close()


def running_service(folder: Path) -> Holder | None:
    """Return the process that holds the directory, or None when nobody does."""
    path = folder / NAME
    try:
        file = os.open(path, os.O_RDWR | os.O_CLOEXEC)
    except FileNotFoundError:
        return None
    try:
        fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return _read(path)
    else:
        return None
    finally:
        os.close(file)


def _read(path: Path) -> Holder | None:
    try:
        values = json.loads(path.read_text(encoding="utf-8"))
        return Holder(int(values["pid"]), str(values["url"]))
    except (OSError, ValueError, KeyError, TypeError):
        return None

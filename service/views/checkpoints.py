"""Immutable copies of the on-disk triples for worker processes: made when the sequence moved, removed when unused."""

from __future__ import annotations

import itertools
import shutil
import threading
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Protocol


@dataclass(frozen=True, slots=True, kw_only=True)
class Checkpoint:
    """A store directory that nobody writes to, the sequence of what it holds, and a note where that is the past."""

    path: Path
    sequence: int
    note: str = ""


class CheckpointSource(Protocol):
    """Gives checkpoints out and takes them back. Called from any thread; may take tens of milliseconds."""

    def newest(self) -> Checkpoint:
        """Return the newest checkpoint and count one use of it."""

    def release(self, checkpoint: Checkpoint) -> None:
        """Give one use back."""


class PastSource(Protocol):
    """Gives checkpoints of the past out and takes them back. Called from any thread; may take seconds."""

    def checkpoint(self, moment: int | datetime) -> Checkpoint:
        """Return the checkpoint of a sequence or time and count one use of it."""

    def owns(self, checkpoint: Checkpoint) -> bool:
        """Tell whether a checkpoint came from here."""

    def release(self, checkpoint: Checkpoint) -> None:
        """Give one use back."""


class Checkpoints:
    """Checkpoints of one view in a folder of their own, whose earlier content is thrown away.

    ``make(path)`` writes a checkpoint to a path that does not exist and returns its sequence; ``sequence()`` says
    cheaply where the view is now. Between two checkpoints pass at least ``interval`` seconds.
    """

    def __init__(
        self, folder: Path, *, make: Callable[[Path], int], sequence: Callable[[], int], interval: float = 0.5
    ) -> None:
        self._folder = folder
        self._make = make
        self._sequence = sequence
        self._interval = interval
        self._lock = threading.Lock()
        self._uses: Counter[Checkpoint] = Counter()
        self._numbers = itertools.count()
        self._newest: Checkpoint | None = None
        self._made_at = 0.0
        # A process that was killed left its checkpoints behind.
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)

    def newest(self) -> Checkpoint:
        """Return the newest checkpoint and count one use; makes one when the sequence moved and it is time."""
        with self._lock:
            checkpoint = self._newest
            if checkpoint is None or (self._is_time() and self._sequence() != checkpoint.sequence):
                checkpoint = self._renew()
            self._uses[checkpoint] += 1
            return checkpoint

    def release(self, checkpoint: Checkpoint) -> None:
        """Give one use back; an unused one goes away, unless it is the newest."""
        with self._lock:
            self._uses[checkpoint] -= 1
            self._remove_unused(checkpoint)

    def close(self) -> None:
        """Remove every checkpoint; nobody may use one any more."""
        with self._lock:
            self._newest = None
            self._uses.clear()
            shutil.rmtree(self._folder, ignore_errors=True)

    def _is_time(self) -> bool:
        return time.monotonic() - self._made_at >= self._interval

    def _renew(self) -> Checkpoint:
        path = self._folder / f"{next(self._numbers):08d}"
        checkpoint = Checkpoint(path=path, sequence=self._make(path))
        before, self._newest = self._newest, checkpoint
        self._made_at = time.monotonic()
        if before is not None:
            self._remove_unused(before)
        return checkpoint

    def _remove_unused(self, checkpoint: Checkpoint) -> None:
        if self._uses[checkpoint] <= 0 and checkpoint != self._newest:
            del self._uses[checkpoint]
            shutil.rmtree(checkpoint.path, ignore_errors=True)

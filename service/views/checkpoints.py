"""Immutable copies of the on-disk triples for worker processes: made when the sequence moved, removed when unused."""

from __future__ import annotations

import itertools
import math
import shutil
import threading
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Protocol

from stratagraph.service.privacy import make_private


@dataclass(frozen=True, slots=True, kw_only=True)
class Checkpoint:
    """A store directory that nobody writes to, the sequence of what it holds, and a note where that is the past."""

    path: Path
    sequence: int
    note: str = ""


class CheckpointSource(Protocol):
    """Gives checkpoints out and takes them back; from any thread. ``newest``, ``make`` and ``remove`` use the disk."""

    def newest(self) -> Checkpoint:
        """Return the newest checkpoint and count one use of it; makes it first if that is due."""

    def lend(self) -> Checkpoint | None:
        """Return the newest checkpoint and count one use of it; None before the first."""

    def moved(self) -> bool:
        """Tell whether there is something newer to make a checkpoint of."""

    def due(self) -> bool:
        """Tell whether it is time to make one."""

    def overdue(self) -> bool:
        """Tell whether the newest one is too old to be read any more."""

    def hold(self, checkpoint: Checkpoint) -> None:
        """Count another use of a checkpoint in use."""

    def make(self) -> Checkpoint:
        """Make a checkpoint and count one use of it; it is not the newest yet."""

    def publish(self, checkpoint: Checkpoint) -> Checkpoint | None:
        """Make a checkpoint the newest; return the one before if nobody uses it, for ``remove``."""

    def is_retired(self, checkpoint: Checkpoint | None) -> bool:
        """Tell whether a checkpoint is to be left: it holds what was redacted."""

    def release(self, checkpoint: Checkpoint) -> bool:
        """Give one use back; tell whether it was the last, so that ``remove`` may take it away."""

    def remove(self, checkpoint: Checkpoint) -> None:
        """Remove a checkpoint that nobody uses."""


class PastSource(Protocol):
    """Gives checkpoints of the past out and takes them back. Called from any thread; may take seconds."""

    def checkpoint(self, moment: int | datetime) -> Checkpoint:
        """Return the checkpoint of a sequence or time and count one use of it."""

    def owns(self, checkpoint: Checkpoint) -> bool:
        """Tell whether a checkpoint came from here."""

    def is_retired(self, checkpoint: Checkpoint | None) -> bool:
        """Tell whether a checkpoint is to be left: it holds what was redacted."""

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
        # Two locks: taking a use and giving one back must not wait for the disk.
        self._lock = threading.Lock()
        self._making = threading.Lock()
        self._uses: Counter[Checkpoint] = Counter()
        self._numbers = itertools.count()
        self._newest: Checkpoint | None = None
        self._begun = -math.inf
        self._times: dict[Checkpoint, float] = {}
        self._retired: set[Checkpoint] = set()
        self._aged = False
        # A process that was killed left its checkpoints behind.
        shutil.rmtree(folder, ignore_errors=True)
        make_private(folder)

    def newest(self) -> Checkpoint:
        """Return the newest checkpoint and count one use; makes one when the sequence moved and it is time."""
        if self.due():
            made = self.make()
            if (before := self.publish(made)) is not None:
                self.remove(before)
            return made
        lent = self.lend()
        assert lent is not None, "nothing has moved since the first was made"
        return lent

    def lend(self) -> Checkpoint | None:
        """Return the newest checkpoint and count one use of it; None before the first."""
        with self._lock:
            if self._newest is not None:
                self._uses[self._newest] += 1
            return self._newest

    def moved(self) -> bool:
        """Tell whether there is something newer to make a checkpoint of."""
        newest = self._newest
        return newest is None or self._aged or newest.sequence != self._sequence()

    def due(self) -> bool:
        """Tell whether it is time to make one."""
        return self._is_older(self._interval)

    def overdue(self) -> bool:
        """Tell whether the newest one is too old to be read any more."""
        return self._is_older(2 * self._interval)

    def hold(self, checkpoint: Checkpoint) -> None:
        """Count another use of a checkpoint in use."""
        with self._lock:
            self._uses[checkpoint] += 1

    def make(self) -> Checkpoint:
        """Make a checkpoint and count one use of it; it is not the newest yet. Takes tens of milliseconds."""
        with self._making:
            begun = time.monotonic()
            self._aged = False
            path = self._folder / f"{next(self._numbers):08d}"
            checkpoint = Checkpoint(path=path, sequence=self._make(path))
        with self._lock:
            self._uses[checkpoint] += 1
            self._times[checkpoint] = begun
        return checkpoint

    def publish(self, checkpoint: Checkpoint) -> Checkpoint | None:
        """Make a checkpoint the newest; return the one before if nobody uses it, for ``remove``."""
        with self._lock:
            before = self._newest
            if before is not None and before.sequence > checkpoint.sequence:
                return None  # another one was quicker
            if checkpoint in self._retired:
                return None  # it was made before the redaction, and is opened after it
            self._newest = checkpoint
            self._begun = self._times[checkpoint]
            return before if before is not None and self._is_unused(before) else None

    def release(self, checkpoint: Checkpoint) -> bool:
        """Give one use back; tell whether it was the last, so that ``remove`` may take it away."""
        with self._lock:
            self._uses[checkpoint] -= 1
            return self._is_unused(checkpoint)

    def remove(self, checkpoint: Checkpoint) -> None:
        """Remove a checkpoint that nobody uses."""
        with self._lock:
            if not self._is_unused(checkpoint):
                return
            del self._uses[checkpoint]
            self._times.pop(checkpoint, None)
        shutil.rmtree(checkpoint.path, ignore_errors=True)
        self._retired.discard(checkpoint)

    def retire(self) -> None:
        """Let nobody begin to read what there is: it holds what was redacted, and goes with its last reader."""
        # Behind one that is being made: it may hold it too.
        with self._making, self._lock:
            self._newest, self._begun = None, -math.inf
            self._retired |= set(self._uses)
            unused = [checkpoint for checkpoint in self._retired if self._is_unused(checkpoint)]
        for checkpoint in unused:
            self.remove(checkpoint)

    def age(self) -> None:
        """Let a new one be made of the same sequence: the view has put its files in order, and all new ones are."""
        self._aged = True

    def is_retired(self, checkpoint: Checkpoint | None) -> bool:
        """Tell whether a checkpoint is to be left."""
        return checkpoint in self._retired

    def retired(self) -> bool:
        """Tell whether there is one that somebody still uses."""
        return bool(self._retired)

    def close(self) -> None:
        """Remove every checkpoint; nobody may use one any more."""
        with self._making, self._lock:
            self._newest = None
            self._uses.clear()
            self._retired.clear()
            shutil.rmtree(self._folder, ignore_errors=True)

    def _is_older(self, seconds: float) -> bool:
        """Whether the newest checkpoint is out of date, and may have been for so long: since it was begun."""
        return self.moved() and time.monotonic() - self._begun >= seconds

    def _is_unused(self, checkpoint: Checkpoint) -> bool:
        return checkpoint in self._uses and self._uses[checkpoint] <= 0 and checkpoint != self._newest

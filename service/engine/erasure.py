"""Getting what a redaction erased out of every file of a data folder, and knowing up to which redaction that is done.

A redaction takes a value out of the ledger's rows. It still stands in the pages of before, in the triples' files (a
store never forgets the name of a term), in checkpoints and stores of the past, in the saved deriver. All of these are
thrown away or made anew. Where a reader still holds one, that is said and tried again: by the service every little
while, else when the folder is opened next.
"""

from __future__ import annotations

import json
import logging
import shutil
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from stratagraph.ontology.errors import StratagraphError
from stratagraph.service.ledger.ledger import Ledger
from stratagraph.service.privacy import begin_private
from stratagraph.service.settings import ERASED_FILE, SNAPSHOTS_FOLDER, STATE_FILES, TRIPLES_FOLDERS

log = logging.getLogger(__name__)

PATIENCE: Final = 5.0
"""Seconds that a redaction waits for whoever reads what it erases; a query ends within its deadline."""
PAUSE: Final = 0.05
DERIVED: Final = (*TRIPLES_FOLDERS, *STATE_FILES, SNAPSHOTS_FOLDER)
"""What was derived before a redaction, and is made again from the ledger when it is missing."""

READ: Final = "a query still reads the state of before"

Place = Callable[[], str | None]
"""Erases what it keeps; returns who keeps it from that, None when nothing is left."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Remains:
    """A place that may still hold what was erased, and why."""

    place: str
    reason: str


class Erasure:
    """Sweeps the places of one data folder. One thread sweeps at a time."""

    def __init__(self, folder: Path, ledger: Ledger) -> None:
        self._folder = folder
        self._file = folder / ERASED_FILE
        self._ledger = ledger
        self._places: dict[str, Place] = {}
        self._lock = threading.Lock()
        self._done = self._noted()
        # What is looked at again need not be, while nothing was redacted in between.
        self._looked = self._done

    def begin(self) -> None:
        """Throw away what was derived before a redaction that did not get as far; before any of it is opened."""
        if not self.is_due():
            return
        log.info("something was redacted, and its traces are being removed: what was derived is made anew")
        for pattern in DERIVED:
            for path in self._folder.glob(pattern):
                if path.is_dir():
                    shutil.rmtree(path, ignore_errors=True)
                else:
                    path.unlink(missing_ok=True)

    def add(self, name: str, place: Place) -> None:
        """Let a place be swept too."""
        self._places[name] = place

    def is_due(self) -> bool:
        """Tell whether something was redacted, here or by another process, that may still stand in a file."""
        newest, redacted = self._ledger.redactions(self._looked)
        if not redacted and self._looked >= self._done:
            self._looked = newest
        return redacted

    def sweep(self) -> tuple[Remains, ...]:
        """Erase in every place, and say what could not be reached yet."""
        with self._lock:
            newest, redacted = self._ledger.redactions(self._looked)
            if not redacted:
                return ()
            remains = tuple(self._swept())
            if not remains:
                self._note(newest)
            return remains

    def _swept(self) -> Iterator[Remains]:
        for name, place in (*self._places.items(), ("ledger", self._ledger.scrub)):
            try:
                reason = place()
            except StratagraphError as error:
                reason = str(error)  # a disk that is full, say: it speaks for itself
            except Exception as error:
                # One place that fails keeps no other from being swept; it is tried again with the rest.
                log.exception("what was redacted could not be erased from the %s", name)
                reason = f"{type(error).__name__}: {error}"
            if reason is not None:
                yield Remains(place=name, reason=reason)

    def _noted(self) -> int:
        """Return the sequence up to which nothing redacted is left, as it was noted of this very ledger."""
        try:
            noted = json.loads(self._file.read_text("utf-8"))
            return int(noted["sequence"]) if noted["ledger"] == self._ledger.id else 0
        except (OSError, ValueError, KeyError, TypeError):
            return 0

    def _note(self, sequence: int) -> None:
        begin_private(self._file)
        # Written last: whoever is killed before sweeps once more.
        self._file.write_text(json.dumps({"ledger": self._ledger.id, "sequence": sequence}), "utf-8")
        self._done = self._looked = sequence


def until_gone(is_left: Callable[[], bool]) -> bool:
    """Wait a while for readers to end; return whether something is left all the same."""
    deadline = time.monotonic() + PATIENCE
    while (left := is_left()) and time.monotonic() < deadline:
        time.sleep(PAUSE)
    return left

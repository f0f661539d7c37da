"""What was derived, kept in files beside the triples, so that the next start need not derive it again."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from stratagraph.ontology.frozen import Frozen
from stratagraph.ontology.model import OntologyModel
from stratagraph.service.deriver import saved
from stratagraph.service.settings import ADJACENCY_FILE, DERIVER_FILE, STATE_FILES

if TYPE_CHECKING:
    from stratagraph.ontology.facts import ChangeSet
    from stratagraph.service.engine.derivation import Derivation
    from stratagraph.service.views.adjacency import AdjacencyView

log = logging.getLogger(__name__)

LOOK_SECONDS: Final = 5.0
"""Seconds between looks at whether it is time to write."""
MANY: Final = 20_000
"""Changed triples from which on it is time, however little time has passed; or a fifth of all, if those are more."""
SHARE: Final = 5
UNKNOWN: Final = -1
"""What was written last is of no sequence that can be told: it is tried again as if something had changed."""


@dataclass(frozen=True, slots=True)
class _Page:
    """One file as it is to be written."""

    path: Path
    key: str
    content: Frozen


class Saving:
    """Writes the deriver and the adjacency, when a service stops and while it runs.

    Both are taken down at one moment, while nothing moves, and written when everything moves again. What was redacted
    must not come back by a file: ``forget`` waits for what is being written, and removes it.
    """

    def __init__(
        self, folder: Path, model: OntologyModel, derivation: Derivation, adjacency: AdjacencyView, *, seconds: float
    ) -> None:
        """``seconds`` pass between two times, unless very much changes."""
        self._folder = folder
        self._model = model
        self._derivation = derivation
        self._adjacency = adjacency
        self._seconds = seconds
        # Held while files are written or removed. The derivation's lock is taken within it, and never before it.
        self._files = threading.Lock()
        _remove(folder, but={DERIVER_FILE, ADJACENCY_FILE})
        self._written = self._standing()
        self._changed = 0
        self._begun = time.monotonic()

    def hear(self, change: ChangeSet) -> None:
        """Count what is not written yet."""
        self._changed += len(change.claims_changed)

    def save_if_due(self) -> bool:
        """Write what stands now if much has changed, or some time ago; return whether it was written."""
        here = self._derivation.deriver
        if here.sequence == self._written:
            self._begun = time.monotonic()
            return False
        many = self._changed >= max(MANY, len(here) // SHARE)
        # Nothing is written at all where the present had to be derived anew, which a kill should not cost again.
        due = many or self._written is None or time.monotonic() - self._begun >= self._seconds
        return due and self.save()

    def save(self) -> bool:
        """Write what stands now, unless it stands there already; return whether it was written."""
        with self._files:
            pages = self._taken()
            written = [page.content.write(page.path, page.key) for page in pages]
            if not all(written):
                self._written = UNKNOWN
                log.warning("what was derived can't be kept in %s; the next start derives it again", self._folder)
            return bool(pages) and all(written)

    def forget(self) -> None:
        """Remove what was written: something was redacted since. Nobody keeps it from being removed."""
        with self._files:
            _remove(self._folder)
            self._written = None

    def _taken(self) -> list[_Page]:
        """Take down what stands now; nothing where that is written already, or something broke off half-way."""
        with self._derivation.lock:
            deriver = self._derivation.deriver
            if self._derivation.ails or deriver.sequence == self._written:
                return []
            self._written, self._changed, self._begun = deriver.sequence, 0, time.monotonic()
            key = saved.key(self._model, deriver)
            return [
                _Page(self._folder / DERIVER_FILE, key, saved.taken(self._model, deriver)),
                _Page(self._folder / ADJACENCY_FILE, self._adjacency.key, self._adjacency.taken()),
            ]

    def _standing(self) -> int | None:
        found = saved.place(self._folder / DERIVER_FILE, self._model)
        here = self._derivation.deriver
        return here.sequence if found == (here.sequence, here.batch_hash) else None


def _remove(folder: Path, *, but: Collection[str] = ()) -> None:
    """Remove the files but those of these names; of a process that was killed while it wrote some are left over."""
    for pattern in STATE_FILES:
        for file in folder.glob(pattern):
            # A folder of such a name is somebody else's.
            if file.name not in but and (file.is_symlink() or not file.is_dir()):
                file.unlink(missing_ok=True)

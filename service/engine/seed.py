"""What every new data folder begins with, kept in the user's cache: the core ontology, committed and derived."""

from __future__ import annotations

import shutil
import sqlite3
import tempfile
from contextlib import suppress
from functools import cached_property
from hashlib import sha256
from pathlib import Path
from typing import Final

from stratagraph.ontology.cache import cache_folder
from stratagraph.ontology.frozen import code_hash, freeze, stands_under, thaw
from stratagraph.ontology.model import OntologyModel
from stratagraph.service.deriver import Deriver
from stratagraph.service.ledger.beginning import hand_on, take_over
from stratagraph.service.settings import DERIVER_FILE, LEDGER_FILE, TRIPLES_FOLDER
from stratagraph.service.views.triples import TriplesView

FOLDER: Final = "seeds"
VERSIONS: Final = 4
"""Seeds that are kept; older ones, of other versions of the product, go."""
FIRST: Final = 1
"""The sequence at which a ledger holds what a seed holds, where it holds the ontology."""
_MADE_BY: Final = (
    "stratagraph.ontology",
    "stratagraph.service.ledger",
    "stratagraph.service.deriver",
    "stratagraph.service.views",
)


class Seed:
    """The ledger, the deriver and the triples of a folder that holds the ontology in one batch and nothing else."""

    def __init__(self, model: OntologyModel) -> None:
        """Name the seed by the ontology and by the code that committed and derived it."""
        self._model = model

    @cached_property
    def _key(self) -> str:
        return sha256(f"{code_hash(*_MADE_BY)} {self._model.hash}".encode()).hexdigest()

    @property
    def _folder(self) -> Path:
        return cache_folder() / FOLDER / self._key[:16]

    @property
    def is_kept(self) -> bool:
        """Whether there is such a deriver in the cache."""
        return stands_under(self._folder / DERIVER_FILE, self._key)

    def plant_ledger(self, file: Path) -> None:
        """Put the ledger where there is none yet, and nothing that an earlier one left behind."""
        if any(Path(f"{file}{suffix}").exists() for suffix in ("", "-wal", "-shm", "-journal")):
            return
        handed = thaw(self._folder / LEDGER_FILE, self._key)
        if isinstance(handed, bytes):
            with suppress(OSError):
                take_over(file, handed)

    def plant_triples(self, triples: Path) -> None:
        """Put the triples into a folder that is not there yet."""
        if triples.exists() or not (self._folder / DERIVER_FILE).exists():
            return
        # Copied aside first: what is cut off in the middle must not pass for a store.
        with tempfile.TemporaryDirectory(dir=triples.parent, prefix=f"{triples.name}.") as aside, suppress(OSError):
            copy = Path(shutil.copytree(self._folder / TRIPLES_FOLDER, Path(aside) / triples.name))
            copy.chmod(0o700)
            copy.rename(triples)

    def deriver(self) -> Deriver | None:
        """Return the deriver; it stands for another ledger's first batch until it is told of this one's."""
        found = thaw(self._folder / DERIVER_FILE, self._key, shared={"model": self._model})
        return found if isinstance(found, Deriver) else None

    def keep_ledger(self, file: Path) -> None:
        """Keep the ledger in an SQLite file, unless one is kept; where that cannot be written, the next one commits."""
        kept = self._folder / LEDGER_FILE
        if self._folder.exists() and not stands_under(kept, self._key):
            with suppress(OSError, sqlite3.Error):
                freeze(kept, self._key, hand_on(file, self._folder))

    def keep(self, deriver: Deriver, triples: TriplesView) -> None:
        """Keep what was derived; where that cannot be written, the next new folder derives again."""
        with suppress(OSError):
            self._folder.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            with tempfile.TemporaryDirectory(dir=self._folder.parent) as aside:
                made = Path(aside) / "seed"
                triples.seed(made / TRIPLES_FOLDER)
                freeze(made / DERIVER_FILE, self._key, deriver, shared={"model": self._model})
                shutil.rmtree(self._folder, ignore_errors=True)
                made.rename(self._folder)
            kept = sorted(self._folder.parent.iterdir(), key=lambda folder: folder.stat().st_mtime)
            for old in kept[:-VERSIONS]:
                shutil.rmtree(old, ignore_errors=True)

"""What every new data folder begins with, kept in the user's cache: the core ontology, derived and as triples."""

from __future__ import annotations

import shutil
import tempfile
from contextlib import suppress
from hashlib import sha256
from pathlib import Path
from typing import Final

from stratagraph.ontology.frozen import code_hash, freeze, thaw
from stratagraph.ontology.kept import cache_folder
from stratagraph.ontology.model import OntologyModel
from stratagraph.service.deriver import Deriver
from stratagraph.service.settings import DERIVER_FILE, TRIPLES_FOLDER
from stratagraph.service.views.triples import TriplesView

FOLDER: Final = "seeds"
VERSIONS: Final = 4
"""Seeds that are kept; older ones, of other versions of the product, go."""


class Seed:
    """The deriver and the triples of a ledger that holds the ontology in one batch and nothing else."""

    def __init__(self, model: OntologyModel) -> None:
        """Name the seed by the ontology and by the code that derived it."""
        code = code_hash("stratagraph.ontology", "stratagraph.service.deriver", "stratagraph.service.views")
        self._model = model
        self._key = sha256(f"{code} {model.hash}".encode()).hexdigest()
        self._folder = cache_folder() / FOLDER / self._key[:16]

    def plant(self, triples: Path) -> bool:
        """Put the triples into a folder that is not there yet; return whether there were any."""
        if triples.exists() or not (self._folder / DERIVER_FILE).exists():
            return False
        # Copied aside first: what is cut off in the middle must not pass for a store.
        with tempfile.TemporaryDirectory(dir=triples.parent, prefix=f"{triples.name}.") as aside, suppress(OSError):
            shutil.copytree(self._folder / TRIPLES_FOLDER, Path(aside) / triples.name).rename(triples)
        return triples.exists()

    def deriver(self) -> Deriver | None:
        """Return the deriver; it stands for another ledger's first batch until it is told of this one's."""
        found = thaw(self._folder / DERIVER_FILE, self._key, shared={"model": self._model})
        return found if isinstance(found, Deriver) else None

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

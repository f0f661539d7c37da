"""What the seed in the user's cache does for a data folder: a new one begins with it, and leaves one for the next."""

from __future__ import annotations

from pathlib import Path

from stratagraph.ontology.model import OntologyModel, load_model
from stratagraph.service.deriver import Deriver
from stratagraph.service.engine.seed import FIRST, Seed
from stratagraph.service.ledger.ledger import Ledger
from stratagraph.service.ledger.state import End
from stratagraph.service.settings import TRIPLES_FOLDER, Settings
from stratagraph.service.views.triples import TriplesView
from stratagraph.service.views.view import View


class Sowing:
    """Sows one folder, in this order: its ledger before that is opened, its triples, its deriver.

    Only folders whose ontology is the core alone, and which hold nothing else yet, begin with a seed.
    """

    def __init__(self, model: OntologyModel, settings: Settings) -> None:
        """Sow the ledger, where it is a file that is not there yet."""
        self._settings = settings
        self._seed = Seed(model) if model is load_model() else None
        self._ledger: Ledger | None = None
        if self._seed and isinstance(settings.ledger, Path):
            self._seed.plant_ledger(settings.ledger)

    def sow_triples(self, ledger: Ledger) -> None:
        """Sow the triples; from here on a ledger that holds more is none that was sown."""
        self._ledger = ledger
        if ledger.sequence() > FIRST:
            self._seed = None
        if self._seed:
            self._seed.plant_triples(self._settings.data / TRIPLES_FOLDER)

    def deriver(self, head: End, triples: TriplesView) -> Deriver | None:
        """Return the deriver of a new folder, with the triples brought in step; None without a seed."""
        if not self._seed or head.sequence != FIRST or head.time is None or not triples.watermark():
            return None
        deriver = self._seed.deriver()
        if deriver is not None and self._ledger is not None:
            sightings = self._ledger.sightings()
            triples.apply(deriver.adopt(time=head.time, batch_hash=head.batch_hash, sightings=sightings))
        return deriver

    def keep(self, view: View, deriver: Deriver) -> None:
        """Keep what was made for a new folder, for the next one."""
        if self._seed and isinstance(view, TriplesView) and deriver.sequence == FIRST:
            self._seed.keep(deriver, view)

    def keep_ledger(self, deriver: Deriver) -> None:
        """Keep the ledger of a new folder likewise."""
        if self._seed and deriver.sequence == FIRST and isinstance(self._settings.ledger, Path):
            self._seed.keep_ledger(self._settings.ledger)

    def is_kept(self, deriver: Deriver) -> bool:
        """Tell whether the cache has a folder's deriver already, so that it need not be saved once more."""
        return bool(deriver.sequence == FIRST and self._seed and self._seed.is_kept)

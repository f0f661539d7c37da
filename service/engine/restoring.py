"""How the present is taken in from the ledger when a data folder is opened, or when something failed in between.

Cheapest first: what stands there already, what the ledger says has changed since, and everything anew.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from stratagraph.ontology.facts import Claim
from stratagraph.ontology.model import OntologyModel
from stratagraph.ontology.rules import compile_rules
from stratagraph.service.deriver import Deriver
from stratagraph.service.deriver.saved import load, place
from stratagraph.service.deriver.shares import horizon
from stratagraph.service.engine.opening import Opening, OpeningStopped
from stratagraph.service.ledger.errors import HistoryErased
from stratagraph.service.ledger.ledger import Ledger
from stratagraph.service.ledger.state import End, LedgerState
from stratagraph.service.views.view import View

log = logging.getLogger(__name__)

DERIVER: Final = "deriver"
FIRST: Final = 1
"""The sequence of the ontology's own batch, with which every ledger begins."""

WORTHWHILE: Final = 0.5
"""Changes, as a part of what is open now, up to which following them costs less than making everything anew.

A change costs a view about twice what a fact of a rebuild does, for it is looked up and written in transactions.
"""


class Restorer:
    """Takes the present in: returns a deriver at the ledger's end, with the views in step."""

    def __init__(
        self,
        model: OntologyModel,
        views: Sequence[View],
        saved: Path,
        *,
        sown: Callable[[End], Deriver | None],
        made: Callable[[View, Deriver], None],
        opening: Opening,
    ) -> None:
        """``saved`` is where a deriver may have been saved; ``sown`` returns that of a new folder, if it is one.

        ``made`` hears of each view that was made anew. ``opening`` may break it off.
        """
        self._model = model
        self._views = views
        self._saved = saved
        self._sown = sown
        self._made = made
        self._opening = opening

    def restore(self, ledger: Ledger) -> Deriver:
        """Return a deriver at the ledger's end; every view stands there too.

        What a view raises is raised: an opened folder must not have a view that shows another time.
        """
        self._opening.restoring = (DERIVER, *(view.name for view in self._views))
        deriver = self.derive(ledger)
        self._opening.restored(DERIVER)
        # Those that stand already are told as being there before others are made.
        for view in sorted(self._views, key=lambda view: not self.stands(view, deriver)):
            if not self.stands(view, deriver):
                self._make(view, deriver)
                self._made(view, deriver)
            self._opening.restored(view.name)
        return deriver

    def _make(self, view: View, deriver: Deriver) -> None:
        """Make a view anew, in new files where another version of the program wrote the old ones."""
        snapshot = self._opening.watched(deriver.snapshot(edges_only=view.edges_only))
        mark = view.watermark()
        if mark is not None and mark.mapping_version != view.mapping_version:
            log.info(
                "the graph in this data folder was written by another version of Stratagraph; it is made anew from the "
                "ledger (%d facts), which is done once and loses nothing",
                len(deriver),
            )
            view.renew(snapshot)
            return
        # What is in memory alone is made at every start, and in no time; in a new folder there is nothing yet.
        begins = mark is None and deriver.sequence <= FIRST
        level = logging.DEBUG if view.edges_only or begins else logging.INFO
        log.log(level, "rebuilding the view %s at sequence %d", view.name, deriver.sequence)
        view.rebuild(snapshot)

    def derive(self, ledger: Ledger) -> Deriver:
        """Return a deriver at the ledger's end; views that could follow it there did."""
        # One state of the ledger for all of it: on a server others commit meanwhile.
        with ledger.state() as still:
            head = still.end()
            known = self._at_head(head) or self._sown(head) or self._followed(still, head)
            return known or self._derived(still, head)

    def anew(self, ledger: Ledger) -> Deriver:
        """Return a deriver at the ledger's end that never knew what is no longer in the ledger."""
        self._saved.unlink(missing_ok=True)
        with ledger.state() as still:
            return self._derived(still, still.end())

    def is_of(self, view: View, ledger: Ledger) -> bool:
        """Tell whether a view stands at a place that the ledger has been at."""
        with ledger.state() as still:
            return self._stands_on(view, still)

    def _derived(self, still: LedgerState, end: End) -> Deriver:
        return derived(still, self._model, end, watched=self._opening.watched)

    def stands(self, view: View, deriver: Deriver) -> bool:
        """Tell whether a view stands where a deriver does."""
        return self._stands_at(view, deriver.sequence, deriver.batch_hash)

    def _at_head(self, head: End) -> Deriver | None:
        """Return the deriver that was saved at the end, after which nothing came: every view that stands is there."""
        return load(self._saved, self._model, sequence=head.sequence, batch_hash=head.batch_hash)

    def _followed(self, still: LedgerState, head: End) -> Deriver | None:
        """Return a deriver that has followed the ledger from an earlier sequence, as have the views; None if none can.

        The way taken is told in the log: after a kill it decides how long the start takes.
        """
        behind = [view for view in self._views if self._stands_on(view, still) and _sequence(view) < head.sequence]
        # Edges alone are made anew in no time, where no deriver was saved that is as old.
        start = min((_sequence(view) for view in behind if not view.edges_only), default=None)
        try:
            deriver = self._base(still, start)
            if deriver is None:
                return None
            behind = [view for view in behind if deriver.sequence <= _sequence(view)]
            names = ", ".join(view.name for view in behind) or "deriver"
            log.info("catching up from sequence %d to %d (%s)", deriver.sequence, head.sequence, names)
            for change in self._opening.watched(still.changes(deriver.sequence)):
                told = deriver.apply(change)
                for view in behind:
                    if change.sequence > _sequence(view):
                        view.apply(told)
        except OpeningStopped:
            raise
        except HistoryErased as error:
            log.info("not catching up, but deriving anew: %s", error)
        except Exception:
            # Whatever it is, a view that stands half-way is made anew from a deriver that never saw it.
            log.exception("catching up failed; deriving anew")
        else:
            return deriver
        return None

    def _base(self, still: LedgerState, start: int | None) -> Deriver | None:
        """Return a deriver to follow the ledger with, no later than where the views' following starts."""
        saved = place(self._saved, self._model)
        if saved is not None and self._fits(still, saved, start):
            found = load(self._saved, self._model, sequence=saved[0], batch_hash=saved[1])
            if found is not None:
                return found
            log.info("the deriver that was saved in %s is damaged, and not used", self._saved.name)
        elif saved is None and self._saved.exists():
            log.info(
                "another version of the program or the ontology saved the deriver in %s: not used", self._saved.name
            )
        end = still.at(start) if start is not None else None
        if end is None or not _is_near(still, end.sequence, end.batch_hash):
            return None
        return self._derived(still, end)

    def _fits(self, still: LedgerState, saved: tuple[int, str], start: int | None) -> bool:
        """Tell whether a saved deriver can be gone on with; why not is told in the log."""
        sequence, name = saved[0], self._saved.name
        if start is not None and sequence > start:
            log.info("the deriver in %s is not used: it is at sequence %d, a view at %d", name, sequence, start)
        elif not _was_at(still, *saved):
            log.info("the deriver in %s is not used: this ledger was never at its sequence %d", name, sequence)
        elif not _is_near(still, *saved):
            log.info("the deriver in %s is not used: too much changed since sequence %d, or was erased", name, sequence)
        else:
            return True
        return False

    def _stands_on(self, view: View, still: LedgerState) -> bool:
        """Tell whether a view stands at a place that the ledger has been at, with this ontology."""
        mark = view.watermark()
        known = still.at(mark.sequence) if mark else None
        return known is not None and self._stands_at(view, known.sequence, known.batch_hash)

    def _stands_at(self, view: View, sequence: int, batch_hash: str) -> bool:
        mark = view.watermark()
        wanted = (sequence, batch_hash, self._model.hash, view.mapping_version)
        return mark is not None and wanted == (
            mark.sequence,
            mark.batch_hash,
            mark.ontology_hash,
            mark.mapping_version,
        )


def _was_at(still: LedgerState, sequence: int, batch_hash: str) -> bool:
    """Tell whether the ledger has been there."""
    known = still.at(sequence)
    return known is not None and known.batch_hash == batch_hash


def _is_near(still: LedgerState, sequence: int, batch_hash: str) -> bool:
    """Tell whether the ledger has been there, and following it from there costs less than making everything anew.

    What retention or redaction took out since cannot be told any more: a deriver that never knew it would not tell a
    view to drop it.
    """
    if not _was_at(still, sequence, batch_hash):
        return False
    distance = still.distance(sequence)
    return distance.changes <= WORTHWHILE * distance.open and not distance.rewritten


def derived(
    still: LedgerState,
    model: OntologyModel,
    end: End,
    *,
    watched: Callable[[Iterable[Claim]], Iterable[Claim]] = iter,
) -> Deriver:
    """Derive anew what was the present at a sequence of the ledger, from what it knew then."""
    deriver = Deriver(model, compile_rules(model))
    time = end.time or datetime.now(UTC)
    deriver.restore(
        watched(still.claims(end.sequence)),
        sequence=end.sequence,
        time=time,
        batch_hash=end.batch_hash,
        observations=still.observations(end.sequence),
        recent=still.statement_observations(horizon(time), end.sequence),
        sightings=still.sightings(end.sequence),
    )
    return deriver


def _sequence(view: View) -> int:
    mark = view.watermark()
    return mark.sequence if mark else 0

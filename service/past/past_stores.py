"""What the graph was: temporary stores made from the ledger for questions about the past."""

from __future__ import annotations

import itertools
import logging
import shutil
import threading
from collections import OrderedDict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, time, timedelta
from pathlib import Path
from typing import Final

from stratagraph.ontology.errors import StratagraphError
from stratagraph.ontology.facts import Fact
from stratagraph.ontology.model import CORE_SOURCE, OntologyModel, of_modules
from stratagraph.ontology.rules import compile_rules
from stratagraph.service.deriver import Deriver
from stratagraph.service.deriver.shares import horizon
from stratagraph.service.ledger.asof import Moment, Standing
from stratagraph.service.ledger.ledger import Ledger
from stratagraph.service.privacy import make_private
from stratagraph.service.times import read_day, read_time
from stratagraph.service.views.adjacency import AdjacencyView
from stratagraph.service.views.checkpoints import Checkpoint
from stratagraph.service.views.triples import TriplesView
from stratagraph.service.waiting import go_on, while_awaited

log = logging.getLogger(__name__)

KEPT: Final = 3
"""Temporary stores that are kept for the next question about the same sequence."""
PATIENCE: Final = 30.0
"""Seconds that a question waits while another one's store is made."""
_SEQUENCE_DIGITS: Final = 18


class BadMoment(StratagraphError, slug="bad-moment", status=400):
    """A moment that is neither a sequence nor a time."""

    text = (
        "'{given}' is no moment. Give a ledger sequence, a date, or a time such as 2026-03-01T12:00:00Z "
        "(in an address, write the plus of an offset as %2B)."
    )

    given: str


class PastBusy(StratagraphError, slug="past-busy", status=503):
    """Too many questions about the past at once."""

    text = "Other questions about the past are being prepared. Ask again in {retry_after} s."

    retry_after: int


def read_moment(text: str, *, now: datetime | None = None) -> Moment:
    """Return the sequence or time that a text says; a date is the end of that day, today is now; UTC without offset.

    Raises:
        BadMoment: it says neither.
    """
    given = text.strip()
    if given.isascii() and given.isdecimal() and len(given) <= _SEQUENCE_DIGITS:
        return int(given)
    now = now or datetime.now(UTC)
    day = read_day(given)
    if day is not None:
        over = datetime.combine(day, time(tzinfo=UTC)) + timedelta(days=1, microseconds=-1)
        return now if day == now.date() else over
    when = read_time(given)
    if when is None:
        raise BadMoment(given=text)
    return when


@dataclass(frozen=True, slots=True, kw_only=True)
class Past:
    """The graph at one sequence. ``model`` is the ontology in force then, unless ``substituted`` by the present one."""

    standing: Standing
    model: OntologyModel
    triples: TriplesView
    adjacency: AdjacencyView

    @property
    def substituted(self) -> bool:
        """Whether the ontology of then can't be had any more, so that the present one stands in."""
        return self.model.hash != self.standing.ontology_hash

    def note(self) -> str:
        """Return what an answer says of itself in a header: the ledger's time, and what differs from then."""
        parts = [self.standing.time.isoformat()]
        if self.standing.redacted:
            parts.append(f"redacted={self.standing.redacted}")
        if self.substituted:
            parts.append("ontology=substituted")
        return "; ".join(parts)


@dataclass(slots=True, eq=False)
class _Store:
    """A temporary store, its folder, and how many use it."""

    past: Past
    folder: Path
    uses: int = 0
    dropped: bool = False
    checkpoint: Checkpoint | None = None
    lock: threading.Lock = field(default_factory=threading.Lock)

    def as_checkpoint(self) -> Checkpoint:
        """Return an immutable copy for worker processes, made once."""
        with self.lock:
            if self.checkpoint is None:
                path = self.folder / "checkpoint"
                self.past.triples.checkpoint(path)
                sequence = self.past.standing.sequence
                self.checkpoint = Checkpoint(path=path, sequence=sequence, note=self.past.note())
            return self.checkpoint

    def close(self) -> None:
        self.past.triples.close()
        shutil.rmtree(self.folder, ignore_errors=True)


class Pasts:
    """Makes, keeps and drops the temporary stores of one ledger, in a folder whose earlier content is thrown away.

    One store is made at a time. A redaction drops them all: what is erased must not live on here.
    """

    def __init__(self, ledger: Ledger, model: OntologyModel, folder: Path, *, kept: int = KEPT) -> None:
        self._ledger = ledger
        self._model = model
        self._folder = folder
        self._kept = kept
        self._lock = threading.Lock()
        self._making = threading.Lock()
        self._stores: OrderedDict[int, _Store] = OrderedDict()
        self._lent: dict[Checkpoint, _Store] = {}
        self._numbers = itertools.count()
        self._looked_until = ledger.sequence()
        self._erasures = 0
        self._dropped: set[_Store] = set()
        shutil.rmtree(folder, ignore_errors=True)

    @contextmanager
    def at(self, moment: Moment) -> Iterator[Past]:
        """Hold the graph of a sequence or time.

        Raises:
            AsOfInFuture, AsOfBeforeLedger: there is nothing to tell.
            PastBusy: too many ask at once.
        """
        store = self._take(moment)
        try:
            yield store.past
        finally:
            self._give_back(store)

    def checkpoint(self, moment: Moment) -> Checkpoint:
        """Return the triples of a moment for a worker process, in use until they are released. Raises as ``at``."""
        store = self._take(moment)
        try:
            checkpoint = store.as_checkpoint()
        except BaseException:
            self._give_back(store)
            raise
        with self._lock:
            self._lent[checkpoint] = store
        return checkpoint

    def owns(self, checkpoint: Checkpoint) -> bool:
        """Tell whether a checkpoint is one of these."""
        return checkpoint in self._lent

    def release(self, checkpoint: Checkpoint) -> None:
        """Give one use of a checkpoint back."""
        self._give_back(self._lent[checkpoint])

    def close(self) -> None:
        """Remove every store; nobody may use one any more."""
        with self._lock:
            for store in {*self._stores.values(), *self._lent.values()}:
                store.close()
            self._stores.clear()
            self._lent.clear()
        shutil.rmtree(self._folder, ignore_errors=True)

    def _take(self, moment: Moment) -> _Store:
        standing = self._ledger.standing(moment)
        self._forget_redacted()
        if store := self._known(standing.sequence):
            return store
        if not self._making.acquire(timeout=PATIENCE):
            raise PastBusy(retry_after=int(PATIENCE))
        try:
            go_on()  # others were first
            return self._known(standing.sequence) or self._new(standing)
        finally:
            self._making.release()

    def _known(self, sequence: int) -> _Store | None:
        with self._lock:
            store = self._stores.get(sequence)
            if store is not None:
                self._stores.move_to_end(sequence)
                store.uses += 1
            return store

    def _new(self, standing: Standing) -> _Store:
        while True:
            # Counted, for whoever asks meanwhile looks too, and would leave nothing new to be seen here.
            erasures = self._erasures
            store = self._make(standing)
            self._forget_redacted()
            if erasures == self._erasures:
                break
            # Erased while the store was made: it may hold what it must not, and counts too few.
            store.close()
            standing = self._ledger.standing(standing.sequence)
        with self._lock:
            store.uses = 1
            self._stores[standing.sequence] = store
            while len(self._stores) > self._kept:
                self._drop(next(iter(self._stores)))
        return store

    def forget_redacted(self) -> bool:
        """Drop every store when something was redacted; return whether somebody still reads one that was dropped."""
        self._forget_redacted()
        # One that is being made is not among them yet: it is dropped by whoever makes it.
        return self._making.locked() or bool(self._dropped)

    def is_retired(self, checkpoint: Checkpoint | None) -> bool:
        """Tell whether a checkpoint is one of a store that was dropped."""
        store = None if checkpoint is None else self._lent.get(checkpoint)
        return store is not None and store.dropped

    def _forget_redacted(self) -> None:
        """Drop every store when something was redacted since the last look."""
        with self._lock:
            self._looked_until, erased = self._ledger.redactions(self._looked_until)
            if erased:
                self._erasures += 1
                for sequence in list(self._stores):
                    self._drop(sequence)

    def _drop(self, sequence: int) -> None:
        store = self._stores.pop(sequence)
        store.dropped = True
        self._dropped.add(store)
        self._close_unused(store)

    def _give_back(self, store: _Store) -> None:
        with self._lock:
            store.uses -= 1
            self._close_unused(store)

    def _close_unused(self, store: _Store) -> None:
        if store.dropped and store.uses <= 0:
            if store.checkpoint is not None:
                self._lent.pop(store.checkpoint, None)
            store.close()
            self._dropped.discard(store)

    def _make(self, standing: Standing) -> _Store:
        folder = self._folder / f"{next(self._numbers):08d}"
        make_private(folder)
        try:
            return self._made(standing, folder)
        except BaseException:
            shutil.rmtree(folder, ignore_errors=True)
            raise

    def _made(self, standing: Standing, folder: Path) -> _Store:
        sequence = standing.sequence
        model = self._model_at(standing)
        deriver = Deriver(model, compile_rules(model))
        # One state for all four, which is closed here also when nobody waits any more: a stream that is left in the
        # middle keeps its connection until Python's collector finds it, in whatever thread.
        with self._ledger.state() as still:
            deriver.restore(
                while_awaited(still.claims(sequence)),
                sequence=sequence,
                time=standing.time,
                batch_hash=standing.batch_hash,
                observations=while_awaited(still.observations(sequence)),
                recent=while_awaited(still.statement_observations(horizon(standing.time), sequence)),
                sightings=still.sightings(sequence),
            )
        triples, adjacency = TriplesView(folder / "triples", model), AdjacencyView(model)
        for view in (triples, adjacency):
            go_on()
            view.rebuild(deriver.snapshot(edges_only=view.edges_only))
        return _Store(Past(standing=standing, model=model, triples=triples, adjacency=adjacency), folder)

    def _model_at(self, standing: Standing) -> OntologyModel:
        """Return the ontology in force then, read from the ledger itself; the present one where that fails."""
        if standing.ontology_hash == self._model.hash:
            return self._model
        modules: dict[str, list[Fact]] = {}
        for claim in self._ledger.facts_as_of(standing.sequence):
            if claim.source == CORE_SOURCE:
                modules.setdefault(claim.scope, []).append(claim.fact)
        try:
            then = of_modules({name: tuple(facts) for name, facts in modules.items()})
        except (ValueError, LookupError):
            log.warning("the ontology of sequence %d can't be read by this version", standing.sequence)
            return self._model
        return then if then.hash == standing.ontology_hash else self._model

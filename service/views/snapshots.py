"""What readers read: the views at one sequence each, without a lock that the writer takes.

A reader pins the newest sequence. As long as no commit comes, its queries go to the live store and cost nothing extra.
When a commit is about to change the store, it first makes a checkpoint (hard links, some 15 ms) for those who read,
and only if anybody does; a query that was under way then is asked again there. So the writer waits for no query, and
no answer is of two sequences.
"""

from __future__ import annotations

import itertools
import logging
import os
import shutil
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Final, TypeVar

import pyoxigraph as ox

from stratagraph.ontology.errors import StratagraphError
from stratagraph.ontology.facts import Fact, Iri, Literal, Term
from stratagraph.ontology.model import OntologyModel
from stratagraph.queries.store_protocols import Pattern, Row
from stratagraph.service.privacy import make_private
from stratagraph.service.views import querying
from stratagraph.service.views.adjacency import AdjacencySnapshot, AdjacencyView
from stratagraph.service.views.triples import TriplesView

log = logging.getLogger(__name__)

PATIENCE: Final = 30.0
"""Seconds that a reader waits for a change that is being written: it takes milliseconds, unless the disk hangs."""

_MEMBERS: Final = "SELECT ?asset ?alias WHERE { ?asset sg:mergedFrom ?alias }"
_MODELS: Final = "SELECT ?model ?alias WHERE { ?alias sg:aliasOf ?model }"
_T = TypeVar("_T")


class SnapshotLost(StratagraphError, slug="snapshot-lost", status=503):
    """The disk took no checkpoint, or a change hangs: the sequence that was being read is gone."""

    text = (
        "What was being read could not be kept while the graph moved on ({reason}). Ask again in {retry_after} s; if "
        "that does not help, look at the room on the disk of the data folder."
    )
    reason: str
    retry_after: int = 1


class TriplesSnapshot:
    """The triples at one sequence: those of the live store, until a checkpoint takes their place."""

    def __init__(self, live: TriplesView, sequence: int) -> None:
        self.sequence = sequence
        # The view, not its store: the folder can be opened again as soon as the view has let go of it.
        self._live = live
        self._overtaken = False
        self._folder: Path | None = None
        self._frozen: ox.Store | None = None
        self._opening = threading.Lock()

    def select(self, query: str, bindings: Mapping[str, Term] | None = None) -> Sequence[Row]:
        """Evaluate a SELECT query; a bound variable must be one of those that it selects."""
        return self._ask(lambda store: querying.select(store, query, bindings))

    def ask(self, query: str, bindings: Mapping[str, Term] | None = None) -> bool:
        """Evaluate an ASK query; a bound variable must occur in its outermost group."""
        return self._ask(lambda store: querying.ask(store, query, bindings))

    def facts_about(self, node: Iri) -> Iterator[tuple[Iri, Term]]:
        """Yield (predicate, object) of every triple with this subject."""
        return iter(self._ask(lambda store: querying.facts_about(store, node)))

    def matching(self, patterns: Sequence[Pattern]) -> list[list[Fact]]:
        """Return the triples of each pattern."""
        return self._ask(lambda store: querying.matching(store, patterns))

    def keep(self, folder: Path) -> None:
        """Take a checkpoint of this sequence, to go on in when the live store changes."""
        self._folder = folder

    def overtake(self) -> None:
        """Read the live store no more: it is about to change."""
        self._overtaken = True

    @property
    def overtaken(self) -> bool:
        """Whether the live store may hold another sequence by now."""
        return self._overtaken

    @property
    def folder(self) -> Path | None:
        """Where the checkpoint lies, once there is one."""
        return self._folder

    def close(self) -> None:
        """Let go of the checkpoint and remove it; nobody reads any more."""
        self._frozen = None
        if self._folder is not None:
            shutil.rmtree(self._folder, ignore_errors=True)

    def _ask(self, evaluate: Callable[[ox.Store], _T]) -> _T:
        if not self._overtaken:
            try:
                found = evaluate(self._live.store)
            except Exception:
                if not self._overtaken:
                    raise
            else:
                # The store tells nothing of a change before its writer has overtaken those who read: whatever was
                # read until this look is of our sequence.
                if not self._overtaken:
                    return found
        return evaluate(self._checkpoint())

    def _checkpoint(self) -> ox.Store:
        with self._opening:
            if self._frozen is None:
                if self._folder is None:
                    raise SnapshotLost(reason="no checkpoint")
                self._frozen = ox.Store.read_only(str(self._folder))
            return self._frozen


class Snapshot:
    """Triples and influence edges at one sequence; good for as long as it is pinned."""

    def __init__(
        self, triples: TriplesSnapshot, adjacency: AdjacencySnapshot, model: OntologyModel, *, epoch: int = 0
    ) -> None:
        self.triples = triples
        self.adjacency = adjacency
        self.model = model
        self.epoch = epoch
        """Another one whenever the triples were made anew: at the same sequence they may hold something else."""
        self.pins = 0

    @property
    def sequence(self) -> int:
        """The ledger sequence of all that is read here."""
        return self.triples.sequence

    def members(self, asset: Iri) -> tuple[Iri, ...]:
        """Return the assets that are one with this one, which stands for them; itself included."""
        rows = self.triples.select(_MEMBERS, {"asset": asset})
        aliases = {row["alias"].value for row in rows if isinstance(row["alias"], Literal)}
        return tuple(sorted({asset, *aliases}))

    def one_model(self, asset: Iri) -> tuple[Iri, ...]:
        """Return the names of one model: an asset, the model that it is an alias of, and all others of that model.

        A name that several models answered to belongs to none of them.
        """
        models = self._models(asset)
        if len(models) > 1:
            return (asset,)
        model = next(iter(models), asset)
        rows = self.triples.select(_MODELS, {"model": model})
        aliases = {str(row["alias"]) for row in rows}
        return tuple(sorted({model, asset, *(alias for alias in aliases if len(self._models(alias)) == 1)}))

    def _models(self, alias: Iri) -> set[Iri]:
        return {str(row["model"]) for row in self.triples.select(_MODELS, {"alias": alias})}


class Snapshots:
    """Pins the newest sequence for readers, and keeps what they read from the writer's hands.

    ``folder`` takes the checkpoints; its earlier content is thrown away. The views stand at one sequence when this is
    made, and from then on change within ``moving`` only.
    """

    def __init__(self, folder: Path, triples: TriplesView, adjacency: AdjacencyView, model: OntologyModel) -> None:
        self._folder = folder
        self._triples = triples
        self._adjacency = adjacency
        self._model = model
        self._numbers = itertools.count()
        # Held for a look, and for as long as a checkpoint is made; never while a query runs or a change is derived.
        self._changed = threading.Condition()
        self._writing = False
        self._epoch = 0
        self._pinned: set[Snapshot] = set()
        shutil.rmtree(folder, ignore_errors=True)
        make_private(folder)
        taken = self._taken()
        assert taken is not None  # the views stand at one sequence
        self._current = taken
        triples.before_writing(self._before_writing)

    @property
    def sequence(self) -> int:
        """The newest sequence that can be read: every view has reached it."""
        return self._current.sequence

    @contextmanager
    def newest(self) -> Iterator[Snapshot]:
        """Pin the newest sequence for the length of a block.

        Raises:
            SnapshotLost: a change hangs while it is being written.
        """
        snapshot = self.pin()
        try:
            yield snapshot
        finally:
            self.unpin(snapshot)

    def pin(self) -> Snapshot:
        """Return the newest sequence, to be unpinned once. Raises SnapshotLost."""
        with self._changed:
            # While a change is written nobody can begin to read the live store; with a checkpoint there is no need.
            if not self._changed.wait_for(self._is_readable, PATIENCE):
                raise SnapshotLost(reason="a change takes longer than half a minute")
            snapshot = self._current
            snapshot.pins += 1
            self._pinned.add(snapshot)
            return snapshot

    def unpin(self, snapshot: Snapshot) -> None:
        """Give one pin back; one that nobody reads goes away, unless it is the newest."""
        with self._changed:
            snapshot.pins -= 1
            unused = not snapshot.pins
            if unused:
                self._pinned.discard(snapshot)
                self._forget()
        if unused and snapshot is not self._current:
            snapshot.triples.close()

    def checkpoint(self, snapshot: Snapshot) -> Path:
        """Return a folder with the triples of a pinned snapshot, for another process; good while it is pinned.

        Raises:
            SnapshotLost: the disk took no checkpoint.
        """
        with self._changed:
            if snapshot.triples.folder is None and not snapshot.triples.overtaken:
                self._keep(snapshot)
            folder = snapshot.triples.folder
        if folder is None:
            raise SnapshotLost(reason="the disk took no checkpoint")
        return folder

    def copy_to(self, path: Path) -> int:
        """Write a checkpoint of the newest sequence to a path that does not exist; return the sequence."""
        with self.newest() as snapshot:
            # Linked, not copied: a checkpoint's files are never written to.
            shutil.copytree(self.checkpoint(snapshot), path, copy_function=os.link)
            return snapshot.sequence

    def reads_before(self, sequence: int) -> bool:
        """Tell whether somebody still reads an older sequence."""
        with self._changed:
            return any(snapshot.sequence < sequence for snapshot in self._pinned)

    @contextmanager
    def moving(self) -> Iterator[None]:
        """Let the views change within a block; at its end, however it ends, readers get what they hold then."""
        try:
            yield
        finally:
            self._move()

    def begin_anew(self) -> None:
        """Let those who begin to read now get the files as they are now: they were put in order."""
        with self._changed:
            before = self._current
            # While a change is written, what comes behind it begins anew by itself.
            if not self._writing and (taken := self._taken()) is not None:
                self._current = taken
        if before is not self._current and not before.pins:
            before.triples.close()

    def close(self) -> None:
        """Remove every checkpoint; nobody reads any more."""
        for snapshot in {self._current, *self._pinned}:
            snapshot.triples.close()
        shutil.rmtree(self._folder, ignore_errors=True)

    def _is_readable(self) -> bool:
        return not self._writing or self._current.triples.folder is not None

    def _before_writing(self, lasting: bool) -> None:  # noqa: FBT001  the view's signal, which has no names
        """Make a checkpoint for those who read now, or, of a change that lasts, for those who will."""
        with self._changed:
            current = self._current.triples
            if not current.overtaken and current.folder is None and (self._current.pins or lasting):
                self._keep(self._current)
            # Only now, with the checkpoint in place, and before the first byte is written.
            current.overtake()
            self._writing = True
            # A rebuild is told by nothing else; after a large change what is kept by epoch is merely read again.
            self._epoch += lasting

    def _keep(self, snapshot: Snapshot) -> None:
        folder = self._folder / f"{next(self._numbers):08d}"
        try:
            self._triples.checkpoint(folder)
        except (OSError, RuntimeError):
            # A commit must not fail because of its readers: they are told to ask again.
            log.exception("no checkpoint of sequence %d could be made", snapshot.sequence)
        else:
            snapshot.triples.keep(folder)

    def _move(self) -> None:
        with self._changed:
            before = self._current
            if self._writing or before.sequence != self._triples.sequence:
                # Where the triples failed and stand where they stood, both can still be read at that sequence.
                # Otherwise what was readable stays readable, as far as it has a checkpoint, until the view is mended.
                taken = self._taken() if self._triples.is_whole else None
                if taken is not None:
                    self._writing = False
                    self._current = taken
                    self._forget()
            self._changed.notify_all()
        if before is not self._current and not before.pins:
            before.triples.close()

    def _taken(self) -> Snapshot | None:
        triples = TriplesSnapshot(self._triples, self._triples.sequence)
        adjacency = self._adjacency.at(triples.sequence)
        return None if adjacency is None else Snapshot(triples, adjacency, self._model, epoch=self._epoch)

    def _forget(self) -> None:
        """Let the adjacency forget what was before the oldest sequence that anybody reads."""
        self._adjacency.forget(min(each.sequence for each in (*self._pinned, self._current)))

"""The writer of one data directory: batch -> gate -> ledger -> deriver -> views."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from datetime import date, datetime
from functools import cached_property
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Final, Self

from stratagraph.ontology.facts import Batch, ChangeSet, Iri, Observation, Repetition
from stratagraph.ontology.model import OntologyModel
from stratagraph.ontology.observations import METRICS, SPANS
from stratagraph.service.deriver import Deriver
from stratagraph.service.engine.arrivals import Arrivals
from stratagraph.service.engine.audits import Audits
from stratagraph.service.engine.committer import Committed, Committer, refuse_ours, single_valued
from stratagraph.service.engine.derivation import Derivation
from stratagraph.service.engine.erasure import READ, Erasure, Remains, until_gone
from stratagraph.service.engine.explaining import Explainer
from stratagraph.service.engine.health_watch import HealthWatch, observed_of
from stratagraph.service.engine.housekeeping import Housekeeping
from stratagraph.service.engine.in_force import ontology_of
from stratagraph.service.engine.lockfile import DataLock
from stratagraph.service.engine.ontology_batch import ontology_batch
from stratagraph.service.engine.opening import Opening, Stage
from stratagraph.service.engine.outlining import Outlining
from stratagraph.service.engine.periodic import Periodic
from stratagraph.service.engine.price_cache import Prices
from stratagraph.service.engine.restoring import Restorer
from stratagraph.service.engine.sameness import Sameness
from stratagraph.service.engine.saving import LOOK_SECONDS, Saving
from stratagraph.service.engine.sowing import Sowing
from stratagraph.service.engine.tally import Tally
from stratagraph.service.gc_pause import LARGE, paused
from stratagraph.service.ledger.commit import RUN
from stratagraph.service.ledger.ledger import Ledger
from stratagraph.service.settings import (
    ADJACENCY_FILE,
    CHECKPOINTS_FOLDER,
    DERIVER_FILE,
    SNAPSHOTS_FOLDER,
    TRIPLES_FOLDER,
    Settings,
)
from stratagraph.service.views.adjacency import AdjacencyView
from stratagraph.service.views.checkpoints import Checkpoints
from stratagraph.service.views.projector import Projector, RemoteView
from stratagraph.service.views.snapshots import Snapshot, Snapshots
from stratagraph.service.views.triples import TriplesView
from stratagraph.service.views.view import View
from stratagraph.shapes.finding import GateFinding

if TYPE_CHECKING:
    from stratagraph.loaders.prices import PriceTable
    from stratagraph.queries.audit.verdicts import Audit
    from stratagraph.service.ledger.ledger import Review
    from stratagraph.service.ledger.redaction import Redaction, Sought
    from stratagraph.service.ledger.repeating import Repeated
    from stratagraph.shapes.gate import Gate
    from stratagraph.shapes.rule import Rule

log = logging.getLogger(__name__)

FOLLOW_SECONDS: Final = 0.5
"""Seconds between looks at a ledger that other processes commit to, and at a view that failed."""
NEAR_MISS_SECONDS: Final = 0.25
"""Seconds that who reads about an asset waits for the deriver: most changes take less, and more is noticed."""


class Engine:
    """Owns the ledger, the deriver and the views of one data directory; one per process and directory.

    ``commit`` may be called from any thread. Readers stay within ``reading``: it pins the views as they are, and
    no commit waits for it.

    A service opens it in two steps: ``early``, its triples can be read as soon as it is made, if they stand at a
    sequence of the ledger, and ``take_in`` does the rest; until then only ``checkpoints`` and ``sequence`` are of use.

    Raises:
        DataInUse: another process holds the directory.
    """

    def __init__(self, settings: Settings, *, early: bool = False) -> None:
        self.settings = settings
        self.opening = Opening()
        with paused(LARGE):
            extended = ontology_of(settings)
            extended.report.log(log)
            self.model: OntologyModel = extended.model
            self.extension = extended.report
            self._places = extended.places
            self.lock = DataLock(settings.data)
            try:
                self._open_triples()
                if not (early and self._let_read()):
                    self.take_in()
            except BaseException:
                self.lock.close()
                raise

    def _open_triples(self) -> None:
        folder = self.settings.data
        self.arrivals = Arrivals(lambda: self.sequence)
        self.tally = Tally()
        self.price_table = Prices(self.reading)
        self.audits = Audits(self.model, lambda: self.rules)
        self._sowing = Sowing(self.model, self.settings)
        self.ledger = Ledger.open(self.settings.ledger, key_file=self.settings.ledger_key)
        self.erasure = Erasure(folder, self.ledger)
        self.erasure.begin()
        self._sowing.sow_triples(self.ledger)
        self.triples = TriplesView(folder / TRIPLES_FOLDER, self.model)
        self.adjacency = AdjacencyView(self.model, folder / ADJACENCY_FILE)
        self._checkpoints: Checkpoints | None = None
        sowing = self._sowing
        self._restorer = Restorer(
            self.model,
            self.views(),
            folder / DERIVER_FILE,
            sown=lambda head: sowing.deriver(head, self.triples),
            made=sowing.keep,
            opening=self.opening,
        )
        self.neo4j = Projector(
            "neo4j",
            connect=self._connect_neo4j,
            snapshot=self._snapshot,
            reading=self._still,
            head=lambda: self._derivation.position,
            lease=lambda view: self.ledger.lease(f"neo4j {view.identity}"),
            present=lambda: self.deriver,
            check_seconds=self.settings.neo4j_check_seconds,
        )

    def _let_read(self) -> bool:
        """Let the triples be read as they stand, if the ledger has been there; tell whether they can be."""
        if not self._restorer.is_of(self.triples, self.ledger) or self.triples.is_half_way:
            return False
        # Before the rest moves them: until it is there, this copy is what everybody reads.
        self._early = self.triples.sequence
        self.opening.reach(Stage.TRIPLES)
        self.checkpoints().release(self.checkpoints().newest())
        return True

    def take_in(self) -> None:
        """Take in what is not there yet; once it is, everything can be read and written.

        Raises:
            OpeningStopped: the opening was broken off meanwhile.
        """
        if self.opening.is_whole:
            return
        with paused(LARGE):
            self._take_in()
        self.opening.reach(Stage.WHOLE)
        self.arrivals.announce()

    def _take_in(self) -> None:
        if stated := ontology_batch(self.model, self.ledger):
            self.ledger.commit(stated, ontology_hash=self.model.hash, single_valued=single_valued(self.model))
        self._derive()
        self._derivation.let_hear(self.neo4j.offer)
        self._committer = Committer(
            self.ledger,
            self.model,
            self._derivation,
            self.tally,
            gate=lambda: self.gate,
            explain=self._explain,
            explainer=self.explainer,
        )
        self._following = Periodic("following", self._follow, seconds=FOLLOW_SECONDS)
        self._keeping = Periodic("housekeeping", self.housekeep, seconds=self.settings.housekeeping_seconds)
        self._saves = Periodic("saving", lambda: self.keep_state(if_due=True), seconds=LOOK_SECONDS)
        self.housekeeping = Housekeeping(
            self._committer,
            self.erasure,
            self.settings,
            compact=self._compact,
            ends=lambda: self._keeping.ends,
        )
        self._watching = Periodic("health", self.look_at_health, seconds=self.settings.health_seconds)
        self.health = HealthWatch(
            self.ledger, self.model, reading=self.reading, commit=self.commit, ends=lambda: self._watching.ends
        )
        self.erasure.add("triples", self._erase_derived)
        self.erasure.add("saved state", self.saving.forget)
        self.erasure.add("checkpoints", self._erase_checkpoints)
        if self.erasure.is_due():
            self.erasure.sweep()

    @cached_property
    def rules(self) -> tuple[Rule, ...]:
        """The rules that audits evaluate, those that ship and one's own; most commands evaluate none."""
        from stratagraph.shapes.packs import rules_with

        return rules_with(self.settings.rules)

    @cached_property
    def gate(self) -> Gate:
        """What every batch must pass; a process that only reads does not load it."""
        from stratagraph.shapes.gate import Gate

        return Gate(self.model)

    def views(self) -> tuple[View, ...]:
        """Return every view that a commit waits for, in the order in which changes reach them."""
        return (self.adjacency, self.triples)

    def start(self) -> None:
        """Do what only a process that stays does, each in a thread of its own; ``close`` ends them.

        Remote views follow, so do the local ones what other processes commit, and the house is kept.
        """
        self.start_projecting()
        self._following.start()
        self._keeping.start()
        self._saves.start()
        self._watching.start()
        self.outlining.begin()

    def start_projecting(self) -> None:
        """Let remote views follow."""
        self.neo4j.start()

    def _follow(self) -> None:
        # Whoever holds the data folder alone has committed all there is: there is nothing to ask the ledger.
        if self.ledger.shared or self._derivation.ails:
            self._committer.catch_up()

    def housekeep(self) -> int:
        """Close what silent sources no longer see and add up old observations; return the number of entries made."""
        return self.housekeeping.run()

    def look_at_health(self) -> int:
        """State the health of the assets that telemetry tells of, where it changed; return of how many it did."""
        return self.health.look()

    def _compact(self) -> bool:
        """Put the triples in order on disk, and let readers have them so."""
        if not self.triples.compact():
            return False
        self.snapshots.begin_anew()
        if self._checkpoints is not None:
            self._checkpoints.age()
        return True

    def _connect_neo4j(self) -> RemoteView | None:
        # Most commands never talk to Neo4j, and its driver takes a while to load.
        from stratagraph.service.neo4j.target import find_target
        from stratagraph.service.neo4j.view import Neo4jView

        target = find_target(self.settings)
        if target is None:
            return None
        known = self.settings
        return Neo4jView(target, self.model, ontology_terms=known.neo4j_ontology_terms, shared=known.cypher_shared)

    def _snapshot(self) -> Iterator[ChangeSet]:
        return self.deriver.snapshot()  # of the deriver of that time: after a failure it is another one

    def _derive(self) -> None:
        """Take the present in, and keep what a new folder begins with for the next one."""
        self.adjacency.load()
        self._derivation = Derivation(self.ledger, self.model, self.views(), self._restorer)
        self.explainer = Explainer(self.model, self._places, self._derivation)
        self._sowing.keep_ledger(self.deriver)
        self.outlining = Outlining(self.model, lambda: self.deriver, self._still)
        folder = self.settings.data / SNAPSHOTS_FOLDER
        self.snapshots = Snapshots(folder, self.triples, self.adjacency, self.model)
        self._derivation.move_within(self.snapshots.moving, self.arrivals.announce)
        self._derivation.let_hear(self.price_table.follow, missed=self.price_table.forget)
        self.saving = Saving(
            self.settings.data, self.model, self._derivation, self.adjacency, seconds=self.settings.saving_seconds
        )
        self._derivation.let_hear(self.saving.hear)

    @property
    def deriver(self) -> Deriver:
        """What holds the present in memory; another one after a failure."""
        return self._derivation.deriver

    @property
    def sameness(self) -> Sameness:
        """What is known about which assets may be one."""
        return self._derivation.sameness

    # Writing

    def commit(self, batch: Batch, review: Review | None = None) -> Committed:
        """Check a batch, make it durable and let every view follow.

        ``review`` is shown what a new run would change, and may refuse it by raising.

        Raises:
            GateRefused: the batch violates a shape; nothing of it was committed.
            RunConflict: the run is known with other content.
            InvalidBatch: the source is the ontology's own, or something cannot be kept exactly.
        """
        return self._committer.commit(batch, review)

    def repeat(self, repetition: Repetition) -> Repeated | None:
        """Commit that a run found the documents of the last one of its scopes: it says what that one said.

        None, and nothing is committed, where they were others, or the facts of those scopes are not as it left them. An
        engine that has not taken in everything needs not do so for it: its views follow when it does.

        Raises:
            InvalidBatch: as committing a batch would.
        """
        if self.opening.is_whole:
            return self._committer.repeat(repetition)
        refuse_ours(repetition.source, repetition.run)
        return self.ledger.repeat(repetition, ontology_hash=self.model.hash)

    def mark(
        self, owner: str, marks: Mapping[str, bytes | None], expected: Mapping[str, bytes | None] | None = None
    ) -> None:
        """Keep an owner's notes that belong to no batch; those of a batch are kept with it. None deletes one.

        Raises:
            MarksMoved: one of them is not what is expected.
            InvalidBatch: they cannot be kept exactly.
        """
        self.ledger.mark(owner, marks, expected)

    def marks(self, owner: str) -> dict[str, bytes]:
        """Return an owner's notes by name, as its last batch left them."""
        return self.ledger.marks(owner)

    def rehearse(self, batch: Batch) -> Committed:
        """Return what committing a batch would answer; nothing is committed, and no view moves.

        Raises:
            GateRefused, RunConflict, InvalidBatch: as committing it would.
        """
        return self._committer.rehearse(batch)

    def redact(
        self, sought: Sought, *, by: str, why: str, dry_run: bool = False
    ) -> tuple[Redaction, tuple[Remains, ...]]:
        """Erase what is sought from the ledger, from all that follows from it, and from every file.

        Returns what was erased, and where it may still stand for now. A dry run erases nothing.

        Raises:
            NothingToRedact, ReasonTells, NotRedactable: nothing was erased.
        """
        redaction = self._committer.redact(sought, by=by, why=why, dry_run=dry_run)
        return redaction, () if dry_run else self.erasure.sweep()

    def _erase_derived(self) -> str | None:
        _, redacted = self.ledger.redactions(self._derivation.renewed)
        if redacted:
            self._committer.renew()
        here = self._derivation.renewed
        return READ if until_gone(lambda: self.snapshots.reads_before(here)) else None

    def _erase_checkpoints(self) -> str | None:
        checkpoints = self._checkpoints
        if checkpoints is None:
            return None
        checkpoints.retire()
        return READ if until_gone(checkpoints.retired) else None

    def _explain(self, violations: tuple[GateFinding, ...], batch: Batch) -> tuple[GateFinding, ...]:
        from stratagraph.service.engine.candidates import Candidates

        return Candidates(self.model, self.settings.base, self.triples).explain(violations, batch)

    # Reading

    @property
    def sequence(self) -> int:
        """The sequence that every view has reached, and that readers get; while it opens, that of the triples."""
        return self.snapshots.sequence if self.opening.is_whole else self._early

    def lags(self) -> Mapping[str, int]:
        """Return how many sequences each view is behind the ledger."""
        head = self.ledger.sequence()
        return {name: max(0, head - sequence) for name, sequence in self._derivation.sequences().items()}

    @contextmanager
    def reading(self) -> Iterator[Snapshot]:
        """Pin the newest sequence: whatever is read of it fits together, and nobody waits.

        Raises:
            SnapshotLost: a change hangs while it is being written.
        """
        with self.snapshots.newest() as snapshot:
            yield snapshot

    @contextmanager
    def _still(self) -> Iterator[None]:
        """Hold the deriver and the views still; no commit gets on meanwhile."""
        with self._derivation.lock:
            yield

    def near_misses(self, snapshot: Snapshot, asset: Iri, language: str) -> list[dict[str, Any]] | None:
        """Return what may be one with an asset of a snapshot; None when the graph has moved on, or is moving.

        Only the deriver knows this, and it knows the newest sequence alone. A change may take minutes to derive: who
        reads about an asset must not wait for that.
        """
        if not self._derivation.lock.acquire(timeout=NEAR_MISS_SECONDS):
            return None
        try:
            here = self.deriver.sequence == snapshot.sequence
            return self.sameness.near_misses(asset, language) if here else None
        finally:
            self._derivation.lock.release()

    def wait_for(self, sequence: int, seconds: float) -> bool:
        """Wait until every view has reached a sequence; return whether it came in time."""
        return self.arrivals.wait(sequence, seconds)

    def observations_about(
        self, snapshot: Snapshot, asset: Iri, start: datetime, end: datetime
    ) -> Iterator[Observation]:
        """Yield what was observed of an asset over a time, as of a snapshot; of assets that are one what each showed.

        A model is one with the names by which it is asked for: where no answer came, they are all that is known.
        """
        for name in snapshot.one_model(asset):
            for seen in observed_of(self.ledger, snapshot, name, start, end):
                yield seen if name == asset else replace(seen, subject=asset)

    def prices(self) -> PriceTable:
        """Return the price facts of the graph."""
        return self.price_table.table()

    def newest_telemetry(self) -> datetime | None:
        """Return when telemetry was last committed, or None."""
        newest = (batch for source in (SPANS, METRICS) for batch in self.ledger.batches(limit=100, source=source))
        # Adding up old observations is an entry of their source, and tells of nothing new.
        return max((batch.time for batch in newest if batch.kind == RUN), default=None)

    def audit(self, *, on: date | None = None, framework: str | None = None) -> Audit:
        """Evaluate the rules in this process, on a day, today unless said otherwise; or return what is known.

        Raises:
            UnknownFramework: no rule belongs to the framework.
        """
        with self.reading() as snapshot:
            return self.audits.of(snapshot, on=on, framework=framework)

    def checkpoints(self) -> Checkpoints:
        """Return the immutable copies of the triples that query workers read."""
        if self._checkpoints is None:
            self._checkpoints = Checkpoints(
                self.settings.data / CHECKPOINTS_FOLDER,
                make=self._copy_triples,
                sequence=lambda: self.sequence,
            )
        return self._checkpoints

    def _copy_triples(self, path: Path) -> int:
        if self.opening.is_whole:
            return self.snapshots.copy_to(path)
        self.triples.checkpoint(path)
        return self._early

    # Lifetime

    def close(self) -> None:
        """Flush and release everything."""
        if not self.opening.is_whole:
            self._close_early()
            return
        # Each part whatever became of the one before: a view that can't be closed must not leave the lock behind.
        for periodic in (self._keeping, self._following, self._saves, self._watching):
            periodic.end()  # both at once, before either is waited for
        with ExitStack() as parts:
            parts.callback(self.lock.close)
            parts.callback(self.ledger.close)
            parts.callback(self.keep_state)
            for view in self.views():
                parts.callback(view.close)
            parts.callback(self.snapshots.close)
            if self._checkpoints is not None:
                parts.callback(self._checkpoints.close)
            parts.callback(self.neo4j.close)
            parts.callback(self._following.close)
            parts.callback(self._keeping.close)
            parts.callback(self._saves.close)
            parts.callback(self._watching.close)

    def _close_early(self) -> None:
        with ExitStack() as parts:
            parts.callback(self.lock.close)
            parts.callback(self.ledger.close)
            parts.callback(self.triples.close)
            if self._checkpoints is not None:
                parts.callback(self._checkpoints.close)

    def keep_state(self, *, if_due: bool = False) -> bool:
        """Keep what was derived for the next process, at all or if it is time; return whether it was written now."""
        if self._sowing.is_kept(self.deriver):
            return False
        return self.saving.save_if_due() if if_due else self.saving.save()

    def __enter__(self) -> Self:
        """Return the engine, to be closed at the end of the block."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close it."""
        self.close()

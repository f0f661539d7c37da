"""The writer of one data directory: batch -> gate -> ledger -> deriver -> views."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from functools import cached_property
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Final, Self

from stratagraph.ontology.facts import Batch, ChangeSet, Iri, LedgerChange, Method, Observation
from stratagraph.ontology.model import CORE_SOURCE, OntologyModel, load_model
from stratagraph.ontology.namespaces import RDF
from stratagraph.ontology.rules import compile_rules
from stratagraph.service.deriver import Deriver
from stratagraph.service.deriver.saved import load, save
from stratagraph.service.deriver.shares import horizon
from stratagraph.service.engine.arrivals import Arrivals
from stratagraph.service.engine.audits import Audits
from stratagraph.service.engine.in_force import ontology_of
from stratagraph.service.engine.lockfile import DataLock
from stratagraph.service.engine.ontology_batch import ontology_batch
from stratagraph.service.engine.prices import Prices
from stratagraph.service.engine.sameness import Sameness
from stratagraph.service.engine.seed import FIRST, Seed
from stratagraph.service.engine.tally import Tally
from stratagraph.service.gc_pause import LARGE, paused
from stratagraph.service.ledger.commit import RUN, Receipt
from stratagraph.service.ledger.errors import InvalidBatch
from stratagraph.service.ledger.ledger import Ledger
from stratagraph.service.ledger.reading import End
from stratagraph.service.settings import CHECKPOINTS_FOLDER, DERIVER_FILE, SNAPSHOTS_FOLDER, TRIPLES_FOLDER, Settings
from stratagraph.service.views.adjacency import AdjacencyView
from stratagraph.service.views.checkpoints import Checkpoints
from stratagraph.service.views.projector import Projector, RemoteView
from stratagraph.service.views.snapshots import Snapshot, Snapshots
from stratagraph.service.views.triples import TriplesView
from stratagraph.service.views.view import View, Watermark
from stratagraph.shapes.finding import Finding, GateRefused, GateReport

if TYPE_CHECKING:
    from stratagraph.loaders.prices import PriceTable
    from stratagraph.queries.audit.verdicts import Audit
    from stratagraph.shapes.gate import Gate
    from stratagraph.shapes.rule import Rule

log = logging.getLogger(__name__)

RETENTION_SECONDS: Final = 3600.0
NEAR_MISS_SECONDS: Final = 0.25
"""Seconds that who reads about an asset waits for the deriver: most changes take less, and more is noticed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Committed:
    """What became of a batch: its receipt, and what the gate would like to see documented."""

    receipt: Receipt
    warnings: tuple[Finding, ...]


class Engine:
    """Owns the ledger, the deriver and the views of one data directory; one per process and directory.

    ``commit`` may be called from any thread. Who reads does so within ``reading``: it pins the views as they are, and
    no commit waits for it.

    Raises:
        DataInUse: another process holds the directory.
    """

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        with paused(LARGE):
            extended = ontology_of(settings)
            extended.report.log(log)
            self.model: OntologyModel = extended.model
            self.extension = extended.report
            self.lock = DataLock(settings.data)
            try:
                self._open()
            except BaseException:
                self.lock.close()
                raise

    def _open(self) -> None:
        folder = self.settings.data
        self._single_valued = frozenset(iri for iri, info in self.model.attributes.items() if info.single_valued)
        self._commit_lock = threading.Lock()
        self._views_lock = threading.RLock()
        self.arrivals = Arrivals(lambda: self.sequence)
        self.tally = Tally()
        self.price_table = Prices(self.reading)
        self.audits = Audits(self.model, lambda: self.rules)
        seed = Seed(self.model) if self.model is load_model() else None
        if seed and isinstance(self.settings.ledger, Path):
            seed.plant_ledger(self.settings.ledger)
        self.ledger = Ledger.open(self.settings.ledger, key_file=self.settings.ledger_key)
        self._seed = seed if self.ledger.sequence() <= FIRST else None
        if self._seed:
            self._seed.plant_triples(folder / TRIPLES_FOLDER)
        self.triples = TriplesView(folder / TRIPLES_FOLDER, self.model)
        self.adjacency = AdjacencyView(self.model)
        self._checkpoints: Checkpoints | None = None
        self._retain_at = 0.0
        self.neo4j = Projector(
            "neo4j",
            connect=self._connect_neo4j,
            snapshot=self._snapshot,
            reading=self._still,
            head=self._position,
        )
        if stated := ontology_batch(self.model, self.ledger):
            self._ledger_commit(stated)
        self._restore()

    @cached_property
    def rules(self) -> tuple[Rule, ...]:
        """The rules that audits evaluate, those that ship and one's own; most commands evaluate none."""
        from stratagraph.shapes.packs import rules_with

        return rules_with(self.settings.rules)

    @cached_property
    def gate(self) -> Gate:
        """What every batch must pass; who only reads does not wait for it."""
        from stratagraph.shapes.gate import Gate

        return Gate(self.model)

    def views(self) -> tuple[View, ...]:
        """Return every view that a commit waits for, in the order in which changes reach them."""
        return (self.adjacency, self.triples)

    def start_projecting(self) -> None:
        """Let remote views follow, each in a thread of its own; only a process that stays does that."""
        self.neo4j.start()

    def _connect_neo4j(self) -> RemoteView | None:
        # Most commands never talk to Neo4j, and its driver takes a while to load.
        from stratagraph.service.neo4j.target import find_target
        from stratagraph.service.neo4j.view import Neo4jView

        target = find_target(self.settings)
        return Neo4jView(target, self.model) if target else None

    def _snapshot(self) -> Iterator[ChangeSet]:
        return self.deriver.snapshot()

    def _sown(self, head: End) -> Deriver | None:
        """Return the deriver of a new folder from the seed, with the triples brought in step; None without a seed."""
        if not self._seed or head.sequence != FIRST or head.time is None or not self.triples.watermark():
            return None
        deriver = self._seed.deriver()
        if deriver is not None:
            sightings = self.ledger.sightings()
            self.triples.apply(deriver.adopt(time=head.time, batch_hash=head.batch_hash, sightings=sightings))
        return deriver

    def _position(self) -> Watermark:
        mark = self.adjacency.watermark()
        assert mark is not None  # every view was rebuilt before anything else
        return mark

    def _restore(self) -> None:
        """Take the present in from the ledger, and rebuild every view that does not stand there already."""
        head = self.ledger.end()
        saved = load(self._deriver_file, self.model, sequence=head.sequence, batch_hash=head.batch_hash)
        self.deriver = saved or self._sown(head) or self._restored(head)
        self.sameness = Sameness(self.model, self.deriver)
        for view in self.views():
            if not self._stands_at(view, head):
                log.info("rebuilding the view %s at sequence %d", view.name, head.sequence)
                view.rebuild(self.deriver.snapshot(edges_only=view.edges_only))
                if view is self.triples and self._seed and head.sequence == FIRST:
                    self._seed.keep(self.deriver, self.triples)
        if self._seed and head.sequence == FIRST and isinstance(self.settings.ledger, Path):
            self._seed.keep_ledger(self.settings.ledger)
        folder = self.settings.data / SNAPSHOTS_FOLDER
        self.snapshots = Snapshots(folder, self.triples, self.adjacency, self.model)

    def _restored(self, head: End) -> Deriver:
        """Derive the present anew from what the ledger says."""
        deriver = Deriver(self.model, compile_rules(self.model))
        time = head.time or datetime.now(UTC)
        deriver.restore(
            self.ledger.open_claims(),
            sequence=head.sequence,
            time=time,
            batch_hash=head.batch_hash,
            observations=self.ledger.newest_observations(),
            recent=self.ledger.statement_observations(horizon(time)),
            sightings=self.ledger.sightings(),
        )
        return deriver

    @property
    def _deriver_file(self) -> Path:
        return self.settings.data / DERIVER_FILE

    def _stands_at(self, view: View, head: End) -> bool:
        mark = view.watermark()
        return mark is not None and (mark.sequence, mark.batch_hash, mark.ontology_hash, mark.mapping_version) == (
            head.sequence,
            head.batch_hash,
            self.model.hash,
            view.mapping_version,
        )

    # Writing

    def commit(self, batch: Batch) -> Committed:
        """Check a batch, make it durable and let every view follow.

        Raises:
            GateRefused: the batch violates a shape; nothing of it was committed.
            RunConflict: the run is known with other content.
            InvalidBatch: the source is the ontology's own, or something cannot be kept exactly.
        """
        with self._commit_lock, paused(sum(len(scope.stated) for scope in batch.scopes)):
            try:
                report = self._judge(batch)
            except GateRefused:
                self.tally.batch("refused")
                raise
            receipt = self._ledger_commit(batch)
            self.tally.batch("duplicate" if receipt.duplicate else "committed")
            if not receipt.duplicate:
                self.tally.changed(receipt.change)
                self._project(receipt.change)
            return Committed(receipt=receipt, warnings=(*report.warnings, *self._doubts(batch, receipt)))

    def _doubts(self, batch: Batch, receipt: Receipt) -> tuple[Finding, ...]:
        """Return what is doubtful about who is who; telemetry has no reader, so what it brings is logged, once."""
        if batch.method is Method.DECLARED:
            return tuple(self.sameness.warnings(batch))
        opened = [claim.fact.subject for claim in receipt.change.opened if claim.fact.predicate == RDF.type]
        for finding in self.sameness.appeared(opened):
            log.warning("%s", finding.text())
        return ()

    def rehearse(self, batch: Batch) -> Committed:
        """Return what committing a batch would answer; nothing is committed, and no view moves.

        Raises:
            GateRefused, RunConflict, InvalidBatch: as committing it would.
        """
        with self._commit_lock, paused(sum(len(scope.stated) for scope in batch.scopes)):
            report = self._judge(batch)
            receipt = self.ledger.rehearse(batch, ontology_hash=self.model.hash, single_valued=self._single_valued)
            with self._views_lock, self.deriver.supposing(receipt.change):
                doubts = tuple(self.sameness.warnings(batch))
        return Committed(receipt=receipt, warnings=(*report.warnings, *doubts))

    def _judge(self, batch: Batch) -> GateReport:
        if batch.source == CORE_SOURCE:
            raise InvalidBatch(source=batch.source, run=batch.run, problem="this source is the ontology's own")
        report = self.gate.check(batch, self.ledger.open_facts)
        if report.violations:
            from stratagraph.service.engine.candidates import Candidates

            candidates = Candidates(self.model, self.settings.base, self.triples)
            raise GateRefused.of(candidates.explain(report.violations, batch))
        return report

    def _ledger_commit(self, batch: Batch) -> Receipt:
        return self.ledger.commit(batch, ontology_hash=self.model.hash, single_valued=self._single_valued)

    def _project(self, change: LedgerChange) -> None:
        """Let the deriver and every view follow; a view that can't is rebuilt, for the ledger has the truth already."""
        with self._views_lock:
            derived = self.deriver.apply(change)
            self.neo4j.offer(derived)  # before the views move: who compares them finds the change in the queue
            self.price_table.follow(derived)
            with self.snapshots.moving():
                for view in self.views():
                    try:
                        view.apply(derived)
                    except Exception:
                        log.exception("the view %s failed at sequence %d; rebuilding it", view.name, change.sequence)
                        view.rebuild(self.deriver.snapshot(edges_only=view.edges_only))
        self.arrivals.announce()

    def housekeep(self) -> int:
        """Close what silent sources no longer see and add up old observations; return the number of batches."""
        due = self.ledger.due_for_silence(datetime.now(UTC))
        for batch in due:
            with self._commit_lock:
                receipt = self._ledger_commit(batch)
                if not receipt.duplicate:
                    self._project(receipt.change)
        return len(due) + self._retain()

    def _retain(self) -> int:
        """Add up old observations, once an hour, for looking for them reads all; return the number of entries."""
        from stratagraph.service.ledger.retention import Policy

        if time.monotonic() < self._retain_at:
            return 0
        self._retain_at = time.monotonic() + RETENTION_SECONDS
        policy = Policy(
            fine=timedelta(days=self.settings.keep_minutes_days), hourly=timedelta(days=self.settings.keep_hours_days)
        )
        entries = 0
        while True:
            with self._commit_lock:
                receipt = self.ledger.retain(policy, ontology_hash=self.model.hash)
                if receipt is None:
                    return entries
                self._project(receipt.change)
            entries += 1

    # Reading

    @property
    def sequence(self) -> int:
        """The sequence that every view has reached, and that readers get."""
        return self.snapshots.sequence

    def lags(self) -> Mapping[str, int]:
        """Return how many sequences each view is behind the ledger."""
        head = self.ledger.sequence()
        return {view.name: max(0, head - self._sequence_of(view)) for view in self.views()}

    def _sequence_of(self, view: View) -> int:
        mark = view.watermark()
        return mark.sequence if mark else 0

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
        with self._views_lock:
            yield

    def near_misses(self, snapshot: Snapshot, asset: Iri, language: str) -> list[dict[str, Any]] | None:
        """Return what may be one with an asset of a snapshot; None when the graph has moved on, or is moving.

        Only the deriver knows this, and it knows the newest sequence alone. A change may take minutes to derive: who
        reads about an asset must not wait for that.
        """
        if not self._views_lock.acquire(timeout=NEAR_MISS_SECONDS):
            return None
        try:
            here = self.deriver.sequence == snapshot.sequence
            return self.sameness.near_misses(asset, language) if here else None
        finally:
            self._views_lock.release()

    def wait_for(self, sequence: int, seconds: float) -> bool:
        """Wait until every view has reached a sequence; return whether it came in time."""
        return self.arrivals.wait(sequence, seconds)

    def observations_about(
        self, snapshot: Snapshot, asset: Iri, start: datetime, end: datetime
    ) -> Iterator[Observation]:
        """Yield what was observed of an asset over a time, as of a snapshot; of merged assets what each showed."""
        for member in snapshot.members(asset):
            for seen in self.ledger.observations_about(member, start, end, until=snapshot.sequence):
                yield seen if member == asset else replace(seen, subject=asset)

    def prices(self) -> PriceTable:
        """Return the price facts of the graph."""
        return self.price_table.table()

    def newest_telemetry(self) -> datetime | None:
        """Return when telemetry was last committed, or None."""
        from stratagraph.loaders.otlp_traces import SOURCE as TELEMETRY

        newest = self.ledger.batches(limit=100, source=TELEMETRY)
        # Adding up old observations is an entry of their source, and tells of nothing new.
        return next((batch.time for batch in newest if batch.kind == RUN), None)

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
                make=self.snapshots.copy_to,
                sequence=lambda: self.sequence,
            )
        return self._checkpoints

    # Lifetime

    def close(self) -> None:
        """Flush and release everything."""
        self.neo4j.close()
        if self._checkpoints is not None:
            self._checkpoints.close()
        self.snapshots.close()
        for view in self.views():
            view.close()
        if not (self.deriver.sequence == FIRST and self._seed and self._seed.is_kept):
            save(self._deriver_file, self.model, self.deriver)
        self.ledger.close()
        self.lock.close()

    def __enter__(self) -> Self:
        """Return the engine, to be closed at the end of the block."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close it."""
        self.close()

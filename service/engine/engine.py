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
from typing import TYPE_CHECKING, Final, Self

from stratagraph.ontology.facts import Batch, ChangeSet, Iri, LedgerChange, Method, Observation
from stratagraph.ontology.model import CORE_SOURCE, OntologyModel, load_model
from stratagraph.ontology.namespaces import RDF
from stratagraph.ontology.rules import compile_rules
from stratagraph.service.deriver import Deriver
from stratagraph.service.deriver.saved import load, save
from stratagraph.service.deriver.shares import horizon
from stratagraph.service.engine.in_force import ontology_of
from stratagraph.service.engine.lockfile import DataLock
from stratagraph.service.engine.ontology_batch import ontology_batch
from stratagraph.service.engine.sameness import Sameness
from stratagraph.service.engine.seed import FIRST, Seed
from stratagraph.service.engine.tally import Tally
from stratagraph.service.gc_pause import LARGE, paused
from stratagraph.service.ledger.commit import RUN, Receipt
from stratagraph.service.ledger.errors import InvalidBatch
from stratagraph.service.ledger.ledger import End, Ledger
from stratagraph.service.settings import CHECKPOINTS_FOLDER, DERIVER_FILE, TRIPLES_FOLDER, Settings
from stratagraph.service.views.adjacency import AdjacencyView
from stratagraph.service.views.checkpoints import Checkpoints
from stratagraph.service.views.projector import Projector, RemoteView
from stratagraph.service.views.triples import TriplesView
from stratagraph.service.views.view import View, Watermark
from stratagraph.shapes.finding import Finding, GateRefused, GateReport

if TYPE_CHECKING:
    from stratagraph.loaders.prices import PriceTable
    from stratagraph.queries.audit.verdicts import Audit
    from stratagraph.shapes.gate import Gate
    from stratagraph.shapes.rule import Rule

log = logging.getLogger(__name__)

KEPT_AUDITS: Final = 8
"""Audits that are kept for the next question about the same sequence."""
RETENTION_SECONDS: Final = 3600.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Committed:
    """What became of a batch: its receipt, and what the gate would like to see documented."""

    receipt: Receipt
    warnings: tuple[Finding, ...]


class Engine:
    """Owns the ledger, the deriver and the views of one data directory; one per process and directory.

    ``commit`` may be called from any thread. What reads several things that must fit together does so inside
    ``reading``, where nothing moves.

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
        self._moved = threading.Condition()
        self.tally = Tally()
        self._prices: PriceTable | None = None
        self._audits: dict[tuple[int, date, str | None], Audit] = {}
        self.last_audit: Audit | None = None
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
            reading=self.reading,
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
                if batch.method is Method.DECLARED:
                    self._prices = None
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
            for view in self.views():
                try:
                    view.apply(derived)
                except Exception:
                    log.exception("the view %s failed at sequence %d; rebuilding it", view.name, change.sequence)
                    view.rebuild(self.deriver.snapshot(edges_only=view.edges_only))
        with self._moved:
            self._moved.notify_all()

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
        """The sequence that every view has reached."""
        return min(self._sequence_of(view) for view in self.views())

    def lags(self) -> Mapping[str, int]:
        """Return how many sequences each view is behind the ledger."""
        head = self.ledger.sequence()
        return {view.name: max(0, head - self._sequence_of(view)) for view in self.views()}

    def _sequence_of(self, view: View) -> int:
        mark = view.watermark()
        return mark.sequence if mark else 0

    @contextmanager
    def reading(self) -> Iterator[None]:
        """Hold the views still while something is read that must fit together."""
        with self._views_lock:
            yield

    def wait_for(self, sequence: int, seconds: float) -> bool:
        """Wait until every view has reached a sequence; return whether it came in time."""
        deadline = time.monotonic() + seconds
        with self._moved:
            return self._moved.wait_for(lambda: self.sequence >= sequence, max(0.0, deadline - time.monotonic()))

    def observations_about(self, asset: Iri, start: datetime, end: datetime) -> Iterator[Observation]:
        """Yield what was observed of an asset over a time, as the views know it; of merged assets what each showed."""
        for member in self.deriver.members(asset):
            for seen in self.ledger.observations_about(member, start, end, until=self.sequence):
                yield seen if member == asset else replace(seen, subject=asset)

    def prices(self) -> PriceTable:
        """Return the price facts of the graph."""
        from stratagraph.loaders.prices import PriceTable

        table = self._prices
        if table is None:
            rows = self.triples.select("SELECT DISTINCT ?price WHERE { ?price a sg:Price }")
            subjects = [row["price"] for row in rows]
            facts = self.ledger.open_facts([subject for subject in subjects if isinstance(subject, str)])
            table = self._prices = PriceTable.from_facts(facts)
        return table

    def newest_telemetry(self) -> datetime | None:
        """Return when telemetry was last committed, or None."""
        from stratagraph.loaders.otlp_traces import SOURCE as TELEMETRY

        newest = self.ledger.batches(limit=100, source=TELEMETRY)
        # Adding up old observations is an entry of their source, and tells of nothing new.
        return next((batch.time for batch in newest if batch.kind == RUN), None)

    def verdicts(self) -> tuple[tuple[Iri, str], ...]:
        """Return (target, outcome) of every rule today; evaluated once per sequence and day."""
        return tuple((verdict.target, verdict.outcome.value) for verdict in self.audit().verdicts if verdict.target)

    def audit(self, *, on: date | None = None, framework: str | None = None) -> Audit:
        """Evaluate the rules on a day, today unless said otherwise; the newest answers are kept for their sequence.

        Raises:
            UnknownFramework: no rule belongs to the framework.
        """
        from stratagraph.queries.audit.compliance import evaluate, framework_name

        now = datetime.now(UTC)
        if framework is not None:
            framework = framework_name(self.rules, framework)
        key = (self.triples.sequence, on or now.date(), framework)
        audit = self._audits.get(key)
        if audit is None:
            with self.reading():
                audit = evaluate(
                    self.triples, self.model, self.rules, on=on or now.date(), framework=framework, now=now
                )
            known = [(kept, each) for kept, each in self._audits.items() if kept[0] == audit.sequence]
            self._audits = dict([*known[1 - KEPT_AUDITS :], (key, audit)])
            if on is None and framework is None:
                self.last_audit = audit
        return audit

    def checkpoints(self) -> Checkpoints:
        """Return the immutable copies of the triples that query workers read."""
        if self._checkpoints is None:
            self._checkpoints = Checkpoints(
                self.settings.data / CHECKPOINTS_FOLDER,
                make=self._checkpoint,
                sequence=lambda: self.triples.sequence,
            )
        return self._checkpoints

    def _checkpoint(self, path: Path) -> int:
        with self._views_lock:
            self.triples.checkpoint(path)
            return self.triples.sequence

    # Lifetime

    def close(self) -> None:
        """Flush and release everything."""
        self.neo4j.close()
        if self._checkpoints is not None:
            self._checkpoints.close()
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

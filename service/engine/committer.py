"""The way of a batch: recognised, judged, committed, and taken in by the deriver and the views."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING, Final

from stratagraph.ontology.errors import MOST_FINDINGS
from stratagraph.ontology.facts import Batch, Iri, LedgerChange, Method, Repetition, Term
from stratagraph.ontology.model import CORE_SOURCE, OntologyModel
from stratagraph.ontology.namespaces import RDF
from stratagraph.service.engine.definitions import Definitions
from stratagraph.service.engine.derivation import Derivation
from stratagraph.service.engine.explaining import Explainer
from stratagraph.service.engine.tally import Tally
from stratagraph.service.gc_pause import LARGE, paused
from stratagraph.service.ledger.commit import Receipt
from stratagraph.service.ledger.errors import InvalidBatch
from stratagraph.service.ledger.ledger import Ledger, OpenFacts, Review
from stratagraph.shapes.finding import GateFinding, GateRefused, GateReport

if TYPE_CHECKING:
    from stratagraph.service.ledger.redaction import Redaction, Sought
    from stratagraph.service.ledger.repeating import Repeated
    from stratagraph.service.ledger.retention import Policy
    from stratagraph.shapes.gate import Gate

log = logging.getLogger(__name__)

MOST_LOGGED: Final = 10_000
"""Pairs of assets that may be one of which it is remembered that the log has told."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Committed:
    """What became of a batch: its receipt, and what the gate would like to see documented."""

    receipt: Receipt
    warnings: tuple[GateFinding, ...]

    def most_telling(self) -> list[GateFinding]:
        """Return as many warnings as are listed: one of each kind before the others, so that no kind hides another."""
        first: dict[str, GateFinding] = {}
        others: list[GateFinding] = []
        for warning in self.warnings:
            if first.setdefault(warning.shape, warning) is not warning and len(others) < MOST_FINDINGS:
                others.append(warning)
        return [*first.values(), *others][:MOST_FINDINGS]


class Committer:
    """Commits to the ledger, one batch at a time, and lets the derivation follow.

    The commit lock is held from the judgement until the views have followed: so batches reach the views in the order of
    the ledger, and what a client reads after its answer holds what it wrote. It is taken before the derivation's lock
    and never after it.
    """

    def __init__(
        self,
        ledger: Ledger,
        model: OntologyModel,
        derivation: Derivation,
        tally: Tally,
        *,
        gate: Callable[[], Gate],
        explain: Callable[[tuple[GateFinding, ...], Batch], tuple[GateFinding, ...]],
        explainer: Explainer,
    ) -> None:
        """``gate`` is asked for when the first batch comes; ``explain`` adds to violations what would satisfy them."""
        self._ledger = ledger
        self._model = model
        self._derivation = derivation
        self._tally = tally
        self._gate = gate
        self._explain = explain
        self._definitions = Definitions(model, derivation, explainer, gate)
        self._single_valued = single_valued(model)
        self._lock = threading.Lock()
        self._logged: set[frozenset[Term | None]] = set()

    def commit(self, batch: Batch, review: Review | None = None) -> Committed:
        """Commit a batch; see ``Engine.commit``."""
        refuse_ours(batch.source, batch.run)
        judged = _Judged(self, batch, review)
        with self._lock, paused(sum(len(scope.stated) for scope in batch.scopes)):
            try:
                receipt = self._ledger.commit(
                    batch, ontology_hash=self._model.hash, single_valued=self._single_valued, judge=judged
                )
            except (GateRefused, InvalidBatch) as error:
                self._tally.batch("refused")
                self._rather_by_the_gate(batch, error)
                raise
            # The batch is committed. Whatever happens from here on, that is the answer: who hears of a failure would
            # take it for one of the batch.
            self._follow(receipt)
            committed = Committed(receipt=receipt, warnings=(*judged.warnings(receipt), *self._doubts(batch, receipt)))
            self._note(batch, committed)
            return committed

    def repeat(self, repetition: Repetition) -> Repeated | None:
        """Commit that a run says what the last one of the same documents said; see ``Engine.repeat``."""
        refuse_ours(repetition.source, repetition.run)
        with self._lock:
            repeated = self._ledger.repeat(repetition, ontology_hash=self._model.hash)
            if repeated is not None:
                self._follow(repeated.receipt)
        return repeated

    def _note(self, batch: Batch, committed: Committed) -> None:
        """Keep of which documents the batch was made; without it they are read anew, and that is all."""
        if batch.documents is None:
            return
        try:
            self._ledger.note(batch, warnings=len(committed.warnings))
        except Exception:
            log.exception("of what sequence %d was made is not kept", committed.receipt.sequence)

    def rehearse(self, batch: Batch) -> Committed:
        """Return what committing a batch would answer; see ``Engine.rehearse``."""
        refuse_ours(batch.source, batch.run)
        judged = _Judged(self, batch)
        with self._lock, paused(sum(len(scope.stated) for scope in batch.scopes)):
            try:
                receipt = self._ledger.rehearse(
                    batch, ontology_hash=self._model.hash, single_valued=self._single_valued, judge=judged
                )
            except InvalidBatch as error:
                self._rather_by_the_gate(batch, error)
                raise
            return Committed(receipt=receipt, warnings=(*judged.warnings(receipt), *self._supposed(batch, receipt)))

    def close_silent(self) -> bool:
        """Close what one source has not said for its silence period; return whether there was anything."""
        with self._lock:
            receipt = self._ledger.close_silent(ontology_hash=self._model.hash)
            if receipt is not None:
                self._derivation.follow(receipt.change)
        return receipt is not None

    def retain(self, policy: Policy) -> bool:
        """Add up some old observations; return whether there were any."""
        # Looked for without the lock: that reads all observations, and commits need not wait for it.
        due = self._ledger.due_for_retention(policy)
        if due is None:
            return False
        with self._lock:
            receipt = self._ledger.retain(due, ontology_hash=self._model.hash)
            if receipt is not None:
                self._derivation.follow(receipt.change)
        return receipt is not None

    def redact(self, sought: Sought, *, by: str, why: str, dry_run: bool) -> Redaction:
        """Erase from the ledger, and derive everything anew; see ``Engine.redact``."""
        with self._lock, paused(LARGE):  # all is derived anew
            redaction = self._ledger.redact(sought, by=by, why=why, ontology_hash=self._model.hash, dry_run=dry_run)
            if not dry_run:
                try:
                    self._derivation.renew()
                except Exception:
                    # It is erased and recorded; what could not be made anew is swept again, and said to remain.
                    log.exception("sequence %d erased something; what follows is made anew later", redaction.sequence)
        return redaction

    def renew(self) -> None:
        """Derive everything anew, for another process may have redacted something."""
        with self._lock, paused(LARGE):
            self._derivation.renew()

    def catch_up(self) -> None:
        """Take in what others committed, and mend what failed."""
        if self._derivation.ails or self._ledger.sequence() > self._derivation.deriver.sequence:
            with self._lock:
                self._derivation.catch_up()

    def judge(self, batch: Batch, open_facts: OpenFacts) -> GateReport:
        """Return the gate's report on a batch; violations in it are those that definitions may settle.

        Raises:
            GateRefused: the batch violates a shape, whatever follows from it.
        """
        report = self._checked(batch, open_facts)
        if report.violations and not all(map(self._definitions.may_settle, report.violations)):
            raise self._refused(report.violations, batch)
        return report

    def review(self, batch: Batch, report: GateReport) -> Review | None:
        """Return what looks at the change that a batch makes; None where no class is defined.

        It raises ``GateRefused`` where the change makes of a thing what it can't be, by definitions.
        """
        if not self._definitions.concern():
            return None

        def look(change: LedgerChange) -> None:
            if objections := self._definitions.objections(change, report.violations):
                raise self._refused(objections, batch)

        return look

    def _refused(self, violations: tuple[GateFinding, ...], batch: Batch) -> GateRefused:
        return GateRefused.of(self._explained(violations, batch))

    def _checked(self, batch: Batch, open_facts: OpenFacts) -> GateReport:
        return self._gate().check(batch, open_facts, lambda nodes: open_facts(nodes, (RDF.type,)))

    def _rather_by_the_gate(self, batch: Batch, error: GateRefused | InvalidBatch) -> None:
        """Let the gate refuse what the ledger can't keep, where it finds that too: its findings name place and remedy.

        Raises:
            GateRefused: the gate has findings.
        """
        if isinstance(error, InvalidBatch):
            self.judge(batch, self._ledger.open_facts)

    def _explained(self, violations: tuple[GateFinding, ...], batch: Batch) -> tuple[GateFinding, ...]:
        try:
            return self._explain(violations, batch)
        except Exception:
            log.exception("what would satisfy the gate can't be told")  # a view is down; the batch is no better for it
            return violations

    def warnings(self, batch: Batch) -> GateReport:
        """Return what the gate would like to see documented in a batch that is committed already."""
        return self._checked(batch, self._ledger.open_facts)

    def _follow(self, receipt: Receipt) -> None:
        try:
            self._tally.batch("duplicate" if receipt.duplicate else "committed")
            if not receipt.duplicate:
                self._tally.changed(receipt.change)
        except Exception:
            log.exception("sequence %d was not counted", receipt.sequence)
        if not receipt.duplicate:
            self._derivation.follow(receipt.change)

    def _doubts(self, batch: Batch, receipt: Receipt) -> tuple[GateFinding, ...]:
        """Return what is doubtful about who is who; telemetry has no reader, so what it brings is logged, once."""
        try:
            if not self._derivation.is_sound:
                return ()
            sameness = self._derivation.sameness
            if batch.method is Method.DECLARED:
                return tuple(sameness.warnings(batch))
            opened = [claim.fact.subject for claim in receipt.change.opened if claim.fact.predicate == RDF.type]
            appeared = filter(self._is_news, sameness.appeared(opened))
            for finding in islice(appeared, MOST_FINDINGS):
                log.warning("%s", finding.text())
            if more := sum(1 for _ in appeared):
                log.warning("%d more warnings of who may be who came with sequence %d", more, receipt.sequence)
        except Exception:
            log.exception("who is who in sequence %d can't be told", receipt.sequence)
        return ()

    def _is_news(self, finding: GateFinding) -> bool:
        """Tell whether nothing was logged of these two: each scope that speaks of an asset states it anew."""
        pair = frozenset((finding.focus, finding.value))
        if pair in self._logged:
            return False
        if len(self._logged) >= MOST_LOGGED:
            self._logged.clear()
        self._logged.add(pair)
        return True

    def _supposed(self, batch: Batch, receipt: Receipt) -> tuple[GateFinding, ...]:
        derivation = self._derivation
        if not derivation.is_sound:
            return ()
        with derivation.lock, derivation.supposing(receipt.change):
            return tuple(derivation.sameness.warnings(batch))


class _Judged:
    """A batch before the gate: asked under the ledger's lock, and only where the run is new."""

    def __init__(self, committer: Committer, batch: Batch, review: Review | None = None) -> None:
        self._committer = committer
        self._batch = batch
        self._review = review
        self._report: GateReport | None = None

    def __call__(self, open_facts: OpenFacts) -> Review | None:
        self._report = self._committer.judge(self._batch, open_facts)
        reviews = [each for each in (self._committer.review(self._batch, self._report), self._review) if each]
        return _one_after_the_other(reviews) if reviews else None

    def warnings(self, receipt: Receipt) -> tuple[GateFinding, ...]:
        """Return the gate's warnings; of a run that came again those that it would get today, if anybody reads them."""
        try:
            if self._report is None and self._batch.method is Method.DECLARED:
                self._report = self._committer.warnings(self._batch)
        except Exception:
            log.exception("the gate can't say more on sequence %d", receipt.sequence)
        return () if self._report is None else self._report.warnings


def _one_after_the_other(reviews: Sequence[Review]) -> Review:
    def look(change: LedgerChange) -> None:
        for review in reviews:
            review(change)

    return look


def refuse_ours(source: str, run: str) -> None:
    """Refuse a run in the name of the ontology.

    Raises:
        InvalidBatch: it is one.
    """
    if source == CORE_SOURCE:
        raise InvalidBatch(source=source, run=run, problem="this source is the ontology's own")


def single_valued(model: OntologyModel) -> frozenset[Iri]:
    """Return the attributes of which a source's newer value closes its older one."""
    return frozenset(iri for iri, info in model.attributes.items() if info.single_valued)

"""Audits that were made, kept for the next question as long as evaluating again would give the same."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from stratagraph.ontology.model import OntologyModel
    from stratagraph.queries.audit.verdicts import Audit
    from stratagraph.service.views.snapshots import Snapshot
    from stratagraph.shapes.rule import Rule

KEPT: Final = 8
"""Audits that are kept. Each may hold thousands of verdicts with their evidence, and any client may name days."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditQuestion:
    """What an audit is about: everything that it depends on beside the clock.

    ``moment`` is that of an audit of the past, which is judged as of then; None in the present.
    """

    sequence: int
    epoch: int = 0
    on: date
    framework: str | None = None
    moment: datetime | None = None

    @property
    def of_everything_today(self) -> bool:
        """Whether it is the audit that the levels and the metrics tell of."""
        return self.framework is None and self.moment is None and self.on == datetime.now(UTC).date()


class Audits:
    """The newest answers, by question; evaluates here and now for who has no other process for it."""

    def __init__(self, model: OntologyModel, rules: Callable[[], tuple[Rule, ...]]) -> None:
        """Know the rules when they are first asked for: most commands evaluate none."""
        self.model = model
        self._rules = rules
        self._lock = threading.Lock()
        self._kept: OrderedDict[AuditQuestion, Audit] = OrderedDict()
        self._last: Audit | None = None

    @property
    def rules(self) -> tuple[Rule, ...]:
        """The rules that are evaluated."""
        return self._rules()

    @property
    def last(self) -> Audit | None:
        """The last audit of all frameworks for its own day: of an earlier sequence it may be, out of date never.

        Once a piece of evidence has run out, or the day is over, nothing is told rather than what held before.
        """
        last = self._last
        return last if last is not None and last.holds_at(datetime.now(UTC)) else None

    def question(self, snapshot: Snapshot, *, on: date | None, framework: str | None) -> AuditQuestion:
        """Return what an audit of a snapshot is about.

        Raises:
            UnknownFramework: no rule belongs to the framework.
        """
        return AuditQuestion(
            sequence=snapshot.sequence,
            epoch=snapshot.epoch,
            on=on or datetime.now(UTC).date(),
            framework=self.framework(framework),
        )

    def framework(self, given: str | None) -> str | None:
        """Return the name that a framework gives itself, however it was asked for. Raises UnknownFramework."""
        from stratagraph.queries.audit.compliance import framework_name  # most commands evaluate nothing

        return framework_name(self.rules, given) if given is not None else None

    def known(self, question: AuditQuestion) -> Audit | None:
        """Return the answer to a question, if it was given before and still holds."""
        with self._lock:
            if (audit := self._still_good(question)) is not None or question.framework is None:
                return audit
            whole = self._still_good(replace(question, framework=None))
        return None if whole is None else _of_framework(whole, question.framework)

    def keep(self, question: AuditQuestion, audit: Audit) -> None:
        """Remember an answer; the one that was not asked for longest goes."""
        with self._lock:
            self._kept[question] = audit
            while len(self._kept) > KEPT:
                self._kept.popitem(last=False)
            newer = self._last is None or audit.sequence >= self._last.sequence
            if question.of_everything_today and newer:
                self._last = audit

    def _still_good(self, question: AuditQuestion) -> Audit | None:
        audit = self._kept.get(question)
        if audit is None:
            return None
        if question.moment is None and not audit.holds_at(datetime.now(UTC)):
            # What is judged as of a moment of the past is never judged otherwise; all else may have run out.
            del self._kept[question]
            return None
        self._kept.move_to_end(question)
        return audit

    def of(self, snapshot: Snapshot, *, on: date | None = None, framework: str | None = None) -> Audit:
        """Evaluate the rules here, over a snapshot and on a day, today unless said otherwise; or return what is known.

        Raises:
            UnknownFramework: no rule belongs to the framework.
        """
        from stratagraph.queries.audit.compliance import evaluate

        question = self.question(snapshot, on=on, framework=framework)
        if (known := self.known(question)) is not None:
            return known
        now = datetime.now(UTC)
        audit = evaluate(
            snapshot.triples, self.model, self.rules, on=question.on, framework=question.framework, now=now
        )
        self.keep(question, audit)
        return audit


def _of_framework(audit: Audit, framework: str) -> Audit:
    """Return what an audit of all frameworks says of one: no rule looks at what another one found."""
    from stratagraph.shapes.packs import by_framework

    rules = by_framework(audit.rules, framework)
    chosen = {rule.id for rule in rules}
    verdicts = tuple(verdict for verdict in audit.verdicts if verdict.rule.id in chosen)
    return replace(audit, rules=rules, verdicts=verdicts, framework=framework)

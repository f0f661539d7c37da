"""Verdicts as people read them: the worst first, in one language, with what to do."""

from __future__ import annotations

from typing import Any, Final, TypeAlias

from stratagraph.ontology.model import OntologyModel
from stratagraph.queries.audit.verdicts import Audit, Verdict
from stratagraph.queries.cards import notation
from stratagraph.queries.messages import language as supported
from stratagraph.queries.messages import messages
from stratagraph.queries.outcome import WORST_FIRST, Outcome
from stratagraph.shapes.rule import RuleSeverity

Document: TypeAlias = dict[str, Any]

OPEN: Final = frozenset({Outcome.FAIL, Outcome.UNKNOWN})
"""Outcomes that ask for something to be done."""


def judged(audit: Audit, model: OntologyModel, language: str, *, limit: int) -> Document:
    """Return the audit's verdicts on assets, at most ``limit``; ``total`` says how many there are."""
    severities = tuple(RuleSeverity)
    verdicts = sorted(
        (verdict for verdict in audit.verdicts if verdict.target is not None),
        key=lambda v: (WORST_FIRST.index(v.outcome), severities.index(v.rule.severity), v.rule.id, v.target or ""),
    )
    shown = verdicts[:limit]
    return {
        "sequence": audit.sequence,
        "on": audit.on.isoformat(),
        "total": len(verdicts),
        "verdicts": [_document(verdict, model, supported(language)) for verdict in shown],
    }


def _document(verdict: Verdict, model: OntologyModel, language: str) -> Document:
    texts = messages("compliance", language)
    rule = verdict.rule
    assert verdict.target is not None  # chosen so
    return {
        "rule": rule.id,
        "title": rule.title.text(language),
        "framework": rule.framework,
        "article": rule.article,
        "severity": rule.severity.value,
        "severityLabel": texts[f"severity-{rule.severity.value}"],
        "target": verdict.target,
        "label": verdict.label(language),
        "level": notation(model, verdict.level),
        "outcome": verdict.outcome.value,
        "outcomeLabel": texts[f"outcome-{verdict.outcome.value}"],
        "reasons": [reason.text.text(language) for reason in verdict.reasons],
        "remediation": rule.remediation.text(language) if verdict.outcome in OPEN else None,
    }

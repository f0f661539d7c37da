"""An audit as data: JSON documents and CSV rows."""

from __future__ import annotations

from collections.abc import Iterable
from textwrap import indent
from typing import Any, Final, TypeAlias

from stratagraph.ontology.facts import Iri, Literal, Term
from stratagraph.ontology.model import OntologyModel
from stratagraph.queries.audit.duties import Duties, duties
from stratagraph.queries.audit.seal import Seal
from stratagraph.queries.audit.snippets import facts, snippet
from stratagraph.queries.audit.verdicts import Audit, Evidence, Verdict, VerdictReason
from stratagraph.queries.csv_rows import csv_rows
from stratagraph.queries.messages import LANGUAGES, messages
from stratagraph.queries.outcome import Outcome
from stratagraph.shapes.rule import Rule

Document: TypeAlias = dict[str, Any]

COLUMNS: Final = (
    "rule",
    "version",
    "framework",
    "article",
    "severity",
    "target",
    "name",
    "label_en",
    "label_pt_br",
    "level",
    "outcome",
    "reason_codes",
    "reasons_en",
    "reasons_pt_br",
    "to_state",
    "framework_obligations",
    "framework_checked",
    "framework_not_checked",
    "facts",
    "sources",
    "in_force_from",
    "sequence",
    "on",
    "time",
    "ledger",
    "head_sequence",
    "head_hash",
    "key_fingerprint",
    "product",
)
SEPARATOR: Final = "; "
"""Stands between the entries of a cell that holds several."""


def to_document(audit: Audit, model: OntologyModel, seal: Seal | None = None) -> Document:
    """Return the audit as one JSON-ready object; outcome counts hold every outcome, zeros included."""
    coverage = audit.coverage
    return {
        "sequence": audit.sequence,
        "on": audit.on.isoformat(),
        "time": audit.time.isoformat(),
        "assessor": audit.assessor,
        "ontology": audit.ontology,
        "framework": audit.framework,
        "product": seal.version if seal else None,
        "head": seal.head() if seal else None,
        "keyFingerprint": seal.fingerprint if seal else None,
        "exit": audit.exit_code,
        "coverage": {
            "rules": coverage.rules,
            "targets": coverage.targets,
            "verdicts": len(audit.verdicts),
            "applicable": coverage.applicable,
            # Digits enough for hundredths of a percent.
            "unknownShare": round(coverage.unknown_share, 4),
            "outcomes": {outcome.value: coverage.outcomes.get(outcome, 0) for outcome in Outcome},
            "frameworks": [duties_document(each) for each in duties(audit, model)],
        },
        "rules": [rule_document(rule, model) for rule in audit.rules],
        "verdicts": [verdict_document(verdict, model) for verdict in audit.verdicts],
    }


def to_csv(audit: Audit, model: OntologyModel, seal: Seal | None = None, *, lang: str = LANGUAGES[0]) -> str:
    """Write one row per verdict; a cell that a spreadsheet would run as a formula starts with an apostrophe.

    Texts stand in a column of each language; what would settle a verdict, whose remarks alone differ, in ``lang``.
    """
    covered = {each.framework: each for each in duties(audit, model)}
    return csv_rows(
        COLUMNS,
        (
            _row(verdict, audit, model, lang) | _sealed(seal) | _covered(covered.get(verdict.rule.framework))
            for verdict in audit.verdicts
        ),
    )


def rule_document(rule: Rule, model: OntologyModel) -> Document:
    """Return what a reader needs to know of a rule."""
    return {
        "id": rule.id,
        "iri": rule.iri,
        "version": rule.version,
        "framework": rule.framework,
        "pack": rule.pack,
        "article": rule.article,
        "obligation": rule.obligation or None,
        "policy": rule.policy or None,
        "title": dict(rule.title.texts),
        "text": dict(rule.text.texts),
        "limits": dict(rule.limits.texts),
        "remediation": dict(rule.remediation.texts),
        "roles": list(rule.roles),
        "levels": [notation(model, level) for level in rule.levels],
        "severity": rule.severity.value,
        "legalStatus": rule.legal_status.value,
        "applicableFrom": rule.applicable_from.isoformat(),
        "verified": rule.verified,
        "source": rule.source,
    }


def verdict_document(verdict: Verdict, model: OntologyModel) -> Document:
    """Return one verdict with its reasons and the facts looked at."""
    return {
        "rule": verdict.rule.id,
        "version": verdict.rule.version,
        "framework": verdict.rule.framework,
        "article": verdict.rule.article,
        "severity": verdict.rule.severity.value,
        "target": verdict.target,
        "name": verdict.name,
        "label": {tag.lower(): verdict.label(tag) for tag in LANGUAGES},
        "level": notation(model, verdict.level),
        "outcome": verdict.outcome.value,
        "inForceFrom": verdict.in_force_from.isoformat(),
        "reasons": [{"code": reason.code, "text": dict(reason.text.texts)} for reason in verdict.reasons],
        "evidence": [evidence_document(evidence) for evidence in verdict.evidence],
        "toState": to_state(verdict, model),
    }


def to_state(verdict: Verdict, model: OntologyModel) -> Document | None:
    """Return what would settle an unknown verdict: each fact, and all as an inventory to fill in."""
    if not verdict.needs:
        return None
    yaml = {tag.lower(): snippet(verdict.needs, model, tag) for tag in LANGUAGES}
    return {"facts": facts(verdict.needs, model), "yaml": yaml}


def evidence_document(evidence: Evidence) -> Document:
    """Return one fact that was looked at, with its origin."""
    return {
        "subject": evidence.fact.subject,
        "predicate": evidence.fact.predicate,
        "object": _term(evidence.fact.object),
        "origin": evidence.origin.value,
        "sources": list(evidence.sources),
        "methods": list(evidence.methods),
        "firstSeen": evidence.first_seen,
        "lastSeen": evidence.last_seen,
        "counts": evidence.counts,
    }


def duties_document(found: Duties) -> Document:
    """Return how much of a framework was checked."""
    return {
        "framework": found.framework,
        "obligations": len(found.obligations),
        "checked": found.checked,
        "notChecked": len(found.unchecked),
        "unchecked": list(found.unchecked),
    }


def labelled(reason: VerdictReason, tag: str) -> str:
    """Return a reason in a language, with a word before it where its text alone would read as if it were there."""
    text = reason.text.text(tag)
    label = messages("compliance", tag).get(f"label-{reason.code}")
    return f"{label}: {text}" if label else text


def notation(model: OntologyModel, level: Iri | None) -> str | None:
    """Return ``L8`` for the level, None for what is transversal."""
    return next((info.notation for info in model.levels if info.iri == level), None)


def _term(term: Term) -> Document:
    if isinstance(term, Literal):
        return {"value": term.value, "datatype": term.datatype, "language": term.language or None}
    return {"iri": term}


def _row(verdict: Verdict, audit: Audit, model: OntologyModel, lang: str) -> dict[str, str]:
    sources = sorted({source for evidence in verdict.evidence for source in evidence.sources})
    return {
        "rule": verdict.rule.id,
        "version": verdict.rule.version,
        "framework": verdict.rule.framework,
        "article": verdict.rule.article,
        "severity": verdict.rule.severity.value,
        "target": verdict.target or "",
        "name": verdict.name,
        **{f"label_{tag.lower().replace('-', '_')}": verdict.label(tag) for tag in LANGUAGES},
        "level": notation(model, verdict.level) or "",
        "outcome": verdict.outcome.value,
        "reason_codes": " ".join(reason.code for reason in verdict.reasons),
        **{f"reasons_{tag.lower().replace('-', '_')}": _reasons(verdict, tag) for tag in LANGUAGES},
        "to_state": _indented(snippet(verdict.needs, model, lang)),
        "facts": str(len(verdict.evidence)),
        "sources": _cell(sources),
        "in_force_from": verdict.in_force_from.isoformat(),
        "sequence": str(audit.sequence),
        "on": audit.on.isoformat(),
        "time": audit.time.isoformat(),
    }


def _indented(text: str) -> str:
    """Return YAML that means the same and has no line that begins with a hyphen: a spreadsheet may run one."""
    return indent(text, "  ", lambda line: not line.startswith("#"))


def _sealed(seal: Seal | None) -> dict[str, str]:
    if seal is None:
        return {}
    return {
        "ledger": seal.ledger,
        "head_sequence": str(seal.sequence),
        "head_hash": seal.batch_hash,
        "key_fingerprint": seal.fingerprint,
        "product": seal.version,
    }


def _covered(found: Duties | None) -> dict[str, str]:
    """Return the cells on a rule's framework; empty where the ontology knows no obligations of it."""
    if found is None:
        return {}
    return {
        "framework_obligations": str(len(found.obligations)),
        "framework_checked": str(found.checked),
        "framework_not_checked": str(len(found.unchecked)),
    }


def _reasons(verdict: Verdict, tag: str) -> str:
    return _cell(labelled(reason, tag).removesuffix(".") for reason in verdict.reasons)


def _cell(entries: Iterable[str]) -> str:
    """Return a cell of several entries; a semicolon within one becomes a comma, so that they can be told apart."""
    return SEPARATOR.join(entry.replace(";", ",") for entry in entries)

"""The health of an asset as plain data, with the evidence."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from stratagraph.ontology.facts import Iri
from stratagraph.ontology.model import OntologyModel
from stratagraph.ontology.namespaces import local_name
from stratagraph.queries.figures_document import time
from stratagraph.queries.health.judgement import Health, Judgement, Reason
from stratagraph.queries.messages import messages
from stratagraph.queries.units import unit_label

Document = dict[str, Any]

_REASON: Final = "healthReason"
"""What the codes of reasons begin with."""


def health_document(health: Health, model: OntologyModel, label: Callable[[Iri], str], language: str) -> Document:
    """Return the state of an asset and of each of its metrics; ``label`` names metrics."""

    def told(one: Judgement) -> Document:
        return _judgement(one, model, label, language)

    return {
        "state": _notation(health.state),
        "stateLabel": model.label(health.state, language.lower()) if health.state else None,
        "at": time(health.at),
        "worst": told(health.worst) if health.worst else None,
        "metrics": [told(one) for one in health.judgements],
    }


def _judgement(one: Judgement, model: OntologyModel, label: Callable[[Iri], str], language: str) -> Document:
    info = model.metrics[one.series.metric]
    usual = one.usual
    return {
        "metric": one.series.metric,
        "notation": info.notation,
        "label": label(one.series.metric),
        "figure": info.baseline,
        "unit": one.series.unit,
        "unitLabel": unit_label(one.series.unit, language),
        "sources": [one.series.source] if one.series.source else [],
        "state": _notation(one.state),
        "stateLabel": model.label(one.state, language.lower()) if one.state else None,
        "reason": one.reason.value if one.reason else None,
        "reasonLabel": _reason(one.reason, language) if one.reason else None,
        "window": {"start": time(one.start), "end": time(one.end)},
        "value": one.value,
        "count": one.size,
        "expected": {"low": one.low, "high": one.high, "middle": usual.middle} if usual else None,
        "basis": usual.basis.value if usual else None,
        "windows": usual.windows if usual else 0,
        "since": time(one.since) if one.since else None,
    }


def _reason(reason: Reason, language: str) -> str:
    return messages("codes", language)[f"{_REASON} {reason}"]


def _notation(state: Iri | None) -> str | None:
    return None if state is None else local_name(state)

"""Figures of one subject, and what follows from them, as plain data."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime
from typing import Any, Final

from stratagraph.ontology.facts import Iri, Observation
from stratagraph.ontology.model import OntologyModel
from stratagraph.queries.figures import Figure, figures
from stratagraph.queries.ratios import NOTHING, Ratio, ratios

Document = dict[str, Any]


def figures_document(
    observations: Iterable[Observation],
    model: OntologyModel,
    label: Callable[[Iri], str],
    attributes: Mapping[Iri, float] = NOTHING,
) -> Document:
    """Return the figures and what is derived from them as plain data; unknown numbers are absent."""
    found = figures(observations)
    return {
        "figures": [document(figure, model, label) for figure in found],
        "derived": [document(ratio, model, label) for ratio in ratios(found, model, attributes)],
    }


_NAMES: Final = {
    "count": "count",
    "total": "total",
    "mean": "mean",
    "minimum": "min",
    "maximum": "max",
    "p50": "p50",
    "p95": "p95",
    "p99": "p99",
    "value": "value",
    "calls": "calls",
    "known_calls": "knownCalls",
}


def document(one: Figure | Ratio, model: OntologyModel, label: Callable[[Iri], str]) -> Document:
    """Return one figure or ratio as plain data; unknown numbers are absent."""
    info = model.metrics.get(one.metric)
    told = {name: getattr(one, attribute, None) for attribute, name in _NAMES.items()}
    return {
        "metric": one.metric,
        **({"notation": info.notation} if info else {}),
        "label": label(one.metric),
        "unit": one.unit,
        "window": {"start": time(one.start), "end": time(one.end)},
        **{name: number for name, number in told.items() if number is not None},
        "sources": list(one.sources),
        "basis": one.basis.value,
    }


def time(moment: datetime) -> str:
    """Return a time in UTC as the API writes it."""
    # Both are ISO 8601; the page and other readers of JSON expect the short form.
    return moment.astimezone(UTC).isoformat().replace("+00:00", "Z")

"""Observations of calls: sums, extremes and sketches per subject, metric and minute."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from math import fsum
from typing import Final, NamedTuple

from stratagraph.loaders.genai.record import CallRecord, ErrorClass, Usage
from stratagraph.ontology.facts import Iri, Observation
from stratagraph.ontology.model import OntologyModel
from stratagraph.ontology.namespaces import SG
from stratagraph.ontology.sketches import encode, sketch_of

WINDOW: Final = timedelta(minutes=1)
_WINDOW_NANOSECONDS: Final = 60 * 10**9
SKETCHED: Final = frozenset({SG.callLatency, SG.timeToFirstToken})
"""Metrics whose quantiles are asked for."""
ERROR_METRICS: Final = {
    ErrorClass.RATE_LIMIT: SG.rateLimitErrors,
    ErrorClass.TIMEOUT: SG.timeoutErrors,
    ErrorClass.CLIENT: SG.clientErrors,
    ErrorClass.SERVER: SG.serverErrors,
    ErrorClass.CONNECTION: SG.connectionErrors,
}


class _Series(NamedTuple):
    """What the values of one observation have in common."""

    subject: Iri
    metric: Iri
    unit: str
    estimated: bool
    window: int


@dataclass(frozen=True, slots=True)
class Cost:
    """What a call cost, and whether somebody measured it or a price list estimates it."""

    amount: Decimal | float
    currency: str
    estimated: bool


class Measures:
    """Collects values and gives them back as observations, in an order that does not depend on theirs."""

    def __init__(self, model: OntologyModel) -> None:
        """Take the metrics' units from the ontology."""
        self._units = {iri: metric.unit for iri, metric in model.metrics.items()}
        self._values: dict[_Series, list[float]] = defaultdict(list)

    def call(self, subject: Iri, record: CallRecord) -> None:
        """Count a call, its outcome and its latency."""
        # By its end, when its outcome, its tokens and its cost are known.
        window = record.end // _WINDOW_NANOSECONDS
        self._add(subject, SG.calls, 1.0, window)
        # Also where none happened: no error is a figure, and nothing would be unknown.
        self._add(subject, SG.errors, float(record.failed), window)
        self._add(subject, SG.callLatency, record.seconds, window)
        if record.error in ERROR_METRICS:
            self._add(subject, ERROR_METRICS[record.error], 1.0, window)
        if record.first_token is not None:
            self._add(subject, SG.timeToFirstToken, record.first_token, window)

    def usage(self, subject: Iri, record: CallRecord, cost: Cost | None) -> None:
        """Add a model call's tokens and cost; an unknown count is not zero."""
        window = record.end // _WINDOW_NANOSECONDS
        for metric, count in _token_counts(record.usage):
            self._add(subject, metric, float(count), window)
        if cost is not None:
            series = _Series(subject, SG.callCost, cost.currency, cost.estimated, window)
            self._values[series].append(float(cost.amount))

    def observations(self) -> tuple[Observation, ...]:
        """Return one observation per series."""
        return tuple(_observation(series, self._values[series]) for series in sorted(self._values))

    def _add(self, subject: Iri, metric: Iri, value: float, window: int) -> None:
        """Add one value to its series."""
        self._values[_Series(subject, metric, self._units[metric], False, window)].append(value)


def _token_counts(usage: Usage) -> Iterator[tuple[Iri, int]]:
    """Yield the known counts of tokens."""
    counts = (
        (SG.inputTokens, usage.input),
        (SG.outputTokens, usage.output),
        (SG.cachedInputTokens, usage.cached),
        (SG.reasoningTokens, usage.reasoning),
    )
    yield from ((metric, count) for metric, count in counts if count is not None)


def _observation(series: _Series, values: list[float]) -> Observation:
    """Return the observation of one series; sums are exact, so that the order of the calls does not show."""
    start = datetime.fromtimestamp(series.window * WINDOW.seconds, UTC)
    return Observation(
        subject=series.subject,
        metric=series.metric,
        unit=series.unit,
        start=start,
        end=start + WINDOW,
        count=len(values),
        total=fsum(values),
        minimum=min(values),
        maximum=max(values),
        sketch=encode(sketch_of(sorted(values))) if series.metric in SKETCHED else b"",
        estimated=series.estimated,
    )

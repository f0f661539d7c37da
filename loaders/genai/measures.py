"""Observations of what happened: sums, extremes and sketches per subject, metric and minute."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from math import fsum
from typing import Final, NamedTuple

from stratagraph.loaders.genai.occurrences import Occurrence
from stratagraph.loaders.genai.record import CallRecord, ErrorClass, Finish, Usage, Verdict
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
_COUNTED: Final = frozenset(
    {
        SG.calls,
        SG.runs,
        SG.modelCalls,
        SG.errors,
        SG.inputTokens,
        SG.outputTokens,
        SG.cachedInputTokens,
        SG.reasoningTokens,
        SG.callCost,
        *ERROR_METRICS.values(),
    }
)
"""Metrics that are sums: of a sampled span each counts for as many as it stands for."""


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
    """Collects values and gives them back as observations, in an order that does not depend on theirs.

    ``sign`` -1 takes a value away that was given before. ``partly``: of its service only some calls arrive, by how they
    ended, so that neither their number nor a rate is known.
    """

    def __init__(self, model: OntologyModel) -> None:
        """Take the metrics' units from the ontology."""
        self._units = {iri: metric.unit for iri, metric in model.metrics.items()}
        self._values: dict[_Series, list[float]] = defaultdict(list)
        self._taken: dict[_Series, list[float]] = defaultdict(list)
        self.sign = 1
        self.partly = False

    def call(self, subject: Iri, seen: Occurrence, *also: Iri) -> None:
        """Count a call, its outcome and its latency; ``also`` are further metrics that count it."""
        # By its end, when its outcome, its tokens and its cost are known.
        window = seen.record.end // _WINDOW_NANOSECONDS
        if not self.partly:
            for metric in (SG.calls, *also):
                self._add(subject, metric, 1.0, window, seen.weight)
            if seen.seconds is not None:
                self._add(subject, SG.callLatency, seen.seconds, window, seen.weight)
        # Also where none happened: no error is a figure. But not of an emitter that never shows them.
        if seen.failed or not (seen.record.hidden or self.partly):
            self._add(subject, SG.errors, float(seen.failed), window, seen.weight)
        if seen.error in ERROR_METRICS and seen.failed:
            self._add(subject, ERROR_METRICS[seen.error], 1.0, window, seen.weight)

    def model_call(self, subject: Iri, seen: Occurrence) -> None:
        """Count how a model's answer came and ended, where that is told."""
        record, window = seen.record, seen.record.end // _WINDOW_NANOSECONDS
        if record.first_token is not None:
            self._add(subject, SG.timeToFirstToken, record.first_token, window, seen.weight)
        if self.partly:
            return
        if record.stream is not None:
            self._add(subject, SG.streamedCalls, float(record.stream), window, seen.weight)
        if record.finish is not None and not seen.failed:
            self._add(subject, SG.truncatedCalls, float(record.finish is Finish.TRUNCATED), window, seen.weight)
            self._add(subject, SG.filteredCalls, float(record.finish is Finish.FILTERED), window, seen.weight)

    def counted(self, subject: Iri, metric: Iri, seen: Occurrence) -> None:
        """Count something once in a metric of its own."""
        if not self.partly:
            self._add(subject, metric, 1.0, seen.record.end // _WINDOW_NANOSECONDS, seen.weight)

    def verdict(self, subject: Iri, seen: Occurrence) -> None:
        """Count what a guardrail decided; a block is no error, and what was not decided is neither."""
        window = seen.record.end // _WINDOW_NANOSECONDS
        decided = seen.verdict is not Verdict.UNDECIDED
        self._add(subject, SG.guardrailUndecided, float(not decided), window, seen.weight)
        if decided:
            found = seen.verdict in {Verdict.BLOCKED, Verdict.FLAGGED}
            self._add(subject, SG.guardrailFindings, float(found), window, seen.weight)
            self._add(subject, SG.guardrailBlocks, float(seen.verdict is Verdict.BLOCKED), window, seen.weight)

    def usage(self, subject: Iri, record: CallRecord, cost: Cost | None) -> None:
        """Add a model call's tokens and cost; an unknown count is not zero."""
        window = record.end // _WINDOW_NANOSECONDS
        for metric, count in _token_counts(record.usage):
            self._add(subject, metric, float(count), window, record.weight)
        if cost is not None:
            estimated = cost.estimated or record.weight != 1
            series = _Series(subject, SG.callCost, cost.currency, estimated, window)
            self._into[series].append(float(cost.amount) * record.weight)

    def observations(self) -> tuple[Observation, ...]:
        """Return one observation per series that has values."""
        listed = ((series, self._left(series)) for series in sorted(self._values))
        return tuple(_observation(series, values) for series, values in listed if values)

    @property
    def _into(self) -> dict[_Series, list[float]]:
        """Where values go: to those that are given, or to those that are taken away."""
        return self._values if self.sign > 0 else self._taken

    def _left(self, series: _Series) -> list[float]:
        """Return the values of a series without those that were taken away."""
        taken = self._taken.get(series)
        if not taken:
            return self._values[series]
        return list((Counter(self._values[series]) - Counter(taken)).elements())

    def _add(self, subject: Iri, metric: Iri, value: float, window: int, weight: float) -> None:
        """Add one value to its series; of a sum, as often as its span stands for others."""
        scaled = weight != 1 and metric in _COUNTED
        series = _Series(subject, metric, self._units[metric], scaled, window)
        self._into[series].append(value * weight if scaled else value)


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

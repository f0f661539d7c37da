"""The state of an asset's metrics, with the evidence."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from itertools import chain
from typing import Final, TypeAlias

from stratagraph.ontology.facts import Iri, Observation
from stratagraph.ontology.infos import MetricInfo
from stratagraph.ontology.model import OntologyModel
from stratagraph.ontology.namespaces import SG
from stratagraph.queries.health.baseline import ANOMALOUS, DEGRADED, Baseline
from stratagraph.queries.health.compared_values import HOUR, STEP, Series, Value, ceiling, floor
from stratagraph.queries.health.missed_calls import HISTORY, end_of_hour, misses_hours, misses_steps
from stratagraph.queries.health.past import DAY, SPANS, Cut, Observed, Past, within

GRACE: Final = timedelta(minutes=2)
"""How long after a step its telemetry may still come: senders wait for a minute, and so do parents of calls."""
LEAST: Final = 10
"""Values that a figure is made of before it is compared: of fewer it is chance."""
RECENT: Final = 3 * HOUR
"""How far back is looked for what is compared: two whole hours in it, whatever the time."""

Active: TypeAlias = Callable[[datetime, datetime], frozenset[int]]
"""Gives the hours, counted from 1970, in which an asset was called."""


class Reason(StrEnum):
    """Why a metric has no state."""

    TOO_LITTLE_HISTORY = "too-little-history"
    TOO_FEW_VALUES = "too-few-values"


@dataclass(frozen=True, slots=True, kw_only=True)
class Judgement:
    """A series beside its own past. ``state`` is None where ``reason`` says why.

    ``since`` is when the first of the spans on end began that show this state or a worse one, within three hours.
    """

    series: Series
    start: datetime
    end: datetime
    state: Iri | None
    value: float | None = None
    size: float = 0
    usual: Baseline | None = None
    low: float | None = None
    high: float | None = None
    since: datetime | None = None
    reason: Reason | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Health:
    """What is known of an asset at a time; ``state`` is the worst of its metrics, and ``worst`` is which."""

    at: datetime
    judgements: tuple[Judgement, ...]
    worst: Judgement | None

    @property
    def state(self) -> Iri | None:
        """The asset's state; None where there is too little to say."""
        return self.worst.state if self.worst else None


def end_of(now: datetime) -> datetime:
    """Return the end of the newest step that is complete."""
    return floor(now - GRACE, STEP)


def hour_of(end: datetime) -> datetime:
    """Return the hour that the step before a time lies in."""
    return floor(end - STEP, HOUR)


def judge(
    observed: Observed,
    active: Active,
    model: OntologyModel,
    now: datetime,
    past_of: Callable[[datetime], Past] | None = None,
) -> Health:
    """Return the states of an asset's metrics at a time: the same of the same observations, whatever their order.

    ``past_of`` may give a past, as of an hour, that was read before.
    """
    bench = _Judge(model, past_of or (lambda hour: Past(observed, model, hour)))
    end = end_of(now)
    recent = within(observed, end - RECENT, end)
    # At night the last values of the day still stand: not to be called is no state of its own.
    if not recent and (recent := within(observed, end - DAY, end)):
        last = ceiling(max(seen.end for seen in recent), STEP)
        recent = [seen for seen in recent if seen.start >= last - RECENT]
    found = bench.metrics(recent)
    silent = bench.silent(found, active, end)
    judgements = tuple(sorted((*found.values(), *silent), key=lambda one: (one.series, one.state or "")))
    return Health(at=end, judgements=judgements, worst=_worst(model, judgements))


def badness(model: OntologyModel) -> Mapping[Iri | None, int]:
    """Return how bad each state is; no state at all is no trouble."""
    return {state: int(model.graph.value(state, SG.badness) or 0) for state in model.graph.instances(SG.HealthStatus)}


def _worst(model: OntologyModel, judgements: Sequence[Judgement]) -> Judgement | None:
    rank = badness(model)
    known = [one for one in judgements if one.state is not None]
    return max(known, key=lambda one: rank[one.state], default=None)


@dataclass(frozen=True)
class _Judge:
    model: OntologyModel
    past_of: Callable[[datetime], Past]

    def metrics(self, recent: Sequence[Observation]) -> dict[Series, Judgement]:
        """Return a judgement of each series that was seen in the last hours."""
        if not recent:
            return {}
        last = ceiling(max(seen.end for seen in recent), STEP)
        past = self.past_of(hour_of(last))
        # Cut backwards from the end, so that the last span is whole.
        cut = Cut(recent, self.model, origin=last)
        # What comes in longer windows may be known of longer spans alone.
        spans = SPANS if any(seen.end - seen.start > STEP for seen in recent) else (STEP,)
        return {series: self._judged(series, cut, past, last) for series in sorted({*chain(*map(cut.of, spans))})}

    def _judged(self, series: Series, cut: Cut, past: Past, last: datetime) -> Judgement:
        info = self.model.metrics[series.metric]
        for span in SPANS:
            values = cut.of(span).get(series, [])
            newest = values[-1] if values and values[-1].end == last else None
            if newest is None or not _is_enough(newest, info):
                continue
            made = Judgement(
                series=series, start=newest.start, end=last, state=None, value=newest.number, size=newest.size
            )
            usual = past.baseline(series, span)
            if usual is None:
                return replace(made, reason=Reason.TOO_LITTLE_HISTORY)
            low, high = usual.expected(newest.size, info)
            state, since = self._state(values, usual, info)
            return replace(made, state=state, since=since, usual=usual, low=low, high=high)
        return Judgement(series=series, start=last - SPANS[-1], end=last, state=None, reason=Reason.TOO_FEW_VALUES)

    def _state(self, values: Sequence[Value], usual: Baseline, info: MetricInfo) -> tuple[Iri, datetime]:
        """Return the milder state of the last two spans, and since when they show it: a single one is a burst."""
        far = [usual.distance(value.number, value.size, info) if _is_enough(value, info) else 0.0 for value in values]
        joined = len(values) > 1 and values[-2].end == values[-1].start
        state = _state_at(min(far[-1], far[-2]) if joined else 0.0)
        first = len(values) - 1
        while first and values[first - 1].end == values[first].start and _is_like(far[first - 1], state):
            first -= 1
        return state, values[first].start

    def silent(self, found: dict[Series, Judgement], active: Active, end: datetime) -> list[Judgement]:
        """Return a judgement for calls that no longer come, in the place of what the last ones looked like."""
        newest = max((one.end for one in found.values() if one.series.metric == SG.calls), default=None)
        if newest is not None and end - newest < 2 * STEP:
            return []
        hours = active(end - HISTORY, end)
        if not hours:
            return []
        past = self.past_of(hour_of(end))
        told = [series for series in found if series.metric == SG.calls]
        if not (misses_hours(hours, end) or any(self._misses(series, past, hours) for series in told)):
            return []
        for series in told:
            del found[series]
        unit = self.model.metrics[SG.calls].unit
        since = newest or end_of_hour(max(hours))
        return [
            Judgement(
                series=series,
                start=since,
                end=end,
                state=SG.silent,
                value=0.0,
                usual=past.baseline(series, STEP),
                since=since,
            )
            for series in told or [Series(SG.calls, unit, "")]
        ]

    def _misses(self, series: Series, past: Past, hours: frozenset[int]) -> bool:
        usual = past.baseline(series, STEP)
        return misses_steps(usual, past.in_weeks(series), past.in_day(series), hours)


def _is_enough(value: Value, info: MetricInfo) -> bool:
    """Tell whether a number is made of enough values; an amount is one however small."""
    return info.baseline == "amount" or value.size >= LEAST


def _state_at(distance: float) -> Iri:
    if distance >= ANOMALOUS:
        return SG.anomalous
    return SG.degraded if distance >= DEGRADED else SG.normal


def _is_like(distance: float, state: Iri) -> bool:
    """Tell whether a span shows the state, or a worse one; of the normal state, whether it shows nothing else."""
    if state == SG.normal:
        return distance < DEGRADED
    return distance >= (ANOMALOUS if state == SG.anomalous else DEGRADED)

"""Observations as the numbers that are compared: one for each metric that has a baseline, step by step."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Final, NamedTuple

from stratagraph.ontology.facts import Iri, Observation
from stratagraph.ontology.model import OntologyModel
from stratagraph.queries.figures import Figure, figures
from stratagraph.queries.ratios import Ratio, ratios

STEP: Final = timedelta(minutes=5)
"""What is compared is added up over this long at least: single minutes tell of chance more than of trouble."""
HOUR: Final = timedelta(hours=1)
EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_LEAST: Final = timedelta.resolution


class Series(NamedTuple):
    """What values are of: two sources that watch the same calls are two series, so are two currencies."""

    metric: Iri
    unit: str
    source: str


class Value(NamedTuple):
    """One number of a series; ``size`` says how many values it is made of."""

    start: datetime
    end: datetime
    number: float
    size: float


def floor(time: datetime, step: timedelta) -> datetime:
    """Return the beginning of the step that a time lies in; steps begin at multiples of their length since 1970."""
    return EPOCH + (time - EPOCH) // step * step


def ceiling(time: datetime, step: timedelta) -> datetime:
    """Return the end of the newest step that begins before a time."""
    return EPOCH - (EPOCH - time) // step * step


def steps(
    observations: Iterable[Observation], model: OntologyModel, step: timedelta, *, origin: datetime = EPOCH
) -> dict[Series, list[Value]]:
    """Return the numbers of each series in the order of time, one for each step that something is known of.

    A window that fits into no step makes a number of its own, but for amounts: nobody knows how it was spread; those
    of the steps that it reaches into are not known either. ``origin`` is where a step begins.
    """
    found: dict[Series, list[Value]] = defaultdict(list)
    cut = _cut(observations, step, origin)
    torn = {time for start, end in cut if end - start != step for time in _reached(start, end, step, origin)}
    for (start, end), seen in sorted(cut.items()):
        for series, number, count in _numbers(seen, model, whole=end - start == step and start not in torn):
            found[series].append(Value(start, end, number, count))
    return found


@lru_cache(maxsize=4)
def compared(model: OntologyModel) -> frozenset[Iri]:
    """Return the metrics that have a baseline, and those that they follow from."""
    found: set[Iri] = set()
    left = {iri for iri, info in model.metrics.items() if info.baseline}
    while left:
        found |= left
        quotients = (info.quotient for iri in left if (info := model.metrics.get(iri)))
        left = {part for quotient in quotients if quotient for part in quotient.parts()} - found
    return frozenset(found)


def _reached(start: datetime, end: datetime, step: timedelta, origin: datetime) -> Iterator[datetime]:
    """Yield when the steps begin that a window reaches into."""
    time = origin + (start - origin) // step * step
    while time < end:
        yield time
        time += step


def _cut(
    observations: Iterable[Observation], step: timedelta, origin: datetime
) -> dict[tuple[datetime, datetime], list[Observation]]:
    cut: dict[tuple[datetime, datetime], list[Observation]] = defaultdict(list)
    for seen in observations:
        start = origin + (seen.start - origin) // step * step
        end = start + step
        # One that is as long as a step, and lies across two, must not pass for one.
        place = (start, end) if seen.end <= end else (seen.start, max(seen.end, seen.start + step + _LEAST))
        cut[place].append(seen)
    return cut


def _numbers(seen: list[Observation], model: OntologyModel, *, whole: bool) -> Iterator[tuple[Series, float, float]]:
    # In a fixed order: sums of floating-point numbers depend on theirs.
    found = figures(sorted(seen, key=_place))
    told: list[Figure | Ratio] = [*found, *ratios(found, model)]
    for one in told:
        info = model.metrics.get(one.metric)
        number = _number(one, info.baseline if info else None, whole=whole)
        if number is not None:
            yield Series(one.metric, one.unit, one.source), number, _count(one)


def _place(seen: Observation) -> tuple[datetime, datetime, float, float, float, int]:
    return seen.start, seen.end, seen.total, seen.minimum, seen.maximum, seen.count


def _number(one: Figure | Ratio, baseline: str | None, *, whole: bool) -> float | None:
    """Return what the ontology says is compared of a metric; None of what is not, or is not known."""
    if isinstance(one, Ratio):
        return one.value if baseline == "ratio" else None
    if baseline == "amount":
        return one.total if whole else None
    return one.p95 if baseline == "p95" else None


def _count(one: Figure | Ratio) -> float:
    if isinstance(one, Figure):
        return float(one.count)
    return one.known_calls or 0.0

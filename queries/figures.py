"""What the observations of one subject say over a span of time."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum

from stratagraph.ontology.facts import Iri, Observation
from stratagraph.ontology.observations import family, merge_all, quantiles, remainder


class Basis(StrEnum):
    """How a number came about."""

    MEASURED = "measured"
    ESTIMATED = "estimated"
    PARTLY_ESTIMATED = "partly-estimated"


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """One metric of one source over the windows that it covers. What is unknown is None, never 0.

    ``sources`` are those that it adds up: of the calls that several of them could tell, each tells others.
    """

    metric: Iri
    unit: str
    source: str
    sources: tuple[str, ...]
    start: datetime
    end: datetime
    basis: Basis
    count: int
    total: float
    mean: float | None
    minimum: float | None
    maximum: float | None
    p50: float | None
    p95: float | None
    p99: float | None


def figures(observations: Iterable[Observation]) -> tuple[Figure, ...]:
    """Return one figure per metric, unit and source of observations of one subject.

    Sources are not added up, but those that tell each of other calls: two that watch the same would count them twice.
    """
    groups: dict[tuple[Iri, str, str], dict[bool, list[Observation]]] = defaultdict(lambda: defaultdict(list))
    # Different units are different figures: two currencies have no sum.
    for seen in observations:
        groups[seen.metric, seen.unit, family(seen.source)][seen.estimated].append(seen)
    return tuple(filter(None, (_figure(groups[key]) for key in sorted(groups))))


def _figure(parts: Mapping[bool, Sequence[Observation]]) -> Figure | None:
    """Return the figure of what was measured and what was estimated, which are different calls of one source.

    None where all of it was taken away again.
    """
    every = list(filter(None, map(remainder, parts.values())))
    if not every:
        return None
    # Merged apart first, since observations that differ in this mark do not merge.
    whole = merge_all([_plain(part) for part in every])
    filled = whole.count > 0
    p50, p95, p99 = quantiles(whole, (0.5, 0.95, 0.99))
    return Figure(
        metric=whole.metric,
        unit=whole.unit,
        source=family(whole.source),
        sources=_sources(seen for part in parts.values() for seen in part),
        start=whole.start,
        end=whole.end,
        basis=_basis(part.estimated for part in every),
        count=whole.count,
        total=whole.total,
        mean=whole.total / whole.count if filled else None,
        minimum=whole.minimum if filled else None,
        maximum=whole.maximum if filled else None,
        p50=p50,
        p95=p95,
        p99=p99,
    )


def _sources(parts: Iterable[Observation]) -> tuple[str, ...]:
    """Return the sources of which something is left."""
    left: Counter[str] = Counter()
    for seen in parts:
        left[seen.source] += seen.count
    return tuple(sorted(source for source, count in left.items() if source and (count > 0 or len(left) == 1)))


def _plain(seen: Observation) -> Observation:
    """Return the observation without the mark that keeps estimates apart."""
    return replace(seen, estimated=False)


def _basis(estimated: Iterable[bool]) -> Basis:
    found = set(estimated)
    if found == {True}:
        return Basis.ESTIMATED
    return Basis.PARTLY_ESTIMATED if True in found else Basis.MEASURED

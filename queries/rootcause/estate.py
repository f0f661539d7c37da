"""The question put to an estate: who is influenced by whom, and what was observed of each, as edges and a table."""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from stratagraph.ontology.facts import Iri, Observation
from stratagraph.ontology.model import OntologyModel
from stratagraph.ontology.namespaces import SG
from stratagraph.ontology.observations import quantiles
from stratagraph.queries.rootcause.cause import Cause, NothingObserved
from stratagraph.queries.rootcause.ranking import rank_causes
from stratagraph.queries.rootcause.series_table import Table
from stratagraph.queries.series import Grid
from stratagraph.queries.store_protocols import Adjacency

MOST_ASSETS: Final = 300
MOST_HOPS: Final = 8
_ASPECTS: Final = frozenset(
    {SG.LatencyAspect, SG.AvailabilityAspect, SG.ThroughputAspect, SG.QualityAspect, SG.CostAspect}
)
_P95: Final = 0.95

Observed = Callable[[Iri, datetime, datetime], Iterable[Observation]]
"""What was observed of an asset over a time."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EstateCauses:
    """Causes in an estate: those ranked, the assets that were looked at, and those of them that nothing is known of."""

    causes: Sequence[Cause]
    assets: Sequence[Iri]
    silent: Sequence[Iri]
    partial: bool


def causes_in_estate(
    adjacency: Adjacency,
    observed: Observed,
    model: OntologyModel,
    *,
    target: tuple[Iri, Iri],
    grid: Grid,
    window: tuple[datetime, datetime],
) -> EstateCauses:
    """Rank what may have caused that a metric of an asset is unusual in a window, over what influences the asset.

    Raises:
        NothingObserved: nothing was observed of the metric.
        RootCauseQuestionError: not in the window, or not beside it.
    """
    asset, metric = target
    edges, assets, partial = _influences(adjacency, model, asset)
    columns: dict[tuple[Iri, str, str], list[float | None]] = {}
    for name in assets:
        columns |= _columns(name, observed(name, grid.start, grid.end), model, grid)
    named = _named(model, metric)
    seen = sorted({name for node, name, _ in columns if node == asset})
    if named not in seen:
        raise NothingObserved(asset=asset, metric=named, observed=", ".join(seen) or "-")
    table = Table.of(columns, [grid.at(number) for number in range(len(grid))])
    causes = rank_causes(edges, table, (asset, named), window)
    known = {column[0] for column in columns}
    return EstateCauses(
        causes=causes, assets=assets, silent=[name for name in assets if name not in known], partial=partial
    )


def _influences(
    adjacency: Adjacency, model: OntologyModel, asset: Iri
) -> tuple[list[tuple[Iri, Iri]], list[Iri], bool]:
    """Return the pairs of influenced and influencer from an asset upwards, the assets, and whether there are more."""
    effects = {iri for iri, info in model.manners.items() if info.mode == SG.EffectMode and info.aspect in _ASPECTS}
    hops, waiting = {asset: 0}, deque([asset])
    edges: list[tuple[Iri, Iri]] = []
    partial = False
    while waiting:
        node = waiting.popleft()
        for edge in adjacency.influences_to(node):
            if effects.isdisjoint(edge.strengths):
                continue
            if edge.influencer not in hops:
                if len(hops) >= MOST_ASSETS or hops[node] >= MOST_HOPS:
                    partial = True
                    continue
                hops[edge.influencer] = hops[node] + 1
                waiting.append(edge.influencer)
            edges.append((node, edge.influencer))
    return edges, list(hops), partial


def _columns(
    asset: Iri, observations: Iterable[Observation], model: OntologyModel, grid: Grid
) -> dict[tuple[Iri, str, str], list[float | None]]:
    """Return the series of an asset's metrics on a grid: sums of what is counted, else means and outer quantiles."""
    steps: dict[Iri, dict[int, list[Observation]]] = defaultdict(lambda: defaultdict(list))
    for seen in observations:
        place = (seen.start - grid.start) // grid.step
        if 0 <= place < len(grid):
            steps[seen.metric][place].append(seen)
    found: dict[tuple[Iri, str, str], list[float | None]] = {}
    for metric, places in steps.items():
        name = _named(model, metric)
        counted = all(seen.unit.startswith("{") for each in places.values() for seen in each)
        for statistic in ("sum",) if counted else ("mean", "p95"):
            column: list[float | None] = [None] * len(grid)
            for place, each in places.items():
                column[place] = _value(each, statistic)
            if any(value is not None for value in column):
                found[asset, name, statistic] = column
    return found


def _value(seen: Sequence[Observation], statistic: str) -> float | None:
    if statistic == "sum":
        return sum(one.total for one in seen)
    if statistic == "mean":
        count = sum(one.count for one in seen)
        return sum(one.total for one in seen) / count if count else None
    return max((value for one in seen for value in quantiles(one, (_P95,)) if value is not None), default=None)


def _named(model: OntologyModel, metric: Iri) -> str:
    info = model.metrics.get(metric)
    return info.notation if info else metric

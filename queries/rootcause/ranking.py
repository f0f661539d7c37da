"""Causes of a symptom, ranked: assets that deviate by themselves and not by what they call."""

from __future__ import annotations

from collections import deque
from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from math import exp, isfinite
from typing import Any, Final

import numpy as np

from stratagraph.queries.rootcause.cause import Cause, Deviation, RootCauseQuestionError
from stratagraph.queries.rootcause.deviation import Rows, before_stretch, deviations, normal_rows, stretch_of
from stratagraph.queries.rootcause.load import without_load
from stratagraph.queries.rootcause.metric_kind import kind_of
from stratagraph.queries.rootcause.series_table import Floats, Table

Target = tuple[Hashable, str] | tuple[Hashable, str, str]
_SYMPTOM: Final = 0.8
"""How unusual the symptom must be, 1 being what a twentieth of all normal windows reaches."""
_ABRUPT: Final = 2.2
_CLEAR: Final = 2.0
"""From here the symptom speaks for itself; between the two something must deviate that could have caused it."""
_STRONG: Final = 4.0
_NOISE: Final = 1.5
"""A deviation that any series may show."""
_DECAY: Final = 0.7
_THROUGH: Final = 0.35
_SILENT: Final = 0.3
"""What a callee without a deviation inherits of a caller that nothing else explains: the network may be ill."""
_UNSEEN: Final = 0.85
"""What counts of a leaf beside an ill sibling whose inside is known: it may be that one, seen from their caller."""
_ALIKE: Final = 0.7
_DEEPEST: Final = 12
_LEAST_SCORE: Final = 0.1


def rank_causes(edges: Iterable[tuple[Hashable, Hashable]], series: Any, target: Target, window: Any) -> list[Cause]:
    """Rank what may have caused a symptom, the likeliest first; empty when nothing is unusual.

    ``edges`` are pairs of caller and callee, or of what is influenced and what influences it. ``series`` is a
    ``Table``, a mapping of (asset, metric, statistic) to values at equal steps, a data frame with such columns, or
    (asset, metric, statistic, time, value) rows; units are each series' own, None and NaN are unknown. It must hold a
    normal period beside the window. ``target`` is (asset, metric) or (asset, metric, statistic); ``window`` is the
    first
    and last time of the symptom in the units of the index, or a slice of rows. An asset of ``series`` may be a pair of
    caller and callee: it then tells of that call, seen from its caller.
    """
    table = Table.of(series)
    inside = table.rows(window)
    if inside.any() and not inside.all():
        table = replace(table, values=without_load(table, normal_rows(inside)))
    graph = Graph.of(edges)
    rows, unusual = _rows(table, target, window)
    if rows is None:
        return []
    signed = deviations(table.values, rows)
    unusual = max(unusual, _abrupt(table, signed, target))
    if unusual < _SYMPTOM:
        return []
    nodes = _judge(table, signed)
    question = _Question(graph, nodes, target[0])
    strongest = max((nodes[name].worst for name in question.reached if name in nodes), default=0.0)
    if unusual < _CLEAR and strongest < _STRONG:
        return []
    return question.causes(unusual)


def _abrupt(table: Table, signed: Floats, target: Target) -> float:
    """Return how unusual the symptom is beside what was just before, on the scale of a stretch of a window."""
    strengths = [
        value * kind.worse if (kind := kind_of(column[1])).worse else abs(value)
        for column, value in zip(table.columns, signed.tolist(), strict=True)
        if isfinite(value) and column[: len(target)] == (target[0], *map(str, target[1:]))
    ]
    return max(strengths, default=0.0) / _ABRUPT


def _rows(table: Table, target: Target, window: Any) -> tuple[Rows | None, float]:
    if len(target) not in {2, 3}:
        raise RootCauseQuestionError(reason="the target needs an asset and a metric, perhaps a statistic")
    wanted = (target[0], *map(str, target[1:]))
    places = [i for i, column in enumerate(table.columns) if column[: len(wanted)] == wanted]
    if not places:
        raise RootCauseQuestionError(reason="the series have none of the target's asset and metric")
    inside = table.rows(window)
    if not inside.any():
        raise RootCauseQuestionError(reason="no row lies within the window")
    normal, rows = normal_rows(inside), np.flatnonzero(inside)
    values = table.values[:, places]
    if not normal.size:
        raise RootCauseQuestionError(reason="the series hold no normal period beside the window")
    if not np.isfinite(values[rows]).any() or not np.isfinite(values[normal]).any():
        return None, 0.0
    kinds = [kind_of(table.columns[i][1]) for i in places]
    stretch, unusual = stretch_of(values, kinds, normal, rows)
    return Rows(normal, rows, stretch, before_stretch(table, stretch)), unusual


@dataclass(slots=True)
class Node:
    """What is known of one asset: each metric's deviation, positive where it is worse."""

    metrics: list[tuple[float, str, str]]
    worst: float = 0.0

    @property
    def leading(self) -> tuple[float, str, str]:
        """The deviation that says most."""
        return max(self.metrics, default=(0.0, "", ""))


def _judge(table: Table, signed: Floats) -> dict[Hashable, Node]:
    """Return what deviates at each asset, less what all assets have in common."""
    found: dict[tuple[Hashable, str], list[float]] = {}
    for column, value in zip(table.columns, signed.tolist(), strict=True):
        if isfinite(value):
            kind = kind_of(column[1])
            found.setdefault((column[0], column[1]), []).append(value * kind.worse if kind.worse else abs(value))
    strengths = {key: _of_statistics(values) for key, values in found.items()}
    common = _common(strengths)
    nodes: dict[Hashable, Node] = {}
    for (asset, metric), strength in strengths.items():
        kind = kind_of(metric)
        left = max(0.0, strength - common.get(kind.name, 0.0)) * kind.weight
        nodes.setdefault(asset, Node([])).metrics.append((left, metric, kind.name))
    for node in nodes.values():
        node.metrics.sort(key=lambda known: (-known[0], known[1]))
        rest = [max(0.0, strength - _NOISE) for strength, _, _ in node.metrics[1:3]]
        node.worst = node.metrics[0][0] + 0.15 * sum(rest)
    return nodes


def _of_statistics(values: Sequence[float]) -> float:
    """Return what several statistics of one metric say together: the mean of the two worst."""
    top = sorted(values)[-2:]
    return sum(top) / len(top)


def _common(strengths: Mapping[tuple[Hashable, str], float]) -> dict[str, float]:
    """Return for each kind what its metrics have in common, as a change of load has that moves all alike."""
    kinds: dict[str, list[float]] = {}
    for (_, metric), strength in strengths.items():
        kinds.setdefault(kind_of(metric).name, []).append(strength)
    fewest = 10
    return {name: max(0.0, float(np.quantile(values, 0.25))) for name, values in kinds.items() if len(values) >= fewest}


@dataclass(frozen=True, slots=True)
class Graph:
    """Who calls whom."""

    callees: dict[Hashable, list[Hashable]]
    callers: dict[Hashable, list[Hashable]]

    @classmethod
    def of(cls, edges: Iterable[tuple[Hashable, Hashable]]) -> Graph:
        """Return the graph of pairs of caller and callee; calls of oneself and repetitions count once or not at all."""
        callees: dict[Hashable, list[Hashable]] = {}
        callers: dict[Hashable, list[Hashable]] = {}
        pairs = set()
        for pair in edges:
            if isinstance(pair, str) or len(pair) != 2:  # noqa: PLR2004
                raise RootCauseQuestionError(reason="an edge is a pair of caller and callee")
            pairs.add((pair[0], pair[1]))
        for caller, callee in sorted(pairs, key=lambda pair: (str(pair[0]), str(pair[1]))):
            if caller != callee:
                callees.setdefault(caller, []).append(callee)
                callers.setdefault(callee, []).append(caller)
        return cls(callees, callers)

    def below(self, start: Hashable) -> dict[Hashable, list[Hashable]]:
        """Return the nodes that calls from one reach, nearest first, each with a shortest way to it."""
        ways = {start: [start]}
        waiting = deque([start])
        while waiting:
            name = waiting.popleft()
            for callee in self.callees.get(name, ()):
                if callee not in ways:
                    ways[callee] = [*ways[name], callee]
                    waiting.append(callee)
        return ways


class _Question:
    """One symptom over one graph."""

    def __init__(self, graph: Graph, nodes: Mapping[Hashable, Node], target: Hashable) -> None:
        self.graph, self.nodes, self.target = graph, nodes, target
        self.ways = graph.below(target)
        self.reached = set(self.ways) | {
            asset
            for asset in nodes
            if isinstance(asset, tuple) and len(asset) == 2 and asset[0] in self.ways and asset[1] in self.ways  # noqa: PLR2004
        }
        self.strength: dict[Hashable, float] = {name: self._seen(name) for name in self.ways}
        self.spread = self._spread()
        self.support = self._support()

    def _seen(self, name: Hashable) -> float:
        own = self.nodes[name].worst if name in self.nodes else 0.0
        calls = [
            self.nodes[pair].worst
            for caller in self.graph.callers.get(name, ())
            if (pair := (caller, name)) in self.nodes
        ]
        return max(own, 0.9 * max(calls, default=0.0))

    def _spread(self) -> dict[Hashable, float]:
        """Return the strongest deviation at or below each node, weaker by every hop."""
        spread = dict(self.strength)
        for _ in range(_DEEPEST):
            before = dict(spread)
            for name in self.ways:
                below = max((before[callee] for callee in self.graph.callees.get(name, ())), default=0.0)
                spread[name] = max(self.strength[name], _DECAY * below)
            if spread == before:
                break
        return spread

    def _support(self) -> dict[Hashable, float]:
        """Return how well deviations along the best way from the symptom lead to each node, from 0 to 1."""
        support = dict.fromkeys(self.ways, 0.0)
        support[self.target] = 1.0
        for _ in range(_DEEPEST):
            changed = False
            for name in self.ways:
                gate = 1.0 if name == self.target else self._passes(name)
                for callee in self.graph.callees.get(name, ()):
                    if (reached := support[name] * gate) > support[callee] + 1e-9:
                        support[callee], changed = reached, True
            if not changed:
                break
        return support

    def _passes(self, name: Hashable) -> float:
        if name not in self.nodes:
            return 0.8  # nothing is known of it: it may have carried everything
        strength = max(0.0, self.strength[name] - _NOISE)
        return _THROUGH + (1 - _THROUGH) * strength / (strength + 1.5)

    def explained(self, name: Hashable) -> float:
        """Return which share of a node's deviation those of its callees explain."""
        own = self.strength[name]
        if own <= 0:
            return 0.0
        below = [self._cause_of(name, callee) for callee in self.graph.callees.get(name, ())]
        return min(1.0, max(below, default=0.0) / own) ** 2  # a little below explains next to nothing

    def _cause_of(self, name: Hashable, callee: Hashable) -> float:
        strength = self.spread[callee]
        # In a cycle each explains the other: only the stronger explains.
        if name in self.graph.callees.get(callee, ()) and self.strength[callee] <= self.strength[name]:
            return 0.0
        return max(0.0, strength - _NOISE)

    def causes(self, unusual: float) -> list[Cause]:
        """Return every node that explains something, by its score."""
        scores = {name: self._score(name) for name in self.ways}
        for name, score in list(scores.items()):
            self._blame_silent(name, score, scores)
        total = sum(sorted(scores.values())[-3:]) or 1.0
        ranked = sorted(
            scores.items(), key=lambda known: (-round(known[1], 9), len(self.ways[known[0]]), str(known[0]))
        )
        sure = 1 - exp(-unusual)
        top = max(ranked[0][1], 1e-9) if ranked else 1.0
        return [
            Cause(
                asset=name,
                score=round(score, 6),
                confidence=round(sure * (score / total) * min(1.0, top / _STRONG), 4),
                metric=self.nodes[name].leading[1] if name in self.nodes and self.strength[name] > _NOISE else None,
                evidence=self._evidence(name),
            )
            for name, score in ranked
            if score > _LEAST_SCORE
        ]

    def _score(self, name: Hashable) -> float:
        own = max(0.0, self.strength[name] - 0.5 * _NOISE)
        covered = 0.2 + 0.8 * self._covered(name)
        here = 0.7 if name == self.target and self.graph.callees.get(name) else 1.0
        here *= _UNSEEN if self._may_be_a_twin(name) else 1.0
        return float(own * (1 - 0.8 * self.explained(name)) * self.support[name] ** 0.8 * covered * here)

    def _may_be_a_twin(self, name: Hashable) -> bool:
        """Tell whether a node of which nothing below is known stands beside one, as ill, of which something is.

        A call that leaves what is traced shows twice: as a leaf below its caller, and as the traced callee.
        """
        if self.graph.callees.get(name):
            return False
        siblings = {other for caller in self.graph.callers.get(name, ()) for other in self.graph.callees[caller]}
        return any(
            self.graph.callees.get(other)
            and other in self.strength
            and self.strength[other] >= _ALIKE * self.strength[name]
            and self.explained(other) < 1 - _UNSEEN
            for other in siblings
        )

    def _covered(self, name: Hashable) -> float:
        """Return which share of all that is ill calls this node, however far above."""
        above, waiting = {name}, [name]
        while waiting:
            callers = [caller for caller in self.graph.callers.get(waiting.pop(), ()) if caller not in above]
            above.update(callers)
            waiting += callers
        ill = {other: min(1.0, max(0.0, node.worst - _NOISE) / _STRONG) for other, node in self.nodes.items()}
        return sum(ill.get(other, 0.0) for other in above) / max(sum(ill.values()), 1e-9)

    def _blame_silent(self, name: Hashable, score: float, scores: dict[Hashable, float]) -> None:
        """Let healthy callees of a node that nothing explains be candidates below it."""
        left = score * _SILENT * (1 - self.explained(name))
        for callee in self.graph.callees.get(name, ()):
            callers = [caller for caller in self.graph.callers[callee] if caller in self.nodes]
            ill = sum(1 for caller in callers if self.nodes[caller].worst > _NOISE)
            unknown = 1.3 if callee not in self.nodes else 1.0
            share = ill / len(callers) if callers else 0.5
            scores[callee] = max(scores[callee], left * share * unknown)

    def _evidence(self, name: Hashable) -> tuple[Deviation, ...]:
        hops = []
        for hop in self.ways[name]:
            if hop in self.nodes:
                strength, metric, kind = self.nodes[hop].leading
                hops.append(
                    Deviation(
                        asset=hop,
                        metric=metric,
                        kind=kind,
                        deviation=round(strength, 3),
                        explained=round(self.explained(hop), 3),
                    )
                )
        return tuple(hops)

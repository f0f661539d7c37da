"""The bounded walk over influence edges: layer by layer, in one manner along each path."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

from stratagraph.ontology.facts import Fact, Influence, Iri
from stratagraph.ontology.infos import Sign
from stratagraph.queries.impact.lanes import Lane, Lanes, Step
from stratagraph.queries.store_protocols import Adjacency

NODE_BUDGET: Final = 200_000
"""How many assets one walk may reach before it stops and says so."""

_SAME: Final = 1e-12
"""Products of the same strengths in another order differ by less than this share: they count as equal."""


class Direction(StrEnum):
    """Which way to follow the influence edges from the asset asked about."""

    DOWN = "down"
    UP = "up"
    BOTH = "both"


class Cut(StrEnum):
    """Why a walk stopped before everything was seen."""

    DEPTH = "depth-limit"
    BUDGET = "node-budget"


@dataclass(frozen=True, slots=True, kw_only=True)
class Hop:
    """One influence edge of a path, in the direction of the influence, for the manner in which the path takes it."""

    influencer: Iri
    influenced: Iri
    manner: Iri
    strength: float
    measured: bool
    facts: tuple[Fact, ...]

    @staticmethod
    def of(edge: Influence, manner: Iri) -> Hop:
        """Return what an edge says about one manner."""
        return Hop(
            influencer=edge.influencer,
            influenced=edge.influenced,
            manner=manner,
            strength=edge.strengths[manner],
            measured=manner in edge.measured,
            facts=edge.reasons.get(manner, ()),
        )


@dataclass(frozen=True, slots=True)
class Arrival:
    """How an asset is reached on one lane: the strongest of its paths with the fewest hops.

    ``previous`` is the asset before, reached on the lane ``before``; the last hop takes ``edge`` in ``manner``.
    """

    hops: int
    strength: float
    sign: Sign
    previous: Iri
    before: Lane
    manner: Iri
    edge: Influence

    def beats(self, other: Arrival | None) -> bool:
        """Prefer the larger strength, then the smaller asset and lane before; hops are equal within a layer."""
        if other is None or self.strength > other.strength * (1 + _SAME):
            return True
        same = self.strength >= other.strength * (1 - _SAME)
        return same and (self.previous, self.before) < (other.previous, other.before)


@dataclass(slots=True, kw_only=True)
class Trail:
    """What one walk found: per lane, every asset reached and how; ``nodes`` is all of them without the start.

    ``manners`` are those asked for: a walk backwards may pass over a lane of another one. ``turning``: a load goes on
    as an effect on the others who use the resource.
    """

    start: Iri
    downwards: bool
    manners: frozenset[Iri]
    turning: bool = True
    arrivals: dict[Lane, dict[Iri, Arrival]] = field(default_factory=dict)
    nodes: set[Iri] = field(default_factory=set)
    cut: Cut | None = None

    def reached(self, lane: Lane, node: Iri) -> bool:
        """Tell whether an asset was reached on a lane, or on one that leads on to no less."""
        if node in self.arrivals.get(lane, ()):
            return True
        return lane.bound and node in self.arrivals.get(lane._replace(bound=False), ())

    def path(self, node: Iri, lane: Lane) -> tuple[Hop, ...]:
        """Return the best path on a lane, in the direction of the influence."""
        hops = []
        while node != self.start:
            arrival = self.arrivals[lane][node]
            hops.append(Hop.of(arrival.edge, arrival.manner))
            node, lane = arrival.previous, arrival.before
        return tuple(reversed(hops)) if self.downwards else tuple(hops)


class _Edges:
    """The edges of a walk, each node's read once; and what is left of a node's effects where something takes over."""

    def __init__(self, adjacency: Adjacency, lanes: Lanes) -> None:
        self._adjacency = adjacency
        self._lanes = lanes
        self._leaving: dict[Iri, Sequence[Influence]] = {}
        self._left: dict[tuple[Iri, Iri], float] = {}

    def at(self, node: Iri, *, downwards: bool) -> Sequence[Influence]:
        """Return the edges that a walk follows from a node."""
        return self._from(node) if downwards else self._adjacency.influences_to(node)

    def strength(self, edge: Influence, manner: Iri) -> float:
        """Return how strongly an edge carries a manner."""
        key = edge.influencer, manner
        left = self._left.get(key)
        if left is None:
            leaving = self._from(edge.influencer) if self._lanes.relieves(manner) else ()
            left = self._left[key] = self._lanes.remainder(leaving, manner)
        return edge.strengths[manner] * left

    def _from(self, node: Iri) -> Sequence[Influence]:
        known = self._leaving.get(node)
        if known is None:
            known = self._leaving[node] = self._adjacency.influences_from(node)
        return known


def walk(
    adjacency: Adjacency,
    lanes: Lanes,
    start: Iri,
    *,
    manners: Iterable[Iri],
    depth: int,
    downwards: bool,
    turning: bool = True,
    budget: int = NODE_BUDGET,
) -> Trail:
    """Reach every asset within ``depth`` hops over paths that keep to one of the manners."""
    trail = Trail(start=start, downwards=downwards, manners=frozenset(manners), turning=turning)
    edges = _Edges(adjacency, lanes)
    frontier: dict[Iri, list[Lane]] = {start: lanes.begun(tuple(trail.manners), downwards=downwards)}
    for hops in range(1, depth + 1):
        layer = _layer(edges, lanes, trail, frontier, hops)
        frontier = _take(trail, layer, budget)
        if trail.cut or not frontier:
            return trail
    # One look past the last layer: only if something is left there was the answer cut.
    if any(True for _ in _steps(edges, lanes, trail, frontier)):
        trail.cut = Cut.DEPTH
    return trail


def _steps(
    edges: _Edges, lanes: Lanes, trail: Trail, frontier: dict[Iri, list[Lane]]
) -> Iterator[tuple[Iri, Lane, Iri, Step, Influence]]:
    """Yield (from, on the lane, to, step, edge) for every step out of the frontier to an asset not yet reached so."""
    downwards = trail.downwards
    for node in sorted(frontier):
        fixed = node == trail.start or not trail.turning
        for edge in edges.at(node, downwards=downwards):
            other = edge.influenced if downwards else edge.influencer
            if other == trail.start:
                continue
            for lane in frontier[node]:
                for step in lanes.steps(lane, edge, downwards=downwards, fixed=fixed):
                    if not trail.reached(step.lane, other):
                        yield node, lane, other, step, edge


def _layer(
    edges: _Edges, lanes: Lanes, trail: Trail, frontier: dict[Iri, list[Lane]], hops: int
) -> dict[Iri, dict[Lane, Arrival]]:
    """Return the next layer: node to lane to its best arrival."""
    layer: dict[Iri, dict[Lane, Arrival]] = {}
    for node, lane, other, (manner, after), edge in _steps(edges, lanes, trail, frontier):
        before = trail.arrivals[lane][node] if node != trail.start else None
        strength, sign = edges.strength(edge, manner), lanes.sign(edge, manner)
        if before is not None:
            strength, sign = strength * before.strength, Sign(sign * before.sign)
        arrival = Arrival(hops, strength, sign, node, lane, manner, edge)
        best = layer.setdefault(other, {})
        if arrival.beats(best.get(after)):
            best[after] = arrival
    return layer


def _take(trail: Trail, layer: dict[Iri, dict[Lane, Arrival]], budget: int) -> dict[Iri, list[Lane]]:
    """Enter a layer into the trail, the strongest first where the budget does not hold all of it."""
    # Whole layers as long as they fit: a nearer asset is never left out for a farther one.
    room = budget - len(trail.nodes)
    fresh = [node for node in layer if node not in trail.nodes]
    if len(fresh) > room:
        trail.cut = Cut.BUDGET
        fresh.sort(key=lambda node: (-max(a.strength for a in layer[node].values()), node))
        for node in fresh[room:]:
            del layer[node]
    for node, arrivals in layer.items():
        for lane, arrival in arrivals.items():
            trail.arrivals.setdefault(lane, {})[node] = arrival
            if lane.manner in trail.manners:
                trail.nodes.add(node)
    return {node: list(arrivals) for node, arrivals in layer.items()}

"""The bounded walk over influence edges: layer by layer, one aspect at a time along each path."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

from stratagraph.ontology.facts import Fact, Influence, Iri
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
    """One influence edge of a path, in the direction of the influence, for the path's aspect."""

    influencer: Iri
    influenced: Iri
    aspect: Iri
    strength: float
    measured: bool
    facts: tuple[Fact, ...]

    @staticmethod
    def of(edge: Influence, aspect: Iri) -> Hop:
        """Return what an edge says about one aspect."""
        return Hop(
            influencer=edge.influencer,
            influenced=edge.influenced,
            aspect=aspect,
            strength=edge.strengths[aspect],
            measured=aspect in edge.measured,
            facts=edge.reasons.get(aspect, ()),
        )


@dataclass(frozen=True, slots=True)
class Arrival:
    """How an asset is reached for one aspect: the strongest of its paths with the fewest hops."""

    hops: int
    strength: float
    previous: Iri
    edge: Influence

    def beats(self, other: Arrival | None) -> bool:
        """Prefer the larger strength, then the smaller IRI of the asset before; hops are equal within a layer."""
        if other is None or self.strength > other.strength * (1 + _SAME):
            return True
        return self.strength >= other.strength * (1 - _SAME) and self.previous < other.previous


@dataclass(slots=True, kw_only=True)
class Trail:
    """What one walk found: per aspect, every asset reached and how; ``nodes`` is all of them without the start."""

    start: Iri
    downwards: bool
    arrivals: dict[Iri, dict[Iri, Arrival]]
    nodes: set[Iri] = field(default_factory=set)
    cut: Cut | None = None

    def path(self, node: Iri, aspect: Iri) -> tuple[Hop, ...]:
        """Return the best path for an aspect, in the direction of the influence."""
        hops = []
        while node != self.start:
            arrival = self.arrivals[aspect][node]
            hops.append(Hop.of(arrival.edge, aspect))
            node = arrival.previous
        return tuple(reversed(hops)) if self.downwards else tuple(hops)


def walk(
    adjacency: Adjacency,
    start: Iri,
    *,
    aspects: Iterable[Iri],
    depth: int,
    downwards: bool,
    budget: int = NODE_BUDGET,
) -> Trail:
    """Reach every asset within ``depth`` hops over paths whose edges share one of the aspects."""
    trail = Trail(start=start, downwards=downwards, arrivals={aspect: {} for aspect in sorted(aspects)})
    frontier: dict[Iri, list[Iri]] = {start: list(trail.arrivals)}
    for hops in range(1, depth + 1):
        layer = _layer(adjacency, trail, frontier, hops)
        frontier = _take(trail, layer, budget)
        if trail.cut or not frontier:
            return trail
    # One look past the last layer: only if something is left there was the answer cut.
    if any(True for _ in _steps(adjacency, trail, frontier)):
        trail.cut = Cut.DEPTH
    return trail


def _steps(
    adjacency: Adjacency, trail: Trail, frontier: dict[Iri, list[Iri]]
) -> Iterator[tuple[Iri, Iri, Iri, Influence]]:
    """Yield (aspect, from, to, edge) for every step out of the frontier to an asset not yet reached."""
    for node in sorted(frontier):
        for edge in _edges(adjacency, node, downwards=trail.downwards):
            other = edge.influenced if trail.downwards else edge.influencer
            if other == trail.start:
                continue
            for aspect in frontier[node]:
                if aspect in edge.strengths and other not in trail.arrivals[aspect]:
                    yield aspect, node, other, edge


def _edges(adjacency: Adjacency, node: Iri, *, downwards: bool) -> Sequence[Influence]:
    return adjacency.influences_from(node) if downwards else adjacency.influences_to(node)


def _layer(
    adjacency: Adjacency, trail: Trail, frontier: dict[Iri, list[Iri]], hops: int
) -> dict[Iri, dict[Iri, Arrival]]:
    """Return the next layer: node to aspect to its best arrival."""
    layer: dict[Iri, dict[Iri, Arrival]] = {}
    for aspect, node, other, edge in _steps(adjacency, trail, frontier):
        before = trail.arrivals[aspect].get(node)
        strength = edge.strengths[aspect] * (before.strength if before else 1.0)
        arrival = Arrival(hops, strength, node, edge)
        best = layer.setdefault(other, {})
        if arrival.beats(best.get(aspect)):
            best[aspect] = arrival
    return layer


def _take(trail: Trail, layer: dict[Iri, dict[Iri, Arrival]], budget: int) -> dict[Iri, list[Iri]]:
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
        trail.nodes.add(node)
        for aspect, arrival in arrivals.items():
            trail.arrivals[aspect][node] = arrival
    return {node: list(arrivals) for node, arrivals in layer.items()}

"""Cause-and-effect flows: does a change kind's pattern of levels run through the asset, on one aspect all the way?

A flow is shown when a chain of influence edges starts at the asset, its assets lie on the pattern's levels in order,
and one aspect is common to all edges. Where a step names several levels the chain branches: one asset of the step
before reaches an asset on each of them, and the chain goes on from any of those.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from stratagraph.ontology.facts import Influence, Iri
from stratagraph.ontology.model import FlowInfo
from stratagraph.queries.cards import Cards
from stratagraph.queries.impact.walk import Arrival, Hop
from stratagraph.queries.store_protocols import Adjacency


@dataclass(frozen=True, slots=True, kw_only=True)
class Break:
    """Where a flow ends: the step (counted from 0, the start) and those of its levels that nothing reaches.

    ``missing`` is empty when every level is reached, but no single asset of the step before reaches them all.
    """

    step: int
    levels: frozenset[Iri]
    missing: frozenset[Iri]


@dataclass(frozen=True, slots=True, kw_only=True)
class FlowAnswer:
    """What became of one flow: its witness, the strongest chain found, or where it broke.

    ``aspects`` are all those on which such a chain exists, ``aspect`` the one of the witness.
    """

    flow: FlowInfo
    change: Iri
    aspect: Iri | None = None
    aspects: tuple[Iri, ...] = ()
    strength: float = 0.0
    hops: tuple[Hop, ...] = ()
    broken_at: Break | None = None

    @property
    def shown(self) -> bool:
        """Whether the whole pattern was found."""
        return self.broken_at is None


@dataclass(frozen=True, slots=True)
class _Search:
    """One flow searched for one aspect: the assets that the chain can have at each step, and the best way there."""

    aspect: Iri
    layers: list[dict[Iri, Arrival]]
    broken_at: Break | None


def find_flow(
    adjacency: Adjacency, cards: Cards, flow: FlowInfo, *, change: Iri, start: Iri, aspects: Iterable[Iri]
) -> FlowAnswer:
    """Look for a flow from an asset, on each aspect in turn; of several witnesses the strongest is kept."""
    if not flow.steps or cards.level(start) not in flow.steps[0]:
        first = flow.steps[0] if flow.steps else frozenset()
        return FlowAnswer(flow=flow, change=change, broken_at=Break(step=0, levels=first, missing=first))
    searches = [_search(adjacency, cards, flow.steps, start, aspect) for aspect in sorted(aspects)]
    whole = [_witness(adjacency, cards, flow, change, search) for search in searches if not search.broken_at]
    if whole:
        # In the order of aspects, and ``max`` keeps the first of several: the same answer every time.
        strongest = max(whole, key=lambda answer: answer.strength)
        return replace(strongest, aspects=tuple(answer.aspect for answer in whole if answer.aspect))
    # The search that got furthest tells most about what is missing.
    furthest = max((s.broken_at for s in searches if s.broken_at), key=lambda b: (b.step, -len(b.missing)))
    return FlowAnswer(flow=flow, change=change, broken_at=furthest)


def _search(adjacency: Adjacency, cards: Cards, steps: Sequence[frozenset[Iri]], start: Iri, aspect: Iri) -> _Search:
    layers: list[dict[Iri, Arrival]] = [{}]
    current: dict[Iri, float] = {start: 1.0}
    for index, levels in enumerate(steps[1:], 1):
        layer: dict[Iri, Arrival] = {}
        seen: set[Iri] = set()
        # In a fixed order, for among equals the first one offered stays.
        for node in sorted(current):
            onward = _onward(adjacency, cards, node, aspect, levels)
            reached = {level for edge in onward if (level := cards.level(edge.influenced))}
            seen |= reached
            if reached == levels:
                _offer(layer, onward, aspect, current[node], index)
        if not layer:
            return _Search(aspect, layers, Break(step=index, levels=levels, missing=levels - seen))
        layers.append(layer)
        current = {node: arrival.strength for node, arrival in layer.items()}
    return _Search(aspect, layers, None)


def _onward(adjacency: Adjacency, cards: Cards, node: Iri, aspect: Iri, levels: frozenset[Iri]) -> list[Influence]:
    """Return the edges from a node that carry the aspect to one of the levels."""
    edges = [edge for edge in adjacency.influences_from(node) if aspect in edge.strengths]
    cards.fetch(edge.influenced for edge in edges)
    return [edge for edge in edges if cards.level(edge.influenced) in levels]


def _offer(layer: dict[Iri, Arrival], edges: Iterable[Influence], aspect: Iri, strength: float, index: int) -> None:
    for edge in edges:
        arrival = Arrival(index, strength * edge.strengths[aspect], edge.influencer, edge)
        if arrival.beats(layer.get(edge.influenced)):
            layer[edge.influenced] = arrival


def _witness(adjacency: Adjacency, cards: Cards, flow: FlowInfo, change: Iri, search: _Search) -> FlowAnswer:
    """Walk the strongest chain back from its end, taking the other branches along."""
    last = search.layers[-1]
    node = min(last, key=lambda n: (-last[n].strength, n), default="")
    # A pattern of one step has no edge, and so its full strength.
    strength = last[node].strength if node else 1.0
    chunks: list[list[Hop]] = []
    for index in range(len(flow.steps) - 1, 0, -1):
        edge = search.layers[index][node].edge
        branches = _branches(adjacency, cards, edge, search.aspect, flow.steps[index])
        chunks.append([Hop.of(each, search.aspect) for each in (edge, *branches)])
        node = edge.influencer
    hops = tuple(hop for chunk in reversed(chunks) for hop in chunk)
    return FlowAnswer(flow=flow, change=change, aspect=search.aspect, strength=strength, hops=hops)


def _branches(
    adjacency: Adjacency, cards: Cards, chosen: Influence, aspect: Iri, levels: frozenset[Iri]
) -> list[Influence]:
    """Return the strongest edge to each level of a branching step that the chosen edge does not lead to."""
    best: dict[Iri, Influence] = {}
    onward = _onward(adjacency, cards, chosen.influencer, aspect, levels)
    for edge in sorted(onward, key=lambda e: (-e.strengths[aspect], e.influenced)):
        level = cards.level(edge.influenced)
        if level is not None and level != cards.level(chosen.influenced):
            best.setdefault(level, edge)
    return [best[level] for level in sorted(best)]

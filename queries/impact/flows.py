"""Cause-and-effect flows: does a change kind's pattern of levels run through the asset, in one manner all the way?

A flow is shown when a chain of influence edges starts at the asset, its assets lie on the pattern's levels in order,
and the chain keeps to one manner as any path does. It begins at the first step, or, where the asset lies on a later
one at which changes of the kind start too, there. Where a step names several levels the chain branches: one asset of
the step before reaches an asset on each of them, and the chain goes on from any of those.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from stratagraph.ontology.facts import Influence, Iri
from stratagraph.ontology.infos import FlowInfo, Sign
from stratagraph.ontology.model import OntologyModel
from stratagraph.queries.cards import Cards
from stratagraph.queries.impact.lanes import Lane, Lanes, Step, lanes_of
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

    ``aspects`` are all those on which such a chain exists, ``aspect`` the one of the witness. ``begun`` is the place of
    the step at which the asset stands.
    """

    flow: FlowInfo
    change: Iri
    aspect: Iri | None = None
    aspects: tuple[Iri, ...] = ()
    strength: float = 0.0
    hops: tuple[Hop, ...] = ()
    begun: int = 0
    broken_at: Break | None = None

    @property
    def shown(self) -> bool:
        """Whether the whole pattern was found."""
        return self.broken_at is None


_State = tuple[Iri, Lane]
"""An asset of a chain, and what the chain that leads to it is like."""
_Layer = dict[_State, Arrival]


@dataclass(frozen=True, slots=True)
class _Search:
    """One flow searched in one manner: the assets that the chain can have at each step, and the best way there."""

    manner: Iri
    layers: list[_Layer]
    broken_at: Break | None


def find_flow(
    adjacency: Adjacency,
    cards: Cards,
    model: OntologyModel,
    flow: FlowInfo,
    *,
    change: Iri,
    start: Iri,
    manners: Iterable[Iri],
) -> FlowAnswer:
    """Look for a flow from an asset, in each manner in turn; of several witnesses the strongest is kept."""
    level, starts = cards.level(start), model.change_kinds[change].levels
    begun = next((at for at, step in enumerate(flow.steps) if level in step and (at == 0 or level in starts)), None)
    if begun is None:
        first = flow.steps[0] if flow.steps else frozenset()
        return FlowAnswer(flow=flow, change=change, broken_at=Break(step=0, levels=first, missing=first))
    finder = _Finder(adjacency, cards, lanes_of(model), flow.steps[begun:], start)
    searches = [finder.search(manner) for manner in sorted(manners)]
    whole = [(search, finder.witness(search)) for search in searches if not search.broken_at]
    if whole:
        aspects = tuple(dict.fromkeys(model.manners[search.manner].aspect for search, _ in whole))
        # In the order of manners, and ``max`` keeps the first of several: the same answer every time.
        strongest, (strength, hops) = max(whole, key=lambda each: each[1][0])
        aspect = model.manners[strongest.manner].aspect
        return FlowAnswer(
            flow=flow, change=change, aspect=aspect, aspects=aspects, strength=strength, hops=hops, begun=begun
        )
    # The search that got furthest tells most about what is missing.
    furthest = max((s.broken_at for s in searches if s.broken_at), key=lambda b: (b.step, -len(b.missing)))
    return FlowAnswer(flow=flow, change=change, begun=begun, broken_at=replace(furthest, step=furthest.step + begun))


class _Finder:
    """Looks for one flow from one asset."""

    def __init__(
        self, adjacency: Adjacency, cards: Cards, lanes: Lanes, steps: Sequence[frozenset[Iri]], start: Iri
    ) -> None:
        self._adjacency = adjacency
        self._cards = cards
        self._lanes = lanes
        self._steps = steps
        self._start = start

    def search(self, manner: Iri) -> _Search:
        """Return what the chain can be at each step, up to where it breaks."""
        layers: list[_Layer] = [{}]
        current: dict[_State, tuple[float, Sign]] = {(self._start, Lane(manner)): (1.0, Sign.SAME)}
        for index, levels in enumerate(self._steps[1:], 1):
            layer: _Layer = {}
            seen: set[Iri] = set()
            # In a fixed order, for among equals the first one offered stays.
            for state in sorted(current):
                onward = self._onward(state, levels)
                reached = {level for edge, _ in onward if (level := self._cards.level(edge.influenced))}
                seen |= reached
                if reached == levels:
                    self._offer(layer, onward, state, current[state], index)
            if not layer:
                return _Search(manner, layers, Break(step=index, levels=levels, missing=levels - seen))
            layers.append(layer)
            current = {state: (arrival.strength, arrival.sign) for state, arrival in layer.items()}
        return _Search(manner, layers, None)

    def witness(self, search: _Search) -> tuple[float, tuple[Hop, ...]]:
        """Walk the strongest chain back from its end, taking the other branches along."""
        last = search.layers[-1]
        if not last:
            return 1.0, ()  # a pattern of one step has no edge, and so its full strength
        state = min(last, key=lambda each: (-last[each].strength, each))
        strength = last[state].strength
        chunks: list[list[Hop]] = []
        for index in range(len(self._steps) - 1, 0, -1):
            arrival = search.layers[index][state]
            before = arrival.previous, arrival.before
            branches = self._branches(before, arrival.edge, self._steps[index])
            chunks.append([Hop.of(arrival.edge, arrival.manner), *branches])
            state = before
        return strength, tuple(hop for chunk in reversed(chunks) for hop in chunk)

    def _onward(self, state: _State, levels: frozenset[Iri]) -> list[tuple[Influence, Step]]:
        """Return the steps that the chain can take from an asset to one of the levels."""
        node, lane = state
        fixed = node == self._start
        taken = [
            (edge, step)
            for edge in self._adjacency.influences_from(node)
            for step in self._lanes.steps(lane, edge, downwards=True, fixed=fixed)
        ]
        self._cards.fetch(edge.influenced for edge, _ in taken)
        return [(edge, step) for edge, step in taken if self._cards.level(edge.influenced) in levels]

    def _offer(
        self,
        layer: _Layer,
        onward: Iterable[tuple[Influence, Step]],
        state: _State,
        so_far: tuple[float, Sign],
        index: int,
    ) -> None:
        strength, sign = so_far
        for edge, (manner, lane) in onward:
            reached = edge.influenced, lane
            product = Sign(sign * self._lanes.sign(edge, manner))
            arrival = Arrival(index, strength * edge.strengths[manner], product, *state, manner, edge)
            if arrival.beats(layer.get(reached)):
                layer[reached] = arrival

    def _branches(self, state: _State, chosen: Influence, levels: frozenset[Iri]) -> list[Hop]:
        """Return the strongest step to each level of a branching step that the chosen edge does not lead to."""
        best: dict[Iri, Hop] = {}
        onward = self._onward(state, levels)
        for edge, (manner, _) in sorted(onward, key=lambda e: (-e[0].strengths[e[1].manner], e[0].influenced, e[1])):
            level = self._cards.level(edge.influenced)
            if level is not None and level != self._cards.level(chosen.influenced):
                best.setdefault(level, Hop.of(edge, manner))
        return [best[level] for level in sorted(best)]

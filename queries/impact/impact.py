"""Impact: what a change to one asset touches, by which path, and why."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Final

from stratagraph.ontology.errors import StratagraphError
from stratagraph.ontology.facts import Iri
from stratagraph.ontology.model import ChangeKindInfo, ChecklistStep, OntologyModel
from stratagraph.queries.cards import Cards
from stratagraph.queries.impact.dangling import DanglingReference, dangling
from stratagraph.queries.impact.flows import Break, FlowAnswer, find_flow
from stratagraph.queries.impact.obligations import FromObligation, ObligationReach, scope_of
from stratagraph.queries.impact.walk import NODE_BUDGET, Cut, Direction, Hop, Trail, walk
from stratagraph.queries.store_protocols import Adjacency, TripleStore

if TYPE_CHECKING:
    import networkx as nx

__all__ = [
    "DEFAULT_DEPTH",
    "MAX_DEPTH",
    "AspectOutsideChange",
    "ChecklistItem",
    "DepthOutOfRange",
    "Direction",
    "Impact",
    "Reached",
    "impact",
]

DEFAULT_DEPTH: Final = 8
MAX_DEPTH: Final = 32


class AspectOutsideChange(StratagraphError, slug="aspect-outside-change", status=422):
    """The aspect asked for is none that this kind of change acts on."""

    text = "A change of kind {change} does not act on {aspect}; ask for one of: {possible}."

    aspect: str
    change: str
    possible: str


class DepthOutOfRange(StratagraphError, slug="depth-out-of-range", status=422):
    """A walk needs at least one hop, and a bound."""

    text = "A depth of {depth} is not possible; give a number of hops from 1 to {largest}."

    depth: int
    largest: int = MAX_DEPTH


@dataclass(frozen=True, slots=True, kw_only=True)
class Reached:
    """One affected asset: its best path's length, strength and aspect, and the strength per aspect."""

    asset: Iri
    direction: Direction
    hops: int
    strength: float
    aspect: Iri
    aspects: Mapping[Iri, float]

    def order(self) -> tuple[int, float, Iri]:
        """Nearest first, then strongest, then by IRI."""
        return self.hops, -self.strength, self.asset


@dataclass(frozen=True, slots=True, kw_only=True)
class ChecklistItem:
    """A step to take, and whether the answer holds an asset of its level."""

    step: ChecklistStep
    reached: bool


@dataclass(frozen=True, kw_only=True)
class Impact:
    """The answer. ``levels`` groups the affected assets by level, transversal ones (None) last.

    What was withdrawn is no asset any more: ``dangling`` has the references that still lead there.
    """

    sequence: int
    asset: Iri
    change: Iri | None
    direction: Direction
    aspect: Iri | None
    aspects: tuple[Iri, ...]
    depth: int
    cut: Cut | None
    levels: tuple[tuple[Iri | None, tuple[Reached, ...]], ...]
    flows: tuple[FlowAnswer, ...]
    checklist: tuple[ChecklistItem, ...]
    dangling: tuple[DanglingReference, ...]
    cards: Cards
    trails: Mapping[Direction, Trail]

    @property
    def partial(self) -> bool:
        """Whether something beyond the bounds was left out."""
        return self.cut is not None

    @cached_property
    def assets(self) -> Mapping[Iri, Reached]:
        """Every affected asset, the start left out."""
        return {reached.asset: reached for _, group in self.levels for reached in group}

    def path(self, reached: Reached) -> tuple[Hop, ...]:
        """Return the asset's best path, in the direction of the influence."""
        return self.trails[reached.direction].path(reached.asset, reached.aspect)

    def graph(self) -> nx.MultiDiGraph:
        """Return the affected assets and the edges they were reached by, one edge per aspect."""
        import networkx as nx  # loads slowly, and only this needs it

        graph = nx.MultiDiGraph(sequence=self.sequence, asset=self.asset)
        for node in (self.asset, *sorted({node for trail in self.trails.values() for node in trail.nodes})):
            graph.add_node(node, name=self.cards[node].name, level=self.cards[node].level)
        for trail in self.trails.values():
            for aspect, arrivals in trail.arrivals.items():
                for arrival in arrivals.values():
                    hop = Hop.of(arrival.edge, aspect)
                    ends = hop.influencer, hop.influenced
                    graph.add_edge(*ends, key=aspect, strength=hop.strength, measured=hop.measured)
        return graph


def impact(
    adjacency: Adjacency,
    store: TripleStore,
    model: OntologyModel,
    asset: Iri,
    *,
    change: Iri | None = None,
    direction: Direction = Direction.DOWN,
    aspect: Iri | None = None,
    depth: int = DEFAULT_DEPTH,
    budget: int = NODE_BUDGET,
) -> Impact:
    """Find what a change to an asset touches (down), what it can be touched by (up), or both.

    Without a change kind every aspect counts, and the flows and checklists of all kinds that start on the asset's
    level are looked at. An obligation in the asset's place acts through what the estate holds of its framework, and
    keeps of the answer and the checklists what is at its own levels; flows start at assets only.
    """
    if not 1 <= depth <= MAX_DEPTH:
        raise DepthOutOfRange(depth=depth)
    scope = scope_of(store, model, asset)
    # An obligation is no asset and has no edges: they are added above those of the estate.
    if scope:
        adjacency = FromObligation(below=adjacency, scope=scope)
    aspects = _aspects(model, change, aspect)
    cards = Cards(store, model)
    trails = {
        way: walk(adjacency, asset, aspects=aspects, depth=depth, downwards=way is Direction.DOWN, budget=budget)
        for way in (Direction.DOWN, Direction.UP)
        if direction in (way, Direction.BOTH)
    }
    nodes = (asset, *(node for trail in trails.values() for node in trail.nodes))
    cards.fetch(nodes)
    loose = dangling(store, model, nodes)
    # The relations that others still state make edges to it, so the walk finds it.
    withdrawn = {reference.object for reference in loose}
    reached = [one for one in _within_scope(scope, cards, _reached(trails)) if one.asset not in withdrawn]
    levels = _by_level(model, cards, asset, reached)
    present = {cards.level(asset), *(level for level, _ in levels)}
    # They tell what follows from a change, and against the influence nothing follows.
    kinds = _kinds(model, cards.level(asset), change, aspects) if Direction.DOWN in trails else []
    return Impact(
        sequence=adjacency.sequence,
        asset=asset,
        change=change,
        direction=direction,
        aspect=aspect,
        aspects=aspects,
        depth=depth,
        # By their names: where both bounds cut, that of assets is told, for a larger depth would not help.
        cut=max((trail.cut for trail in trails.values() if trail.cut), default=None),
        levels=levels,
        flows=() if scope else _flows(adjacency, cards, kinds, start=asset, aspects=aspects, present=present),
        checklist=_checklist(model, kinds, aspect, present, scope),
        dangling=loose,
        cards=cards,
        trails=trails,
    )


def _aspects(model: OntologyModel, change: Iri | None, aspect: Iri | None) -> tuple[Iri, ...]:
    """Return the aspects to walk along: those of the change kind, or all, narrowed to the one asked for."""
    possible = model.change_kinds[change].aspects if change else model.aspects.keys()
    if aspect is None:
        return tuple(sorted(possible))
    if aspect not in possible:
        names = ", ".join(sorted(model.aspects[a].notation for a in possible))
        raise AspectOutsideChange(aspect=model.label(aspect), change=model.label(change or ""), possible=names)
    return (aspect,)


def _kinds(model: OntologyModel, level: Iri | None, change: Iri | None, aspects: Iterable[Iri]) -> list[ChangeKindInfo]:
    """Return the change kind asked for, else every kind that starts on the level and acts on an aspect asked for."""
    if change is not None:
        return [model.change_kinds[change]]
    kinds = [kind for _, kind in sorted(model.change_kinds.items()) if level in kind.levels]
    return [kind for kind in kinds if not kind.aspects.isdisjoint(aspects)]


def _reached(trails: Mapping[Direction, Trail]) -> Iterable[Reached]:
    """Yield every asset once: where both directions reach it, by the nearer, then the stronger."""
    best: dict[Iri, Reached] = {}
    for direction, trail in trails.items():
        for node in trail.nodes:
            reached = _best_of(trail, direction, node)
            if node not in best or reached.order() < best[node].order():
                best[node] = reached
    return best.values()


def _best_of(trail: Trail, direction: Direction, node: Iri) -> Reached:
    """Choose among the aspects: fewest hops, then the largest strength, then the aspect's IRI."""
    arrivals = {aspect: per[node] for aspect, per in trail.arrivals.items() if node in per}
    aspect = min(arrivals, key=lambda a: (arrivals[a].hops, -arrivals[a].strength, a))
    return Reached(
        asset=node,
        direction=direction,
        hops=arrivals[aspect].hops,
        strength=arrivals[aspect].strength,
        aspect=aspect,
        aspects={a: arrival.strength for a, arrival in arrivals.items()},
    )


def _within_scope(scope: ObligationReach | None, cards: Cards, assets: Iterable[Reached]) -> Iterable[Reached]:
    """Keep what belongs to an obligation's scope, or everything where the start is an asset."""
    return (reached for reached in assets if not scope or scope.keeps(reached.asset, cards.level(reached.asset)))


def _by_level(
    model: OntologyModel, cards: Cards, start: Iri, assets: Iterable[Reached]
) -> tuple[tuple[Iri | None, tuple[Reached, ...]], ...]:
    """Group by level, beginning at the end of the pyramid that the start lies on."""
    groups: dict[Iri | None, list[Reached]] = {}
    for reached in assets:
        groups.setdefault(cards.level(reached.asset), []).append(reached)
    ordered = sorted(model.levels, key=lambda level: level.number)
    half = len(ordered) // 2
    if any(level.iri == cards.level(start) and level.number > half for level in ordered):
        ordered.reverse()
    keys = [*(level.iri for level in ordered), None]
    return tuple((key, tuple(sorted(groups[key], key=Reached.order))) for key in keys if key in groups)


def _flows(
    adjacency: Adjacency,
    cards: Cards,
    kinds: Iterable[ChangeKindInfo],
    *,
    start: Iri,
    aspects: Iterable[Iri],
    present: set[Iri | None],
) -> tuple[FlowAnswer, ...]:
    answers = []
    for kind in kinds:
        common = kind.aspects & set(aspects)
        for flow in kind.flows:
            answer = find_flow(adjacency, cards, flow, change=kind.iri, start=start, aspects=common)
            answers.append(_within(answer, present))
    return tuple(answers)


def _within(answer: FlowAnswer, present: set[Iri | None]) -> FlowAnswer:
    """A flow that leaves the answer's bounds is not shown: it breaks at the first level the answer lacks."""
    for step, levels in enumerate(answer.flow.steps):
        if answer.shown and levels - present:
            broken = Break(step=step, levels=levels, missing=levels - present)
            return FlowAnswer(flow=answer.flow, change=answer.change, broken_at=broken)
    return answer


def _checklist(
    model: OntologyModel,
    kinds: Iterable[ChangeKindInfo],
    aspect: Iri | None,
    present: set[Iri | None],
    scope: ObligationReach | None,
) -> tuple[ChecklistItem, ...]:
    """Return the steps of the kinds: those that the aspect asked for triggers, at the levels of an obligation.

    A step stays on the list when its level is not reached: conformity is checked although no effect runs up to a law.
    """
    wanted = {kind.iri for kind in kinds}
    steps = [s for s in model.checklist if s.change in wanted and aspect in (None, s.aspect)]
    steps = [step for step in steps if not scope or step.level in scope.levels]
    steps.sort(key=lambda step: (step.change, step.order, step.iri))
    return tuple(ChecklistItem(step=step, reached=step.level in present) for step in steps)

"""Impact: what a change to one asset touches, by which path, and why."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Final

from stratagraph.ontology.errors import StratagraphError
from stratagraph.ontology.facts import Iri
from stratagraph.ontology.infos import Course, Sign
from stratagraph.ontology.model import ChangeKindInfo, ChecklistStep, OntologyModel
from stratagraph.ontology.namespaces import SG
from stratagraph.queries.cards import Cards
from stratagraph.queries.impact.dangling import DanglingReference, dangling
from stratagraph.queries.impact.flows import Break, FlowAnswer, find_flow
from stratagraph.queries.impact.lanes import Lane, Lanes, lanes_of
from stratagraph.queries.impact.obligations import FromObligation, ObligationReach, scope_of
from stratagraph.queries.impact.walk import NODE_BUDGET, Arrival, Cut, Direction, Hop, Trail, walk
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
    "ModeOutsideChange",
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


class ModeOutsideChange(StratagraphError, slug="mode-outside-change", status=422):
    """The aspect asked for does not run in the mode asked for, or this kind of change does not act in it."""

    text = "{aspect} does not run in the mode {mode} here; ask for one of: {possible}."

    mode: str
    aspect: str
    possible: str


class DepthOutOfRange(StratagraphError, slug="depth-out-of-range", status=422):
    """A walk needs at least one hop, and a bound."""

    text = "A depth of {depth} is not possible; give a number of hops from 1 to {largest}."

    depth: int
    largest: int = MAX_DEPTH


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """How an asset is affected in one manner: by a path of so many hops, so strongly, for better or for worse."""

    manner: Iri
    hops: int
    strength: float
    sign: Sign
    course: Course | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Reached:
    """One affected asset: its best path's length, strength, lane and aspect, and the strength per aspect.

    ``sign`` is that of the best path, ``course`` what it makes of the change; None where no kind of change was named.
    """

    asset: Iri
    direction: Direction
    hops: int
    strength: float
    lane: Lane
    aspect: Iri
    sign: Sign
    course: Course | None
    aspects: Mapping[Iri, float]
    shown: tuple[Shown, ...]

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

    ``fallbacks`` take over where the asset fails. What was withdrawn is no asset any more: ``dangling`` has the
    references that still lead there.
    """

    sequence: int
    asset: Iri
    change: Iri | None
    direction: Direction
    aspect: Iri | None
    mode: Iri | None
    manners: tuple[Iri, ...]
    depth: int
    cut: Cut | None
    levels: tuple[tuple[Iri | None, tuple[Reached, ...]], ...]
    flows: tuple[FlowAnswer, ...]
    checklist: tuple[ChecklistItem, ...]
    dangling: tuple[DanglingReference, ...]
    fallbacks: tuple[Iri, ...]
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
        return self.trails[reached.direction].path(reached.asset, reached.lane)

    def graph(self) -> nx.MultiDiGraph:
        """Return the affected assets and the edges they were reached by, one edge per manner."""
        import networkx as nx  # loads slowly, and only this needs it

        graph = nx.MultiDiGraph(sequence=self.sequence, asset=self.asset)
        for node in (self.asset, *sorted({node for trail in self.trails.values() for node in trail.nodes})):
            graph.add_node(node, name=self.cards[node].name, level=self.cards[node].level)
        for trail in self.trails.values():
            for lane, arrivals in trail.arrivals.items():
                for arrival in arrivals.values() if lane.manner in trail.manners else ():
                    hop = Hop.of(arrival.edge, arrival.manner)
                    ends = hop.influencer, hop.influenced
                    graph.add_edge(*ends, key=hop.manner, strength=hop.strength, measured=hop.measured)
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
    mode: Iri | None = None,
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
    manners = _manners(model, change, aspect, mode)
    aspects = {model.manners[manner].aspect for manner in manners}
    cards, lanes = Cards(store, model), lanes_of(model)
    # Who names neither asks what may change here at all: not every neighbour on a shared resource answers that.
    turning = change is not None or mode is not None
    trails = {
        way: walk(
            adjacency,
            lanes,
            asset,
            manners=manners,
            depth=depth,
            downwards=way is Direction.DOWN,
            turning=turning,
            budget=budget,
        )
        for way in (Direction.DOWN, Direction.UP)
        if direction in (way, Direction.BOTH)
    }
    fallbacks = _fallbacks(adjacency, lanes, asset)
    nodes = (asset, *fallbacks, *(node for trail in trails.values() for node in trail.nodes))
    cards.fetch(nodes)
    loose = dangling(store, model, nodes)
    # The relations that others still state make edges to it, so the walk finds it.
    withdrawn = {reference.object for reference in loose}
    reached = [
        one for one in _within_scope(scope, cards, _Reaching(model, change).of(trails)) if one.asset not in withdrawn
    ]
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
        mode=mode,
        manners=manners,
        depth=depth,
        # By their names: where both bounds cut, that of assets is told, for a larger depth would not help.
        cut=max((trail.cut for trail in trails.values() if trail.cut), default=None),
        levels=levels,
        flows=() if scope else _flows(adjacency, cards, model, kinds, start=asset, manners=manners, present=present),
        checklist=_checklist(model, kinds, aspect, present, scope),
        dangling=loose,
        fallbacks=fallbacks,
        cards=cards,
        trails=trails,
    )


def _fallbacks(adjacency: Adjacency, lanes: Lanes, asset: Iri) -> tuple[Iri, ...]:
    """Return what takes over for an asset."""
    reliefs = lanes.reliefs(adjacency.influences_from(asset))
    return tuple(sorted({str(fact.object) for fact, _, _ in reliefs}))


def _manners(model: OntologyModel, change: Iri | None, aspect: Iri | None, mode: Iri | None) -> tuple[Iri, ...]:
    """Return the manners to walk in: those of the change kind, or all, narrowed to the aspect and mode asked for."""
    possible = sorted(model.change_kinds[change].acts if change else model.manners)
    told = [manner for manner in possible if aspect in (None, model.manners[manner].aspect)]
    if not told:
        names = sorted({model.aspects[model.manners[manner].aspect].notation for manner in possible})
        raise AspectOutsideChange(
            aspect=model.label(aspect or ""), change=model.label(change or ""), possible=", ".join(names)
        )
    chosen = tuple(manner for manner in told if mode in (None, model.manners[manner].mode))
    if not chosen:
        names = sorted({model.modes[model.manners[manner].mode].notation for manner in told})
        subject = model.label(aspect or change or SG.Aspect)
        raise ModeOutsideChange(mode=model.label(mode or ""), aspect=subject, possible=", ".join(names))
    return chosen


def _kinds(model: OntologyModel, level: Iri | None, change: Iri | None, aspects: Iterable[Iri]) -> list[ChangeKindInfo]:
    """Return the change kind asked for, else every kind that starts on the level and acts on an aspect asked for."""
    if change is not None:
        return [model.change_kinds[change]]
    kinds = [kind for _, kind in sorted(model.change_kinds.items()) if level in kind.levels]
    return [kind for kind in kinds if not kind.aspects.isdisjoint(aspects)]


class _Reaching:
    """Chooses how each asset is reached best, and what that makes of a change."""

    def __init__(self, model: OntologyModel, change: Iri | None) -> None:
        self._aspects = {iri: info.aspect for iri, info in model.manners.items()}
        self._courses = model.change_kinds[change].acts if change else None

    def of(self, trails: Mapping[Direction, Trail]) -> Iterable[Reached]:
        """Yield every asset once: where both directions reach it, by the nearer, then the stronger."""
        best: dict[Iri, Reached] = {}
        for direction, trail in trails.items():
            lanes = [(lane, per) for lane, per in sorted(trail.arrivals.items()) if lane.manner in trail.manners]
            for node in trail.nodes:
                reached = self._best_of(lanes, direction, node)
                if node not in best or reached.order() < best[node].order():
                    best[node] = reached
        return best.values()

    def _best_of(self, lanes: Sequence[tuple[Lane, Mapping[Iri, Arrival]]], direction: Direction, node: Iri) -> Reached:
        """Choose among the lanes: fewest hops, then the largest strength, then the lane in order."""
        arrivals = {lane: per[node] for lane, per in lanes if node in per}
        ranked = sorted(arrivals, key=lambda lane: (arrivals[lane].hops, -arrivals[lane].strength, lane))
        aspects: dict[Iri, float] = {}
        shown: dict[Iri, Shown] = {}
        for lane in ranked:
            arrival = arrivals[lane]
            aspects.setdefault(self._aspects[lane.manner], arrival.strength)
            if lane.manner not in shown:
                shown[lane.manner] = Shown(
                    manner=lane.manner,
                    hops=arrival.hops,
                    strength=arrival.strength,
                    sign=arrival.sign,
                    course=self._course(lane, arrival),
                )
        best = arrivals[ranked[0]]
        return Reached(
            asset=node,
            direction=direction,
            hops=best.hops,
            strength=best.strength,
            lane=ranked[0],
            aspect=self._aspects[ranked[0].manner],
            sign=best.sign,
            course=self._course(ranked[0], best),
            aspects=dict(sorted(aspects.items())),
            shown=tuple(shown[manner] for manner in sorted(shown)),
        )

    def _course(self, lane: Lane, arrival: Arrival) -> Course | None:
        return None if self._courses is None else Course(self._courses[lane.manner] * arrival.sign)


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
    model: OntologyModel,
    kinds: Iterable[ChangeKindInfo],
    *,
    start: Iri,
    manners: Iterable[Iri],
    present: set[Iri | None],
) -> tuple[FlowAnswer, ...]:
    answers = []
    for kind in kinds:
        common = sorted(kind.acts.keys() & set(manners))
        for flow in kind.flows:
            answer = find_flow(adjacency, cards, model, flow, change=kind.iri, start=start, manners=common)
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

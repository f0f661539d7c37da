"""What a path of influence keeps to: one aspect and one mode, except that load turns into effect at a resource."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from functools import lru_cache
from typing import NamedTuple

from stratagraph.ontology.facts import Fact, Influence, Iri
from stratagraph.ontology.infos import Sign
from stratagraph.ontology.model import OntologyModel
from stratagraph.ontology.namespaces import SG


class Lane(NamedTuple):
    """What the path to an asset is like: the manner in which it begins, and whether its load has turned into effect.

    ``bound``: its last step gathered what many parts do, and so must not be followed by one that spreads. Of a path
    that is walked backwards it is the other way round.
    """

    manner: Iri
    turned: bool = False
    bound: bool = False


class Step(NamedTuple):
    """One way to go along an edge: in which manner, and what the path is like then."""

    manner: Iri
    lane: Lane


class Run(NamedTuple):
    """How a manner runs along a relation."""

    sign: Sign
    gathers: bool
    spreads: bool


_PLAIN = Run(Sign.SAME, gathers=False, spreads=False)


class Lanes:
    """How the manners of a model run along its relations, and which of them turn into which."""

    def __init__(self, model: OntologyModel) -> None:
        self._turns = {iri: info.turns_into for iri, info in model.manners.items() if info.turns_into}
        self._turning: Mapping[Iri, list[Iri]] = defaultdict(list)
        for load, effect in self._turns.items():
            self._turning[effect].append(load)
        graph = model.graph
        self._relief = {
            relation: (frozenset(graph.iris(relation, SG.relieves)), float(graph.value(relation, SG.remainder) or 1))
            for relation in {relation for relation, _ in graph.pairs(SG.relieves)}
        }
        self._aspects = {iri: info.aspect for iri, info in model.manners.items() if info.mode == SG.EffectMode}
        self._runs = {
            (relation, sent.forward, manner): Run(sent.sign, sent.gathers, sent.spreads)
            for relation, info in model.relations.items()
            # Of several that carry the same the strongest is in force, and so comes last.
            for sent in sorted(info.transmissions, key=lambda each: each.strength)
            for manner in sent.manners
        }

    def begun(self, manners: Iterator[Iri] | tuple[Iri, ...], *, downwards: bool) -> list[Lane]:
        """Return the lanes on which a walk begins. Backwards a load is come by through what it turns into."""
        chosen = tuple(manners)
        through = () if downwards else (self._turns[manner] for manner in chosen if manner in self._turns)
        return sorted({Lane(manner) for manner in (*chosen, *through)})

    def steps(self, lane: Lane, edge: Influence, *, downwards: bool, fixed: bool) -> Iterator[Step]:
        """Yield the ways to go along an edge. ``fixed``: no load turns here, as at the asset asked about."""
        carried = self._carried(lane, downwards=downwards)
        if carried in edge.strengths:
            yield from self._step(lane, edge, carried, Lane(lane.manner, lane.turned), downwards=downwards)
        if lane.turned or fixed:
            return
        if downwards:
            effect = self._turns.get(lane.manner)
            if effect is not None and effect in edge.strengths:
                yield from self._step(lane, edge, effect, Lane(lane.manner, turned=True), downwards=downwards)
            return
        for load in self._turning.get(lane.manner, ()):
            if load in edge.strengths:
                yield from self._step(lane, edge, load, Lane(load, turned=True), downwards=downwards)

    def sign(self, edge: Influence, manner: Iri) -> Sign:
        """Return the sign of an edge for a manner: that of its strongest reason."""
        reasons = edge.reasons.get(manner, ())
        return self._run(edge, reasons[0].predicate, reasons[0].subject, manner).sign if reasons else Sign.SAME

    def relieves(self, manner: Iri) -> bool:
        """Tell whether any relation lessens effects in a manner."""
        aspect = self._aspects.get(manner)
        return any(aspect in aspects for aspects, _ in self._relief.values())

    def remainder(self, leaving: Iterable[Influence], manner: Iri) -> float:
        """Return what is left of an asset's effects in a manner, by the edges that leave it: less if one takes over."""
        aspect = self._aspects.get(manner)
        return min((left for _, aspects, left in self.reliefs(leaving) if aspect in aspects), default=1.0)

    def reliefs(self, leaving: Iterable[Influence]) -> Iterator[tuple[Fact, frozenset[Iri], float]]:
        """Yield the facts by which something takes over for an asset, with the aspects and what is left."""
        for edge in leaving:
            for fact in dict.fromkeys(fact for facts in edge.reasons.values() for fact in facts):
                if fact.subject == edge.influencer and fact.predicate in self._relief:
                    yield (fact, *self._relief[fact.predicate])

    def _carried(self, lane: Lane, *, downwards: bool) -> Iri:
        """Return the manner of the next step that changes nothing."""
        return self._turns[lane.manner] if lane.turned and downwards else lane.manner

    def _step(self, lane: Lane, edge: Influence, manner: Iri, after: Lane, *, downwards: bool) -> Iterator[Step]:
        runs = [self._run(edge, fact.predicate, fact.subject, manner) for fact in edge.reasons.get(manner, ())]
        # One reason that does not gather, or spread, is enough for the path to go on.
        gathers = bool(runs) and all(run.gathers for run in runs)
        spreads = bool(runs) and all(run.spreads for run in runs)
        binds, is_barred = (gathers, spreads) if downwards else (spreads, gathers)
        if not (lane.bound and is_barred):
            yield Step(manner, after._replace(bound=binds))

    def _run(self, edge: Influence, relation: Iri, subject: Iri, manner: Iri) -> Run:
        return self._runs.get((relation, subject == edge.influencer, manner), _PLAIN)


@lru_cache(maxsize=4)
def lanes_of(model: OntologyModel) -> Lanes:
    """Return the lanes of a model, read once."""
    return Lanes(model)

"""Influence edges between assets, from asserted relations only."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping
from functools import lru_cache
from typing import Any, Final, NamedTuple, TypeAlias

from stratagraph.ontology.facts import Influence, Iri
from stratagraph.ontology.model import OntologyModel
from stratagraph.ontology.namespaces import SG
from stratagraph.service.deriver.aspects import Aspects
from stratagraph.service.deriver.closure import Closure
from stratagraph.service.deriver.numbers import Numbers, Triple
from stratagraph.service.deriver.shares import Share, Shares

Pair: TypeAlias = tuple[int, int]
"""Influencer and influenced."""


class PairRelation(NamedTuple):
    """An asserted relation of a pair: its property, whether it points back at the influencer, its observed shares."""

    prop: int
    backward: bool
    share: Share


Edge: TypeAlias = tuple[PairRelation, ...]
"""What is kept of an influence edge; its strengths and facts are made when asked for. Empty: no edge."""
_NOTHING: Final[Mapping[Pair, Edge]] = {}


class InfluencePlan(NamedTuple):
    """What all pairs with the same edge share: strengths by aspect, and by aspect the places of the reasons in it."""

    strengths: dict[Iri, float]
    places: dict[Iri, tuple[int, ...]]
    measured: frozenset[Iri]


class Influences:
    """The influence edges, kept up to date pair by pair.

    The ontology's model says which transmissions are in force for a relation: its own, else those of its inverse
    turned round, else those of its nearest super-property, unless it says that it transmits nothing. Asserted facts
    alone count, so that a relation inferred from two others does not count a second time. A node influences itself
    in nothing. An observed share stands for the declared strength where influence runs from object to subject.
    """

    def __init__(self, model: OntologyModel, closure: Closure, shares: Shares, numbers: Numbers) -> None:
        """Know the transmissions of every relation."""
        self._closure = closure
        self._shares = shares
        self._numbers = numbers
        self._asset = closure.tables.bit(numbers.number(SG.Asset))
        self._carried: dict[tuple[int, bool], tuple[tuple[Iri, float], ...]] = _carried(model, numbers)
        self._ways = {
            backward: frozenset(prop for prop, turned in self._carried if turned is backward)
            for backward in (False, True)
        }
        self._aspects = Aspects(model, closure.tables, numbers)
        self._masks = {
            way: self._aspects.mask(aspect for aspect, _ in carried) for way, carried in self._carried.items()
        }
        self._edges: dict[Pair, Edge] = {}
        self._shared: dict[Edge, Edge] = {}
        self._plan = lru_cache(maxsize=4096)(self._make_plan)

    def __getstate__(self) -> dict[str, Any]:
        """Leave out the cache: one around a method of the object itself can't be pickled."""
        return {name: value for name, value in vars(self).items() if name != "_plan"}

    def __setstate__(self, state: dict[str, Any]) -> None:
        """Begin to remember anew."""
        vars(self).update(state)
        self._plan = lru_cache(maxsize=4096)(self._make_plan)

    def __len__(self) -> int:
        """Return the number of edges."""
        return len(self._edges)

    def carries(self, triple: Triple) -> bool:
        """Tell whether a triple may make an edge."""
        subject, prop, obj = triple
        return subject != obj and not obj & 1 and ((prop, False) in self._carried or (prop, True) in self._carried)

    def is_measurable(self, triple: Triple) -> bool:
        """Tell whether observed calls can tell how strong an edge of this triple is."""
        return self.carries(triple) and (triple[1], True) in self._carried

    def touched(self, triples: Iterable[Triple], retyped: dict[int, int]) -> set[Pair]:
        """Return the pairs whose edges may change with these asserted triples and these changes of type."""
        pairs = set()
        for subject, prop, obj in filter(self.carries, triples):
            if (prop, False) in self._carried:
                pairs.add((subject, obj))
            if (prop, True) in self._carried:
                pairs.add((obj, subject))
        for node, before in retyped.items():
            # No other type decides whether a pair may have an edge.
            if (before ^ self._closure.types(node)) & self._asset:
                for other in self._neighbours(node):
                    pairs.update(((node, other), (other, node)))
        return pairs

    def refresh(self, pairs: Iterable[Pair]) -> dict[Pair, Edge]:
        """Bring pairs up to date; return those that changed with what they were before."""
        before = {}
        for pair in pairs:
            old = self._edges.get(pair, ())
            new = self._edge(pair)
            if new == old:
                continue
            before[pair] = old
            if new:
                self._edges[pair] = new
            else:
                del self._edges[pair]
        return before

    def pairs(self) -> Iterable[Pair]:
        """Return the pairs that have an edge."""
        return self._edges.keys()

    def aspects(self, edge: Edge) -> int:
        """Return the mask of the aspects that an edge is about."""
        mask = 0
        for prop, backward, _ in edge:
            mask |= self._masks[prop, backward]
        return mask

    def edge(self, pair: Pair) -> Edge:
        """Return what is kept of a pair's edge."""
        return self._edges.get(pair, ())

    def implies(self, triple: Triple, before: Mapping[Pair, Edge] = _NOTHING) -> bool:
        """Tell whether an edge implies a triple, now or before the pairs given changed."""
        subject, prop, obj = triple
        straight, turned = self._aspects.implying(prop)
        return bool(
            straight & self._aspects_of((subject, obj), before) or turned & self._aspects_of((obj, subject), before)
        )

    def changes(self, before: Mapping[Pair, Edge]) -> dict[Triple, tuple[bool, bool]]:
        """Return what edges imply differently since the pairs given changed: whether they did, and whether they do."""
        found = {}
        for pair, old in before.items():
            was, now = self.aspects(old), self.aspects(self.edge(pair))
            # Other strengths or reasons imply the same triples as before.
            if was == now:
                continue
            start, end = pair
            # The edge the other way round may imply the same triple, by an inverse.
            back_was, back_now = self._aspects_of((end, start), before), self._aspects_of((end, start), _NOTHING)
            for prop, turned in self._aspects.implied(was ^ now):
                ahead, back = self._aspects.implying(prop)
                triple = (start, prop, end)
                if turned:  # the triple runs from the influenced to the influencer
                    ahead, back, triple = back, ahead, (end, prop, start)
                found[triple] = (bool(ahead & was | back & back_was), bool(ahead & now | back & back_now))
        return found

    @property
    def implied(self) -> Collection[int]:
        """The properties of which edges can imply triples."""
        return self._aspects.properties

    def triples(self, pair: Pair, aspects: int) -> Iterator[Triple]:
        """Yield the triples that an edge with this mask of aspects implies, each once."""
        influencer, influenced = pair
        for prop, turned in self._aspects.implied(aspects):
            yield (influenced, prop, influencer) if turned else (influencer, prop, influenced)

    def _aspects_of(self, pair: Pair, before: Mapping[Pair, Edge]) -> int:
        edge = before.get(pair)
        if edge is None:
            edge = self._edges.get(pair)
        return self.aspects(edge) if edge else 0

    def influence(self, pair: Pair) -> Influence:
        """Return the edge of a pair with its strengths and reasons."""
        edge = self._edges[pair]
        influencer, influenced = self._numbers.iri(pair[0]), self._numbers.iri(pair[1])
        # All that a ranking needs of the two IRIs is their order: this is what lets many pairs share one plan.
        plan = self._plan(edge, influencer < influenced)
        facts = [self._numbers.fact(_triple(pair, reason)) for reason in edge]
        return Influence(
            influencer=influencer,
            influenced=influenced,
            strengths=plan.strengths,
            reasons={aspect: tuple(facts[place] for place in places) for aspect, places in plan.places.items()},
            measured=plan.measured,
        )

    def _make_plan(self, edge: Edge, ascending: bool) -> InfluencePlan:  # noqa: FBT001  # part of the key of a cache
        """Rank the reasons of an edge by aspect; ``ascending``: the influencer's IRI comes before the other's."""
        ranked: dict[Iri, list[tuple[float, bool, Iri, bool, int]]] = defaultdict(list)
        for place, (prop, backward, share) in enumerate(edge):
            # The order of the facts by subject, then predicate; a reason that points back has the ends turned.
            later, name = backward is ascending, self._numbers.iri(prop)
            for aspect, declared in self._carried[prop, backward]:
                observed = share.of(aspect)
                strength = declared if observed is None else observed
                # Strongest first; among equals the order of the facts, which is the same in every process.
                ranked[aspect].append((-strength, later, name, observed is None, place))
        best = {aspect: sorted(ranked[aspect]) for aspect in sorted(ranked)}
        return InfluencePlan(
            strengths={aspect: -reasons[0][0] for aspect, reasons in best.items()},
            places={aspect: tuple(reason[-1] for reason in reasons) for aspect, reasons in best.items()},
            measured=frozenset(aspect for aspect, reasons in best.items() if not reasons[0][3]),
        )

    def _edge(self, pair: Pair) -> Edge:
        influencer, influenced = pair
        if not self._closure.types(influencer) & self._closure.types(influenced) & self._asset:
            return ()
        asserted = self._closure.asserted
        forward = asserted.between(influencer, influenced, self._ways[False])
        backward = asserted.between(influenced, influencer, self._ways[True])
        reasons = [PairRelation(prop, False, Share()) for prop in forward]
        reasons += [PairRelation(prop, True, self._shares.share((influenced, prop, influencer))) for prop in backward]
        edge = tuple(sorted(reasons, key=lambda reason: reason[:2]))
        # A handful of distinct edges without shares serves all pairs.
        return edge if any(any(reason.share) for reason in edge) else self._shared.setdefault(edge, edge)

    def _neighbours(self, node: int) -> set[int]:
        asserted = self._closure.asserted
        near = {obj for prop, obj, _ in asserted.leaving(node) if self.carries((node, prop, obj))}
        near.update(source for prop, source in asserted.arriving(node) if self.carries((source, prop, node)))
        return near


def _carried(model: OntologyModel, numbers: Numbers) -> dict[tuple[int, bool], tuple[tuple[Iri, float], ...]]:
    """Return (property, backward) -> aspects with their strength, the larger one where several speak of an aspect."""
    strongest: dict[tuple[int, bool], dict[Iri, float]] = defaultdict(dict)
    for prop, info in model.relations.items():
        for transmission in info.transmissions:
            strengths = strongest[numbers.number(prop), not transmission.forward]
            for aspect in transmission.aspects:
                strengths[aspect] = max(transmission.strength, strengths.get(aspect, 0.0))
    return {way: tuple(sorted(strengths.items())) for way, strengths in strongest.items()}


def _triple(pair: Pair, reason: PairRelation) -> Triple:
    return (pair[1], reason.prop, pair[0]) if reason.backward else (pair[0], reason.prop, pair[1])

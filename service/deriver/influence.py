"""Influence edges between assets, from asserted relations only."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from typing import NamedTuple, TypeAlias

from stratagraph.ontology.facts import Fact, Influence, Iri
from stratagraph.ontology.model import OntologyModel
from stratagraph.ontology.namespaces import SG
from stratagraph.service.deriver.closure import Closure
from stratagraph.service.deriver.numbers import Numbers, Triple
from stratagraph.service.deriver.shares import Share, Shares

Pair: TypeAlias = tuple[int, int]
"""Influencer and influenced."""


class Reason(NamedTuple):
    """An asserted relation of a pair: its property, whether it points back at the influencer, its observed shares."""

    prop: int
    backward: bool
    share: Share


Edge: TypeAlias = tuple[Reason, ...]
"""What is kept of an influence edge; its strengths and facts are made when asked for. Empty: no edge."""


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
        self._properties = {aspect: numbers.number(info.influence_property) for aspect, info in model.aspects.items()}
        self._aspects_implying = _aspects_implying(self._properties, closure)
        self._edges: dict[Pair, Edge] = {}
        self._shared: dict[Edge, Edge] = {}

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

    def aspects(self, edge: Edge) -> frozenset[Iri]:
        """Return the aspects that an edge is about."""
        return frozenset(aspect for reason in edge for aspect, _ in self._carried[reason.prop, reason.backward])

    def edge(self, pair: Pair) -> Edge:
        """Return what is kept of a pair's edge."""
        return self._edges.get(pair, ())

    def implies(self, triple: Triple, before: dict[Pair, Edge] | None = None) -> bool:
        """Tell whether an edge implies a triple, now or before the pairs given changed."""
        subject, prop, obj = triple
        for aspect, turned in self._aspects_implying.get(prop, ()):
            pair = (obj, subject) if turned else (subject, obj)
            edge = self._edges.get(pair, ())
            if before is not None:
                edge = before.get(pair, edge)
            if aspect in self.aspects(edge):
                return True
        return False

    def is_implied(self, prop: int) -> bool:
        """Tell whether edges can imply triples of the property."""
        return prop in self._aspects_implying

    def triples(self, pair: Pair, aspects: Iterable[Iri]) -> Iterator[Triple]:
        """Yield the triples that an edge with these aspects implies."""
        for aspect in aspects:
            for other, turned in self._closure.tables.expansion(self._properties[aspect]):
                yield (pair[1], other, pair[0]) if turned else (pair[0], other, pair[1])

    def influence(self, pair: Pair) -> Influence:
        """Return the edge of a pair with its strengths and reasons."""
        ranked: dict[Iri, list[tuple[float, Fact, bool]]] = defaultdict(list)
        for reason in self._edges[pair]:
            fact = self._numbers.fact(_triple(pair, reason))
            for aspect, declared in self._carried[reason.prop, reason.backward]:
                observed = _observed(reason, aspect)
                ranked[aspect].append((declared if observed is None else observed, fact, observed is not None))
        for reasons in ranked.values():
            reasons.sort(key=_rank)
        aspects = sorted(ranked)
        return Influence(
            influencer=self._numbers.iri(pair[0]),
            influenced=self._numbers.iri(pair[1]),
            strengths={aspect: ranked[aspect][0][0] for aspect in aspects},
            reasons={aspect: tuple(fact for _, fact, _ in ranked[aspect]) for aspect in aspects},
            measured=frozenset(aspect for aspect in aspects if ranked[aspect][0][2]),
        )

    def _edge(self, pair: Pair) -> Edge:
        influencer, influenced = pair
        if not self._closure.types(influencer) & self._closure.types(influenced) & self._asset:
            return ()
        asserted = self._closure.asserted
        forward = asserted.between(influencer, influenced, self._ways[False])
        backward = asserted.between(influenced, influencer, self._ways[True])
        reasons = [Reason(prop, False, Share()) for prop in forward]
        reasons += [Reason(prop, True, self._shares.share((influenced, prop, influencer))) for prop in backward]
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


def _aspects_implying(properties: dict[Iri, int], closure: Closure) -> dict[int, list[tuple[Iri, bool]]]:
    """Return property -> the (aspect, turned) whose influence property implies it."""
    implying: dict[int, list[tuple[Iri, bool]]] = defaultdict(list)
    for aspect, prop in properties.items():
        for other, turned in closure.tables.expansion(prop):
            implying[other].append((aspect, turned))
    return dict(implying)


def _triple(pair: Pair, reason: Reason) -> Triple:
    return (pair[1], reason.prop, pair[0]) if reason.backward else (pair[0], reason.prop, pair[1])


def _observed(reason: Reason, aspect: Iri) -> float | None:
    """Return the observed strength: the share of the tokens for cost, of the calls for all else."""
    return reason.share.tokens if aspect == SG.Cost else reason.share.calls


def _rank(reason: tuple[float, Fact, bool]) -> tuple[float, tuple[Iri, Iri, str], bool]:
    strength, fact, measured = reason
    return -strength, (fact.subject, fact.predicate, str(fact.object)), not measured

"""Influence edges between assets, from asserted relations only."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping
from functools import lru_cache
from typing import Any, Final, NamedTuple, TypeAlias

from stratagraph.ontology.facts import Iri
from stratagraph.ontology.grouped import InfluenceGroup, InfluencesChanged, InfluenceTemplate
from stratagraph.ontology.model import OntologyModel
from stratagraph.ontology.namespaces import SG
from stratagraph.service.deriver.closure import Closure, Delta
from stratagraph.service.deriver.manners import Manners
from stratagraph.service.deriver.numbers import Numbers, Triple
from stratagraph.service.deriver.pair_table import Pair, PairTable
from stratagraph.service.deriver.shares import Share, Shares
from stratagraph.service.deriver.tables import Turned


class PairRelation(NamedTuple):
    """An asserted relation of a pair: its property, whether it points back at the influencer, its observed shares."""

    prop: int
    backward: bool
    share: Share


Way: TypeAlias = tuple[int, bool]
"""The property of a relation, and whether it points back at the influencer."""
Touched: TypeAlias = dict[Pair, list[Way] | None]
"""Pairs whose edge may change, each with all its relations, or None where these have to be looked up."""
Edge: TypeAlias = tuple[PairRelation, ...]
"""What is kept of an influence edge; its strengths and facts are made when asked for. Empty: no edge."""
_NOTHING: Final[Mapping[Pair, Edge]] = {}


class ImpliedChange(NamedTuple):
    """Triples that edges came to imply and that they ceased to, and of others whether they did and whether they do.

    Those others, ``told``, may be implied or asserted otherwise too.
    """

    came: list[Triple]
    went: list[Triple]
    told: dict[Triple, tuple[bool, bool]]


class _ImpliedPlan(NamedTuple):
    """The same, of any two between whom the same changed."""

    came: list[Turned]
    went: list[Turned]
    told: dict[Turned, tuple[bool, bool]]


_Masks: TypeAlias = tuple[int, ...]
"""The manners of an edge before and now, and those of the edge the other way round."""


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
        self._manners = Manners(model, closure.tables, numbers)
        self._aspects = {manner: info.aspect for manner, info in model.manners.items()}
        self._masks = {
            way: self._manners.mask(manner for manner, _ in carried) for way, carried in self._carried.items()
        }
        self._edges: PairTable[Edge] = PairTable()
        self._shared: dict[Edge, Edge] = {}
        self._declared: dict[tuple[Way, ...], Edge] = {}
        """The shared edges again, by their relations alone."""
        self._template = lru_cache(maxsize=4096)(self._make_template)

    def __getstate__(self) -> dict[str, Any]:
        """Leave out the cache: one around a method of the object itself can't be pickled."""
        return {name: value for name, value in vars(self).items() if name != "_template"}

    def __setstate__(self, state: dict[str, Any]) -> None:
        """Begin to remember anew."""
        vars(self).update(state)
        self._template = lru_cache(maxsize=4096)(self._make_template)

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

    def touched(self, added: Iterable[Triple], removed: Iterable[Triple], delta: Delta) -> Touched:
        """Return the pairs whose edges may change with these asserted triples, and with types as they changed.

        Of a pair with a newcomer all relations are among those added: they are told, in place of None.
        """
        pairs: Touched = {}
        newcomers = delta.newcomers.nodes
        for triples, came in ((removed, False), (added, True)):
            for subject, prop, obj in triples:
                ahead, back = prop in self._ways[False], prop in self._ways[True]
                if not (ahead or back) or obj & 1 or subject == obj:
                    continue
                new = subject in newcomers or obj in newcomers
                for pair, backward in (((subject, obj), False), ((obj, subject), True)):
                    if back if backward else ahead:
                        told = pairs.setdefault(pair, [] if new else None)
                        if told is not None and came:
                            told.append((prop, backward))
        for node, before in delta.retyped.items():
            # No other type decides whether a pair may have an edge. Of newcomers all pairs are there already.
            if (before ^ self._closure.types(node)) & self._asset and node not in newcomers:
                for other in self._neighbours(node):
                    pairs.update({(node, other): None, (other, node): None})
        return pairs

    def refresh(self, pairs: Touched) -> dict[Pair, Edge]:
        """Bring pairs up to date; return those that changed with what they were before."""
        before = {}
        for pair, told in pairs.items():
            old = self.edge(pair)
            new = self._edge(pair) if told is None else self._edge_of(pair, told)
            if new is old or new == old:
                continue
            before[pair] = old
            if new:
                self._edges.put(pair, new)
            else:
                self._edges.drop(pair)
        self._edges.settle()
        return before

    def pairs(self) -> Iterator[Pair]:
        """Yield the pairs that have an edge."""
        return iter(self._edges)

    def pairs_from(self, influencers: Iterable[int]) -> Iterator[Pair]:
        """Yield the pairs that have an edge and begin at one of the nodes."""
        return self._edges.of(influencers)

    def manners(self, edge: Edge) -> int:
        """Return the mask of the manners in which an edge runs."""
        mask = 0
        for prop, backward, _ in edge:
            mask |= self._masks[prop, backward]
        return mask

    def edge(self, pair: Pair) -> Edge:
        """Return what is kept of a pair's edge."""
        return self._edges.get(pair) or ()

    def implies(self, triple: Triple, before: Mapping[Pair, Edge] = _NOTHING) -> bool:
        """Tell whether an edge implies a triple, now or before the pairs given changed."""
        subject, prop, obj = triple
        straight, turned = self._manners.implying(prop)
        return bool(
            straight & self._manners_of((subject, obj), before) or turned & self._manners_of((obj, subject), before)
        )

    def changes(self, before: Mapping[Pair, Edge], doubtful: Collection[int]) -> ImpliedChange:
        """Return what edges imply differently since the pairs given changed.

        ``doubtful`` are the properties of which a triple may hold, or have held, by something else.
        """
        change = ImpliedChange([], [], {})
        plans: dict[_Masks, _ImpliedPlan] = {}
        masks: dict[int, int] = {}  # by identity: all edges that are looked at here live on meanwhile
        for pair, old in before.items():
            # The edge the other way round may imply the same triples, by an inverse: the two are told of together.
            back = pair[1], pair[0]
            turned = before.get(back)
            if turned is not None and back < pair:
                continue
            new, turned_now = self.edge(pair), self.edge(back)
            edges = old, new, turned_now if turned is None else turned, turned_now
            key = tuple([masks[id(edge)] if id(edge) in masks else self._mask(edge, masks) for edge in edges])
            plan = plans.get(key)
            if plan is None:
                plan = plans[key] = self._plan(key, doubtful)
            change.came.extend(_along(pair, plan.came))
            change.went.extend(_along(pair, plan.went))
            change.told.update(zip(_along(pair, plan.told), plan.told.values(), strict=True))
        return change

    def _mask(self, edge: Edge, known: dict[int, int]) -> int:
        mask = known[id(edge)] = self.manners(edge)
        return mask

    def _plan(self, masks: _Masks, doubtful: Collection[int]) -> _ImpliedPlan:
        """Return what two imply differently, by the masks of the edge and of the one the other way round."""
        was, now, back_was, back_now = masks
        told: dict[Turned, tuple[bool, bool]] = {}
        ways = [*self._manners.implied(was ^ now)]
        ways += [(prop, not turned) for prop, turned in self._manners.implied(back_was ^ back_now)]
        for prop, turned in ways:
            ahead, back = self._manners.implying(prop)
            if turned:  # the triple runs from the influenced to the influencer
                ahead, back = back, ahead
            told[prop, turned] = bool(ahead & was | back & back_was), bool(ahead & now | back & back_now)
        return _ImpliedPlan(
            came=[way for way, each in told.items() if way[0] not in doubtful and each == (False, True)],
            went=[way for way, each in told.items() if way[0] not in doubtful and each == (True, False)],
            told={way: each for way, each in told.items() if way[0] in doubtful},
        )

    @property
    def implied(self) -> Collection[int]:
        """The properties of which edges can imply triples."""
        return self._manners.properties

    def triples(self, pair: Pair, manners: int) -> Iterator[Triple]:
        """Yield the triples that an edge with this mask of manners implies, each once."""
        return iter(_along(pair, self._manners.implied(manners)))

    def _manners_of(self, pair: Pair, before: Mapping[Pair, Edge]) -> int:
        edge = before.get(pair)
        return self.manners(self.edge(pair) if edge is None else edge)

    def grouped(self, pairs: Iterable[Pair]) -> InfluencesChanged:
        """Return the edges of pairs with their strengths and reasons."""
        iri = self._numbers.iri
        alike: dict[tuple[int, bool], list[tuple[Iri, Iri]]] = {}
        edges: dict[tuple[int, bool], Edge] = {}
        for pair in pairs:
            influencer, influenced = iri(pair[0]), iri(pair[1])
            edge = self.edge(pair)
            # All that a ranking needs of the two IRIs is their order: this is what lets many pairs share a template.
            key = id(edge), influencer < influenced
            found = alike.get(key)
            if found is None:
                found = alike[key] = []
                edges[key] = edge
            found.append((influencer, influenced))
        return InfluencesChanged(InfluenceGroup(self._template(edges[key], key[1]), alike[key]) for key in alike)

    def _make_template(self, edge: Edge, ascending: bool) -> InfluenceTemplate:  # noqa: FBT001  # part of the key of a cache
        """Rank the reasons of an edge by manner; ``ascending``: the influencer's IRI comes before the other's."""
        ranked: dict[Iri, list[tuple[float, bool, Iri, bool, int]]] = defaultdict(list)
        # A relation that carries nothing at all justifies nothing.
        reasons = [reason for reason in edge if self._carried[reason.prop, reason.backward]]
        for place, (prop, backward, share) in enumerate(reasons):
            # The order of the facts by subject, then predicate; a reason that points back has the ends turned.
            later, name = backward is ascending, self._numbers.iri(prop)
            for manner, declared in self._carried[prop, backward]:
                observed = share.of(self._aspects[manner])
                strength = declared if observed is None else observed
                # Strongest first; among equals the order of the facts, which is the same in every process.
                ranked[manner].append((-strength, later, name, observed is None, place))
        best = {manner: sorted(ranked[manner]) for manner in sorted(ranked)}
        return InfluenceTemplate(
            strengths=tuple((manner, -ranks[0][0]) for manner, ranks in best.items()),
            measured=frozenset(manner for manner, ranks in best.items() if not ranks[0][3]),
            relations=tuple((self._numbers.iri(reason.prop), not reason.backward) for reason in reasons),
            reasons=tuple((manner, tuple(rank[-1] for rank in ranks)) for manner, ranks in best.items()),
        )

    def _edge_of(self, pair: Pair, told: list[Way]) -> Edge:
        """Return the edge of a pair with these relations and no other."""
        influencer, influenced = pair
        relations = self._shares.relations
        if relations and any(back and (influenced, prop, influencer) in relations for prop, back in told):
            return self._edge(pair)
        if not told or not self._may_influence(pair):
            return ()
        ways = tuple(sorted(told))
        edge = self._declared.get(ways)
        if edge is None:
            made = tuple(PairRelation(prop, backward, Share()) for prop, backward in ways)
            edge = self._declared[ways] = self._shared.setdefault(made, made)
        return edge

    def _may_influence(self, pair: Pair) -> bool:
        types = self._closure.members.of
        return bool(types(pair[0]) & types(pair[1]) & self._asset)

    def _edge(self, pair: Pair) -> Edge:
        influencer, influenced = pair
        if not self._may_influence(pair):
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
    """Return (property, backward) -> manners with their strength, the larger one where several speak of a manner."""
    strongest: dict[tuple[int, bool], dict[Iri, float]] = defaultdict(dict)
    for prop, info in model.relations.items():
        for transmission in info.transmissions:
            strengths = strongest[numbers.number(prop), not transmission.forward]
            for manner in transmission.manners:
                strengths[manner] = max(transmission.strength, strengths.get(manner, 0.0))
    return {way: tuple(sorted(strengths.items())) for way, strengths in strongest.items()}


def _along(pair: Pair, ways: Iterable[Turned]) -> list[Triple]:
    """Return triples of an influencer and an influenced, straight on or with the ends turned."""
    start, end = pair
    return [(end, prop, start) if turned else (start, prop, end) for prop, turned in ways]

"""Naive answers about small worlds: what follows, who influences whom. They share no code with the deriver."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import TypeAlias

from stratagraph.ontology.facts import Fact, Influence, Iri, Literal
from stratagraph.ontology.namespaces import RDF, SG, XSD
from tests.service.worlds import CHAINS, PROPS, SUBCLASSES, Prop


@dataclass(frozen=True)
class Share:
    """A relation's share of its subject's calls and tokens; None where none were seen on it."""

    calls: float | None = None
    tokens: float | None = None


NO_SHARES: Mapping[Fact, Share] = MappingProxyType({})


def naive_homes(stated: Iterable[Fact]) -> dict[Iri, Iri]:
    """Say for each node that is stated to be another which one stands for both: the first by name of all they are."""
    groups: list[set[Iri]] = []
    for fact in stated:
        if fact.predicate == SG.sameAssetAs and isinstance(fact.object, str):
            ends = {fact.subject, fact.object}
            joined = ends.union(*(group for group in groups if group & ends))
            groups = [group for group in groups if not group & ends] + [joined]
    return {node: min(group) for group in groups for node in group}


def as_one(fact: Fact, homes: Mapping[Iri, Iri]) -> set[Fact]:
    """Say what a fact comes to where these homes stand for nodes."""
    subject, predicate, value = fact
    if predicate == SG.sameAssetAs:
        ends = [end for end in (subject, value) if isinstance(end, str) and homes.get(end, end) != end]
        return {Fact(homes[end], SG.mergedFrom, Literal(end, XSD.anyURI)) for end in ends}
    if isinstance(value, str) and predicate != RDF.type:
        value = homes.get(value, value)
    return {Fact(homes.get(subject, subject), predicate, value)}


def naive_merged(stated: Iterable[Fact]) -> set[Fact]:
    """Say what facts come to once merges are made."""
    stated = set(stated)
    homes = naive_homes(stated)
    return {one for fact in stated for one in as_one(fact, homes)}


def naive_closure(asserted: Iterable[Fact], props: Mapping[Iri, Prop] = PROPS) -> set[Fact]:
    """Apply every rule to every triple until nothing comes of it."""
    known = set(asserted)
    while True:
        fresh = {fact for fact in _implied(known, props) if fact not in known}
        if not fresh:
            return known
        known |= fresh


def _implied(known: set[Fact], props: Mapping[Iri, Prop]) -> Iterator[Fact]:
    for fact in known:
        yield from _implied_alone(fact, props)
        yield from _implied_with(fact, known, props)


def _implied_with(fact: Fact, known: set[Fact], props: Mapping[Iri, Prop]) -> Iterator[Fact]:
    chains = [*CHAINS, *((p, p, p) for p, told in props.items() if "transitive" in told.flags)]
    for first, second, implied in chains:
        if fact.predicate == first:
            for other in known:
                if other.predicate == second and other.subject == fact.object:
                    yield Fact(fact.subject, implied, other.object)


def _implied_alone(fact: Fact, props: Mapping[Iri, Prop]) -> Iterator[Fact]:
    told = props.get(fact.predicate)
    if fact.predicate == RDF.type and isinstance(fact.object, str):
        yield from (Fact(fact.subject, RDF.type, up) for up in SUBCLASSES.get(fact.object, ()))
    if told is None or not isinstance(fact.object, str):
        return
    yield from (Fact(fact.subject, up, fact.object) for up in told.supers)
    if told.inverse:
        yield Fact(fact.object, told.inverse, fact.subject)
    if "symmetric" in told.flags:
        yield Fact(fact.object, fact.predicate, fact.subject)
    if told.domain:
        yield Fact(fact.subject, RDF.type, told.domain)
    if told.range:
        yield Fact(fact.object, RDF.type, told.range)


def naive_influences(
    asserted: Iterable[Fact], props: Mapping[Iri, Prop] = PROPS, shares: Mapping[Fact, Share] = NO_SHARES
) -> dict[tuple[Iri, Iri], Influence]:
    """Look at every pair of assets and every fact between them."""
    asserted = set(asserted)
    assets = {f.subject for f in naive_closure(asserted, props) if f.predicate == RDF.type and f.object == SG.Asset}
    found = {}
    for a in assets:
        for b in assets - {a}:
            reasons: dict[Iri, list[_Reason]] = {}
            for fact in asserted:
                for forward, aspects, strength in props[fact.predicate].carries if fact.predicate in props else ():
                    ends = (fact.subject, fact.object) if forward else (fact.object, fact.subject)
                    if ends == (a, b):
                        share = Share() if forward else shares.get(fact, Share())
                        for aspect in aspects:
                            observed = share.tokens if aspect == SG.CostEffect else share.calls
                            reason = (observed or strength, fact, observed is not None)
                            reasons.setdefault(aspect, []).append(reason)
            if reasons:
                found[a, b] = _naive_edge(a, b, reasons)
    return found


_Reason: TypeAlias = tuple[float, Fact, bool]
"""Strength, fact, whether that strength was measured."""


def _naive_edge(a: Iri, b: Iri, reasons: dict[Iri, list[_Reason]]) -> Influence:
    ranked = {
        aspect: sorted(
            why, key=lambda each: (-each[0], each[1].subject, each[1].predicate, str(each[1].object), not each[2])
        )
        for aspect, why in reasons.items()
    }
    return Influence(
        influencer=a,
        influenced=b,
        strengths={aspect: why[0][0] for aspect, why in ranked.items()},
        reasons={aspect: tuple(fact for _, fact, _ in why) for aspect, why in ranked.items()},
        measured=frozenset(aspect for aspect, why in ranked.items() if why[0][2]),
    )


def naive_present(
    asserted: Iterable[Fact], props: Mapping[Iri, Prop] = PROPS, edges: Iterable[Influence] | None = None
) -> set[Fact]:
    """The closure, and what the influence edges imply by themselves."""
    asserted = set(asserted)
    present = naive_closure(asserted, props)
    for edge in naive_influences(asserted, props).values() if edges is None else edges:
        a, b = edge.influencer, edge.influenced
        for aspect in edge.strengths:
            present |= {
                Fact(a, SG.affectsCost if aspect == SG.CostEffect else SG.affectsLatency, b),
                Fact(a, SG.affects, b),
                Fact(b, SG.affectedBy, a),
            }
    return present

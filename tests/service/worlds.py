"""Small random worlds for tests of the deriver and its views: an ontology, and histories of claims."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import cache

from hypothesis import strategies as st

from stratagraph.ontology.facts import (
    ChangeSet,
    Claim,
    Fact,
    Influence,
    Iri,
    LedgerChange,
    Literal,
    Method,
    Observation,
    Sighting,
    Term,
)
from stratagraph.ontology.infos import AttributeInfo, ClassInfo, MannerInfo, RelationInfo, Sign, Transmission
from stratagraph.ontology.model import OntologyModel, load_model
from stratagraph.ontology.namespaces import RDF, SG, XSD, Namespace
from stratagraph.ontology.stated import Stated

EX = Namespace("https://example.org/")
START = datetime(2026, 1, 1, tzinfo=UTC)
NODES = [EX.term(f"n{i}") for i in range(5)]
CLASSES = (SG.Asset, EX.Thing, EX.Whole, EX.Part, EX.Other)
SUBCLASSES = {EX.Thing: {SG.Asset}, EX.Whole: {EX.Thing, SG.Asset}, EX.Part: {SG.Asset}, EX.Other: set()}


@dataclass(frozen=True, kw_only=True)
class Prop:
    supers: frozenset[Iri] = frozenset()
    inverse: Iri | None = None
    flags: frozenset[str] = frozenset()
    domain: Iri | None = None
    range: Iri | None = None
    carries: tuple[tuple[bool, frozenset[Iri], float], ...] = ()


def named(*names: str) -> frozenset[Iri]:
    return frozenset(map(EX.term, names))


ALL = frozenset({SG.CostEffect, SG.LatencyEffect})
COST = frozenset({SG.CostEffect})
PROPS: dict[Iri, Prop] = {
    EX.partOf: Prop(flags=frozenset({"transitive"}), inverse=EX.hasPart, carries=((False, COST, 0.5),)),
    EX.hasPart: Prop(flags=frozenset({"transitive"}), inverse=EX.partOf, carries=((True, COST, 0.5),)),
    EX.uses: Prop(inverse=EX.usedBy, range=EX.Part, carries=((False, ALL, 0.8), (True, COST, 0.3))),
    EX.usedBy: Prop(inverse=EX.uses, carries=((True, ALL, 0.8), (False, COST, 0.3))),
    EX.usesFast: Prop(supers=named("uses"), domain=EX.Whole, carries=((False, ALL, 0.9),)),
    EX.near: Prop(flags=frozenset({"symmetric"})),
    EX.same: Prop(flags=frozenset({"symmetric", "transitive"}), supers=named("near")),
    EX.rules: Prop(range=EX.Other),
    SG.sameAssetAs: Prop(flags=frozenset({"symmetric", "transitive"}), domain=SG.Asset, range=SG.Asset),
    SG.affects: Prop(inverse=SG.affectedBy, domain=SG.Asset, range=SG.Asset, carries=((True, ALL, 1.0),)),
    SG.affectedBy: Prop(inverse=SG.affects, carries=((False, ALL, 1.0),)),
    SG.affectsCost: Prop(supers=frozenset({SG.affects}), carries=((True, COST, 1.0),)),
    SG.affectsLatency: Prop(supers=frozenset({SG.affects}), carries=((True, frozenset({SG.LatencyEffect}), 1.0),)),
}
CHAINS = (
    (EX.hasPart, EX.uses, EX.uses),
    (EX.partOf, EX.rules, EX.rules),
    (EX.near, EX.uses, EX.rules),
    (EX.rules, EX.near, EX.near),
)


@cache
def world() -> OntologyModel:
    """A model of the properties above, read by the real rule compiler."""
    return replace(
        load_model(),
        stated=Stated(dict),
        classes={
            cls: ClassInfo(
                iri=cls,
                ancestors=frozenset({cls, *SUBCLASSES.get(cls, ())}),
                level=None,
                key_properties=(),
                kind=cls,
            )
            for cls in CLASSES
        },
        relations=relations_of(PROPS),
        attributes={
            SG.mergedFrom: AttributeInfo(
                iri=SG.mergedFrom, domain=frozenset(), datatype=XSD.anyURI, single_valued=False
            )
        },
        manners={
            SG.term(f"{name}Effect"): MannerInfo(
                iri=SG.term(f"{name}Effect"),
                aspect=SG.term(f"{name}Aspect"),
                mode=SG.EffectMode,
                influence_property=SG.term(f"affects{name}"),
                strength_property=SG.term(f"strength{name}"),
                measured_property=SG.term(f"measured{name}"),
                turns_into=None,
            )
            for name in ("Cost", "Latency")
        },
        chains=CHAINS,
    )


def relations_of(props: Mapping[Iri, Prop]) -> dict[Iri, RelationInfo]:
    return {prop: _relation(prop, told) for prop, told in props.items()}


def _relation(prop: Iri, told: Prop) -> RelationInfo:
    return RelationInfo(
        iri=prop,
        domain=frozenset({told.domain} if told.domain else ()),
        range=frozenset({told.range} if told.range else ()),
        inverse=told.inverse,
        ancestors=told.supers | {prop},
        characteristics=told.flags,
        transmissions=tuple(
            Transmission(
                iri=EX.term("t"),
                relation=prop,
                forward=forward,
                mode=SG.EffectMode,
                aspects=frozenset(manner.replace("Effect", "Aspect") for manner in manners),
                manners=manners,
                sign=Sign.SAME,
                gathers=False,
                spreads=False,
                strength=strength,
                templates={},
            )
            for forward, manners, strength in told.carries
        ),
    )


# Histories -----------------------------------------------------------------------------------------------------------

relation_facts = st.builds(Fact, st.sampled_from(NODES), st.sampled_from(sorted(PROPS)), st.sampled_from(NODES))
type_facts = st.builds(Fact, st.sampled_from(NODES), st.just(RDF.type), st.sampled_from([*CLASSES, EX.Unknown]))
writings: list[Term] = [
    Literal("5", "http://www.w3.org/2001/XMLSchema#integer"),
    Literal("005", "http://www.w3.org/2001/XMLSchema#integer"),
    Literal("5", "http://www.w3.org/2001/XMLSchema#int"),
    Literal("2.50", "http://www.w3.org/2001/XMLSchema#decimal"),
    Literal("oi", language="pt-br"),
    Literal('a "quoted" \\u0041\n text'),
]
text_facts = st.builds(Fact, st.sampled_from(NODES[:2]), st.just(EX.says), st.sampled_from(writings))
facts = st.one_of(relation_facts, relation_facts, type_facts, text_facts)
Event = tuple[bool, str, Fact]
"""Open or close, who, what."""


def _steps(pool: list[Fact]) -> st.SearchStrategy[list[list[Event]]]:
    # Few facts per history, so that most of what is closed was open.
    event = st.tuples(st.booleans(), st.sampled_from("ab"), st.sampled_from(pool))
    steps = st.lists(st.lists(event, min_size=1, max_size=4), min_size=1, max_size=10)
    return steps.map(lambda later: [[(True, "a", fact) for fact in pool], *later])


_knots = st.builds(
    Fact,
    st.sampled_from(NODES[:3]),
    st.sampled_from([EX.partOf, EX.hasPart, EX.near, EX.same]),
    st.sampled_from(NODES[:3]),
)
_links = st.builds(Fact, st.sampled_from(NODES), st.just(SG.sameAssetAs), st.sampled_from(NODES))
_some = st.lists(facts, min_size=1, max_size=14, unique=True)
_merging = st.tuples(st.lists(facts, min_size=3, max_size=8, unique=True), st.lists(_links, min_size=1, max_size=4))
_pools = st.one_of(
    _some,
    st.lists(_knots, min_size=4, max_size=9, unique=True),
    _merging.map(lambda parts: list(dict.fromkeys([*parts[0], *parts[1]]))),
)
events = _pools.flatmap(_steps)


class History:
    """Claims that are open now, and the ledger changes that lead from one sequence to the next."""

    def __init__(self) -> None:
        self.open: dict[tuple[Fact, str], Claim] = {}
        self.sightings: dict[str, Sighting] = {}
        self.sequence = 0

    def step(
        self, happened: Iterable[Event], observations: Sequence[Observation] = (), *, minutes: int = 1
    ) -> LedgerChange:
        self.sequence += 1
        opened: dict[tuple[Fact, str], Claim] = {}
        closed: dict[tuple[Fact, str], Claim] = {}
        for opens, source, fact in happened:
            key = (fact, source)
            if opens and key not in self.open and key not in opened:
                opened[key] = claim(fact, source, self.sequence)
            elif not opens and key in self.open:
                closed[key] = self.open[key]
        for key in closed:
            del self.open[key]
        self.open.update(opened)
        time = START + timedelta(minutes=minutes * self.sequence)
        seen = {
            source: Sighting(
                source=source, scope="all", last_seen=time, run=str(self.sequence), complete=self.sequence % 2 == 0
            )
            for opens, source, _ in happened
            if opens
        }
        self.sightings.update(seen)
        return LedgerChange(
            sequence=self.sequence,
            time=time,
            batch_hash=f"hash{self.sequence}",
            opened=tuple(opened.values()),
            closed=tuple(closed.values()),
            observations=tuple(observations),
            sightings=tuple(seen.values()),
        )

    def facts(self) -> set[Fact]:
        return {fact for fact, _ in self.open}


def claim(fact: Fact, source: str, sequence: int, method: Method = Method.DECLARED) -> Claim:
    seen = START + timedelta(minutes=sequence)
    return Claim(
        fact=fact,
        source=source,
        scope="all",
        run=f"run{sequence}",
        method=method,
        first_seen=seen,
        last_seen=seen,
        opened_at=sequence,
    )


class Mirror:
    """What a view that simply does as it is told would hold."""

    def __init__(self) -> None:
        self.facts: set[Fact] = set()
        self.edges: dict[tuple[Iri, Iri], Influence] = {}
        self.claims: dict[Fact, tuple[Claim, ...]] = {}
        self.newest: dict[tuple[Iri, Iri], Observation] = {}
        self.sightings: dict[tuple[str, str], Sighting] = {}
        self.measured: set[Fact] = set()

    def apply(self, change: ChangeSet) -> None:
        added, removed = set(change.added), set(change.removed)
        assert len(added) == len(change.added)
        assert len(removed) == len(change.removed)
        assert not added & removed
        assert not added & self.facts
        assert removed <= self.facts
        self.facts = (self.facts | added) - removed
        for pair in change.influences_removed:
            del self.edges[pair]
        for edge in change.influences:
            self.edges[edge.influencer, edge.influenced] = edge
        for fact, claims in change.claims_changed:
            # When a claim was last seen is its scope's to tell, and moves on without the claim.
            self.claims[fact] = tuple(claim._replace(last_seen=claim.first_seen) for claim in claims)
            if not claims:
                del self.claims[fact]
        for seen in change.observations:
            self.newest[seen.subject, seen.metric] = seen
        for key in change.observations_removed:
            del self.newest[key]
        for sighting in change.sightings:
            self.sightings[sighting.source, sighting.scope] = sighting
        assert not self.measured & set(change.measured)
        assert self.measured >= set(change.measured_removed)
        self.measured = (self.measured - set(change.measured_removed)) | set(change.measured)

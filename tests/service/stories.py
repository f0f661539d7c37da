"""Random stories of the real engine, and what a naive ledger and a naive closure make of them."""

from __future__ import annotations

import shutil
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta
from enum import StrEnum
from functools import cache
from pathlib import Path
from typing import Any, TypeAlias

import pytest
from hypothesis import strategies as st

from stratagraph.ontology.extension import Extended, ExtensionReport
from stratagraph.ontology.facts import Batch, Fact, Iri, Literal, Method, Observation, Scope
from stratagraph.ontology.infos import AttributeInfo
from stratagraph.ontology.model import OntologyModel
from stratagraph.ontology.namespaces import RDF, RDFS, SG, XSD
from stratagraph.service.engine import Engine
from stratagraph.service.ledger.errors import RunConflict
from stratagraph.service.settings import TRIPLES_FOLDER, load_settings
from stratagraph.shapes.gate import GateRefused
from tests.service.worlds import (
    ALL,
    EX,
    NODES,
    PROPS,
    START,
    SUBCLASSES,
    Prop,
    naive_influences,
    naive_present,
    named,
    relations_of,
    world,
)

EXTENDED: dict[Iri, Prop] = PROPS | {EX.wires: Prop(supers=named("uses"), carries=((False, ALL, 0.95),))}
"""The properties, with those of an extension."""
CORE = (Fact(EX.uses, RDFS.label, Literal("uses")),)
EXTRA = (Fact(EX.wires, RDFS.label, Literal("wires")),)
ASPECTS = {"Cost": SG.Cost, "Latency": SG.Latency}

KINDS = dict(zip(NODES, ((EX.Whole, EX.Part), (EX.Whole,), (EX.Part, EX.Other), (EX.Part,), (EX.Other,)), strict=True))
"""What each node is said to be where something else is said of it: the gate takes nothing about strangers."""
METRICS = {SG.callLatency: "s", SG.calls: "{call}"}


@cache
def small_model(*, extended: bool) -> OntologyModel:
    """A small ontology, or it with an extension."""
    strings = {
        prop: AttributeInfo(iri=prop, domain=frozenset(), datatype=XSD.string, single_valued=single)
        for prop, single in ((SG.name, True), (EX.mood, True), (EX.says, False))
    }
    modules = {"core": CORE} | ({"extra": EXTRA} if extended else {})
    return replace(
        world(),
        hash="extended" if extended else "small",
        modules=modules,
        relations=relations_of(EXTENDED if extended else PROPS),
        attributes=strings,
    )


def small_ontology(folder: Path | None, **_: Any) -> Extended:
    """Stand in for the ontology's loader: the full core takes seconds to open."""
    model = small_model(extended=folder is not None)
    return Extended(model=model, report=ExtensionReport(hash=model.hash))


# What happens -----------------------------------------------------------------------------------------------------


class Happening(StrEnum):
    """What happens beside runs."""

    AGAIN = "the last run is sent again"
    OTHERWISE = "the last run is sent again with other content"
    REFUSED = "a run violates a shape"
    EXTEND = "the engine is opened with the ontology's extension, or without it again"
    RESTART = "the engine is closed and opened"
    CRASH = "the engine is abandoned and its folder opened"
    TORN = "the engine dies between the ledger and the views"
    CUT = "connections to Neo4j end"
    RESTORE = "Neo4j can be reached again"
    STOP = "the Neo4j server is stopped"
    START = "the Neo4j server is started"
    WIPE = "the Neo4j database is emptied"


@dataclass(frozen=True, kw_only=True)
class Run:
    """A run of one source over one scope; observations as (node, metric, minute, value)."""

    source: str
    scope: str
    complete: bool
    stated: tuple[Fact, ...]
    withdrawn: tuple[Fact, ...] = ()
    seen: tuple[tuple[Iri, Iri, int, float], ...] = ()


Step: TypeAlias = Run | Happening
Figures: TypeAlias = tuple[int, float, float, float]
"""Count, sum, minimum, maximum."""


def _is(node: Iri, cls: Iri | None) -> bool:
    return cls is None or any(cls in {kind, *SUBCLASSES.get(kind, ())} for kind in KINDS[node])


def _fits(fact: Fact) -> bool:
    told = EXTENDED[fact.predicate]
    above = [told, *(EXTENDED[up] for up in told.supers)]
    return isinstance(fact.object, str) and all(
        _is(fact.subject, prop.domain) and _is(fact.object, prop.range) for prop in above
    )


RELATIONS = [fact for s in NODES for p in sorted(EXTENDED) for o in NODES if _fits(fact := Fact(s, p, o))]
TYPES = [Fact(node, RDF.type, kind) for node, kinds in KINDS.items() for kind in kinds]
TEXTS = [Fact(node, prop, Literal(text)) for node in NODES[:2] for prop in (EX.says, EX.mood) for text in "xyz"]

_pools = st.lists(
    st.one_of(st.sampled_from(RELATIONS), st.sampled_from(RELATIONS), st.sampled_from(TYPES), st.sampled_from(TEXTS)),
    min_size=1,
    max_size=10,
    unique=True,
)
_seen = st.tuples(
    st.sampled_from(NODES[:3]),
    st.sampled_from(sorted(METRICS)),
    st.integers(0, 3),
    st.sampled_from([0.25, 1.0, 2.5]),
)
LOCAL = (
    Happening.AGAIN,
    Happening.OTHERWISE,
    Happening.REFUSED,
    Happening.RESTART,
    Happening.EXTEND,
    Happening.CRASH,
    Happening.TORN,
)


def _runs(pool: list[Fact]) -> st.SearchStrategy[Run]:
    # Few facts, again and again, so that most of what is closed was open.
    some = st.lists(st.sampled_from(pool), max_size=5, unique=True).map(tuple)
    return st.builds(
        Run,
        source=st.sampled_from("ab"),
        scope=st.sampled_from("xy"),
        complete=st.booleans(),
        stated=some,
        withdrawn=st.one_of(st.just(()), st.lists(st.sampled_from([*pool, *TYPES]), max_size=4).map(tuple)),
        seen=st.lists(_seen, max_size=2).map(tuple),
    )


def stories(*happenings: Happening, steps: int = 8) -> st.SearchStrategy[list[Step]]:
    """Stories that begin with a full run, and go on with runs and what else may happen."""

    def told(pool: list[Fact]) -> st.SearchStrategy[list[Step]]:
        first = Run(source="a", scope="x", complete=True, stated=tuple(pool))
        runs = _runs(pool)
        step: st.SearchStrategy[Step] = st.one_of(runs, runs, st.sampled_from(happenings))
        return st.lists(step, min_size=2, max_size=steps).map(lambda later: [first, *later])

    return _pools.flatmap(told)


# The naive ledger ---------------------------------------------------------------------------------------------------


@dataclass
class NaiveLedger:
    """Who says what, and every observation, in plain containers."""

    open: set[tuple[str, str, Fact]] = field(default_factory=set)
    seen: dict[tuple[Iri, Iri], dict[int, dict[str, list[float]]]] = field(default_factory=dict)

    def take(self, run: Run) -> None:
        """Do what a run says."""
        said = set(run.stated)
        moods = {fact.subject for fact in said if fact.predicate == EX.mood}
        self.open = {
            (source, scope, fact)
            for source, scope, fact in self.open
            if source != run.source
            or (fact in said and scope == run.scope)
            or not (
                (scope == run.scope and (run.complete or fact in run.withdrawn))
                or (fact.predicate == EX.mood and fact.subject in moods and fact not in said)
            )
        } | {(run.source, run.scope, fact) for fact in said}
        for node, metric, minute, value in run.seen:
            self.seen.setdefault((node, metric), {}).setdefault(minute, {}).setdefault(run.source, []).append(value)

    def newest(self) -> dict[tuple[Iri, Iri], Figures]:
        """Return count, sum, minimum and maximum of the newest window; of several sources, the last by name."""
        found: dict[tuple[Iri, Iri], Figures] = {}
        for key, minutes in self.seen.items():
            sources = minutes[max(minutes)]
            values = sources[max(sources)]
            found[key] = (len(values), sum(values), min(values), max(values))
        return found


@dataclass(frozen=True)
class Picture:
    """What a view shows: facts about the nodes, who states them, strengths by aspect of each edge, newest metrics."""

    facts: frozenset[Fact]
    sources: dict[Fact, frozenset[str]]
    edges: dict[tuple[Iri, Iri], dict[Iri, float]]
    newest: dict[tuple[Iri, Iri], Figures]


# The story ----------------------------------------------------------------------------------------------------------


class Story:
    """An engine in a folder, and a naive ledger beside it."""

    def __init__(self, folder: Path, **settings: Any) -> None:
        self.folder = folder
        self.settings = settings
        self.naive = NaiveLedger()
        self.extended = False
        self.lives = 0
        self.runs = 0
        self.last: tuple[Batch, Run] | None = None
        self.engine = self._open()

    def _open(self) -> Engine:
        where = Path("extension") if self.extended else None
        engine = Engine(load_settings(data=self.folder / str(self.lives), ontology=where, **self.settings))
        if self.settings:
            engine.start_projecting()
        return engine

    def close(self) -> None:
        """Let go of the engine."""
        self.engine.close()

    def take(self, step: Step) -> None:
        """Let a step happen to both."""
        if isinstance(step, Run):
            self._run(step)
        elif step is Happening.REFUSED:
            stranger = Fact(EX.stranger, EX.near, NODES[0])
            self._fails(self._batch(Run(source="a", scope="x", complete=True, stated=(stranger,))), GateRefused)
        elif step in (Happening.AGAIN, Happening.OTHERWISE):
            self._again(step)
        elif step is Happening.EXTEND:
            self.extended = not self.extended
            self._reopen()
        elif step is Happening.RESTART:
            self._reopen()
        elif step is Happening.CRASH:
            self._crash()
        elif step is Happening.TORN:
            self._tear()

    def _run(self, run: Run) -> None:
        run = self._sound(run)
        batch = self._batch(run)
        assert not self.engine.commit(batch).receipt.duplicate
        self.naive.take(run)
        self.last = batch, run

    def _sound(self, run: Run) -> Run:
        """Add what the gate wants to know of the nodes, and leave out what it would refuse."""
        facts = [fact for fact in run.stated if self.extended or fact.predicate != EX.wires]
        moods = {fact.subject: fact for fact in facts if fact.predicate == EX.mood}
        facts = [fact for fact in facts if fact.predicate != EX.mood or moods[fact.subject] == fact]
        nodes = {node for fact in facts for node in (fact.subject, fact.object) if node in KINDS}
        nodes |= {node for node, *_ in run.seen}
        about = [fact for fact in TYPES if fact.subject in nodes]
        about += [Fact(node, SG.name, Literal(node)) for node in sorted(nodes)]
        return replace(run, stated=tuple(dict.fromkeys([*about, *facts])))

    def _batch(self, run: Run) -> Batch:
        self.runs += 1
        scope = Scope(name=run.scope, complete=run.complete, stated=run.stated, withdrawn=run.withdrawn)
        seen = tuple(
            Observation(
                subject=node,
                metric=metric,
                unit=METRICS[metric],
                start=START + timedelta(minutes=minute),
                end=START + timedelta(minutes=minute + 1),
                count=1,
                total=value,
                minimum=value,
                maximum=value,
            )
            for node, metric, minute, value in run.seen
        )
        return Batch(source=run.source, run=str(self.runs), method=Method.DECLARED, scopes=(scope,), observations=seen)

    def _again(self, step: Happening) -> None:
        if self.last is None:
            return
        batch, _ = self.last
        if step is Happening.OTHERWISE:
            more = Scope(name="other", complete=True)
            self._fails(replace(batch, scopes=(*batch.scopes, more)), RunConflict)
        else:
            head = self.engine.ledger.head()
            try:
                assert self.engine.commit(batch).receipt.duplicate
            except GateRefused:
                # The ontology has changed since, and the gate comes first.
                assert not self.extended
            assert self.engine.ledger.head().sequence == head.sequence

    def _fails(self, batch: Batch, error: type[Exception]) -> None:
        head = self.engine.ledger.head().batch_hash
        with pytest.raises((error, GateRefused)):
            self.engine.commit(batch)
        assert self.engine.ledger.head().batch_hash == head

    def _reopen(self) -> None:
        self.engine.close()
        self.engine = self._open()

    def _crash(self) -> None:
        """Go on in a copy of the folder as it is while the engine lives."""
        abandoned = self.engine
        before = self.folder / str(self.lives)
        self.lives += 1
        after = self.folder / str(self.lives)
        shutil.copytree(before, after, ignore=shutil.ignore_patterns(TRIPLES_FOLDER))
        # The store tidies its files up in the background: a plain copy may catch it half way.
        abandoned.triples.checkpoint(after / TRIPLES_FOLDER)
        abandoned.close()
        shutil.rmtree(before)
        self.engine = self._open()

    def _tear(self) -> None:
        """Let the ledger take a run that no view hears of."""
        run = self._sound(Run(source="b", scope="y", complete=False, stated=(RELATIONS[self.runs % len(RELATIONS)],)))
        batch = self._batch(run)
        self.engine.ledger.commit(
            batch, ontology_hash=self.engine.model.hash, single_valued=frozenset({EX.mood, SG.name})
        )
        self.naive.take(run)
        self.last = batch, run
        self._crash()

    # What stands ----------------------------------------------------------------------------------------------------

    @property
    def props(self) -> dict[Iri, Prop]:
        """The properties in force."""
        return EXTENDED if self.extended else PROPS

    def expected(self) -> Picture:
        """What the naive models say."""
        asserted = {fact for _, _, fact in self.naive.open}
        sources: dict[Fact, set[str]] = {}
        for source, _, fact in self.naive.open:
            sources.setdefault(fact, set()).add(source)
        return Picture(
            facts=frozenset(naive_present(asserted, self.props)),
            sources={fact: frozenset(those) for fact, those in sources.items()},
            edges={pair: edge.strengths for pair, edge in naive_influences(asserted, self.props).items()},
            newest=self.naive.newest(),
        )

    def by_sparql(self) -> Picture:
        """What the triples view says."""
        return Picture(
            facts=about_nodes(Fact(*row) for row in self._rows("SELECT ?s ?p ?o { ?s ?p ?o }")),
            sources=self._sources(),
            edges=self._edges(),
            newest=self._newest(),
        )

    def by_adjacency(self) -> tuple[dict[tuple[Iri, Iri], dict[Iri, float]], ...]:
        """The edges that leave nodes, and those that reach them."""
        view = self.engine.adjacency
        out = [edge for node in NODES for edge in view.influences_from(node)]
        into = [edge for node in NODES for edge in view.influences_to(node)]
        return tuple({(e.influencer, e.influenced): e.strengths for e in edges} for edges in (out, into))

    def _sources(self) -> dict[Fact, frozenset[str]]:
        found: dict[Fact, set[str]] = {}
        for s, p, o, source in self._rows(
            "SELECT ?s ?p ?o ?source { ?n rdf:subject ?s ; rdf:predicate ?p ; rdf:object ?o ; sg:source ?source }"
        ):
            found.setdefault(Fact(s, p, o), set()).add(source.value)
        return {fact: frozenset(those) for fact, those in found.items()}

    def _edges(self) -> dict[tuple[Iri, Iri], dict[Iri, float]]:
        found: dict[tuple[Iri, Iri], dict[Iri, float]] = {}
        for name, aspect in ASPECTS.items():
            for a, b, strength in self._rows(
                f"SELECT ?a ?b ?strength {{ ?i sg:influencer ?a ; sg:influenced ?b ; sg:strength{name} ?strength }}"
            ):
                found.setdefault((a, b), {})[aspect] = float(strength.value)
        return found

    def _newest(self) -> dict[tuple[Iri, Iri], Figures]:
        rows = self._rows(
            "SELECT ?s ?m ?count ?sum ?min ?max { ?o sg:observedOn ?s ; sg:metric ?m ; sg:count ?count ; sg:sum ?sum ;"
            " sg:min ?min ; sg:max ?max }"
        )
        return {
            (s, m): (int(count.value), float(total.value), float(least.value), float(most.value))
            for s, m, count, total, least, most in rows
        }

    def _rows(self, query: str) -> Sequence[tuple[Any, ...]]:
        return [tuple(row.values()) for row in self.engine.triples.select(query)]

    def check(self) -> None:
        """Compare what every local view says with the naive models."""
        expected = self.expected()
        assert self.by_sparql() == expected
        assert self.by_adjacency() == (expected.edges, expected.edges)
        assert self.engine.sequence == self.engine.ledger.sequence()


@st.composite
def interrupted(draw: st.DrawFn, told: st.SearchStrategy[list[Step]], outages: Sequence[Happening]) -> list[Step]:
    """Put these outages into a story, in this order, wherever they may fall after its first step."""
    steps = draw(told)
    places = sorted(draw(st.lists(st.integers(1, len(steps)), min_size=len(outages), max_size=len(outages))))
    for place, outage in reversed(list(zip(places, outages, strict=True))):
        steps.insert(place, outage)
    return steps


def about_nodes(facts: Iterable[Fact]) -> frozenset[Fact]:
    """Return the facts about the nodes of the story: not the books, not the ontology."""
    return frozenset(fact for fact in facts if fact.subject in KINDS)

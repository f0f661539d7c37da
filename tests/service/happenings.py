"""What happens in random stories: runs of sources, restarts, crashes, outages; and their small ontology."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from functools import cache
from itertools import chain
from pathlib import Path
from typing import Any, TypeAlias

from hypothesis import strategies as st

from stratagraph.ontology.extension.extension import Extended, ExtensionReport
from stratagraph.ontology.facts import Fact, Iri, Literal
from stratagraph.ontology.infos import AttributeInfo
from stratagraph.ontology.model import OntologyModel
from stratagraph.ontology.namespaces import RDF, RDFS, SG, XSD
from stratagraph.ontology.stated import Stated
from tests.service.worlds import ALL, EX, NODES, PROPS, SUBCLASSES, Prop, named, relations_of, world

EXTENDED: dict[Iri, Prop] = PROPS | {EX.wires: Prop(supers=named("uses"), carries=((False, ALL, 0.95),))}
"""The properties, with those of an extension."""
CORE = (Fact(EX.uses, RDFS.label, Literal("uses")),)
EXTRA = (Fact(EX.wires, RDFS.label, Literal("wires")),)

KINDS = dict(zip(NODES, ((EX.Whole, EX.Part), (EX.Whole,), (EX.Part, EX.Other), (EX.Part,), (EX.Other,)), strict=True))
"""What each node is said to be where something else is said of it: the gate takes nothing about strangers."""
METRICS = {SG.callLatency: "s", SG.calls: "{call}", SG.inputTokens: "{token}", SG.outputTokens: "{token}"}
OBSERVER = "o"
"""The source whose runs are observed; those of the others are declared."""
SOURCES = "ab" + OBSERVER


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
        stated=Stated(lambda: modules),
        relations=relations_of(EXTENDED if extended else PROPS),
        attributes={**world().attributes, **strings},
    )


def small_ontology(folder: Path | None, **_: Any) -> Extended:
    """Stand in for the ontology's loader: the full core takes seconds to open."""
    model = small_model(extended=folder is not None)
    return Extended(model=model, report=ExtensionReport(hash=model.hash))


class Happening(StrEnum):
    """What happens beside runs."""

    AGAIN = "the last run is sent again"
    OTHERWISE = "the last run is sent again with other content"
    REFUSED = "a run violates a shape"
    LATER = "hours pass"
    EXTEND = "the engine is opened with the ontology's extension, or without it again"
    RESTART = "the engine is closed and opened"
    CRASH = "the engine is abandoned and its folder opened"
    TORN = "the engine dies between the ledger and the views"
    CUT = "connections to Neo4j end"
    RESTORE = "Neo4j can be reached again"
    STOP = "the Neo4j server is stopped"
    START = "the Neo4j server is started"
    WIPE = "the Neo4j database is emptied"


LOCAL = tuple(Happening)[: list(Happening).index(Happening.CUT)]
"""What needs no Neo4j."""


@dataclass(frozen=True)
class Seen:
    """What a run saw of a node or a relation, in the minute that began so many minutes ago."""

    about: Iri | Fact
    metric: Iri
    ago: int
    value: float


@dataclass(frozen=True, kw_only=True)
class Run:
    """A run of one source over one scope."""

    source: str
    scope: str
    complete: bool
    stated: tuple[Fact, ...]
    withdrawn: tuple[Fact, ...] = ()
    seen: tuple[Seen, ...] = ()
    takes: tuple[int, ...] = ()
    """Which of the things that the source saw before it takes back, counted round and round."""


Step: TypeAlias = Run | Happening


def _is(node: Iri, cls: Iri | None) -> bool:
    return cls is None or any(cls in {kind, *SUBCLASSES.get(kind, ())} for kind in KINDS[node])


def _fits(fact: Fact) -> bool:
    told = EXTENDED[fact.predicate]
    above = [told, *(EXTENDED[up] for up in told.supers)]
    return isinstance(fact.object, str) and all(
        _is(fact.subject, prop.domain) and _is(fact.object, prop.range) for prop in above
    )


def _fans() -> list[list[Fact]]:
    """Relations that share the calls of one node."""
    fans = defaultdict(list)
    for fact in RELATIONS:
        if any(not forward for forward, _, _ in EXTENDED[fact.predicate].carries):
            fans[fact.subject, fact.predicate].append(fact)
    return [fan for fan in fans.values() if len(fan) > 1]


def _beside(fan: list[Fact]) -> list[Fact]:
    """Other relations of the same node, which do not share those calls."""
    return [fact for fact in RELATIONS if fact.subject == fan[0].subject and fact.predicate != fan[0].predicate]


RELATIONS = [fact for s in NODES for p in sorted(EXTENDED) for o in NODES if _fits(fact := Fact(s, p, o))]
LINKS = [fact for fact in RELATIONS if fact.predicate == SG.sameAssetAs]
FANS = _fans()
TYPES = [Fact(node, RDF.type, kind) for node, kinds in KINDS.items() for kind in kinds]
MOODS = [Fact(NODES[0], EX.mood, Literal(text)) for text in "xyz"]
"""Values of an attribute that has one at a time."""
TEXTS = [Fact(node, prop, Literal(text)) for node in NODES[:2] for prop in (EX.says, EX.mood) for text in "xyz"]

_any = st.lists(
    st.one_of(st.sampled_from(RELATIONS), st.sampled_from(RELATIONS), st.sampled_from(TYPES), st.sampled_from(TEXTS)),
    min_size=1,
    max_size=8,
    unique=True,
)
_some_fan = st.sampled_from(FANS).flatmap(
    lambda fan: st.tuples(
        st.lists(st.sampled_from(fan), min_size=2, max_size=3, unique=True),
        st.lists(st.sampled_from(_beside(fan)), max_size=1),
    ).map(lambda parts: [*parts[0], *parts[1]])
)
_some_moods = st.lists(st.sampled_from(MOODS), max_size=2, unique=True)
_some_links = st.lists(st.sampled_from(LINKS), max_size=3, unique=True)
_pools = st.tuples(_some_fan, _some_moods, _any, _some_links).map(lambda parts: list(dict.fromkeys(chain(*parts))))
_values = st.sampled_from([0.25, 1.0, 2.5])
_of_nodes = st.builds(
    Seen, st.sampled_from(NODES[:3]), st.sampled_from([SG.callLatency, SG.calls]), st.integers(0, 3), _values
)


def _of_relations(pool: list[Fact]) -> st.SearchStrategy[Seen]:
    """Calls and tokens, also of more than a day ago, and on relations that nobody states."""
    callers = {fact.subject for fan in FANS for fact in fan if fact in pool}
    ties = [fact for fact in pool if fact in RELATIONS]
    ties += 3 * [fact for fact in ties if fact.subject in callers]
    metrics = st.sampled_from([SG.calls, SG.inputTokens, SG.outputTokens])
    return st.builds(Seen, st.sampled_from(ties), metrics, st.sampled_from([0, 0, 0, 60, 23 * 60, 24 * 60]), _values)


def _runs(pool: list[Fact], source: str) -> st.SearchStrategy[Run]:
    # Few facts, again and again, mostly of one source and scope, so that most of what is closed was open.
    some = st.lists(st.sampled_from(pool), max_size=5, unique=True).map(tuple)
    return st.builds(
        Run,
        source=st.sampled_from(SOURCES + 3 * source),
        scope=st.sampled_from("xxy"),
        complete=st.booleans(),
        stated=some,
        withdrawn=st.one_of(st.just(()), st.lists(st.sampled_from([*pool, *TYPES]), max_size=4).map(tuple)),
        seen=st.lists(st.one_of(_of_nodes, _of_relations(pool)), max_size=4).map(tuple),
        takes=st.one_of(st.just(()), st.lists(st.integers(0, 11), max_size=3).map(tuple)),
    )


@st.composite
def stories(draw: st.DrawFn, *happenings: Happening, steps: int = 8) -> list[Step]:
    """Stories that begin with a full run, and go on with runs and what else may happen."""
    pool, source = draw(_pools), draw(st.sampled_from(["a", OBSERVER, OBSERVER]))
    seen = draw(st.lists(_of_relations(pool), min_size=1, max_size=4))
    first = Run(source=source, scope="x", complete=True, stated=tuple(pool), seen=tuple(seen))
    runs = _runs(pool, source)
    step: st.SearchStrategy[Step] = st.one_of(runs, runs, st.sampled_from(happenings))
    return [first, *draw(st.lists(step, min_size=3, max_size=steps))]


@st.composite
def interrupted(draw: st.DrawFn, told: st.SearchStrategy[list[Step]], outages: Sequence[Happening]) -> list[Step]:
    """Put these outages into a history, in this order, wherever they may fall after its first step."""
    steps = draw(told)
    places = sorted(draw(st.lists(st.integers(1, len(steps)), min_size=len(outages), max_size=len(outages))))
    for place, outage in reversed(list(zip(places, outages, strict=True))):
        steps.insert(place, outage)
    return steps

"""The facts that a rule looks at: fetched for many targets at once, dated, and traced to who states them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import Final, TypeVar

from stratagraph.ontology.facts import Fact, Iri, Literal, Term
from stratagraph.ontology.namespaces import OBSERVATION_BASE, SG, XSD
from stratagraph.ontology.terms import encode
from stratagraph.queries.audit.verdicts import Evidence, Origin
from stratagraph.queries.provenance import Properties, Provenance
from stratagraph.queries.sightings import earliest, latest
from stratagraph.queries.store_protocols import Row, TripleStore
from stratagraph.shapes.packs import TARGETS_SLOT
from stratagraph.shapes.rule import Rule

CHUNK: Final = 400
"""Terms in one VALUES block: large enough to save round trips, small enough for any endpoint."""

TOGETHER: Final = 20_000
"""Targets that a rule's query is asked of at once: much of what it reads, it reads once for all of them."""

_Item = TypeVar("_Item")
_TRUE: Final = Literal("true", XSD.boolean)
_STATED: Final = """
SELECT ?subject ?predicate ?object ?held ?claims WHERE {{
  VALUES (?subject ?predicate ?object) {{ {rows} }}
  BIND(EXISTS {{ ?subject ?predicate ?object }} AS ?held)
  OPTIONAL {{ GRAPH ?claims {{ ?subject ?predicate ?object }} }}
}}
"""
_WINDOWS: Final = """
SELECT ?observation ?start ?end WHERE {{
  VALUES ?observation {{ {rows} }}
  OPTIONAL {{ ?observation sg:windowStart ?start }}
  OPTIONAL {{ ?observation sg:windowEnd ?end }}
}}
"""


def look_up(store: TripleStore, rule: Rule, targets: Sequence[Iri]) -> dict[Iri, tuple[Fact, ...]]:
    """Return the facts that a rule looks at, per target, in a stable order; a target without any is absent."""
    # A dict as an ordered set: rows of a query repeat a fact once per way to it.
    found: dict[Iri, dict[Fact, None]] = defaultdict(dict)
    for row in asked_of(store, rule.evidence, targets):
        target, fact = row.get("target"), _fact(row)
        if isinstance(target, str) and fact is not None:
            found[target][fact] = None
    return {target: tuple(sorted(facts, key=_order)) for target, facts in found.items()}


def asked_of(store: TripleStore, query: str, targets: Sequence[Iri]) -> Iterator[Row]:
    """Yield what a rule's query says of targets; one without a place for them is asked once, of everything."""
    if TARGETS_SLOT not in query:
        yield from store.select(query)
        return
    for chunk in chunks(targets, TOGETHER):
        filled = f"VALUES ?target {{ {' '.join(map(encode, chunk))} }}"
        asked = frozenset(chunk)
        # A branch without the place speaks of targets, too, that the other branches were not asked about.
        yield from (row for row in store.select(query.replace(TARGETS_SLOT, filled)) if row["target"] in asked)


@dataclass(slots=True)
class _Trace:
    """What the store knows of one fact."""

    held: bool = False
    sources: set[str] = field(default_factory=set)
    methods: set[str] = field(default_factory=set)
    first: set[Term] = field(default_factory=set)
    last: set[Term] = field(default_factory=set)

    def add(self, claims: Properties) -> None:
        self.sources.update(_texts(claims.get(SG.source, ())))
        self.methods.update(_texts(claims.get(SG.method, ())))
        self.first.update(claims.get(SG.firstSeen, ()))
        self.last.update(claims.get(SG.lastSeen, ()))


class Traces:
    """Who states the facts that an audit looks at: looked up for many at once, and once for all rules."""

    def __init__(self, store: TripleStore) -> None:
        self._store = store
        self._provenance = Provenance(store)
        self._traces: dict[Fact, _Trace] = {}
        self._windows: dict[Iri, tuple[str | None, str | None]] = {}
        self._made: dict[tuple[Fact, bool], Evidence] = {}

    def fetch(self, facts: Iterable[Fact]) -> None:
        """Look up what is not known yet."""
        new = dict.fromkeys(fact for fact in facts if fact not in self._traces)
        self._traces.update((fact, _Trace()) for fact in new)
        self._traces.update(_stated(self._store, self._provenance, new))
        observations = {fact.subject for fact in new if fact.subject.startswith(OBSERVATION_BASE)}
        self._windows.update(_windows(self._store, observations - self._windows.keys()))

    def evidence(self, fact: Fact, *, counts: bool) -> Evidence:
        """Make evidence of a fact that was fetched."""
        known = self._made.get((fact, counts))
        if known is None:
            made = _evidence(fact, self._traces[fact], self._windows, counts=counts)
            known = self._made[fact, counts] = made
        return known


def _evidence(
    fact: Fact, found: _Trace, windows: Mapping[Iri, tuple[str | None, str | None]], *, counts: bool
) -> Evidence:
    first, last = earliest(found.first), latest(found.last)
    # A query may make up a fact of several others, such as a number of them.
    if not found.held:
        origin = Origin.COMPUTED
    elif fact.subject in windows:
        origin = Origin.OBSERVATION
        first, last = windows[fact.subject]
    else:
        origin = Origin.STATED if found.sources or found.methods else Origin.INFERRED
    return Evidence(
        fact=fact,
        origin=origin,
        sources=tuple(sorted(found.sources)),
        methods=tuple(sorted(found.methods)),
        first_seen=first,
        last_seen=last,
        counts=counts,
    )


def _stated(store: TripleStore, provenance: Provenance, facts: Iterable[Fact]) -> dict[Fact, _Trace]:
    traces: dict[Fact, _Trace] = defaultdict(_Trace)
    for chunk in chunks(facts):
        rows = " ".join(f"({encode(f.subject)} {encode(f.predicate)} {encode(f.object)})" for f in chunk)
        graphs: dict[Fact, list[Iri]] = defaultdict(list)
        for row in store.select(_STATED.format(rows=rows)):
            fact, graph = _fact(row), row.get("claims")
            if fact is not None:
                traces[fact].held = traces[fact].held or row.get("held") == _TRUE
                graphs[fact] += [graph] if isinstance(graph, str) else []
        provenance.fetch(graph for each in graphs.values() for graph in each)
        for fact, each in graphs.items():
            for claims in provenance.told(each):
                traces[fact].add(claims)
    return traces


def _windows(store: TripleStore, observations: Iterable[Iri]) -> dict[Iri, tuple[str | None, str | None]]:
    windows: dict[Iri, tuple[str | None, str | None]] = {}
    for chunk in chunks(sorted(observations)):
        for row in store.select(_WINDOWS.format(rows=" ".join(map(encode, chunk)))):
            start, end = (next(_texts([row.get(name)]), None) for name in ("start", "end"))
            windows[str(row["observation"])] = (start, end)
    return windows


def chunks(items: Iterable[_Item], size: int = CHUNK) -> Iterator[tuple[_Item, ...]]:
    """Yield the items in portions that one query can carry."""
    remaining = iter(items)
    while chunk := tuple(islice(remaining, size)):
        yield chunk


def _fact(row: Row) -> Fact | None:
    subject, predicate, target = row.get("subject"), row.get("predicate"), row.get("object")
    if isinstance(subject, str) and isinstance(predicate, str) and target is not None:
        return Fact(subject, predicate, target)
    return None


# By their written form, since an IRI and a literal cannot be compared with each other.
def _order(fact: Fact) -> tuple[str, str, str]:
    return fact.subject, fact.predicate, encode(fact.object)


def _texts(terms: Iterable[Term | None]) -> Iterator[str]:
    return (term.value if isinstance(term, Literal) else term for term in terms if term is not None)

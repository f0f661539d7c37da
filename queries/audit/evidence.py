"""The facts that a rule looks at: fetched for many targets at once, dated, and traced to who states them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import Final, TypeVar

from stratagraph.ontology.facts import Fact, Iri, Literal, Term
from stratagraph.ontology.namespaces import OBSERVATION_BASE, SG, XSD
from stratagraph.ontology.terms import encode
from stratagraph.queries.audit.freshness import still_good
from stratagraph.queries.audit.verdicts import Evidence, Origin
from stratagraph.queries.provenance import Properties, Provenance
from stratagraph.queries.sightings import earliest, latest
from stratagraph.queries.store_protocols import Row, TripleStore
from stratagraph.shapes.packs import TARGETS_SLOT
from stratagraph.shapes.rule import Rule

__all__ = ["CHUNK", "chunks", "look_up", "still_good", "trace"]

CHUNK: Final = 400
"""Terms in one VALUES block: large enough to save round trips, small enough for any endpoint."""

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
    for chunk in chunks(targets):
        filled = f"VALUES ?target {{ {' '.join(map(encode, chunk))} }}"
        for row in store.select(rule.evidence.replace(TARGETS_SLOT, filled)):
            target, fact = row.get("target"), _fact(row)
            if isinstance(target, str) and fact is not None:
                found[target][fact] = None
    return {target: tuple(sorted(facts, key=_order)) for target, facts in found.items()}


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


def trace(store: TripleStore, facts: Iterable[Fact]) -> Callable[[Fact, bool], Evidence]:
    """Look up who states the facts, and return what makes evidence of one of them."""
    known = dict.fromkeys(facts)
    traces = _stated(store, known)
    windows = _windows(store, {fact.subject for fact in known if fact.subject.startswith(OBSERVATION_BASE)})
    return lambda fact, counts: _evidence(fact, traces.get(fact, _Trace()), windows, counts=counts)


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


def _stated(store: TripleStore, facts: Iterable[Fact]) -> dict[Fact, _Trace]:
    traces: dict[Fact, _Trace] = defaultdict(_Trace)
    provenance = Provenance(store)
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


def chunks(items: Iterable[_Item]) -> Iterator[tuple[_Item, ...]]:
    """Yield the items in portions that one query can carry."""
    remaining = iter(items)
    while chunk := tuple(islice(remaining, CHUNK)):
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

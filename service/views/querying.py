"""Queries to a store of triples in this process: prefixes of ours are known."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Final

import pyoxigraph as ox

from stratagraph.ontology.facts import Fact, Iri, Term
from stratagraph.ontology.namespaces import PREFIXES
from stratagraph.ontology.terms import OxTerm, from_ox, to_ox
from stratagraph.queries.store_protocols import Pattern, Row

_DEFAULT: Final = ox.DefaultGraph()


class StoreReader:
    """A store that nobody writes to, at one sequence; implements ``TripleStore``."""

    def __init__(self, store: ox.Store, sequence: int) -> None:
        self._store = store
        self.sequence = sequence

    def select(self, query: str, bindings: Mapping[str, Term] | None = None) -> Sequence[Row]:
        """Evaluate a SELECT query; a bound variable must be one of those that it selects."""
        return select(self._store, query, bindings)

    def ask(self, query: str, bindings: Mapping[str, Term] | None = None) -> bool:
        """Evaluate an ASK query; a bound variable must occur in its outermost group."""
        return ask(self._store, query, bindings)

    def facts_about(self, node: Iri) -> Iterator[tuple[Iri, Term]]:
        """Yield (predicate, object) of every triple with this subject."""
        return iter(facts_about(self._store, node))

    def matching(self, patterns: Sequence[Pattern]) -> list[list[Fact]]:
        """Return the triples of each pattern."""
        return matching(self._store, patterns)


def select(store: ox.Store, query: str, bindings: Mapping[str, Term] | None = None) -> Sequence[Row]:
    """Evaluate a SELECT query to its last row; a bound variable must be one of those that it selects."""
    found = _query(store, query, bindings)
    if not isinstance(found, ox.QuerySolutions):
        raise TypeError(f"not a SELECT query: {query}")
    names = [variable.value for variable in found.variables]
    return [dict(zip(names, map(_term, row), strict=True)) for row in found]


def ask(store: ox.Store, query: str, bindings: Mapping[str, Term] | None = None) -> bool:
    """Evaluate an ASK query; a bound variable must occur in its outermost group."""
    return bool(_query(store, query, bindings))


def facts_about(store: ox.Store, node: Iri) -> Sequence[tuple[Iri, Term]]:
    """Return (predicate, object) of every triple with this subject."""
    quads = store.quads_for_pattern(ox.NamedNode(node), None, None, _DEFAULT)
    return [(quad.predicate.value, from_ox(quad.object)) for quad in quads]


def matching(store: ox.Store, patterns: Sequence[Pattern]) -> list[list[Fact]]:
    """Return the triples of each pattern."""
    return [[_fact(quad) for quad in _quads(store, *pattern)] for pattern in patterns]


def _quads(store: ox.Store, subject: Iri | None, predicate: Iri | None, obj: Term | None) -> Iterator[ox.Quad]:
    return store.quads_for_pattern(
        None if subject is None else ox.NamedNode(subject),
        None if predicate is None else ox.NamedNode(predicate),
        None if obj is None else to_ox(obj),
        _DEFAULT,
    )


def _fact(quad: ox.Quad) -> Fact:
    subject = from_ox(quad.subject)
    assert isinstance(subject, str)  # no literal has properties
    return Fact(subject, quad.predicate.value, from_ox(quad.object))


def _query(
    store: ox.Store, query: str, bindings: Mapping[str, Term] | None
) -> ox.QuerySolutions | ox.QueryBoolean | ox.QueryTriples:
    substitutions: dict[ox.Variable, OxTerm] = {
        ox.Variable(name): to_ox(term) for name, term in (bindings or {}).items()
    }
    return store.query(query, prefixes=PREFIXES, substitutions=substitutions)


def _term(term: ox.NamedNode | ox.BlankNode | ox.Literal | ox.Triple | None) -> Term | None:
    return None if term is None else from_ox(term)

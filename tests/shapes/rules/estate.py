"""A small triples view in memory: facts in the graphs of their claims, and types closed over the ontology."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

import pyoxigraph as ox

from stratagraph.ontology.facts import Fact, Iri, Literal, Method, Term
from stratagraph.ontology.identity import scope_iri
from stratagraph.ontology.model import load_model
from stratagraph.ontology.namespaces import CLAIMS_BASE, OBSERVATION_BASE, PREFIXES, RDF, SG, XSD
from stratagraph.ontology.terms import from_ox, to_ox
from stratagraph.queries.store_protocols import Pattern, Row
from tests.queries.plain import matching

FIRST_SEEN = Literal("2026-01-05T08:00:00Z", XSD.dateTime)
LAST_SEEN = Literal("2026-11-20T08:00:00Z", XSD.dateTime)


class Estate:
    """Implements the triple store protocol over facts that one source, ``register``, declares.

    ``seen``: how and since when it states some of them, where not as all others.
    """

    def __init__(
        self,
        facts: Iterable[Fact],
        *,
        inferred: Iterable[Fact] = (),
        seen: Mapping[Fact, tuple[Method, Literal]] | None = None,
    ) -> None:
        self.sequence = 7
        self.queries = 0
        self._store = ox.Store()
        model = load_model()
        for fact in (*facts, *inferred):
            self.add(fact)
            if fact.predicate == RDF.type and isinstance(fact.object, str):
                for ancestor in model.ancestors(fact.object):
                    self.add(Fact(fact.subject, RDF.type, ancestor))
        for fact in facts:
            if not fact.subject.startswith(OBSERVATION_BASE):
                self._claim(fact, *(seen or {}).get(fact, (Method.DECLARED, FIRST_SEEN)))

    def add(self, fact: Fact, graph: Iri | None = None) -> None:
        triple = (ox.NamedNode(fact.subject), ox.NamedNode(fact.predicate), to_ox(fact.object))
        self._store.add(ox.Quad(*triple, ox.NamedNode(graph) if graph else None))

    def _claim(self, fact: Fact, method: Method, first_seen: Literal) -> None:
        graph = f"{CLAIMS_BASE}{method}-{first_seen.value}"
        scope = scope_iri("register", "all")
        self.add(fact, graph)
        self.add(Fact(graph, RDF.type, SG.ClaimSet))
        self.add(Fact(graph, SG.source, Literal("register")))
        self.add(Fact(graph, SG.method, Literal(method)))
        self.add(Fact(graph, SG.firstSeen, first_seen))
        self.add(Fact(graph, SG.seenIn, scope))
        self.add(Fact(scope, SG.lastSeen, LAST_SEEN))

    def select(self, query: str, bindings: Mapping[str, Term] | None = None) -> Sequence[Row]:
        self.queries += 1
        bound: dict[ox.Variable, ox.NamedNode | ox.BlankNode | ox.Literal | ox.Triple] = {
            ox.Variable(name): to_ox(term) for name, term in (bindings or {}).items()
        }
        solutions = self._store.query(query, prefixes=dict(PREFIXES), substitutions=bound)
        assert isinstance(solutions, ox.QuerySolutions)
        names = [variable.value for variable in solutions.variables]
        return [{name: None if (value := row[name]) is None else from_ox(value) for name in names} for row in solutions]

    def ask(self, query: str, bindings: Mapping[str, Term] | None = None) -> bool:
        return bool(self.select(query.replace("ASK", "SELECT * WHERE", 1), bindings))

    def facts_about(self, node: Iri) -> Iterator[tuple[Iri, Term]]:
        for quad in self._store.quads_for_pattern(ox.NamedNode(node), None, None, ox.DefaultGraph()):
            yield quad.predicate.value, from_ox(quad.object)

    def matching(self, patterns: Sequence[Pattern]) -> list[list[Fact]]:
        return [list(matching(self._store, pattern)) for pattern in patterns]

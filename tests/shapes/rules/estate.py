"""A small triples view in memory: facts with their statement nodes, and types closed over the ontology."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

import pyoxigraph as ox

from stratagraph.ontology.facts import Fact, Iri, Literal, Term
from stratagraph.ontology.identity import scope_iri, statement_iri
from stratagraph.ontology.model import load_model
from stratagraph.ontology.namespaces import OBSERVATION_BASE, PREFIXES, RDF, SG, XSD
from stratagraph.ontology.terms import from_ox, to_ox
from stratagraph.queries.store_protocols import Row

FIRST_SEEN = Literal("2026-01-05T08:00:00Z", XSD.dateTime)
LAST_SEEN = Literal("2026-11-20T08:00:00Z", XSD.dateTime)


class Estate:
    """Implements the triple store protocol over facts that one source, ``register``, declares."""

    def __init__(self, facts: Iterable[Fact], *, inferred: Iterable[Fact] = ()) -> None:
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
                self._describe(fact)

    def add(self, fact: Fact) -> None:
        triple = (ox.NamedNode(fact.subject), ox.NamedNode(fact.predicate), to_ox(fact.object))
        self._store.add(ox.Quad(*triple))

    def _describe(self, fact: Fact) -> None:
        node = statement_iri(fact)
        self.add(Fact(node, RDF.type, SG.Statement))
        self.add(Fact(node, RDF.subject, fact.subject))
        self.add(Fact(node, RDF.predicate, fact.predicate))
        self.add(Fact(node, RDF.object, fact.object))
        self.add(Fact(node, SG.source, Literal("register")))
        self.add(Fact(node, SG.method, Literal("declared")))
        self.add(Fact(node, SG.firstSeen, FIRST_SEEN))
        scope = scope_iri("register", "all")
        self.add(Fact(node, SG.seenIn, scope))
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
        for quad in self._store.quads_for_pattern(ox.NamedNode(node), None, None, None):
            yield quad.predicate.value, from_ox(quad.object)

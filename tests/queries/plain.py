"""Plain stores over given facts: the naive counterpart of the service's views, sharing no code with them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence

import pyoxigraph as ox

from stratagraph.ontology.facts import Fact, Influence, Iri, Literal, Term
from stratagraph.ontology.model import OntologyModel
from stratagraph.ontology.namespaces import ASSET_BASE, PREFIXES, RDF, RDFS, SG
from stratagraph.ontology.terms import OxTerm, from_ox, to_ox
from stratagraph.queries.store_protocols import Pattern, Row


class PlainStore:
    """The facts with the super-classes of their types, in memory."""

    def __init__(self, model: OntologyModel, facts: Iterable[Fact], sequence: int = 1) -> None:
        self.sequence = sequence
        self._store = ox.Store()
        for fact in facts:
            self.add(fact)
            if fact.predicate == RDF.type and isinstance(fact.object, str):
                for cls in model.ancestors(fact.object):
                    self.add(Fact(fact.subject, RDF.type, cls))

    def add(self, fact: Fact, graph: Iri | None = None) -> None:
        triple = ox.NamedNode(fact.subject), ox.NamedNode(fact.predicate), to_ox(fact.object)
        self._store.add(ox.Quad(*triple, ox.NamedNode(graph) if graph else None))

    def claim(self, fact: Fact, graph: Iri, said: Iterable[tuple[Iri, Term]]) -> None:
        """State a fact in the graph of its claims, of which the given is said."""
        self.add(fact)
        self.add(fact, graph)
        self.add(Fact(graph, RDF.type, SG.ClaimSet))
        for predicate, value in said:
            self.add(Fact(graph, predicate, value))

    def select(self, query: str, bindings: Mapping[str, Term] | None = None) -> Sequence[Row]:
        solutions = self._query(query, bindings)
        assert isinstance(solutions, ox.QuerySolutions)
        names = [variable.value for variable in solutions.variables]
        rows = [{name: solution[name] for name in names} for solution in solutions]
        return [{name: from_ox(term) if term else None for name, term in row.items()} for row in rows]

    def ask(self, query: str, bindings: Mapping[str, Term] | None = None) -> bool:
        return bool(self._query(query, bindings))

    def facts_about(self, node: Iri) -> Iterator[tuple[Iri, Term]]:
        for quad in self._store.quads_for_pattern(ox.NamedNode(node), None, None, ox.DefaultGraph()):
            yield quad.predicate.value, from_ox(quad.object)

    def matching(self, patterns: Sequence[Pattern]) -> list[list[Fact]]:
        return [list(matching(self._store, pattern)) for pattern in patterns]

    def _query(self, query: str, bindings: Mapping[str, Term] | None) -> object:
        bound: dict[ox.Variable, OxTerm] = {ox.Variable(n): to_ox(term) for n, term in (bindings or {}).items()}
        return self._store.query(query, prefixes=dict(PREFIXES), substitutions=bound)


def matching(store: ox.Store, pattern: Pattern) -> Iterator[Fact]:
    """Yield the facts of a pattern."""
    subject, predicate, value = pattern
    quads = store.quads_for_pattern(
        None if subject is None else ox.NamedNode(subject),
        None if predicate is None else ox.NamedNode(predicate),
        None if value is None else to_ox(value),
        ox.DefaultGraph(),
    )
    for quad in quads:
        assert isinstance(quad.subject, ox.NamedNode)
        yield Fact(quad.subject.value, quad.predicate.value, from_ox(quad.object))


class PlainAdjacency:
    """The given influence edges."""

    def __init__(self, influences: Iterable[Influence], sequence: int = 1) -> None:
        self.sequence = sequence
        self._from: dict[Iri, list[Influence]] = defaultdict(list)
        self._to: dict[Iri, list[Influence]] = defaultdict(list)
        for edge in influences:
            self._from[edge.influencer].append(edge)
            self._to[edge.influenced].append(edge)

    def influences_from(self, node: Iri) -> Sequence[Influence]:
        return self._from.get(node, [])

    def influences_to(self, node: Iri) -> Sequence[Influence]:
        return self._to.get(node, [])


def influences(model: OntologyModel, facts: Iterable[Fact]) -> list[Influence]:
    """Derive the influence edges of asserted facts, one fact and one transmission at a time."""
    found: dict[tuple[Iri, Iri], dict[Iri, list[tuple[float, Fact]]]] = defaultdict(lambda: defaultdict(list))
    for fact in facts:
        relation = model.relations.get(fact.predicate)
        for way in relation.transmissions if relation else ():
            ends = (fact.subject, str(fact.object)) if way.forward else (str(fact.object), fact.subject)
            for manner in way.manners if ends[0] != ends[1] else ():
                found[ends][manner].append((-way.strength, fact))
    return [
        Influence(
            influencer=a,
            influenced=b,
            strengths={manner: -min(pairs, key=lambda p: p[0])[0] for manner, pairs in manners.items()},
            reasons={
                manner: tuple(fact for _, fact in sorted(pairs, key=lambda p: (p[0], str(p[1]))))
                for manner, pairs in manners.items()
            },
        )
        for (a, b), manners in found.items()
    ]


def iri(name: str) -> Iri:
    """Return a test asset's IRI."""
    return ASSET_BASE + name


def described(name: str, cls: Iri, **labels: str) -> list[Fact]:
    """Return the facts that make a named asset of a class; labels by language, underscores for hyphens."""
    facts = [Fact(iri(name), RDF.type, cls), Fact(iri(name), SG.name, Literal(name))]
    return facts + [
        Fact(iri(name), RDFS.label, Literal(text, language=tag.replace("_", "-"))) for tag, text in labels.items()
    ]


def edge(a: str, b: str, strengths: Mapping[Iri, float]) -> Influence:
    """Return an influence edge between two test assets."""
    return Influence(influencer=iri(a), influenced=iri(b), strengths=dict(strengths), reasons={})

"""What stands in Neo4j, read back as facts by code that shares nothing with what wrote it but the names."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

import neo4j

from stratagraph.ontology.facts import Fact, Influence, Iri, Literal, Method, Sighting
from stratagraph.ontology.model import OntologyModel
from stratagraph.ontology.namespaces import OWL, RDF, RDFS, SG, expand
from stratagraph.service.neo4j.mapping.graph_labels import Labels
from stratagraph.service.neo4j.mapping.graph_names import HAS_LEVEL, LABEL, MARKER, PRICE_OF, RESOURCE, TERM, Names
from stratagraph.service.neo4j.target import Neo4jTarget
from stratagraph.service.neo4j.view.neo4j_literals import Form, held
from stratagraph.service.views.nodes import observation_facts, scope_facts
from tests.service.worlds import Mirror

LANGUAGES = ("", "en", "pt-br", "pl")
LEFT_OVER = (
    f"MATCH (n) WHERE n.{MARKER} AND labels(n) IN [['Resource'], ['Statement']] AND size(keys(n)) = 3 AND NOT (n)--() "
    "RETURN n.iri"
)
"""Nodes of which nothing is known: a rebuild would not make them."""
INDIVIDUALS = {OWL.NamedIndividual, OWL.Thing}


@dataclass
class Graph:
    """Facts, who states which relation as it is written, influences by aspect, and how many nodes lie on a level."""

    facts: set[Fact] = field(default_factory=set)
    claims: dict[tuple[Iri, Iri, Iri], tuple[list[str], bool, bool]] = field(default_factory=dict)
    edges: dict[tuple[Iri, Iri], dict[str, tuple[float, bool]]] = field(default_factory=lambda: defaultdict(dict))
    levels: dict[Iri, int] = field(default_factory=dict)


def lowered(fact: Fact) -> Fact:
    term = fact.object
    if isinstance(term, Literal) and term.language:
        return Fact(fact.subject, fact.predicate, Literal(term.value, language=term.language.lower()))
    return fact


def query(target: Neo4jTarget, cypher: str, **parameters: Any) -> list[Any]:
    auth = (target.user, target.password)
    with neo4j.GraphDatabase.driver(target.url, auth=auth, notifications_min_severity="OFF") as driver:
        return driver.execute_query(cypher, parameters, database_=target.database).records


class Reader:
    """Reads the graph of a model whose data may use some undeclared terms."""

    def __init__(self, model: OntologyModel, undeclared: Iterable[Iri] = ()) -> None:
        self.model = model
        self.names = names = Names(model)
        self.hidden = Labels(model, names).is_hidden
        undeclared = set(undeclared)
        predicates = {fact.predicate for fact in model.triples} | set(model.relations) | set(model.attributes)
        self.predicates = predicates | {SG.term(name) for name in BOOK} | undeclared
        classes = {fact.object for fact in model.triples if fact.predicate == RDF.type} | set(model.classes)
        classes |= {SG.Observation, SG.Scope, SG.Statement} | undeclared
        self.labels = {names.label(str(cls)): str(cls) for cls in classes}
        relations = {names.directions.of(predicate).relation for predicate in self.predicates}
        self.types = {names.type(relation): relation for relation in relations}
        self.keys = {
            names.key(predicate, lang): (predicate, lang) for predicate in self.predicates for lang in LANGUAGES
        }
        self.affects = {kind: manner for manner, kind in names.affects.items()}

    def form(self, attribute: Iri) -> Form:
        return Form(self.names.datatype(attribute), self.names.is_list(attribute), self.names.is_text(attribute))

    def read(self, target: Neo4jTarget) -> Graph:
        graph = Graph()
        assert query(target, LEFT_OVER) == []
        counts = query(
            target,
            f"MATCH (w:Watermark) RETURN w.nodes = COUNT {{ (n) WHERE n.{MARKER} }} AS nodes, "
            f"w.relationships = COUNT {{ (n)-->() WHERE n.{MARKER} }} AS relationships",
        )
        assert [record.data() for record in counts] == [{"nodes": True, "relationships": True}]
        for record in query(
            target, f"MATCH (n) WHERE n.{MARKER} AND NOT n:Watermark RETURN labels(n) AS labels, properties(n) AS p"
        ):
            self._node(graph, record["labels"], record["p"])
        for record in query(
            target,
            f"MATCH (s)-[r]->(o) WHERE s.{MARKER} "
            "RETURN s.iri AS s, type(r) AS t, o.iri AS o, properties(r) AS p, o.levelNumber AS n",
        ):
            self._tie(graph, record)
        return graph

    def _node(self, graph: Graph, labels: list[str], properties: dict[str, Any]) -> None:
        iri, label = properties.pop("iri"), properties.pop(LABEL)
        assert properties.pop(MARKER) is True
        assert label
        if "Statement" in labels:
            return  # stands for a relationship; told by that
        for name in set(labels) - {RESOURCE, TERM}:
            cls = self.labels[name]
            classes = {cls} if name in {"Observation", "Scope"} else self.model.ancestors(cls)
            graph.facts |= {Fact(iri, RDF.type, cls) for cls in classes}
        graph.facts |= {Fact(iri, RDF.type, expand(name) or name) for name in properties.pop("owlTypes", ())}
        if "Asset" in labels and "levelNumber" in properties:
            graph.levels[iri] = properties.pop("levelNumber")
        for key in {key.removesuffix("__written") for key in properties}:
            predicate, language = self.keys[key]
            form = self.form(predicate)
            assert isinstance(properties[key], list) == form.many
            graph.facts |= {Fact(iri, predicate, literal) for literal in held(key, properties, form, language)}

    def _tie(self, graph: Graph, record: Any) -> None:
        start, name, end, properties = record["s"], record["t"], record["o"], record["p"]
        if name == PRICE_OF:
            return
        if name == HAS_LEVEL:
            assert graph.levels[start] == record["n"]
            return
        if "strength" in properties:
            assert properties["reasons"]
            assert self.affects[name] not in graph.edges[start, end]
            graph.edges[start, end][self.affects[name]] = (properties["strength"], "measured" in properties)
        if "sources" in properties:
            written = (start, self.types[name], end)
            assert written not in graph.claims
            graph.claims[written] = (properties["sources"], properties["declared"], properties["observed"])
        elif "strength" not in properties:
            fact = Fact(start, self.types[name], end)
            assert fact.predicate in {SG.observedOn, SG.metric}
            assert fact not in graph.facts
            graph.facts.add(fact)

    def expected(self, mirror: Mirror, sightings: Iterable[Sighting] = ()) -> Graph:
        graph = Graph()
        types: dict[Iri, set[Iri]] = defaultdict(set)
        for fact in mirror.facts:
            if self.hidden(fact.subject):
                continue
            if fact.predicate == RDF.type:
                types[fact.subject].add(str(fact.object))
            elif isinstance(fact.object, Literal):
                graph.facts.add(lowered(fact))
        vocabulary = {fact.subject for fact in self.model.triples}
        for node, classes in types.items():
            self._expect_types(graph, node, classes, asset=SG.Asset in classes and node not in vocabulary)
        for seen in mirror.newest.values():
            graph.facts |= set(observation_facts(seen))
        for sighting in sightings:
            graph.facts |= set(scope_facts(sighting))
        self._expect_claims(graph, mirror)
        for pair, edge in mirror.edges.items():
            graph.edges[pair] = self._edge(edge)
        return graph

    def _expect_types(self, graph: Graph, node: Iri, classes: set[Iri], *, asset: bool) -> None:
        words = {cls for cls in classes if cls.startswith((OWL, RDF, RDFS))}
        told = classes if words - INDIVIDUALS else classes - words
        graph.facts |= {Fact(node, RDF.type, cls) for cls in told}
        level = self.model.level_of(classes) if asset else None
        if level:
            graph.levels[node] = next(each.number for each in self.model.levels if each.iri == level)

    def _expect_claims(self, graph: Graph, mirror: Mirror) -> None:
        told: dict[tuple[Iri, Iri, Iri], list[Any]] = defaultdict(list)
        for fact, claims in mirror.claims.items():
            end = fact.object
            if (
                isinstance(end, str)
                and fact.predicate != RDF.type
                and not (self.hidden(fact.subject) or self.hidden(end))
            ):
                told[self.names.directions.written(fact)].extend(claims)
        for written, those in told.items():
            methods = {claim.method for claim in those}
            sources = sorted({claim.source for claim in those})
            graph.claims[written] = (sources, Method.DECLARED in methods, Method.OBSERVED in methods)

    def _edge(self, edge: Influence) -> dict[str, tuple[float, bool]]:
        return {manner: (strength, manner in edge.measured) for manner, strength in edge.strengths.items()}


BOOK = {
    *("observedOn", "metric", "unit", "windowStart", "windowEnd", "count", "sum", "min", "max", "mean", "p50", "p95"),
    *("measured", "source", "scopeName", "lastSeen", "lastRun", "lastRunComplete"),
}

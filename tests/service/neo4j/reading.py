"""What stands in Neo4j, read back as facts by code that shares nothing with what wrote it but the names."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

import neo4j

from stratagraph.ontology.facts import Fact, Influence, Iri, Literal, Sighting
from stratagraph.ontology.model import OntologyModel
from stratagraph.ontology.namespaces import RDF, SG
from stratagraph.service.neo4j.target import Neo4jTarget
from stratagraph.service.neo4j.view.graph_edits import influence_family
from stratagraph.service.neo4j.view.neo4j_literals import held
from stratagraph.service.neo4j.view.neo4j_names import MARKER, Neo4jNames
from stratagraph.service.views.nodes import observation_facts, scope_facts
from tests.service.worlds import Mirror

LANGUAGES = ("", "en", "pt-br", "pl")
LEFT_OVER = f"MATCH (n:{MARKER}) WHERE size(labels(n)) = 1 AND size(keys(n)) = 1 AND NOT (n)--() RETURN n.iri"
"""Nodes of which nothing is known: a rebuild would not make them."""


@dataclass
class Graph:
    """Facts, who states them, and influence edges as (strengths by notation, measured, reasons)."""

    facts: set[Fact] = field(default_factory=set)
    claims: dict[Fact, tuple[list[str], list[str]]] = field(default_factory=dict)
    edges: dict[tuple[Iri, Iri], tuple[dict[str, float], list[str], int]] = field(default_factory=dict)


def lowered(fact: Fact) -> Fact:
    term = fact.object
    if isinstance(term, Literal) and term.language:
        return Fact(fact.subject, fact.predicate, Literal(term.value, language=term.language.lower()))
    return fact


def query(target: Neo4jTarget, cypher: str, **parameters: Any) -> list[Any]:
    with neo4j.GraphDatabase.driver(target.url, auth=(target.user, target.password)) as driver:
        return driver.execute_query(cypher, parameters, database_=target.database).records


class Reader:
    """Reads the graph of a model whose data may use some undeclared terms."""

    def __init__(self, model: OntologyModel, undeclared: Iterable[Iri] = ()) -> None:
        self.model = model
        names = Neo4jNames(model)
        predicates = {fact.predicate for fact in model.triples} | set(model.relations) | set(model.attributes)
        predicates |= {SG.term(name) for name in BOOK} | set(undeclared)
        classes = {fact.object for fact in model.triples if fact.predicate == RDF.type} | set(model.classes)
        classes |= {SG.Observation, SG.Scope, SG.Statement} | set(undeclared)
        self.labels = {names.label(str(cls)): str(cls) for cls in classes}
        self.types = {names.type(predicate): predicate for predicate in predicates}
        self.keys = {names.key(predicate, lang): (predicate, lang) for predicate in predicates for lang in LANGUAGES}
        self.family = influence_family(model)

    def read(self, target: Neo4jTarget) -> Graph:
        graph = Graph()
        assert query(target, LEFT_OVER) == []
        for record in query(
            target, f"MATCH (n:{MARKER}) WHERE NOT n:Watermark RETURN labels(n) AS labels, properties(n) AS p"
        ):
            self._node(graph, record["labels"], record["p"])
        for record in query(
            target,
            f"MATCH (s:{MARKER})-[r]->(o:{MARKER}) RETURN s.iri AS s, type(r) AS t, o.iri AS o, properties(r) AS p",
        ):
            self._tie(graph, record["s"], record["t"], record["o"], record["p"])
        return graph

    def _node(self, graph: Graph, labels: list[str], properties: dict[str, Any]) -> None:
        iri = properties.pop("iri")
        if "Statement" in labels:
            return  # stands for a relationship; told by that
        graph.facts |= {Fact(iri, RDF.type, self.labels[label]) for label in labels if label != MARKER}
        for key in {key.split("__")[0] for key in properties}:
            predicate, language = self.keys[key]
            graph.facts |= {Fact(iri, predicate, literal) for literal in held(key, properties, language)}

    def _tie(self, graph: Graph, start: Iri, name: str, end: Iri, properties: dict[str, Any]) -> None:
        fact = Fact(start, self.types[name], end)
        if properties.get("sources"):
            assert fact not in graph.claims
            graph.claims[fact] = (properties["sources"], properties["methods"])
        if properties.get("aspects"):
            strengths = {aspect: properties[aspect] for aspect in properties["aspects"]}
            assert (start, end) not in graph.edges
            graph.edges[start, end] = (strengths, properties["measured"], len(properties["justifiedBy"]))
        elif fact.predicate not in self.family:
            assert fact not in graph.facts
        if fact.predicate not in self.family:
            graph.facts.add(fact)

    def expected(self, mirror: Mirror, sightings: Iterable[Sighting] = ()) -> Graph:
        facts = {lowered(fact) for fact in mirror.facts if fact.predicate not in self.family}
        for seen in mirror.newest.values():
            facts |= set(observation_facts(seen))
        for sighting in sightings:
            facts |= set(scope_facts(sighting))
        claims = {
            fact: (
                sorted({claim.source for claim in those}),
                sorted({claim.method.value for claim in those}),
            )
            for fact, those in mirror.claims.items()
            if isinstance(fact.object, str) and fact.predicate != RDF.type
        }
        return Graph(facts, claims, {pair: self._edge(edge) for pair, edge in mirror.edges.items()})

    def _edge(self, edge: Influence) -> tuple[dict[str, float], list[str], int]:
        notation = {aspect: self.model.aspects[aspect].notation for aspect in edge.strengths}
        return (
            {notation[aspect]: strength for aspect, strength in edge.strengths.items()},
            sorted(notation[aspect] for aspect in edge.measured),
            len({fact for facts in edge.reasons.values() for fact in facts}),
        )


BOOK = {
    *("observedOn", "metric", "unit", "windowStart", "windowEnd", "count", "sum", "min", "max", "mean", "p50", "p95"),
    *("measured", "source", "scopeName", "lastSeen", "lastRun", "lastRunComplete"),
}

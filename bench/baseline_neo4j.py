"""The bare driver: the same nodes and relationships sent to Neo4j by hand-written ``UNWIND`` statements."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Final

import neo4j

from stratagraph.service.neo4j.target import Neo4jTarget
from stratagraph.service.neo4j.view import cypher_texts

Row = dict[str, Any]
ROWS: Final = 5_000
"""Rows of one transaction, as many as the view's."""
WIPE: Final = "MATCH (n) CALL (n) { DETACH DELETE n } IN TRANSACTIONS OF 5000 ROWS"


@dataclass(slots=True)
class Graph:
    """Rows by what they need a statement of their own for: nodes by labels, relationships by type and labels."""

    nodes: dict[tuple[str, ...], list[Row]] = field(default_factory=lambda: defaultdict(list))
    ties: dict[tuple[str, str, str], list[Row]] = field(default_factory=lambda: defaultdict(list))

    def __len__(self) -> int:
        return sum(len(rows) for group in (self.nodes, self.ties) for rows in group.values())


def connect(target: Neo4jTarget) -> neo4j.Driver:
    """Connect with the driver's own defaults."""
    return neo4j.GraphDatabase.driver(target.url, auth=(target.user, target.password), notifications_min_severity="OFF")


def read(driver: neo4j.Driver) -> Graph:
    """Return everything in the database."""
    graph = Graph()
    nodes = "MATCH (n) RETURN labels(n) AS labels, properties(n) AS p"
    ties = (
        "MATCH (s)-[r]->(o) RETURN s.iri AS s, labels(s) AS from, type(r) AS t, o.iri AS o, labels(o) AS to, "
        "properties(r) AS p"
    )
    with driver.session(fetch_size=10_000) as session:
        for record in session.run(nodes):
            graph.nodes[tuple(sorted(record["labels"]))].append(record["p"])
        for record in session.run(ties):
            kind = record["t"], _found_by(record["from"]), _found_by(record["to"])
            graph.ties[kind].append({"s": record["s"], "o": record["o"], "p": record["p"]})
    return graph


def write(driver: neo4j.Driver, graph: Graph) -> None:
    """Send the rows to a database that has the view's constraint and index, and nothing else; not twice."""
    with driver.session() as session:
        for labels, rows in graph.nodes.items():
            names = ":".join(f"`{label}`" for label in labels)
            _send(session, f"UNWIND $rows AS row CREATE (n:{names}) SET n = row", rows)
        for (kind, start, end), rows in graph.ties.items():
            found = "{iri: row.%s, stratagraph: true}"
            ends = f"MATCH (s:{start} {found % 's'}) MATCH (o:{end} {found % 'o'})"
            _send(session, f"UNWIND $rows AS row {ends} CREATE (s)-[r:`{kind}`]->(o) SET r = row.p", rows)


def _found_by(labels: list[str]) -> str:
    """Return the label by which a node is found: one with an index, else any, of which there are few nodes."""
    return next((label for label in cypher_texts.KEYED if label in labels), min(labels))


def empty(driver: neo4j.Driver) -> None:
    """Remove everything but constraints and indexes."""
    with driver.session() as session:
        session.run(WIPE).consume()


def _send(session: neo4j.Session, statement: str, rows: list[Row]) -> None:
    for some in _packed(rows):
        session.execute_write(lambda work, some=some: work.run(statement, rows=some).consume())


def _packed(rows: list[Row]) -> Iterator[list[Row]]:
    for start in range(0, len(rows), ROWS):
        yield rows[start : start + ROWS]

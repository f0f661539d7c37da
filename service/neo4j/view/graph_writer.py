"""Sends statements, learns where the nodes are that they make, and keeps count of what is ours."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

import neo4j

from stratagraph.ontology.facts import Iri
from stratagraph.service.neo4j.view.steps import Step


@dataclass(slots=True)
class Counts:
    """How many nodes and relationships more there are."""

    nodes: int = 0
    relationships: int = 0

    def note(self, counters: neo4j.SummaryCounters) -> None:
        """Take in what a statement made and deleted."""
        self.nodes += counters.nodes_created - counters.nodes_deleted
        self.relationships += counters.relationships_created - counters.relationships_deleted

    def add(self, more: Counts) -> None:
        """Take in what several statements did."""
        self.nodes += more.nodes
        self.relationships += more.relationships


@dataclass(slots=True)
class Places:
    """The numbers of nodes by their IRIs, and what all element ids of the database begin with."""

    numbers: dict[Iri, str] = field(default_factory=dict)
    base: str = ""

    def note(self, iri: Iri, element_id: str) -> str:
        """Learn where a node is; return its number."""
        base, _, number = element_id.rpartition(":")
        self.base = f"{base}:"
        self.numbers[iri] = number
        return number


class Sender:
    """Sends steps within a transaction, and learns where the nodes are that they make."""

    def __init__(self, places: Places) -> None:
        self.places = places

    def send(self, work: neo4j.ManagedTransaction, steps: Iterable[Step]) -> Counts:
        """Send steps; return how many nodes and relationships there are more."""
        counts = Counts()
        sent = []
        for step in steps:
            parameters = step.parameters(self.places.numbers, self.places.base)
            if not parameters["rows"]:
                continue
            result = work.run(step.cypher, parameters)
            if step.creates:
                for record in result:
                    self.places.note(record["iri"], record["id"])
            sent.append(result)
        for result in sent:
            counts.note(result.consume().counters)
        return counts

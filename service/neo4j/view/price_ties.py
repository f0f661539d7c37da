"""Prices hang on the models that they are the prices of."""

from __future__ import annotations

from typing import Final

from stratagraph.ontology.namespaces import RDF, SG
from stratagraph.service.neo4j.mapping.graph_names import MARKER, PRICE_OF, Names
from stratagraph.service.neo4j.view.graph_edits import GraphEdits


class PriceTies:
    """A price names its model in a text; where a model has that name, a relationship leads to it."""

    def __init__(self, names: Names) -> None:
        """Know what prices and models are called."""
        price, model = names.label(SG.Price), names.label(SG.BaseModel)
        named, name = names.key(SG.pricedModel), names.key(SG.name)
        self.statements: Final = (
            f"""
MATCH (p:{price})-[r:{PRICE_OF}]->(m) WHERE p.{MARKER} AND coalesce(p.{named} <> m.{name}, true) DELETE r
""",
            f"""
MATCH (m:{model}) WHERE m.{MARKER} WITH m.{name} AS name, collect(m) AS models
MATCH (p:{price} {{{named}: name}}) WHERE p.{MARKER}
UNWIND models AS m MERGE (p)-[:{PRICE_OF}]->(m)
""",
        )
        self._classes = {SG.Price, SG.BaseModel}

    def touched(self, edits: GraphEdits) -> bool:
        """Say whether edits may change which price is of which model."""
        typed = {fact.subject for fact in edits.facts if fact.predicate == RDF.type}
        return any(
            (fact.predicate == RDF.type and fact.object in self._classes)
            or fact.predicate == SG.pricedModel
            # Of a thing that is new here its type is told too.
            or (fact.predicate == SG.name and not (holds and fact.subject in typed))
            for fact, holds in edits.facts.items()
        )

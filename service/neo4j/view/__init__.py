"""The property-graph view: the present in Neo4j, generated from the ontology's declarations."""

from stratagraph.service.neo4j.view.neo4j_view import MAPPING_VERSION, Neo4jView, ViewWiped

__all__ = ["MAPPING_VERSION", "Neo4jView", "ViewWiped"]

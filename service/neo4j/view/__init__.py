"""The property-graph view: the present in Neo4j, generated from the ontology's declarations."""

from stratagraph.service.neo4j.view.neo4j_view import Neo4jView, ViewWiped

__all__ = ["Neo4jView", "ViewWiped"]

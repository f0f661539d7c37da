"""How the graph is told in Neo4j: what its labels, keys and types are called, by the ontology alone."""

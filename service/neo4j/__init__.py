"""A Neo4j for the property-graph view: a local one from Maven artifacts, or the one that the settings name."""

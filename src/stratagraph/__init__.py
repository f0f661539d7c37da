"""Stratagraph: a knowledge graph and ontology service for LLM operations."""

__version__ = "0.1.0"

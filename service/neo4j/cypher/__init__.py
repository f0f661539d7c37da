"""Cypher of strangers: read only, bounded, in processes that can be killed."""

"""SPARQL queries of strangers: guarded, then answered by worker processes on immutable checkpoints of the store."""

"""What one query may use, and how many run at once."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class QuerySettings:
    """Limits of the query pool; seconds, bytes and counts."""

    workers: int = 4
    """Worker processes; about 35 MB resident each when idle."""
    queue: int = 64
    """Queries that may wait for a worker, of all clients together."""
    queue_seconds: float = 30.0
    """Longest wait for a worker: sixteen of the largest answers in a row, on two cores that have other work too."""
    query_seconds: float = 10.0
    """Deadline of one query, from its start to the last byte that the client takes."""
    memory_bytes: int = 1 << 30
    """Address space that one query may add to its worker."""
    rows: int = 100_000
    """Most rows or triples of one answer."""
    answer_bytes: int = 64 << 20
    """Largest answer."""
    buffer_bytes: int = 256 << 10
    """How much of an answer is held back before its status is sent: what fits in has an exact status."""
    query_bytes: int = 256 << 10
    """Longest query."""
    nesting: int = 100
    """Deepest nesting of brackets; the engine's stack ends below 1,000."""
    operators: int = 500
    """Most operators and clauses along one chain of open brackets; the engine's stack ends below 3,000."""
    at_least_seconds: float = 5.0
    """Longest wait for a sequence that a request asks for."""

    @property
    def per_client(self) -> int:
        """Queries of one client that run at once: never all workers, so that others always get one."""
        return max(1, self.workers - 1)

"""The processes behind a pool of query workers, which nobody but a test asks for."""

from __future__ import annotations

from stratagraph.service.sparql.pool import QueryPool


def pids(pool: QueryPool) -> tuple[int, ...]:
    """Return the process numbers of the workers."""
    return tuple(sorted(worker.pid for worker in pool._workers))

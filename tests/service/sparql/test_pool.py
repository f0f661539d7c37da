"""A pool whose processes start when a query needs them."""

from __future__ import annotations

import asyncio
from contextlib import suppress

from stratagraph.service.sparql.pool import QueryPool
from stratagraph.service.workers.limits import QuerySettings
from tests.service.sparql.conftest import Estate
from tests.service.sparql.processes import pids


def test_who_leaves_while_a_process_starts_takes_no_place_along(estate: Estate) -> None:
    async def ask() -> bool:
        pool = QueryPool(estate.checkpoints, QuerySettings(workers=1, queue_seconds=2))
        await pool.start(ahead=False)
        try:
            assert pids(pool) == ()
            leaving = asyncio.create_task(pool.worker(estate.checkpoints.newest()))
            await asyncio.sleep(0)
            leaving.cancel()
            with suppress(asyncio.CancelledError):
                await leaving
            worker = await pool.worker(estate.checkpoints.newest())
            return worker.alive
        finally:
            await pool.stop()

    assert asyncio.run(ask())

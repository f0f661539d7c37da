"""A pool whose processes start when a query needs them."""

from __future__ import annotations

import asyncio
from contextlib import suppress

import pytest

from stratagraph.service.engine.arrivals import Arrivals
from stratagraph.service.sparql.pool import QueryPool
from stratagraph.service.sparql.query_request import QueryRequest
from stratagraph.service.sparql.worker_handle import SparqlWorker
from stratagraph.service.views.checkpoints import Checkpoint
from stratagraph.service.workers.errors import AnswerTooLarge, NotYetThere
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


def test_who_waits_for_a_sequence_takes_no_turn(estate: Estate) -> None:
    """One process, and a hundred who wait for what has not come: whoever waits for nothing is answered."""
    here = estate.sequence
    arrivals = Arrivals(lambda: here)

    async def scene() -> None:
        pool = QueryPool(estate.checkpoints, QuerySettings(workers=1, at_least_seconds=60), arrivals=arrivals)
        await pool.start(ahead=False)
        try:
            waits = QueryRequest(text="ASK {}", at_least=here + 1, client="patient")
            waiting = [asyncio.create_task(pool.run(waits)) for _ in range(100)]
            answer = await pool.run(QueryRequest(text="ASK {}", client="patient"))
            assert b"true" in await answer.read()
            assert not any(task.done() for task in waiting)
            for task in waiting:
                task.cancel()
            await asyncio.gather(*waiting, return_exceptions=True)
        finally:
            await pool.stop()

    asyncio.run(asyncio.wait_for(scene(), 60))
    assert not arrivals._waiting, "who left is forgotten"


def test_a_sequence_that_does_not_come_is_told(estate: Estate) -> None:
    arrivals = Arrivals(lambda: estate.sequence)

    async def scene() -> None:
        pool = QueryPool(estate.checkpoints, QuerySettings(workers=1, at_least_seconds=0.05), arrivals=arrivals)
        with pytest.raises(NotYetThere):
            await pool.run(QueryRequest(text="ASK {}", at_least=estate.sequence + 1))

    asyncio.run(scene())


def test_a_pool_that_never_came_up_can_be_stopped(estate: Estate) -> None:
    async def scene() -> None:
        await QueryPool(estate.checkpoints, QuerySettings(workers=1)).stop()
        pool = QueryPool(estate.checkpoints, QuerySettings(workers=1))
        starting = asyncio.create_task(pool.start())
        await asyncio.sleep(0)
        starting.cancel()
        await asyncio.gather(starting, return_exceptions=True)
        await pool.stop()
        assert pids(pool) == ()

    asyncio.run(asyncio.wait_for(scene(), 60))


def test_the_end_waits_for_no_worker_that_comes_up(estate: Estate, monkeypatch: pytest.MonkeyPatch) -> None:
    opening: list[SparqlWorker] = []

    async def stuck(self: SparqlWorker, _: Checkpoint) -> None:
        opening.append(self)
        await asyncio.Event().wait()

    async def scene() -> None:
        pool = QueryPool(estate.checkpoints, QuerySettings(workers=2))
        await pool.start()
        endless = "SELECT (COUNT(*) AS ?n) { ?a ?b ?c . ?d ?e ?f . ?g ?h ?i . ?j ?k ?l }"
        asking = [asyncio.create_task(pool.run(QueryRequest(text=endless, client=f"{n}"))) for n in range(2)]
        while len(pool._idle):  # noqa: ASYNC110  nothing announces it
            await asyncio.sleep(0.01)
        monkeypatch.setattr(SparqlWorker, "open", stuck)
        for task in asking:
            task.cancel()
        await asyncio.gather(*asking, return_exceptions=True)
        while len(opening) < 2:  # noqa: ASYNC110
            await asyncio.sleep(0.01)
        await pool.stop()
        assert pids(pool) == ()
        assert not any(worker.alive for worker in opening)

    asyncio.run(asyncio.wait_for(scene(), 60))


def test_who_is_cancelled_while_a_process_ends_leaves_it_to_others_to_end(estate: Estate) -> None:
    async def scene() -> None:
        pool = QueryPool(estate.checkpoints, QuerySettings(workers=1))
        await pool.start()
        (worker,) = pool._workers
        ending = asyncio.create_task(worker.stop())
        await asyncio.sleep(0)
        ending.cancel()
        await asyncio.gather(ending, return_exceptions=True)
        await pool.stop()
        assert pids(pool) == ()

    asyncio.run(asyncio.wait_for(scene(), 60))


def test_rows_are_counted_unless_the_limit_of_the_query_itself_is_within_the_cap(estate: Estate) -> None:
    within, beyond, inner = "LIMIT 100", "LIMIT 101", "{ SELECT * { ?s ?p ?o } LIMIT 5 } VALUES ?x { 1 }"

    async def refused(text: str) -> bool:
        pool = QueryPool(estate.checkpoints, QuerySettings(workers=1, rows=100))
        await pool.start(ahead=False)
        try:
            await (await pool.run(QueryRequest(text=text, client="c"))).read()
        except AnswerTooLarge:
            return True
        finally:
            await pool.stop()
        return False

    texts = (f"SELECT * {{ ?s ?p ?o }} {within}", f"SELECT * {{ ?s ?p ?o }} {beyond}", f"SELECT * {{ {inner} }}")
    assert [asyncio.run(refused(text)) for text in texts] == [False, True, False]

"""Clients that leave, at any moment and for any reason: afterwards every turn and every worker is free."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable, Callable
from contextlib import suppress

import pytest

from stratagraph.ontology.errors import StratagraphError
from stratagraph.service.sparql.answer import SparqlAnswer
from stratagraph.service.sparql.pool import QueryPool
from stratagraph.service.sparql.query_request import QueryRequest
from stratagraph.service.views.checkpoints import Checkpoint
from stratagraph.service.workers.errors import DeadlineExceeded
from stratagraph.service.workers.limits import QuerySettings
from tests.service.sparql.conftest import Estate
from tests.service.sparql.processes import pids

LOOK_UP = "SELECT * { ?s ?p ?o } LIMIT 1"
LONG = "SELECT * { ?a ?b ?c . ?d ?e ?f }"
BROKEN = "SELECT * { ?s ?p ?o . FILTER(<http://no.such/function>(?o)) } ORDER BY ?s"
WRONG = "SELECT nonsense {"
SETTINGS = QuerySettings(workers=2, queue=20, queue_seconds=20, query_seconds=1.5, rows=20_000)


async def every_turn_is_free(pool: QueryPool) -> None:
    """As many clients as there may be hold their answers at once, which takes all turns and all workers."""
    held = [await asyncio.wait_for(pool.run(QueryRequest(text=LOOK_UP, client=f"c{n}")), 20) for n in range(2)]
    streaming = [QueryRequest(text=LONG, client=f"s{number}") for number in range(pool.settings.workers)]
    async with asyncio.timeout(20):
        answers = await asyncio.gather(*[pool.run(request) for request in streaming])
    assert all(not answer.complete for answer in answers), "each of them holds a worker"
    for answer in [*held, *answers]:
        answer.close()


def pooled(estate: Estate, use: Callable[[QueryPool], Awaitable[None]], *, ahead: bool = True) -> None:
    async def run() -> None:
        pool = QueryPool(estate.checkpoints, SETTINGS)
        await pool.start(ahead=ahead)
        try:
            await use(pool)
        finally:
            await pool.stop()

    asyncio.run(run())


async def client(pool: QueryPool, estate: Estate, dice: random.Random) -> None:
    """Ask something, perhaps of a sequence that is to come, and leave at some moment, perhaps in the middle."""
    request = QueryRequest(
        text=dice.choice([LOOK_UP, LONG, BROKEN, WRONG]),
        client=f"client {dice.randrange(4)}",
        at_least=dice.choice([None, None, estate.sequence, estate.sequence + 1]),
    )

    async def ask() -> None:
        answer = await pool.run(request)
        try:
            if dice.random() < 0.5:
                async for _ in answer.rest():
                    if dice.random() < 0.3:
                        break
        finally:
            answer.close()

    asking = asyncio.create_task(ask())
    # Mostly within the first milliseconds, where one stage follows another.
    await asyncio.sleep(dice.choice([0, 0, dice.random() * 0.002, dice.random() * 0.02, dice.random() * 0.3]))
    for _ in range(dice.randrange(3)):
        await asyncio.sleep(0)
    asking.cancel()
    with suppress(asyncio.CancelledError, StratagraphError):
        await asking


@pytest.mark.parametrize("ahead", [True, False])
@pytest.mark.parametrize("seed", range(2))
def test_clients_that_leave_at_any_moment_take_nothing_along(estate: Estate, seed: int, ahead: bool) -> None:
    dice = random.Random(seed)

    async def use(pool: QueryPool) -> None:
        for _ in range(12):
            # Between the waves there are commits, so that checkpoints are made, opened and given back too.
            estate.sequence += dice.randrange(2)
            await asyncio.gather(*[client(pool, estate, dice) for _ in range(8)])
        await every_turn_is_free(pool)
        assert len(pids(pool)) == SETTINGS.workers

    pooled(estate, use, ahead=ahead)


def test_who_takes_nothing_of_an_answer_loses_the_turn_at_the_deadline(estate: Estate) -> None:
    async def use(pool: QueryPool) -> None:
        stuck: list[SparqlAnswer] = [await pool.run(QueryRequest(text=LONG, client=f"{n}")) for n in range(2)]
        # Nobody hears these, and nobody closes them: the deadline alone frees both workers.
        await every_turn_is_free(pool)
        for answer in stuck:
            with pytest.raises(DeadlineExceeded):
                async for _ in answer.rest():
                    pass

    pooled(estate, use)


def test_a_query_reads_no_checkpoint_older_than_the_sequence_it_asks_for(estate: Estate) -> None:
    async def use(pool: QueryPool) -> None:
        for _ in range(20):
            estate.sequence += 1
            wanted = estate.sequence
            answers = await asyncio.gather(
                *[pool.run(QueryRequest(text=LOOK_UP, client=f"{n}", at_least=wanted)) for n in range(3)],
                pool.run(QueryRequest(text=LOOK_UP)),
            )
            assert all(answer.sequence >= wanted for answer in answers[:3])
            assert all(answer.complete for answer in answers)

    pooled(estate, use)


def test_who_leaves_while_a_worker_is_started_keeps_no_checkpoint(
    estate: Estate, monkeypatch: pytest.MonkeyPatch
) -> None:
    newest = estate.checkpoints.newest
    out: list[Checkpoint] = []

    async def use(pool: QueryPool) -> None:
        loop = asyncio.get_running_loop()
        asking: asyncio.Task[SparqlAnswer]

        async def leave() -> None:
            asking.cancel()

        def slow() -> Checkpoint:
            out.append(found := newest())
            asyncio.run_coroutine_threadsafe(leave(), loop).result(30)
            return found

        monkeypatch.setattr(estate.checkpoints, "newest", slow)
        for _ in range(60):
            asking = asyncio.create_task(pool.run(QueryRequest(text=LOOK_UP)))
            with pytest.raises(asyncio.CancelledError):
                await asking
        await asyncio.gather(*pool._chores)
        assert len(out) == 60
        assert not any(estate.checkpoints._uses[each] for each in out)

    pooled(estate, use, ahead=False)

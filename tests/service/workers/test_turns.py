"""Turns are bounded and fair."""

from __future__ import annotations

import asyncio

import pytest

from stratagraph.service.workers.errors import TooBusy
from stratagraph.service.workers.limits import QuerySettings
from stratagraph.service.workers.turns import Turns

SETTINGS = QuerySettings(workers=2, queue=6, queue_seconds=30)


def test_one_client_never_takes_every_worker() -> None:
    async def scenario() -> None:
        turns = Turns(SETTINGS)
        await turns.take("greedy")
        second = asyncio.create_task(turns.take("greedy"))
        await asyncio.sleep(0)
        await turns.take("other")
        assert not second.done()
        turns.give_back("greedy")
        await second

    asyncio.run(scenario())


def test_clients_are_served_in_rounds() -> None:
    async def scenario() -> list[str]:
        turns = Turns(SETTINGS)
        await turns.take("holder")
        await turns.take("other holder")
        served: list[str] = []

        async def query(client: str) -> None:
            await turns.take(client)
            served.append(client)
            turns.give_back(client)

        waiting = []
        for client in ("a", "a", "a", "b", "c"):
            waiting.append(asyncio.create_task(query(client)))
            await asyncio.sleep(0)
        turns.give_back("holder")
        await asyncio.gather(*waiting)
        return served

    assert asyncio.run(scenario()) == ["a", "b", "c", "a", "a"]


def test_a_full_queue_is_refused_at_once_and_one_client_gets_half_of_it() -> None:
    async def scenario() -> None:
        turns = Turns(SETTINGS)
        await turns.take("x")
        await turns.take("y")
        waiting = [asyncio.create_task(turns.take("a")) for _ in range(3)]
        await asyncio.sleep(0)
        with pytest.raises(TooBusy):
            await turns.take("a")
        waiting += [asyncio.create_task(turns.take(client)) for client in "bcd"]
        await asyncio.sleep(0)
        with pytest.raises(TooBusy):
            await turns.take("e")
        for task in waiting:
            task.cancel()
        await asyncio.gather(*waiting, return_exceptions=True)
        turns.give_back("x")
        await turns.take("e")

    asyncio.run(scenario())


def test_waiting_ends() -> None:
    async def scenario() -> None:
        turns = Turns(QuerySettings(workers=1, queue_seconds=0.01))
        await turns.take("a")
        with pytest.raises(TooBusy):
            await turns.take("b")
        turns.give_back("a")
        await turns.take("b")

    asyncio.run(scenario())

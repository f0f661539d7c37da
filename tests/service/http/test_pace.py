"""Clients that take an answer slowly: how long each is waited for, by a clock that they move themselves."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from stratagraph.service.http.bodies import SLOWEST
from stratagraph.service.http.pace import GRACE, Pace, TakenTooSlowly


class Client:
    """Takes each piece after some seconds of its own clock."""

    def __init__(self, seconds: float) -> None:
        self.now = 0.0
        self.seconds = seconds
        self.taken: list[bytes] = []

    async def send(self, message: Any) -> None:
        assert message["more_body"]
        self.now += self.seconds
        self.taken.append(message["body"])

    def take(self, size: int, *, times: int, pace: Pace | None = None) -> Pace:
        """Take as many pieces of a size, one behind the other."""
        used = pace or Pace(lambda: self.now)

        async def pieces() -> None:
            for _ in range(times):
                await used.send(self.send, bytes(size))

        asyncio.run(pieces())
        return used


@pytest.mark.parametrize("size", [1, SLOWEST, 8 * SLOWEST])
def test_a_piece_a_minute_is_too_slow(size: int) -> None:
    client = Client(GRACE - 1)
    with pytest.raises(TakenTooSlowly):
        client.take(size, times=10)
    assert client.now <= 2 * GRACE + 2 * size / SLOWEST


def test_a_little_faster_than_the_least_rate_is_waited_for_to_the_end() -> None:
    client = Client(7.875)
    client.take(8 * SLOWEST, times=1000)
    assert len(client.taken) == 1000


def test_a_little_slower_is_waited_for_until_the_grace_is_used_up() -> None:
    client = Client(8.125)
    with pytest.raises(TakenTooSlowly):
        client.take(8 * SLOWEST, times=1000)
    assert len(client.taken) == 481  # each takes an eighth of a second of the grace


def test_making_the_answer_is_not_the_fault_of_the_client() -> None:
    client = Client(1)
    pace = Pace(lambda: client.now)
    for _ in range(3):
        client.now += 100 * GRACE
        client.take(SLOWEST, times=100, pace=pace)
    assert len(client.taken) == 300


def test_a_client_that_has_used_up_its_time_is_not_waited_for_at_all() -> None:
    client = Client(0)

    async def ask() -> None:
        clock = iter([0.0, GRACE, 0.0, 0.0])
        pace = Pace(lambda: next(clock))
        await pace.send(client.send, b"")  # it has used up all of the grace, and got nothing
        stuck = asyncio.Event()

        async def never(_: Any) -> None:
            await stuck.wait()

        await pace.send(never, b"piece")

    with pytest.raises(TakenTooSlowly):
        asyncio.run(ask())

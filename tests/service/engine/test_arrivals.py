"""Who waits for a sequence is woken when it can be read, in a thread or in a loop, and costs no thread in a loop."""

from __future__ import annotations

import asyncio
import threading

from stratagraph.service.engine.arrivals import Arrivals


class Place:
    """A sequence that a test moves."""

    def __init__(self) -> None:
        self.sequence = 1
        self.arrivals = Arrivals(lambda: self.sequence)

    def move(self) -> None:
        self.sequence += 1
        self.arrivals.announce()


def test_each_waits_for_its_own_sequence() -> None:
    place = Place()

    async def scene() -> None:
        threads = threading.active_count()
        waiting = {wanted: asyncio.create_task(place.arrivals.reached(wanted, 60)) for wanted in range(1, 5)}
        assert await waiting[1], "it is there already"
        assert threading.active_count() == threads
        for wanted in (2, 3, 4):
            assert not waiting[wanted].done()
            await asyncio.to_thread(place.move)
            assert await waiting[wanted]

    asyncio.run(asyncio.wait_for(scene(), 60))
    assert not place.arrivals._waiting


def test_what_does_not_come_is_not_waited_for_for_ever() -> None:
    place = Place()
    assert not asyncio.run(place.arrivals.reached(2, 0.01))
    assert not place.arrivals.wait(2, 0.01)
    assert not place.arrivals._waiting


def test_a_loop_that_has_ended_stops_nobody() -> None:
    place = Place()

    async def leave() -> None:
        loop = asyncio.get_running_loop()
        # As one who waits would stand there, had the loop been stopped rather than ended in order.
        place.arrivals._waiting[loop.create_future()] = (2, loop)

    asyncio.run(leave())
    place.move()
    assert place.arrivals.wait(2, 0)


def test_a_thread_waits_too() -> None:
    place = Place()
    found: list[bool] = []
    thread = threading.Thread(target=lambda: found.append(place.arrivals.wait(2, 60)))
    thread.start()
    place.move()
    thread.join(60)
    assert found == [True]

"""How much of the bodies of all requests is held at once."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from starlette.requests import Request

from stratagraph.service.http.bodies import BodyTooLong
from stratagraph.service.http.intake import SMALL, Intake, TooManyBodies


def test_bodies_on_disk_are_bounded_and_worked_on_in_turn(tmp_path: Path) -> None:
    """The parts that a test of the whole could only show with gigabytes."""

    def sender(size: int) -> Request:
        left = size

        async def receive() -> dict[str, object]:
            nonlocal left
            piece = min(left, 64 << 10)
            left -= piece
            return {"type": "http.request", "body": bytes(piece), "more_body": left > 0}

        return Request({"type": "http", "method": "POST", "headers": []}, receive)

    async def check() -> None:
        intake = Intake(tmp_path / "uploads", disk=3 << 20, room=2 << 20)
        async with intake.body(sender(2 << 20), 4 << 20, BodyTooLong) as first:
            assert len(await first.read()) == first.size == 2 << 20
            with pytest.raises(TooManyBodies):
                async with intake.body(sender(2 << 20), 4 << 20, BodyTooLong):
                    pass
            async with intake.body(sender(SMALL // 2), 4 << 20, BodyTooLong) as small:
                assert await small.read() == bytes(SMALL // 2)
        async with intake.body(sender(2 << 20), 4 << 20, BodyTooLong):
            pass
        order: list[str] = []

        async def work(name: str, size: int, done: asyncio.Event) -> None:
            async with intake.room(size):
                order.append(name)
                await done.wait()

        done = asyncio.Event()
        names = {"large": 9 << 20, "next": 1 << 20, "small": 10}
        tasks = []
        for name, size in names.items():
            tasks.append(asyncio.create_task(work(name, size, done)))
            await asyncio.sleep(0)
        await asyncio.sleep(0.01)
        assert order == ["large", "small"], "a small one waits for nobody, the next for the large one"
        done.set()
        await asyncio.gather(*tasks)
        assert order == ["large", "small", "next"]

    asyncio.run(check())


def test_who_leaves_in_the_moment_that_room_comes_takes_nothing_along(tmp_path: Path) -> None:
    async def check() -> None:
        intake = Intake(tmp_path / "uploads", room=1 << 20)
        inside, done = asyncio.Event(), asyncio.Event()

        async def work() -> None:
            async with intake.room(1 << 20):
                inside.set()
                await done.wait()

        holder = asyncio.create_task(work())
        await inside.wait()
        waiting = [asyncio.create_task(work()) for _ in range(3)]
        await asyncio.sleep(0)
        # The holder runs before the one who leaves does again: its turn is cancelled, and still stands in the queue.
        done.set()
        waiting[0].cancel()
        results = await asyncio.gather(holder, *waiting, return_exceptions=True)
        assert [type(result) for result in results] == [type(None), asyncio.CancelledError, type(None), type(None)]
        async with asyncio.timeout(5), intake.room(1 << 20):
            pass  # all of it was given back

    asyncio.run(check())

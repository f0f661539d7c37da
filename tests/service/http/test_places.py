"""Reads that take long hold up neither commits nor probes nor light reads, and are told when there are too many."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, TypeVar

import pytest
from fastapi import FastAPI

from stratagraph.service.engine.engine import Engine
from stratagraph.service.exchange import Exchange, exchange
from stratagraph.service.http import api
from stratagraph.service.http.app import create_app
from stratagraph.service.http.places import NoPlace, Places
from stratagraph.service.settings import Settings
from stratagraph.service.waiting import NobodyWaits, go_on
from tests.opened import Opened

_T = TypeVar("_T")
LIGHT = ("/health/live", "/health/ready", "/metrics", "/api/search?q=helper", "/api/assets", "/api/levels")
ASSET = "https://w3id.org/stratagraph/asset/Agent/helper"
TURTLE = f'@prefix sg: <https://w3id.org/stratagraph/ns#> . <{ASSET}> a sg:Agent ; sg:name "helper" .'.encode()


@pytest.fixture(name="app")
def _app(tmp_path: Path, opened: Opened) -> Iterator[FastAPI]:
    with Engine(Settings(data=opened(tmp_path / "data"), long_reads=3)) as engine:
        yield create_app(engine, guarded=False, lasting=False)


async def ask(app: FastAPI, path: str, method: str = "GET", body: bytes | None = None) -> Exchange:
    return await exchange(app, method, path, body, {"content-type": "text/turtle"} if body else {})


class Stuck:
    """Work that goes on until it is let go."""

    def __init__(self) -> None:
        self.begun = threading.Semaphore(0)
        self.goes_on = threading.Event()
        self.most = 0
        self._now = 0
        self._lock = threading.Lock()

    def __call__(self, *_: Any, **__: Any) -> Any:
        with self._lock:
            self._now += 1
            self.most = max(self.most, self._now)
        self.begun.release()
        assert self.goes_on.wait(60)
        with self._lock:
            self._now -= 1
        raise NoPlace(retry_after=1)


def test_forty_five_heavy_readers_hold_nobody_up(app: FastAPI, monkeypatch: pytest.MonkeyPatch) -> None:
    stuck = Stuck()
    monkeypatch.setattr(api, "impact", stuck)

    async def scene() -> None:
        async with app.router.lifespan_context(app):
            assert (await ask(app, "/api/batches", "POST", TURTLE)).status == 201
            heavy = [asyncio.create_task(ask(app, "/api/impact?asset=helper")) for _ in range(45)]
            for _ in range(2):
                await asyncio.to_thread(stuck.begun.acquire)
            # Each of these would wait for ever, were there no thread or lock left for it.
            for path in (
                "/health/live",
                "/health/ready",
                "/metrics",
                "/api/search?q=helper",
                "/api/assets",
                "/api/levels",
            ):
                assert (await ask(app, path)).status == 200, path
            assert (await ask(app, "/api/batches?source=b", "POST", TURTLE)).status == 201
            assert (await ask(app, f"/api/assets/{ASSET}")).status == 200
            assert not any(task.done() for task in heavy)
            stuck.goes_on.set()
            assert {done.status for done in await asyncio.gather(*heavy)} == {503}
            assert stuck.most == 2, "one client never has all places"

    asyncio.run(asyncio.wait_for(scene(), 60))


def test_a_full_queue_says_when_to_come_again(app: FastAPI, monkeypatch: pytest.MonkeyPatch) -> None:
    stuck = Stuck()
    monkeypatch.setattr(api, "impact", stuck)

    async def scene() -> None:
        async with app.router.lifespan_context(app):
            assert (await ask(app, "/api/batches", "POST", TURTLE)).status == 201
            heavy = [asyncio.create_task(ask(app, "/api/impact?asset=helper")) for _ in range(100)]
            done, _ = await asyncio.wait(heavy, return_when=asyncio.FIRST_COMPLETED)
            answer = done.pop().result()
            assert answer.status == 503
            assert b"no-place" in answer.content
            assert int(dict(answer.headers)["retry-after"]) > 0
            stuck.goes_on.set()
            await asyncio.gather(*heavy)

    asyncio.run(asyncio.wait_for(scene(), 60))


def run(places: Places, client: str, work: Callable[[], _T]) -> asyncio.Task[_T]:
    return asyncio.ensure_future(places.run(client, work))


def test_another_client_is_served_while_one_has_its_share() -> None:
    stuck = Stuck()

    async def scene() -> None:
        places = Places(3)
        greedy = [run(places, "greedy", stuck) for _ in range(20)]
        for _ in range(2):
            await asyncio.to_thread(stuck.begun.acquire)
        assert await run(places, "modest", lambda: "served") == "served"
        stuck.goes_on.set()
        await asyncio.gather(*greedy, return_exceptions=True)
        assert stuck.most == 2
        # Whatever happened, all places are free again.
        assert await asyncio.gather(*[run(places, str(number), lambda: 1) for number in range(9)]) == [1] * 9

    asyncio.run(asyncio.wait_for(scene(), 60))


def test_who_leaves_the_queue_takes_no_place_along() -> None:
    stuck = Stuck()

    async def scene() -> None:
        places = Places(1)
        first = run(places, "a", stuck)
        await asyncio.to_thread(stuck.begun.acquire)
        waiting = run(places, "b", lambda: 1)
        await asyncio.sleep(0)
        waiting.cancel()
        stuck.goes_on.set()
        await asyncio.gather(first, waiting, return_exceptions=True)
        assert await run(places, "c", lambda: 2) == 2

    asyncio.run(asyncio.wait_for(scene(), 60))


def test_who_waits_too_long_is_told_to_come_again() -> None:
    stuck = Stuck()

    async def scene() -> None:
        places = Places(1, seconds=0.01)
        first = run(places, "a", stuck)
        await asyncio.to_thread(stuck.begun.acquire)
        with pytest.raises(NoPlace):
            await run(places, "b", lambda: 1)
        stuck.goes_on.set()
        await asyncio.gather(first, return_exceptions=True)

    asyncio.run(asyncio.wait_for(scene(), 60))


def test_a_place_is_free_again_when_the_thread_of_who_left_is_over() -> None:
    stuck, ended = Stuck(), threading.Event()

    def long() -> None:
        stuck.begun.release()
        assert stuck.goes_on.wait(60)
        try:
            go_on()
        except NobodyWaits:
            ended.set()
            raise

    async def scene() -> None:
        places = Places(1)
        first, waiting = run(places, "a", long), run(places, "a", stuck)
        await asyncio.to_thread(stuck.begun.acquire)
        waiting.cancel()
        first.cancel()
        await asyncio.sleep(0)
        modest = run(places, "b", lambda: "served")
        done, _ = await asyncio.wait([first, waiting], return_when=asyncio.FIRST_COMPLETED)
        assert done == {waiting}, "the other's thread still works"
        assert not modest.done()
        first.cancel()  # as the end of the service does
        stuck.goes_on.set()
        assert await modest == "served"
        assert ended.is_set()
        with pytest.raises(asyncio.CancelledError):
            await first
        assert not stuck.most, "what waited for its place was not begun"

    asyncio.run(asyncio.wait_for(scene(), 60))

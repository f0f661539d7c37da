"""A page of another site must not reach the service through its visitor's browser."""

from __future__ import annotations

import asyncio

import httpx
import pytest
from fastapi import FastAPI

from stratagraph.service.http.origin import OriginGuard, is_loopback


@pytest.fixture(name="app")
def _app() -> FastAPI:
    app = FastAPI()

    @app.get("/")
    def root() -> str:
        return "reached"

    app.add_middleware(OriginGuard, allowed=["graph.example.org"])
    return app


def get(app: FastAPI, **headers: str) -> httpx.Response:
    async def send() -> httpx.Response:
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://localhost") as client:
            return await client.get("/", headers=headers)

    return asyncio.run(send())


@pytest.mark.parametrize("host", ["localhost", "LOCALHOST:8000", "127.0.0.1:8000", "[::1]:8000", "graph.example.org"])
def test_known_hosts_reach_the_app(app: FastAPI, host: str) -> None:
    assert get(app, host=host).status_code == 200


@pytest.mark.parametrize("host", ["evil.example", "127.0.0.1.evil.example", "localhost.evil.example:80", "", "[::"])
def test_other_hosts_are_misdirected(app: FastAPI, host: str) -> None:
    answer = get(app, host=host)
    assert answer.status_code == 421
    assert answer.json()["type"].endswith("unknown-host")


@pytest.mark.parametrize("origin", ["https://evil.example", "null", "http://localhost:9", "http://[::"])
def test_foreign_origins_are_refused(app: FastAPI, origin: str) -> None:
    assert get(app, host="localhost:8000", origin=origin).status_code == 403


def test_own_origin_passes(app: FastAPI) -> None:
    assert get(app, host="localhost:8000", origin="http://localhost:8000").status_code == 200


@pytest.mark.parametrize(
    ("host", "loopback"),
    [("127.0.0.1", True), ("127.9.9.9", True), ("::1", True), ("localhost", True), ("0.0.0.0", False), ("a.b", False)],
)
def test_loopback_is_recognised(host: str, loopback: bool) -> None:
    assert is_loopback(host) is loopback

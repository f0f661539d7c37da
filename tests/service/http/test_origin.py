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

    for path in ("/", "/sparql", "/cypher", "/api/batches"):
        app.add_api_route(path, lambda: "reached", methods=["GET", "POST"])
    app.add_middleware(OriginGuard, allowed=["graph.example.org"], origins=["https://yasgui.example"])
    return app


def get(app: FastAPI, **headers: str) -> httpx.Response:
    return send(app, "GET", "/", headers)


def send(app: FastAPI, method: str, path: str, headers: dict[str, str]) -> httpx.Response:
    async def sent() -> httpx.Response:
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://localhost") as client:
            return await client.request(method, path, headers=headers)

    return asyncio.run(sent())


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


PREFLIGHT = {"Origin": "https://yasgui.example", "Access-Control-Request-Method": "POST"}


@pytest.mark.parametrize("path", ["/sparql", "/cypher"])
def test_a_page_of_an_allowed_origin_may_query_without_credentials(app: FastAPI, path: str) -> None:
    asked = send(app, "OPTIONS", path, {**PREFLIGHT, "Access-Control-Request-Headers": "content-type"})
    assert asked.status_code == 204
    assert "POST" in asked.headers["access-control-allow-methods"]
    assert "content-type" in asked.headers["access-control-allow-headers"].lower()
    answer = send(app, "POST", path, {"Origin": "https://yasgui.example"})
    assert answer.json() == "reached"
    for each in (asked, answer):
        assert each.headers["access-control-allow-origin"] == "https://yasgui.example"
        assert "Origin" in each.headers["vary"]
        assert "access-control-allow-credentials" not in each.headers
    assert "Stratagraph-Sequence" in answer.headers["access-control-expose-headers"]


@pytest.mark.parametrize(
    ("method", "path", "origin"),
    [
        ("POST", "/sparql", "https://evil.example"),
        ("POST", "/sparql", "http://yasgui.example"),
        ("POST", "/sparql", "https://yasgui.example:444"),
        ("POST", "/sparql", "https://yasgui.example.evil.example"),
        ("POST", "/sparql", "null"),
        ("POST", "/api/batches", "https://yasgui.example"),
        ("GET", "/", "https://yasgui.example"),
        ("GET", "/sparql/", "https://yasgui.example"),
    ],
)
def test_no_other_page_and_no_other_path_is_let_in(app: FastAPI, method: str, path: str, origin: str) -> None:
    for headers in ({"Origin": origin}, {**PREFLIGHT, "Origin": origin}):
        answer = send(app, method if len(headers) == 1 else "OPTIONS", path, headers)
        assert answer.status_code == 403
        assert not any(name.startswith("access-control") for name in answer.headers)


def test_no_origin_is_let_in_unless_said() -> None:
    app = FastAPI()
    app.add_api_route("/sparql", lambda: "reached", methods=["POST"])
    app.add_middleware(OriginGuard)
    for method in ("POST", "OPTIONS"):
        assert send(app, method, "/sparql", PREFLIGHT).status_code == 403


def test_the_host_is_looked_at_whoever_asks(app: FastAPI) -> None:
    for method in ("POST", "OPTIONS"):
        assert send(app, method, "/sparql", {**PREFLIGHT, "Host": "evil.example"}).status_code == 421

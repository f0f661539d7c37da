"""A request to an application in this process is what one over a socket would be."""

from __future__ import annotations

import asyncio
from typing import Any

import httpx
import pytest
from fastapi import FastAPI, Request, Response
from starlette.responses import StreamingResponse

from stratagraph.service.exchange import Exchange, exchange

app = FastAPI()


@app.api_route("/echo/{name:path}", methods=["GET", "POST"])
async def echo(name: str, request: Request) -> dict[str, Any]:
    body = (await request.body()).decode()
    asked = {key: request.headers.get(key) for key in ("content-type", "content-length", "host", "x-word")}
    raw = request.scope["raw_path"].decode()
    return {"name": name, "raw": raw, "query": request.query_params.multi_items(), "body": body, **asked}


@app.get("/stream")
async def stream() -> StreamingResponse:
    async def pieces() -> Any:
        for number in range(3):
            yield f"{number} "
            await asyncio.sleep(0)

    return StreamingResponse(pieces(), status_code=206, headers={"x-word": "São"}, media_type="text/plain")


@app.get("/patient")
async def patient(request: Request) -> Response:
    """Answer unless the client goes: who is asked in this process has one that stays."""
    await request.body()
    gone = asyncio.ensure_future(request.receive())
    await asyncio.wait({gone}, timeout=0.05)
    gone.cancel()
    return Response("gone" if gone.done() and not gone.cancelled() else "there")


@app.get("/fault")
async def fault() -> None:
    raise LookupError("out of order")


ASKED = [
    ("GET", "/echo/a", None, {}),
    ("GET", "/echo/S%C3%A3o%20Paulo%2F%C3%A9?q=%C3%A7&q=2&empty=", None, {"X-Word": "w"}),
    ("POST", "/echo/%E6%9D%B1", "ção".encode(), {"Content-Type": "text/plain; charset=utf-8"}),
    ("POST", "/echo/none", b"", {}),
    ("GET", "/stream", None, {}),
    ("GET", "/nowhere", None, {}),
]


@pytest.mark.parametrize(("method", "path", "body", "headers"), ASKED)
def test_it_is_answered_as_a_client_of_http_is(
    method: str, path: str, body: bytes | None, headers: dict[str, str]
) -> None:
    async def by_library() -> httpx.Response:
        transport = httpx.ASGITransport(app)
        async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as session:
            return await session.request(method, path, content=body, headers=headers)

    done, expected = asyncio.run(exchange(app, method, path, body, headers)), asyncio.run(by_library())
    assert done.status == expected.status_code
    assert _without_empty_length(bytes(done.content)) == _without_empty_length(expected.content)
    assert dict(done.headers).get("x-word") == expected.headers.get("x-word")


def _without_empty_length(content: bytes) -> bytes:
    """Leave out that there is no body: the library says so of some methods only."""
    return content.replace(b'"content-length":"0"', b'"content-length":null')


def test_the_client_stays_until_it_is_answered() -> None:
    async def ask() -> Exchange:
        return await exchange(app, "GET", "/patient", None, {})

    assert asyncio.run(ask()).content == b"there"


def test_a_fault_of_the_application_is_not_swallowed() -> None:
    with pytest.raises(LookupError):
        asyncio.run(exchange(app, "GET", "/fault", None, {}))

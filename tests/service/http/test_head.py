"""HEAD of answers that come in pieces: over with the first piece, and whoever makes the rest is told to stop."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from starlette.types import Receive, Scope, Send

from stratagraph.service.http.head import HeadLikeGet, wants_head_only
from stratagraph.service.http.leaving import send_unless_gone


@pytest.mark.parametrize("method", ["HEAD", "GET"])
def test_an_answer_without_end_ends_with_its_first_piece_where_only_the_head_is_wanted(method: str) -> None:
    sent: list[Any] = []
    seen: list[bool] = []

    async def endless(scope: Scope, receive: Receive, send: Send) -> None:
        async def pieces() -> None:
            await send({"type": "http.response.start", "status": 200, "headers": []})
            for _ in range(1000):
                await send({"type": "http.response.body", "body": b"piece", "more_body": True})
                await asyncio.sleep(0)
            await send({"type": "http.response.body", "body": b"", "more_body": False})

        seen.append(wants_head_only(scope))
        await send_unless_gone(receive, pieces())

    async def ask() -> None:
        over = asyncio.Event()

        async def send(message: Any) -> None:
            assert not over.is_set(), "a server takes nothing behind the end"
            sent.append(message)
            if message["type"] == "http.response.body" and not message["more_body"]:
                over.set()

        async def receive() -> Any:
            await over.wait()  # as servers do: the end of the answer is the end of the client, too
            return {"type": "http.disconnect"}

        await HeadLikeGet(endless)({"type": "http", "method": method}, receive, send)

    asyncio.run(ask())
    bodies = [message.get("body") for message in sent if message["type"] == "http.response.body"]
    assert bodies == ([b""] if method == "HEAD" else [b"piece"] * 1000 + [b""])
    assert seen == [method == "HEAD"]

"""Errors of the API: status, type, when to ask again, and how loud the log is."""

from __future__ import annotations

import asyncio
import logging

import httpx
import orjson
import pytest
from fastapi import FastAPI

from stratagraph.ontology.errors import StratagraphError
from stratagraph.service.http.problems import MEDIA_TYPE, from_error, install
from stratagraph.service.ledger.errors import LedgerUnreadable
from stratagraph.service.neo4j.errors import Neo4jNotBuilt, NoNeo4j
from stratagraph.service.workers.errors import NotYetThere


@pytest.mark.parametrize(
    ("error", "wait"),
    [(Neo4jNotBuilt(url="bolt://x"), "5"), (NotYetThere(sequence=1, wanted=2, retry_after=1), "1"), (NoNeo4j(), None)],
    ids=["built in a moment", "there in a moment", "nobody knows when"],
)
def test_what_will_be_there_in_a_moment_says_when_to_ask_again(error: StratagraphError, wait: str | None) -> None:
    response = from_error(error)
    assert response.status_code == 503
    assert response.headers.get("Retry-After") == wait
    assert response.media_type == MEDIA_TYPE
    assert orjson.loads(response.body)["type"].endswith(error.slug)


@pytest.mark.parametrize(
    ("error", "level"),
    [(NoNeo4j(), logging.WARNING), (LedgerUnreadable(url="x", problem="y"), logging.ERROR)],
    ids=["not there", "broken"],
)
def test_only_what_is_broken_is_an_error_in_the_log(
    error: StratagraphError, level: int, caplog: pytest.LogCaptureFixture
) -> None:
    app = FastAPI()
    install(app)

    @app.get("/")
    async def fail() -> None:
        raise error

    async def get() -> httpx.Response:
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://test") as client:
            return await client.get("/")

    assert asyncio.run(get()).status_code == error.status
    assert [record.levelno for record in caplog.records if "stratagraph" in record.name] == [level]

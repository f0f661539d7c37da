"""Natural questions, asked in queries that are written from /api/schema alone: each finds what the API answers."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml

from stratagraph.ontology.namespaces import SG
from stratagraph.service.engine.engine import Engine
from stratagraph.service.neo4j.cypher.pool import CypherPool, CypherRequest
from stratagraph.service.neo4j.local_server import LocalNeo4j
from stratagraph.service.neo4j.view import Neo4jView
from stratagraph.service.settings import Settings
from stratagraph.service.workers.limits import QuerySettings
from tests.neo4j_server import target_of, wipe
from tests.opened import Opened, served
from tests.service.questions.asking import Api, rows

TABLE: list[dict[str, Any]] = yaml.safe_load((Path(__file__).parent / "questions.yaml").read_text(encoding="utf-8"))
PREFIX = f"PREFIX sg: <{SG}>\n"
WORD = re.compile(r"[A-Za-z_]\w+")


@pytest.fixture(name="engine", scope="module")
def _engine(tmp_path_factory: pytest.TempPathFactory, furnished: Opened) -> Iterator[Engine]:
    with Engine(Settings(data=furnished(tmp_path_factory.mktemp("data")), port=0)) as engine:
        yield engine


@pytest.fixture(name="client", scope="module")
def _client(engine: Engine) -> Iterator[httpx.Client]:
    with served(engine) as server, httpx.Client(base_url=server.url, trust_env=False, timeout=60) as client:
        yield client


@pytest.fixture(name="cypher", scope="module")
def _cypher(engine: Engine, neo4j_server: LocalNeo4j) -> Iterator[Callable[[str], list[list[Any]]]]:
    """Asks /cypher's own pool, on a real Neo4j that holds the same graph."""
    target = target_of(neo4j_server)
    wipe(target)
    view = Neo4jView(target, engine.model)
    view.rebuild(engine.deriver.snapshot())
    view.close()
    pool = CypherPool(QuerySettings(query_seconds=60.0), target=lambda: target, shared=False)

    async def asked(text: str) -> bytes:
        answer = await pool.run(CypherRequest(text=text, parameters={}))
        try:
            return b"".join([piece async for piece in answer.pieces()])
        finally:
            answer.close()

    with asyncio.Runner() as runner:

        def ask(text: str) -> list[list[Any]]:
            document = json.loads(runner.run(asked(text)))
            assert not document["partial"]
            found: list[list[Any]] = document["rows"]
            return found

        yield ask
        runner.run(pool.stop())
    wipe(target)


@pytest.fixture(name="api", scope="module")
def _api(client: httpx.Client) -> Api:
    return Api(client)


def test_there_are_thirty_questions() -> None:
    assert len(TABLE) >= 30
    assert len({asked["question"] for asked in TABLE}) == len(TABLE)


@pytest.mark.parametrize("asked", TABLE, ids=[asked["question"] for asked in TABLE])
def test_sparql_finds_what_the_api_answers(api: Api, client: httpx.Client, asked: dict[str, Any]) -> None:
    answer = client.post("/sparql", data={"query": PREFIX + asked["sparql"]})
    assert answer.status_code == 200, answer.text
    found = answer.json()
    names = found["head"]["vars"]
    expected = api.answer(asked["api"])
    assert rows(tuple(row[name]["value"] for name in names) for row in found["results"]["bindings"]) == expected
    assert expected, "a question whose answer is empty shows nothing"


def test_sparql_uses_no_name_that_the_page_does_not_tell(client: httpx.Client) -> None:
    page = set(WORD.findall(client.get("/api/schema", params={"language": "sparql"}).text))
    used = {name for asked in TABLE for name in re.findall(r"sg:(\w+)", asked["sparql"])}
    assert used - page == set()


@pytest.mark.neo4j
@pytest.mark.parametrize("asked", TABLE, ids=[asked["question"] for asked in TABLE])
def test_cypher_finds_what_the_api_answers(
    api: Api, cypher: Callable[[str], list[list[Any]]], asked: dict[str, Any]
) -> None:
    assert rows(cypher(asked["cypher"])) == api.answer(asked["api"])


@pytest.mark.neo4j
def test_the_worked_queries_in_cypher_find_something(client: httpx.Client, cypher: Callable[[str], list[Any]]) -> None:
    for lang in ("en", "pt-BR"):
        told = client.get("/api/schema", params={"language": "cypher", "format": "json", "lang": lang}).json()
        assert len(told["queries"]) == 3
        assert all(cypher(each["query"]) for each in told["queries"])


@pytest.mark.neo4j
def test_the_page_names_labels_keys_and_types_as_the_database_does(
    client: httpx.Client, cypher: Callable[[str], list[list[Any]]]
) -> None:
    told = client.get("/api/schema", params={"language": "cypher", "format": "json"}).json()
    counts = dict(cypher("MATCH (n) UNWIND labels(n) AS l RETURN l, count(*)"))
    keys = {
        (label, key)
        for label, key in cypher("MATCH (n) UNWIND labels(n) AS l UNWIND keys(n) AS k RETURN DISTINCT l, k")
    }
    for kind in told["kinds"]:
        assert counts.get(kind["name"], 0) >= kind["count"], kind["name"]
        for each in kind["properties"]:
            assert (kind["name"], each["name"]) in keys
    ends = {
        (start, kind, end)
        for start, kind, end in cypher(
            "MATCH (s)-[r]->(o) UNWIND labels(s) AS a UNWIND labels(o) AS b RETURN DISTINCT a, type(r), b"
        )
    }
    for relation in told["relations"]:
        for each in relation["ends"]:
            assert (each["from"], relation["name"], each["to"]) in ends, relation["name"]


def test_cypher_uses_no_name_that_the_page_does_not_tell(client: httpx.Client) -> None:
    page = set(WORD.findall(client.get("/api/schema", params={"language": "cypher"}).text))
    for asked in TABLE:
        text = re.sub(r"'[^']*'", "", asked["cypher"])
        used = set(re.findall(r"[:|]([A-Z]\w+)|\.([A-Za-z]\w*)|\{(\w+):", text))
        assert {name for names in used for name in names if name} - page == set(), asked["question"]

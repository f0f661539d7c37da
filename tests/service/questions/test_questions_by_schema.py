"""Natural questions, asked in queries that are written from /api/schema alone: each finds what the API answers."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml

from stratagraph.ontology.namespaces import SG
from stratagraph.service.engine.engine import Engine
from stratagraph.service.settings import Settings
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


def test_cypher_uses_no_name_that_the_page_does_not_tell(client: httpx.Client) -> None:
    page = set(WORD.findall(client.get("/api/schema", params={"language": "cypher"}).text))
    for asked in TABLE:
        text = re.sub(r"'[^']*'", "", asked["cypher"])
        used = set(re.findall(r"[:|]([A-Z]\w+)|\.([A-Za-z]\w*)|\{(\w+):", text))
        assert {name for names in used for name in names if name} - page == set(), asked["question"]

"""``/cypher`` over HTTP: what the settings and the absence of a Neo4j make of it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from stratagraph.service.client import Refused, local
from stratagraph.service.engine.engine import Engine
from stratagraph.service.http.app import create_app
from stratagraph.service.neo4j.target import Neo4jTarget
from stratagraph.service.neo4j.view.status import MARK
from stratagraph.service.settings import load_settings
from tests.service.neo4j.reading import query


def ask(folder: Path, text: str) -> Any:
    with Engine(load_settings(data=folder)) as engine:
        client = local(create_app(engine, guarded=False, lasting=False))
        return client.request("POST", "/cypher", json={"query": text}).json()


def refusal(folder: Path, text: str) -> tuple[int, str, str]:
    with pytest.raises(Refused) as refused:
        ask(folder, text)
    told = refused.value.problem
    return refused.value.code, told["type"].rpartition("/")[2], told["detail"]


def test_without_a_neo4j_the_command_that_starts_one_is_told(tmp_path: Path) -> None:
    code, kind, detail = refusal(tmp_path, "RETURN 1")
    assert (code, kind) == (503, "no-neo4j")
    assert "stratagraph neo4j up" in detail


@pytest.mark.neo4j
def test_a_shared_database_is_read_only_if_the_operator_said_so(
    database: Neo4jTarget, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    query(database, "CREATE (:Theirs)")
    query(database, "CREATE (:Watermark {iri: $iri, stratagraph: true, sequence: 1, nodes: 1})", iri=MARK)
    monkeypatch.setenv("STRATAGRAPH_NEO4J_URL", database.url)
    monkeypatch.setenv("STRATAGRAPH_NEO4J_PASSWORD", database.password)
    code, kind, detail = refusal(tmp_path, "MATCH (n) RETURN count(n) AS n")
    assert (code, kind) == (403, "neo4j-shared")
    assert "STRATAGRAPH_CYPHER_SHARED=1" in detail
    assert "1 nodes of another application" in detail
    assert "for example (:Theirs) 4:" in detail
    monkeypatch.setenv("STRATAGRAPH_CYPHER_SHARED", "1")
    assert ask(tmp_path, "MATCH (n:Theirs) RETURN count(n) AS n")["rows"] == [[1]]
    assert refusal(tmp_path, "MATCH (n) DELETE n")[:2] == (400, "cypher-refused")


@pytest.mark.neo4j
def test_a_body_that_is_no_query_is_refused(database: Neo4jTarget, tmp_path: Path) -> None:
    with Engine(load_settings(data=tmp_path)) as engine:
        client = local(create_app(engine, guarded=False, lasting=False))
        for body in ({}, {"query": 1}, {"query": "RETURN 1", "parameters": []}, {"query": "RETURN 1", "more": 1}):
            with pytest.raises(Refused) as refused:
                client.request("POST", "/cypher", json=body)
            assert refused.value.code in {400, 422}

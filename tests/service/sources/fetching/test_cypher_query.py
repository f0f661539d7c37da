"""Rows of a real Neo4j become an inventory; nothing is ever written there."""

from __future__ import annotations

import json
import threading
from pathlib import Path
from typing import Any

import neo4j
import pytest

from stratagraph.service.neo4j.target import Neo4jTarget
from stratagraph.service.sources.errors import FetchFailed
from stratagraph.service.sources.fetching.cypher_query import read_rows
from stratagraph.service.sources.fetching.run_limits import Limits
from stratagraph.service.sources.source import source_of

MAPPING = """
assets:
- {kind: BaseModel, name: $model, providedBy: "Provider/$vendor", version: $version}
- {kind: Provider, name: $vendor}
"""
QUERY = "MATCH (m:Model) OPTIONAL MATCH (m)-[:BY]->(v) RETURN m.name AS model, m.version AS version, v.name AS vendor"
pytestmark = pytest.mark.neo4j


@pytest.fixture(name="filled")
def _filled(database: Neo4jTarget) -> Neo4jTarget:
    run(
        database,
        "CREATE (v {name: 'Mistral'}) CREATE (:Model {name: 'a', version: '1'})-[:BY]->(v), (:Model {name: 'b'})",
    )
    return database


def run(target: Neo4jTarget, query: str) -> list[Any]:
    with neo4j.GraphDatabase.driver(target.url, auth=(target.user, target.password)) as driver:
        return driver.execute_query(query, database_=target.database).records


def read(target: Neo4jTarget, folder: Path, query: str, mapping: str = MAPPING) -> Any:
    (folder / "q.cypher").write_text(query)
    (folder / "m.yaml").write_text(mapping)
    (folder / "password").write_text(target.password)
    said = {
        "kind": "cypher",
        "url": target.url,
        "query": str(folder / "q.cypher"),
        "mapping": str(folder / "m.yaml"),
        "user": target.user,
        "password": {"file": str(folder / "password")},
        "database": target.database,
    }
    source = source_of("s", said)
    limits = Limits(source.place, seconds=60, most_bytes=1 << 20, stopping=threading.Event())
    (document,) = read_rows(source, limits).reading.files
    return json.loads(document.data)["assets"]


def test_rows_become_entries_and_what_is_not_there_is_not_said(filled: Neo4jTarget, tmp_path: Path) -> None:
    assert read(filled, tmp_path, QUERY) == [
        {"kind": "BaseModel", "name": "a", "providedBy": "Provider/Mistral", "version": "1"},
        {"kind": "BaseModel", "name": "b"},
        {"kind": "Provider", "name": "Mistral"},
    ]


BAD = [
    (
        "MATCH (m:Model) SET m.name = 'x' RETURN m.name AS model, 1 AS vendor, 1 AS version",
        MAPPING,
        "can't be answered",
    ),
    ("MATCH (m:Nothing) RETURN m.name AS model, 1 AS vendor, 1 AS version", MAPPING, "finds nothing"),
    ("MATCH (m:Model) RETURN m.name AS model", MAPPING, "returns no column 'vendor'"),
    ("MATCH (m:Model) RETURN m AS model, 1 AS vendor, 1 AS version", MAPPING, "Return properties"),
    ("RETURN", MAPPING, "can't be answered"),
    (QUERY, "assets: 3", "is no mapping"),
    (QUERY, "assets: [", "is no YAML"),
]


@pytest.mark.parametrize(("query", "mapping", "said"), BAD, ids=[said for _, _, said in BAD])
def test_what_cannot_be_an_inventory_is_refused_and_nothing_written(
    filled: Neo4jTarget, tmp_path: Path, query: str, mapping: str, said: str
) -> None:
    with pytest.raises(FetchFailed, match=said):
        read(filled, tmp_path, query, mapping)
    assert [record["name"] for record in run(filled, "MATCH (m:Model) RETURN m.name AS name ORDER BY name")] == [
        "a",
        "b",
    ]

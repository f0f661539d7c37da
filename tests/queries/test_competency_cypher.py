"""Every competency question that is also written in Cypher has the answer that its author expected, on a real Neo4j."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TypeAlias

import pytest

from stratagraph.ontology.namespaces import compact
from stratagraph.queries.competency import load_questions, normal, read_question
from stratagraph.service.neo4j.cypher.pool import CypherPool, CypherRequest
from stratagraph.service.neo4j.local_server import LocalNeo4j
from stratagraph.service.neo4j.target import Neo4jTarget
from stratagraph.service.neo4j.view import Neo4jView
from stratagraph.service.workers.limits import QuerySettings
from tests.conftest import ROOT
from tests.neo4j_server import target_of, wipe
from tests.opened import Opened
from tests.queries.competency_answers import in_order
from tests.queries.competency_world import world

pytestmark = pytest.mark.neo4j
FILES = sorted((ROOT / "queries" / "competency").glob("*.cypher"))


@pytest.fixture(name="filled", scope="module")
def _filled(
    neo4j_server: LocalNeo4j, tmp_path_factory: pytest.TempPathFactory, furnished: Opened
) -> Iterator[Neo4jTarget]:
    """The database with the graph that the questions are about."""
    target = target_of(neo4j_server)
    wipe(target)
    with world(furnished(tmp_path_factory.mktemp("competency"))) as graph:
        view = Neo4jView(target, graph.engine.model)
        view.rebuild(graph.engine.deriver.snapshot())
        view.close()
    yield target
    wipe(target)


Ask: TypeAlias = Callable[[str], list[list[object]]]


@pytest.fixture(name="rows_of", scope="module")
def _rows_of(filled: Neo4jTarget) -> Iterator[Ask]:
    """The rows as /cypher answers them, from one pool for all questions: each process of it takes a while to start."""
    pool = CypherPool(QuerySettings(query_seconds=60.0), target=lambda: filled, shared=False)

    async def ask(text: str) -> bytes:
        answer = await pool.run(CypherRequest(text=text, parameters={}))
        try:
            return b"".join([piece async for piece in answer.pieces()])
        finally:
            answer.close()

    with asyncio.Runner() as runner:

        def rows_of(text: str) -> list[list[object]]:
            document = json.loads(runner.run(ask(text)))
            assert not document["partial"]
            rows: list[list[object]] = document["rows"]
            return rows

        yield rows_of
        runner.run(pool.stop())


def written(value: object) -> str:
    """A value as the expected rows write it."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    return normal(compact(value) if isinstance(value, str) else str(value))


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_the_answer_in_cypher_is_the_expected_one(file: Path, rows_of: Ask) -> None:
    question = read_question(file.with_suffix(".rq"))
    rows = rows_of(file.read_text("utf-8"))
    assert in_order([tuple(map(written, row)) for row in rows]) == in_order(question.expected)


def test_every_file_in_cypher_belongs_to_a_question() -> None:
    assert {file.stem for file in FILES} <= {f"{question.number:02}-{question.name}" for question in load_questions()}

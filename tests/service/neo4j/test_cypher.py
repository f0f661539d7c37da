from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import neo4j
import pytest
from neo4j.exceptions import Neo4jError

from stratagraph.ontology.errors import StratagraphError
from stratagraph.service.neo4j.cypher import worker
from stratagraph.service.neo4j.cypher.errors import CypherFailed, CypherRefused, CypherTooDeep, SharedDatabase
from stratagraph.service.neo4j.cypher.pool import CypherPool, CypherRequest
from stratagraph.service.neo4j.cypher.question import CypherQuestion
from stratagraph.service.neo4j.errors import (
    Neo4jDatabaseMissing,
    Neo4jLogin,
    Neo4jNotBuilt,
    Neo4jUnavailable,
    NoNeo4j,
)
from stratagraph.service.neo4j.target import Neo4jTarget
from stratagraph.service.workers.errors import DeadlineExceeded, OutOfMemory
from stratagraph.service.workers.limits import QuerySettings
from tests.proxy import Proxy
from tests.service.neo4j.reading import query

pytestmark = pytest.mark.neo4j
ONE = (
    "CREATE (:Watermark {iri: 'https://w3id.org/stratagraph/ns#view/watermark', stratagraph: true, sequence: 7, "
    "nodes: 3})"
)


@pytest.fixture(name="ours")
def _ours(database: Neo4jTarget) -> Neo4jTarget:
    query(database, ONE)
    query(
        database,
        "CREATE (:Asset {iri: 'x:a', stratagraph: true})-[:USES {n: 1}]->(:Asset {iri: 'x:b', stratagraph: true})",
    )
    return database


@asynccontextmanager
async def pool_of(target: Neo4jTarget | None, *, shared: bool = False, **limits: Any) -> AsyncIterator[CypherPool]:
    settings = QuerySettings(**({"workers": 2, "query_seconds": 5.0} | limits))
    pool = CypherPool(settings, target=lambda: target, shared=shared)
    try:
        yield pool
    finally:
        await pool.stop()


def ask(target: Neo4jTarget | None, text: str, parameters: dict[str, Any] | None = None, **options: Any) -> Any:
    async def answer() -> Any:
        async with pool_of(target, **options) as pool:
            begun = await pool.run(CypherRequest(text=text, parameters=parameters or {}))
            try:
                document = json.loads(b"".join([piece async for piece in begun.pieces()]))
            finally:
                begun.close()
            return document | {"sequence": begun.sequence}

    return asyncio.run(answer())


def test_rows_and_the_sequence_come_back(ours: Neo4jTarget) -> None:
    found = ask(ours, "MATCH (n {iri: $iri}) RETURN n.iri AS iri, 1.5 AS x, [1, null] AS l", {"iri": "x:a"})
    assert found == {"columns": ["iri", "x", "l"], "rows": [["x:a", 1.5, [1, None]]], "partial": False, "sequence": 7}


def test_nodes_relationships_paths_and_times_are_json(ours: Neo4jTarget) -> None:
    text = """
        MATCH p = (:Asset {iri: 'x:a'})-[r:USES]->(b)
        RETURN b, r, p, date('2026-01-02'), datetime('2026-01-02T03:04:05Z'), duration('P1D'), 0.0 / 0.0,
               point({x: 1, y: 2})
    """
    node, tie, path, day, moment, span, nan, point = ask(ours, text)["rows"][0]
    assert (node["_type"], node["labels"], node["properties"]) == (
        "node",
        ["Asset"],
        {"iri": "x:b", "stratagraph": True},
    )
    assert (tie["type"], tie["properties"], tie["end"]) == ("USES", {"n": 1}, node["id"])
    assert [each["properties"]["iri"] for each in path["nodes"]] == ["x:a", "x:b"]
    assert path["relationships"] == [tie]
    assert (day, moment[:19], span, nan) == ("2026-01-02", "2026-01-02T03:04:05", "P1D", "NaN")
    assert point["coordinates"] == [1.0, 2.0]


@pytest.mark.parametrize(
    "text",
    [
        "CREATE (:X)",
        "MATCH (n:Asset) SET n.x = 1",
        "MATCH (n) DETACH DELETE n",
        "MATCH (n) CALL (n) { SET n.x = 1 } IN TRANSACTIONS",
        "CALL db.createLabel('X')",
        "CREATE DATABASE x",
        "ALTER CURRENT USER SET PASSWORD FROM 'a' TO 'b'",
        "LOAD CSV FROM 'file:///etc/passwd' AS line RETURN line",
        "LOAD CSV FROM 'http://127.0.0.1:9/x' AS line RETURN line",
        "EXPLAIN LOAD CSV FROM 'file:///etc/passwd' AS line RETURN line",
        "/* x */ PROFILE LOAD CSV FROM 'file:///etc/passwd' AS line RETURN line",
        "CYPHER 5 PROFILE MATCH (n) RETURN n",
        "CALL { LOAD CSV FROM 'file:///etc/passwd' AS line RETURN line } RETURN line",
        "SHOW USERS",
        "SHOW SETTINGS",
        "SHOW TRANSACTIONS",
        "TERMINATE TRANSACTIONS 'neo4j-transaction-1'",
        "CALL dbms.listConfig()",
        "CALL dbms.listConfig() YIELD name RETURN name",
        "CALL dbms.queryJmx('*:*')",
        "USE system SHOW USERS",
        "CREATE INDEX FOR (n:X) ON (n.y)",
        "DROP CONSTRAINT stratagraph_iri",
    ],
)
def test_what_does_more_than_read_the_graph_is_refused(ours: Neo4jTarget, text: str) -> None:
    with pytest.raises((CypherRefused, CypherFailed)):
        ask(ours, text)
    assert query(ours, "MATCH (n) RETURN count(n) AS n")[0]["n"] == 3


@pytest.mark.parametrize("text", ["CALL db.labels()", "CALL db.labels() YIELD label RETURN count(label)"])
def test_procedures_that_tell_of_the_graph_are_allowed(ours: Neo4jTarget, text: str) -> None:
    assert ask(ours, text)["rows"]


@pytest.mark.parametrize(
    "text",
    [
        f"RETURN {'(' * 400}1{')' * 400}",
        f"RETURN {'[' * 4000}1{']' * 4000}",
        f"RETURN {'-' * 1}{' -' * 5000} 1",
        f"RETURN {'NOT ' * 5000} true",
        f"RETURN {'CASE ' * 5000}",
    ],
    ids=["parentheses", "lists", "signs", "not", "case"],
)
def test_nesting_that_hangs_the_parser_is_not_sent(text: str) -> None:
    with pytest.raises(CypherTooDeep):
        ask(Neo4jTarget(url="bolt://127.0.0.1:1", user="", password=""), text)


def test_brackets_in_texts_names_and_comments_do_not_nest(ours: Neo4jTarget) -> None:
    many = "(" * 500
    text = f"RETURN '{many}\\'' AS a, \"{many}\" AS `b{many}` /* {many} */ // {many}\n"
    assert ask(ours, text)["rows"] == [[f"{many}'", many]]


def test_a_query_without_end_is_stopped(ours: Neo4jTarget) -> None:
    with pytest.raises(DeadlineExceeded):
        ask(ours, "UNWIND range(1, 1000000000000) AS x RETURN sum(x)", query_seconds=1.0)


def test_a_huge_value_takes_neither_the_service_nor_the_server(ours: Neo4jTarget) -> None:
    with pytest.raises((CypherFailed, DeadlineExceeded, OutOfMemory)):
        ask(ours, "UNWIND range(1, 100000000) AS x RETURN collect(x)", memory_bytes=256 << 20)
    assert ask(ours, "RETURN 1")["rows"] == [[1]]


def test_an_answer_that_is_cut_says_so(ours: Neo4jTarget) -> None:
    found = ask(ours, "UNWIND range(1, 100) AS x RETURN x", rows=10)
    assert (len(found["rows"]), found["partial"]) == (10, True)
    assert "10 rows" in found["reason"]
    found = ask(ours, "UNWIND range(1, 1000) AS x RETURN 'text' + x", answer_bytes=100)
    assert (len(found["rows"]) < 20, found["partial"]) == (True, True)


def test_another_applications_nodes_are_not_shown(ours: Neo4jTarget) -> None:
    query(ours, "CREATE (:Secret)")
    with pytest.raises(SharedDatabase):
        ask(ours, "RETURN 1")
    assert ask(ours, "RETURN 1", shared=True)["rows"] == [[1]]


@pytest.mark.parametrize("text", ["CREATE (:X)", "MATCH (n) SET n.x = 1", "CALL db.createLabel('X')"])
def test_the_server_refuses_writing_even_if_the_plan_were_not_looked_at(
    ours: Neo4jTarget, text: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(worker, "check_plan", lambda *_: None)
    question = CypherQuestion(
        url=ours.url,
        user=ours.user,
        password=ours.password,
        database=ours.database,
        text=text,
        parameters={},
        rows=10,
        answer_bytes=1000,
        memory_bytes=1 << 30,
        seconds=5.0,
        shared=False,
    )
    with (
        neo4j.GraphDatabase.driver(ours.url, auth=(ours.user, ours.password)) as driver,
        pytest.raises(Neo4jError, match=r"(?i)access mode|read"),
    ):
        list(worker._evaluate(driver, question))
    assert query(ours, "MATCH (n) WHERE n:X OR n.x = 1 RETURN count(n) AS n")[0]["n"] == 0


def test_a_long_answer_is_streamed_and_can_be_left(ours: Neo4jTarget) -> None:
    async def first_pieces() -> list[bytes]:
        async with pool_of(ours, workers=1, rows=100_000_000, answer_bytes=1 << 40, query_seconds=60.0) as pool:
            endless = CypherRequest(text="UNWIND range(1, 1000000000000) AS x RETURN x", parameters={})
            begun = await pool.run(endless)
            pieces = begun.pieces()
            told = [await anext(pieces) for _ in range(3)]
            begun.close()
            again = await pool.run(CypherRequest(text="RETURN 1", parameters={}))  # the only worker is free again
            told.append(b"".join([piece async for piece in again.pieces()]))
            again.close()
            return told

    *pieces, last = asyncio.run(first_pieces())
    assert pieces[0].startswith(b'{"columns":["x"],"rows":[[1],[2]')
    assert all(pieces)
    assert json.loads(last)["rows"] == [[1]]


def test_a_fault_in_the_query_is_explained(ours: Neo4jTarget) -> None:
    with pytest.raises(CypherFailed, match="SyntaxError"):
        ask(ours, "MATCH (n RETURN n")
    with pytest.raises(CypherFailed, match="ParameterMissing"):
        ask(ours, "RETURN $missing")


def test_without_a_neo4j_the_command_that_starts_one_is_told() -> None:
    with pytest.raises(NoNeo4j, match="stratagraph neo4j up"):
        ask(None, "RETURN 1")


def test_a_graph_that_is_not_whole_is_not_asked(ours: Neo4jTarget) -> None:
    query(ours, "MATCH (w:Watermark) DELETE w")  # as it is while the view is built
    with pytest.raises(Neo4jNotBuilt, match="neo4j sync"):
        ask(ours, "MATCH (n) RETURN count(n)")
    with pytest.raises(CypherRefused):
        ask(ours, "MATCH (n) DELETE n")


def test_an_answer_is_not_taken_for_whole_where_a_rebuild_began_meanwhile(ours: Neo4jTarget) -> None:
    limits: dict[str, Any] = {
        "rows": 10,
        "answer_bytes": 1000,
        "memory_bytes": 1 << 30,
        "seconds": 10.0,
        "shared": False,
    }
    question = CypherQuestion(**values_of(ours), text="MATCH (n) RETURN n.iri", parameters={}, **limits)
    with neo4j.GraphDatabase.driver(ours.url, auth=(ours.user, ours.password)) as driver:
        pieces = worker._evaluate(driver, question)
        assert json.loads(next(pieces)) == {"sequence": 7}
        query(ours, "MATCH (w:Watermark) DELETE w")
        with pytest.raises(Neo4jNotBuilt):
            list(pieces)


def values_of(target: Neo4jTarget) -> dict[str, Any]:
    return {"url": target.url, "user": target.user, "password": target.password, "database": target.database}


@pytest.mark.parametrize(
    ("change", "error"),
    [
        ({"password": "wrong"}, Neo4jLogin),
        ({"database": "missing"}, Neo4jDatabaseMissing),
        ({"url": "bolt://127.0.0.1:1"}, Neo4jUnavailable),
    ],
    ids=["password", "database", "address"],
)
def test_a_wrong_configuration_is_named(
    ours: Neo4jTarget, change: dict[str, str], error: type[StratagraphError]
) -> None:
    with pytest.raises(error):
        ask(Neo4jTarget(**(values_of(ours) | change)), "RETURN 1")


def test_the_deadline_holds_when_the_server_does_not_answer(ours: Neo4jTarget) -> None:
    with Proxy(int(ours.url.rpartition(":")[2])) as proxy:
        through = Neo4jTarget(url=f"bolt://127.0.0.1:{proxy.port}", user=ours.user, password=ours.password)
        assert ask(through, "RETURN 1")["rows"] == [[1]]
        proxy.swallow()
        with pytest.raises(DeadlineExceeded):
            ask(through, "RETURN 1", query_seconds=1.0)


def test_one_query_that_fails_leaves_the_others_alone(ours: Neo4jTarget) -> None:
    async def both() -> tuple[object, bytes]:
        async with pool_of(ours, query_seconds=2.0) as pool:
            slow = asyncio.ensure_future(
                pool.run(
                    CypherRequest(text="UNWIND range(1, 1000000000000) AS x RETURN sum(x)", parameters={}, client="a")
                )
            )
            begun = await pool.run(CypherRequest(text="RETURN 1", parameters={}, client="b"))
            document = b"".join([piece async for piece in begun.pieces()])
            begun.close()
            try:
                answer = await slow
            except StratagraphError as error:
                return error, document
            try:
                async for _ in answer.pieces():
                    pass
            except StratagraphError as error:
                return error, document
            finally:
                answer.close()
            return None, document

    error, document = asyncio.run(both())
    assert isinstance(error, DeadlineExceeded)
    assert json.loads(document)["rows"] == [[1]]

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from pydantic import SecretStr

from stratagraph.ontology.facts import Batch, Fact, Literal, Method, Scope
from stratagraph.ontology.identity import mint
from stratagraph.ontology.namespaces import RDF, SG
from stratagraph.service import projector
from stratagraph.service.client import Refused, local
from stratagraph.service.demo import load_estates
from stratagraph.service.engine import Engine
from stratagraph.service.http.app import create_app
from stratagraph.service.neo4j.local import LocalNeo4j
from stratagraph.service.neo4j.target import Target
from stratagraph.service.projector import State
from stratagraph.service.settings import Settings, load_settings
from tests.neo4j_server import target_of, wipe
from tests.proxy import Proxy
from tests.service.neo4j.reading import Reader, query

pytestmark = pytest.mark.neo4j
PATIENCE = 120.0
"""Seconds until a view is taken never to come; a bound, not a measurement."""


@pytest.fixture(name="proxy")
def _proxy(database: Target) -> Iterator[Proxy]:
    with Proxy(int(database.url.rpartition(":")[2])) as proxy:
        yield proxy


@pytest.fixture(name="engine")
def _engine(database: Target, proxy: Proxy, tmp_path: Path) -> Iterator[Engine]:
    with Engine(settings_for(database, tmp_path, proxy.port)) as engine:
        engine.start_projecting()
        until(lambda: engine.neo4j.status().state is State.CURRENT)
        yield engine


def settings_for(target: Target, folder: Path, port: int) -> Settings:
    return load_settings(data=folder, neo4j_url=f"bolt://127.0.0.1:{port}", neo4j_password=SecretStr(target.password))


def until(holds: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE
    while not holds():
        assert time.monotonic() < deadline, "it never came"
        time.sleep(0.05)


def commit(engine: Engine, number: int) -> str:
    iri = mint(engine.model, SG.Dataset, {SG.name: f"d{number}"})
    facts = (Fact(iri, RDF.type, SG.Dataset), Fact(iri, SG.name, Literal(f"d{number}")))
    scope = Scope(name=f"s{number}", complete=True, stated=facts)
    engine.commit(Batch(source="test", run=f"r{number}", method=Method.DECLARED, scopes=(scope,)))
    return iri


def is_up_to_date(engine: Engine) -> bool:
    seen = engine.neo4j.status()
    return seen.state is State.CURRENT and seen.sequence == engine.adjacency.sequence


def names(target: Target) -> set[str]:
    return {record["name"] for record in query(target, "MATCH (n:Dataset) RETURN n.name AS name")}


@contextmanager
def projecting(settings: Settings) -> Iterator[Engine]:
    with Engine(settings) as engine:
        engine.start_projecting()
        until(lambda: is_up_to_date(engine))
        yield engine


def test_the_example_estate_is_the_same_in_all_views(engine: Engine, database: Target) -> None:
    load_estates(engine)
    until(lambda: is_up_to_date(engine))
    graph = Reader(engine.model).read(database)
    edges = {
        (edge.influencer, edge.influenced): len(edge.strengths)
        for record in engine.triples.select("SELECT DISTINCT ?a { ?a a sg:Asset }")
        for edge in engine.adjacency.influences_from(str(record["a"]))
    }
    assert edges
    assert {pair: len(edge[0]) for pair, edge in graph.edges.items()} == edges
    rows = engine.triples.select("SELECT ?s ?p ?o { ?s ?p ?o . ?p a owl:ObjectProperty . ?s a sg:Asset }")
    family = Reader(engine.model).family
    relations = {Fact(str(r["s"]), str(r["p"]), str(r["o"])) for r in rows if str(r["p"]) not in family}
    assert relations
    assert relations <= graph.facts
    types = engine.triples.select("SELECT ?s ?t { ?s a sg:Asset , ?t }")
    assert {Fact(str(row["s"]), RDF.type, str(row["t"])) for row in types} <= graph.facts


def test_an_outage_holds_nobody_up_and_is_caught_up(engine: Engine, database: Target, proxy: Proxy) -> None:
    proxy.cut()
    for number in range(5):
        commit(engine, number)
    until(lambda: engine.neo4j.status().state is State.DOWN)
    client = local(create_app(engine, guarded=False))
    told = client.request("GET", "/health/ready").json()["views"]["neo4j"]
    assert (told["state"], told["lag"] > 0) == ("down", True)
    assert 'stratagraph_view_up{view="neo4j"} 0.0' in client.request("GET", "/metrics").text
    with pytest.raises(Refused) as refused:
        client.request("POST", "/cypher", json={"query": "RETURN 1"})
    assert (refused.value.code, refused.value.problem["type"].rpartition("/")[2]) == (503, "neo4j-unavailable")
    proxy.restore()
    until(lambda: is_up_to_date(engine))
    assert client.request("GET", "/health/ready").json()["views"]["neo4j"]["lag"] == 0
    wanted = {"Stratagraph-At-Least": str(engine.sequence)}
    found = client.request("POST", "/cypher", json={"query": "MATCH (n:Dataset) RETURN count(n)"}, headers=wanted)
    assert found.json()["rows"] == [[5]]
    assert found.headers["Stratagraph-Sequence"] == str(engine.sequence)


def test_too_large_a_gap_is_rebuilt(
    engine: Engine, database: Target, proxy: Proxy, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(projector, "QUEUED_CHANGES", 2)
    proxy.cut()
    for number in range(5):
        commit(engine, number)
    proxy.restore()
    until(lambda: is_up_to_date(engine))
    assert names(database) == {f"d{number}" for number in range(5)}


def test_a_wiped_database_is_noticed_without_any_commit(engine: Engine, database: Target) -> None:
    commit(engine, 1)
    until(lambda: is_up_to_date(engine))
    wipe(database)
    until(lambda: bool(query(database, "MATCH (w:Watermark) RETURN w")))
    assert names(database) == {"d1"}


def test_a_service_that_comes_back_finds_its_graph_as_it_was(database: Target, proxy: Proxy, tmp_path: Path) -> None:
    settings = settings_for(database, tmp_path, proxy.port)
    with projecting(settings) as engine:
        commit(engine, 1)
        until(lambda: is_up_to_date(engine))
    query(database, "MATCH (d:Dataset) SET d.mark = 1")  # a rebuild would lose it
    with projecting(settings):
        assert query(database, "MATCH (d:Dataset {mark: 1}) RETURN d")
    with Engine(settings) as engine:
        commit(engine, 2)  # nobody projects
    with projecting(settings):
        assert names(database) == {"d1", "d2"}


def test_the_graph_of_another_ledger_is_rebuilt(database: Target, proxy: Proxy, tmp_path: Path) -> None:
    for number, folder in enumerate(("one", "two")):
        with projecting(settings_for(database, tmp_path / folder, proxy.port)) as engine:
            commit(engine, number)
            until(lambda engine=engine: is_up_to_date(engine))  # type: ignore[misc]  # a default argument
    assert names(database) == {"d1"}


def test_a_local_server_is_found_stopped_and_started(neo4j_server: LocalNeo4j, database: Target) -> None:
    with Engine(load_settings(data=neo4j_server.home.parent)) as engine:
        engine.start_projecting()
        commit(engine, 1)
        until(lambda: is_up_to_date(engine))
        assert neo4j_server.down()
        commit(engine, 2)
        until(lambda: engine.neo4j.status().state is State.ABSENT)
        neo4j_server.up()
        until(lambda: is_up_to_date(engine))
    assert names(target_of(neo4j_server)) == {"d1", "d2"}


@pytest.mark.parametrize(
    ("change", "words"),
    [({"neo4j_password": SecretStr("wrong")}, "NEO4J_PASSWORD"), ({"neo4j_database": "none"}, "NEO4J_DATABASE")],
    ids=["password", "database"],
)
def test_a_wrong_configuration_is_told_and_holds_nobody_up(
    database: Target, proxy: Proxy, tmp_path: Path, change: dict[str, object], words: str
) -> None:
    settings = settings_for(database, tmp_path, proxy.port).model_copy(update=change)
    with Engine(settings) as engine:
        engine.start_projecting()
        commit(engine, 1)
        until(lambda: engine.neo4j.status().state is State.DOWN)
        assert words in engine.neo4j.status().problem

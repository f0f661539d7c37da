"""One engine that projects while Neo4j goes away, falls far behind, or is wiped."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from stratagraph.ontology.facts import Fact
from stratagraph.ontology.namespaces import RDF
from stratagraph.service.client import Refused, local
from stratagraph.service.demo import load_estates
from stratagraph.service.engine.engine import Engine
from stratagraph.service.http.app import create_app
from stratagraph.service.neo4j.local_server import LocalNeo4j
from stratagraph.service.neo4j.mapping.graph_names import Names
from stratagraph.service.neo4j.target import Neo4jTarget
from stratagraph.service.views import projector
from stratagraph.service.views.projector import State
from tests.neo4j_server import emptied, wipe
from tests.opened import Opened
from tests.proxy import Proxy
from tests.service.neo4j.projecting import (
    commit,
    is_up_to_date,
    names,
    projecting,
    settings_for,
    stated_names,
    until,
)
from tests.service.neo4j.reading import Reader, query

pytestmark = [pytest.mark.neo4j, pytest.mark.usefixtures("impatient")]


@dataclass(frozen=True)
class Projected:
    """An engine that projects into a database through a proxy."""

    engine: Engine
    database: Neo4jTarget
    proxy: Proxy


@pytest.fixture(name="projected", scope="module")
def _projected(
    neo4j_server: LocalNeo4j, impatient: None, opened: Opened, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Projected]:
    """The engine, which every test leaves up to date."""
    database = emptied(neo4j_server)
    with (
        Proxy(int(database.url.rpartition(":")[2])) as proxy,
        projecting(settings_for(database, opened(tmp_path_factory.mktemp("data")), proxy.port)) as engine,
    ):
        yield Projected(engine, database, proxy)


def test_the_example_estate_is_the_same_in_all_views(projected: Projected) -> None:
    engine, database = projected.engine, projected.database
    load_estates(engine)
    until(lambda: is_up_to_date(engine))
    graph = Reader(engine.model).read(database)
    edges = {
        (edge.influencer, edge.influenced): len(edge.strengths)
        for record in engine.triples.select("SELECT DISTINCT ?a { ?a a sg:Asset }")
        for edge in engine.adjacency.influences_from(str(record["a"]))
    }
    assert edges
    assert {pair: len(edge) for pair, edge in graph.edges.items()} == edges
    rows = engine.triples.select(
        "SELECT ?s ?p ?o { ?g a sg:ClaimSet . GRAPH ?g { ?s ?p ?o } ?p a owl:ObjectProperty . ?s a sg:Asset }"
    )
    directions = Names(engine.model).directions
    relations = {directions.written(Fact(str(r["s"]), str(r["p"]), str(r["o"]))) for r in rows}
    assert relations
    assert relations <= graph.claims.keys()
    types = engine.triples.select("SELECT ?s ?t { ?s a sg:Asset , ?t FILTER NOT EXISTS { ?s a owl:NamedIndividual } }")
    assert {Fact(str(row["s"]), RDF.type, str(row["t"])) for row in types} <= graph.facts


def test_an_outage_holds_nobody_up_and_is_caught_up(projected: Projected) -> None:
    engine, proxy = projected.engine, projected.proxy
    proxy.cut()
    for number in range(5):
        commit(engine, number)
    until(lambda: engine.neo4j.status().state is State.DOWN)
    client = local(create_app(engine, guarded=False, lasting=False))
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
    asked = {"query": "MATCH (n:Dataset) RETURN n.name"}
    found = client.request("POST", "/cypher", json=asked, headers=wanted)
    answered = {name for [name] in found.json()["rows"]}
    assert answered == stated_names(engine) >= {f"d{number}" for number in range(5)}
    assert found.headers["Stratagraph-Sequence"] == str(engine.sequence)


def test_too_large_a_gap_is_rebuilt(projected: Projected, monkeypatch: pytest.MonkeyPatch) -> None:
    engine, proxy = projected.engine, projected.proxy
    monkeypatch.setattr(projector, "QUEUED_CHANGES", 2)
    proxy.cut()
    for number in range(10, 15):
        commit(engine, number)
    proxy.restore()
    until(lambda: is_up_to_date(engine))
    assert names(projected.database) == stated_names(engine) >= {f"d{number}" for number in range(10, 15)}


def test_a_wiped_database_is_noticed_without_any_commit(projected: Projected) -> None:
    engine, database = projected.engine, projected.database
    commit(engine, 20)
    until(lambda: is_up_to_date(engine))
    wipe(database)
    until(lambda: bool(query(database, "MATCH (w:Watermark) RETURN w")))
    assert names(database) == stated_names(engine) >= {"d20"}


def test_what_somebody_set_is_named_and_mended(projected: Projected, monkeypatch: pytest.MonkeyPatch) -> None:
    engine, database = projected.engine, projected.database
    monkeypatch.setattr(projector, "FEWEST", projector.MOST)
    commit(engine, 30)
    until(lambda: is_up_to_date(engine))
    query(database, "MATCH (n:Dataset {name: 'd30'}) SET n.name = 'd31'")
    until(lambda: "the property name of" in engine.neo4j.status().problem)
    query(database, "MATCH (w:Watermark) DELETE w")
    until(lambda: engine.neo4j.status().problem == "" and "d30" in names(database))
    until(lambda: is_up_to_date(engine))

"""Engines over the whole ontology that project into the tests' Neo4j."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from pydantic import SecretStr

from stratagraph.ontology.facts import Batch, Fact, Literal, Method, Scope
from stratagraph.ontology.identity import mint
from stratagraph.ontology.namespaces import RDF, SG
from stratagraph.service.engine.engine import Engine
from stratagraph.service.neo4j.target import Neo4jTarget
from stratagraph.service.settings import Settings, load_settings
from stratagraph.service.views.projector import State
from tests.service.neo4j.reading import query

PATIENCE = 120.0
"""Seconds until a view is taken never to come; a bound, not a measurement."""


def settings_for(target: Neo4jTarget, folder: Path, port: int) -> Settings:
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


def names(target: Neo4jTarget) -> set[str]:
    return {record["name"] for record in query(target, "MATCH (n:Dataset) RETURN n.name AS name")}


def stated_names(engine: Engine) -> set[str]:
    rows = engine.triples.select("SELECT ?name { ?s a sg:Dataset ; sg:name ?name }")
    return {row["name"].value for row in rows if isinstance(row["name"], Literal)}


@contextmanager
def projecting(settings: Settings) -> Iterator[Engine]:
    with Engine(settings) as engine:
        engine.start_projecting()
        until(lambda: is_up_to_date(engine))
        yield engine

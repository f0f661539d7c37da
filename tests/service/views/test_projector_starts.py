"""Engines and servers that start, stop, come back or can't: what each finds in the database."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest
from pydantic import SecretStr

from stratagraph.service.engine.engine import Engine
from stratagraph.service.neo4j.local_server import LocalNeo4j
from stratagraph.service.neo4j.target import Neo4jTarget
from stratagraph.service.neo4j.view.neo4j_view import MARK
from stratagraph.service.settings import Settings, load_settings
from stratagraph.service.views import projector
from stratagraph.service.views.projector import State
from tests.neo4j_server import target_of
from tests.opened import Opened
from tests.proxy import Proxy
from tests.service.neo4j.projecting import commit, is_up_to_date, names, projecting, settings_for, until
from tests.service.neo4j.reading import query
from tests.service.neo4j.view.test_differences import OLD

pytestmark = [pytest.mark.neo4j, pytest.mark.usefixtures("impatient")]


@pytest.fixture(name="proxy")
def _proxy(database: Neo4jTarget) -> Iterator[Proxy]:
    with Proxy(int(database.url.rpartition(":")[2])) as proxy:
        yield proxy


@pytest.fixture(name="settings")
def _settings(database: Neo4jTarget, proxy: Proxy, tmp_path: Path, opened: Opened) -> Settings:
    """A data folder that was opened before, beside an empty database."""
    return settings_for(database, opened(tmp_path), proxy.port)


def test_a_service_that_comes_back_finds_its_graph_as_it_was(database: Neo4jTarget, settings: Settings) -> None:
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


def test_the_graph_of_another_ledger_is_rebuilt(
    database: Neo4jTarget, proxy: Proxy, tmp_path: Path, opened: Opened
) -> None:
    opened(tmp_path / "one")
    for number, folder in enumerate(("one", "two")):
        with projecting(settings_for(database, tmp_path / folder, proxy.port)) as engine:
            commit(engine, number)
            until(partial(is_up_to_date, engine))
    assert names(database) == {"d1"}


def test_the_graph_of_an_older_mapping_is_rebuilt_and_said_so(
    database: Neo4jTarget, settings: Settings, caplog: pytest.LogCaptureFixture
) -> None:
    query(database, OLD, iri=MARK)
    with caplog.at_level(logging.INFO, logger=projector.__name__), projecting(settings) as engine:
        commit(engine, 1)
        until(lambda: is_up_to_date(engine))
        assert engine.neo4j.status().problem == ""
    assert query(database, "MATCH (n:Stratagraph) RETURN n") == []
    told = [record.getMessage() for record in caplog.records if "rebuilding the view neo4j" in record.getMessage()]
    assert len(told) == 1
    assert "mapping 5, here it is" in told[0]


def test_a_local_server_is_found_stopped_and_started(
    neo4j_server: LocalNeo4j, database: Neo4jTarget, opened: Opened
) -> None:
    with Engine(load_settings(data=opened(neo4j_server.home.parent))) as engine:
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
    settings: Settings, change: dict[str, object], words: str
) -> None:
    with Engine(settings.model_copy(update=change)) as engine:
        engine.start_projecting()
        commit(engine, 1)
        until(lambda: engine.neo4j.status().state is State.DOWN)
        assert words in engine.neo4j.status().problem

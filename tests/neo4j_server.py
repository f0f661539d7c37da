"""A real Neo4j for the tests: one per session, started with the code that users run, cleaned between tests."""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Iterator

import neo4j
import pytest
from neo4j.exceptions import ClientError

from stratagraph.service.neo4j import connection
from stratagraph.service.neo4j.errors import MavenMissing, Neo4jJavaMissing
from stratagraph.service.neo4j.local_server import LocalNeo4j
from stratagraph.service.neo4j.runtime import LTS, find_java, release_of
from stratagraph.service.neo4j.target import Neo4jTarget, local_target
from stratagraph.service.views import projector


def refuse_without_tools(version: str = LTS) -> None:
    """Skip where the server can't be had, saying what to install."""
    try:
        find_java(release_of(version))
    except Neo4jJavaMissing as error:
        pytest.skip(str(error))
    if shutil.which("mvn") is None:
        pytest.skip(str(MavenMissing()))


@pytest.fixture(name="neo4j_server", scope="session")
def _neo4j_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalNeo4j]:
    """The server of this session, running."""
    version = os.environ.get("TEST_NEO4J", LTS)
    refuse_without_tools(version)
    local = LocalNeo4j(tmp_path_factory.mktemp("neo4j"))
    local.up(version)
    try:
        yield local
    finally:
        local.down()


@pytest.fixture(name="database")
def _database(neo4j_server: LocalNeo4j) -> Neo4jTarget:
    """An empty database on the running server."""
    return emptied(neo4j_server)


@pytest.fixture(name="impatient", scope="module")
def _impatient() -> Iterator[None]:
    """Look at Neo4j more often than users need, and give it up sooner."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(projector, "LOOK", 0.2)
        patch.setattr(projector, "PAUSE", 0.5)
        patch.setitem(connection.OPTIONS, "max_transaction_retry_time", 0.5)
        yield


def emptied(local: LocalNeo4j) -> Neo4jTarget:
    """The database of a server, which is started if it does not run, without a node."""
    local.up()
    target = target_of(local)
    wipe(target)
    return target


def until_let_in(target: Neo4jTarget) -> None:
    """Wait while the server lets nobody in, as it does for five seconds after three wrong passwords."""
    with neo4j.GraphDatabase.driver(target.url, auth=(target.user, target.password)) as driver:
        while True:
            try:
                return driver.verify_connectivity()
            except ClientError as error:
                if error.code != "Neo.ClientError.Security.AuthenticationRateLimit":
                    raise
                time.sleep(0.5)


def target_of(local: LocalNeo4j) -> Neo4jTarget:
    """The database of a server that was started."""
    target = local_target(local.home.parent)
    assert target is not None
    return target


def wipe(target: Neo4jTarget) -> None:
    """Remove every node, whoever made it."""
    until_let_in(target)
    with (
        neo4j.GraphDatabase.driver(target.url, auth=(target.user, target.password)) as driver,
        driver.session(database=target.database) as session,
    ):
        session.run("MATCH (n) CALL (n) { DETACH DELETE n } IN TRANSACTIONS OF 5000 ROWS").consume()

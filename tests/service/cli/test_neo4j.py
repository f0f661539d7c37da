"""The neo4j commands, on a real server and without one."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

import pytest

from stratagraph.service.neo4j.local_server import LocalNeo4j
from stratagraph.service.neo4j.target import Neo4jTarget
from tests.neo4j_server import refuse_without_tools
from tests.service.cli.invoking import Done, run
from tests.service.neo4j.reading import query
from tests.service.running import clean_environment, started

ESTATE = "assets:\n- kind: BaseModel\n  name: gpt-5\n- kind: LLMSystem\n  name: helpdesk\n  usesModel: [gpt-5]\n"
RELATION = "MATCH ({name: 'helpdesk'})-[:USES_MODEL]->({name: 'gpt-5'}) RETURN count(*) AS n"
CAN_NOT = 2


@pytest.fixture(name="environment")
def _environment(tmp_path: Path) -> Mapping[str, str]:
    """A newcomer's environment, with one small estate loaded."""
    environment = clean_environment(tmp_path / "home")
    file = tmp_path / "estate.yaml"
    file.write_text(ESTATE, encoding="utf-8")
    loaded = run("load", str(file), environment=environment)
    assert loaded.returncode == 0, loaded.stderr
    return environment


def with_neo4j(environment: Mapping[str, str], target: Neo4jTarget) -> Mapping[str, str]:
    settings = {"STRATAGRAPH_NEO4J_URL": target.url, "STRATAGRAPH_NEO4J_PASSWORD": target.password}
    return {**environment, **settings}


def neo4j(command: str, environment: Mapping[str, str], target: Neo4jTarget | None = None, **changed: str) -> Done:
    known = with_neo4j(environment, target) if target is not None else environment
    return run("neo4j", command, environment={**known, **changed})


@pytest.mark.parametrize("command", ["status", "sync", "rebuild"])
def test_without_a_neo4j_the_command_that_starts_one_is_told(command: str, environment: Mapping[str, str]) -> None:
    done = neo4j(command, environment)
    assert done.returncode == CAN_NOT
    assert "stratagraph neo4j up" in done.stderr


@pytest.mark.parametrize("command", ["status", "sync", "rebuild"])
def test_one_that_does_not_answer_is_named(command: str, environment: Mapping[str, str]) -> None:
    done = neo4j(command, environment, STRATAGRAPH_NEO4J_URL="bolt://127.0.0.1:1")
    assert done.returncode == CAN_NOT
    assert "Neo4j at bolt://127.0.0.1:1 does not answer" in done.stderr


def test_stopping_nothing_is_no_fault(environment: Mapping[str, str]) -> None:
    done = neo4j("down", environment)
    assert (done.returncode, done.stdout) == (0, "No local Neo4j runs.\n")


def test_a_version_that_can_not_be_started_is_refused(environment: Mapping[str, str]) -> None:
    done = run("neo4j", "up", "--version", "3.5", environment=environment)
    assert done.returncode == CAN_NOT
    assert "newest" in done.stderr


@pytest.mark.neo4j
@pytest.mark.parametrize(
    ("setting", "value", "advice"),
    [
        ("STRATAGRAPH_NEO4J_PASSWORD", "wrong", "Set STRATAGRAPH_NEO4J_USER and STRATAGRAPH_NEO4J_PASSWORD"),
        ("STRATAGRAPH_NEO4J_DATABASE", "missing", "Create it, or set STRATAGRAPH_NEO4J_DATABASE"),
    ],
    ids=["password", "database"],
)
def test_what_is_configured_wrongly_is_named(
    environment: Mapping[str, str], database: Neo4jTarget, setting: str, value: str, advice: str
) -> None:
    for command in ("status", "sync", "rebuild"):
        done = neo4j(command, environment, database, **{setting: value})
        assert done.returncode == CAN_NOT
        assert advice in " ".join(done.stderr.split())


@pytest.mark.neo4j
def test_the_graph_is_brought_up_and_rebuilt_beside_anothers(
    environment: Mapping[str, str], database: Neo4jTarget
) -> None:
    query(database, "CREATE (:Theirs {name: 'theirs'})")
    assert "no graph of ours yet\nnodes of ours: 0, of others: 1" in neo4j("status", environment, database).stdout
    for command in ("sync", "rebuild"):
        done = neo4j(command, environment, database)
        assert (done.returncode, done.stdout) == (0, "The property graph is at sequence 2.\n"), done.stderr
        assert query(database, RELATION)[0]["n"] == 1
        query(database, "MATCH ()-[r:USES_MODEL]->() DELETE r")  # what a sync can't know of
    assert query(database, RELATION)[0]["n"] == 0
    assert neo4j("sync", environment, database).returncode == 0
    assert query(database, RELATION)[0]["n"] == 0
    assert "Somebody else changed the graph" in neo4j("status", environment, database).stdout
    done = run("neo4j", "sync", "--repair", environment=with_neo4j(environment, database))
    assert "Somebody else changed the graph" in done.stdout
    assert query(database, RELATION)[0]["n"] == 1
    assert "Somebody else" not in neo4j("status", environment, database).stdout
    query(database, "MATCH (n {name: 'gpt-5'}) SET n.name = 'gpt-6'")  # their number is as it was
    done = run("neo4j", "sync", "--repair", environment=with_neo4j(environment, database))
    assert "the property name of" in done.stdout
    assert query(database, RELATION)[0]["n"] == 1
    assert neo4j("rebuild", environment, database).returncode == 0
    assert query(database, RELATION)[0]["n"] == 1
    assert query(database, "MATCH (n:Theirs) RETURN properties(n) AS p")[0]["p"] == {"name": "theirs"}
    said = neo4j("status", environment, database).stdout
    assert f"at {database.url}, database neo4j\ngraph at sequence 2\n" in said
    assert "of others: 1" in said


@pytest.mark.neo4j
def test_a_running_service_is_left_to_do_it(database: Neo4jTarget, tmp_path: Path) -> None:
    secret, config = tmp_path / "secret", tmp_path / "config.yaml"
    secret.write_text(database.password, encoding="utf-8")
    config.write_text(f"neo4j_url: {database.url}\nneo4j_password_file: {secret}\n", encoding="utf-8")
    with started("serve", "--config", str(config), home=tmp_path / "home") as service:
        for command, words in (("sync", "keeps the graph up by itself"), ("rebuild", "rebuilds the graph")):
            done = run("neo4j", command, "--config", str(config), environment=service.environment)
            assert done.returncode == 0, done.stderr
            assert words in done.stdout


@pytest.mark.neo4j
def test_a_local_server_is_started_once_and_stopped(
    environment: Mapping[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    refuse_without_tools()
    monkeypatch.chdir(tmp_path / "home")
    environment = {**environment, "STRATAGRAPH_DATA": "stratagraph"}  # relative, which once never started
    fetched = {**environment, "XDG_CACHE_HOME": os.environ.get("XDG_CACHE_HOME") or str(Path.home() / ".cache")}
    server = LocalNeo4j(tmp_path / "home" / "stratagraph")
    try:
        begun = neo4j("up", fetched)
        assert begun.returncode == 0, begun.stderr
        record = server.running()
        assert record is not None
        assert f"Neo4j 5.26.30 at {record.url}, user neo4j, password in {server.password_file}" in begun.stdout
        assert server.password() not in begun.stdout
        assert server.password_file.stat().st_mode & 0o777 == 0o600
        assert record.url in neo4j("up", fetched).stdout
        assert "no graph of ours yet" in neo4j("status", environment).stdout
        assert neo4j("down", environment).stdout == "Neo4j is stopped.\n"
        assert server.running() is None
        assert not (server.home / "stratagraph").exists()
        assert neo4j("down", environment).stdout == "No local Neo4j runs.\n"
    finally:
        server.down()

"""Tools that introspect a database open the demo's graph: each in an environment of its own, over a Neo4j with APOC."""

from __future__ import annotations

import ast
import json
import subprocess
import venv
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest

from stratagraph.ontology.model import OntologyModel
from stratagraph.service.engine.engine import Engine
from stratagraph.service.neo4j.local_server import LocalNeo4j
from stratagraph.service.neo4j.target import Neo4jTarget, local_target
from stratagraph.service.neo4j.view import Neo4jView
from stratagraph.service.settings import Settings
from tests.opened import Opened
from tests.service.neo4j.reading import query

PINS = {
    "llama-index": ("llama-index-core==0.14.25", "llama-index-graph-stores-neo4j==0.8.0"),
    "neomodel": ("neomodel==7.0.0",),
    "mcp-neo4j-cypher": ("mcp-neo4j-cypher==0.6.0", "mcp==1.22.0"),
}
"""Together pip would look for versions that fit each other for a long time."""
AGENTS = "MATCH (a:Agent) RETURN count(a) AS agents"


@pytest.fixture(name="demo", scope="module")
def _demo(tmp_path_factory: pytest.TempPathFactory, furnished: Opened) -> Iterator[Neo4jTarget]:
    data = furnished(tmp_path_factory.mktemp("introspected") / "data")
    local = LocalNeo4j(data)
    local.up(apoc=True)
    try:
        target = local_target(data)
        assert target is not None
        with Engine(Settings(data=data)) as engine:
            project(engine, target, engine.model)
        yield target
    finally:
        local.down()


def project(engine: Engine, target: Neo4jTarget, model: OntologyModel) -> None:
    with closing(Neo4jView(target, model)) as view:
        view.rebuild(engine.deriver.snapshot())


def is_classes(shown: str) -> bool:
    written = {each.name for each in ast.parse(shown).body if isinstance(each, ast.ClassDef)}
    return written >= {"Agent", "Law", "OntologyTerm"}


def is_schema(shown: str) -> bool:
    return {"Agent", "Law", "OntologyTerm"} <= set(json.loads(shown))


def is_text(shown: str) -> bool:
    return "(:Agent)-[:MAY_USE_TOOL]->(:Tool)" in shown


LOOKS: dict[str, Callable[[str], bool]] = {
    "llama-index": is_text,
    "neomodel": is_classes,
    "mcp-neo4j-cypher": is_schema,
}


@pytest.mark.nightly
@pytest.mark.neo4j
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("tool", PINS)
def test_a_tool_that_introspects_opens_the_graph(tool: str, demo: Neo4jTarget, tmp_path: Path) -> None:
    venv.create(tmp_path, with_pip=True)
    python = tmp_path / "bin" / "python"
    subprocess.run([python, "-m", "pip", "install", "--quiet", *PINS[tool]], check=True)
    script = Path(__file__).parent / "introspection.py"
    done = subprocess.run([python, script, tool, demo.url, demo.password], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    shown, agents = json.loads(done.stdout)
    assert LOOKS[tool](shown)
    counted = query(demo, AGENTS)[0]["agents"]
    assert counted
    assert agents in {counted, None}

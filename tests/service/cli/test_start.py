"""A command loads what it needs and no more: what it needs not is most of its time."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from stratagraph.service.app import app
from stratagraph.service.cli.group import LazyCommands, LazyGroup
from stratagraph.service.client import connect
from stratagraph.service.settings import load_settings
from stratagraph.service.sparql.worker_handle import SparqlWorker
from stratagraph.service.workers.limits import QuerySettings
from tests.opened import Opened

HEAVY = (
    "alembic",
    "asyncio",
    "cryptography",
    "ddsketch",
    "fastapi",
    "google.protobuf",
    "grpc",
    "httpx",
    "hypothesis",
    "jinja2",
    "neo4j",
    "networkx",
    "owlready2",
    "pydantic",
    "pydantic_settings",
    "pyoxigraph",
    "rdflib",
    "rich",
    "sqlalchemy",
    "uvicorn",
    "yaml",
)
CLIENT = {"pydantic"}
"""What checks the settings."""
OPENING = {"asyncio", "pydantic", "pyoxigraph", "sqlalchemy"}
"""What opening a data folder needs beside: SQLAlchemy loads asyncio by itself."""


def loaded(code: str) -> set[str]:
    """The heavy libraries that are loaded once the code has run, in a process of its own."""
    report = f"import sys; print(*[name for name in {HEAVY!r} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", f"{code}\n{report}"], capture_output=True, text=True, check=True)
    return set(done.stdout.splitlines()[-1].split())


def command(*arguments: str) -> str:
    return (
        "from typer.testing import CliRunner\nfrom stratagraph.service.app import app\n"
        f"assert CliRunner().invoke(app, {list(arguments)!r}).exit_code == 0"
    )


@pytest.mark.parametrize("arguments", [("--version",), ("--help",)])
def test_the_program_itself_loads_no_part_of_the_service(arguments: tuple[str, ...]) -> None:
    assert loaded(command(*arguments)) == set()


ASKING = ["audit", "impact", "listing", "query", "search", "show"]


@pytest.mark.parametrize("name", ASKING)
def test_a_command_that_asks_a_running_service_loads_only_its_client(name: str) -> None:
    module = f"stratagraph.service.cli.{name}"
    assert loaded(f"import {module}, stratagraph.service.client") <= CLIENT


def test_opening_a_folder_again_loads_only_what_holds_it(opened: Opened, tmp_path: Path) -> None:
    settings = f"load_settings(data={str(opened(tmp_path))!r})"
    code = (
        "from stratagraph.service.engine.engine import Engine\nfrom stratagraph.service.settings import load_settings\n"
        f"with Engine({settings}) as engine:\n    assert engine.triples.ask('ASK {{ ?s ?p ?o }}')"
    )
    assert loaded(code) == OPENING


SERVING = OPENING | {"ddsketch", "fastapi", "google.protobuf", "yaml"}
"""What the routes need beside: what reads telemetry, inventories and the aliases of names."""


def test_the_routes_wait_for_no_library_that_only_some_of_them_use() -> None:
    assert loaded("import stratagraph.service.http.app, stratagraph.service.exchange") == SERVING


def test_a_command_that_is_alone_starts_no_process_for_queries_unless_it_asks_one(
    opened: Opened, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    started: list[int] = []
    start = SparqlWorker.start

    async def counted(settings: QuerySettings) -> SparqlWorker:
        worker = await start(settings)
        started.append(worker.pid)
        return worker

    monkeypatch.setattr(SparqlWorker, "start", counted)
    with connect(load_settings(data=opened(tmp_path))) as client:
        for path in ("/api/levels", "/api/search?q=x"):
            assert client.request("GET", path).status == 200
        assert started == []
        for number in (1, 2):  # each is a run of the event loop, and lives with its own process
            params = {"query": "ASK { ?s ?p ?o }"}
            assert client.request("GET", "/sparql", params=params).json()["boolean"]
            assert len(started) == number


@pytest.mark.parametrize("group", ["ledger", "ontology", "neo4j", "token"])
def test_the_help_of_a_group_tells_of_its_commands_in_whole_sentences(group: str) -> None:
    told = CliRunner().invoke(app, [group, "--help"]).output
    found = typer.main.get_command(app).commands[group]  # type: ignore[attr-defined]  # it is a group
    for name, each in found.commands.items():
        first = " ".join((each.help or "").partition("\n\n")[0].split())
        assert f"{name} {first}" in " ".join(told.split())


def test_the_help_says_what_the_commands_say() -> None:
    group = typer.main.get_command(app)
    assert isinstance(group, LazyGroup)
    assert isinstance(group.commands, LazyCommands)
    summaries = group.commands.summaries()
    assert {name: command.help for name, command in group.commands.items()} == summaries
    assert all(summaries.values())

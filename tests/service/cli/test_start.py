"""A command loads what it needs and no more: what it needs not is most of its time."""

from __future__ import annotations

import subprocess
import sys

import pytest
import typer

from stratagraph.service.app import app
from stratagraph.service.cli.group import LazyCommands, LazyGroup

HEAVY = ("fastapi", "sqlalchemy", "alembic", "rdflib", "pyoxigraph", "neo4j", "networkx", "owlready2", "httpx")


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


@pytest.mark.parametrize("name", ["impact", "audit", "query"])
def test_a_command_that_asks_a_running_service_loads_only_its_client(name: str) -> None:
    module = f"stratagraph.service.cli.{name}"
    assert loaded(f"import {module}, stratagraph.service.client") == set()


def test_the_help_says_what_the_commands_say() -> None:
    group = typer.main.get_command(app)
    assert isinstance(group, LazyGroup)
    assert isinstance(group.commands, LazyCommands)
    summaries = group.commands.summaries()
    assert {name: command.help for name, command in group.commands.items()} == summaries
    assert all(summaries.values())

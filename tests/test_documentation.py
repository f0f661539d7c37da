"""Every command, option, route and setting is documented, and the documents hold together."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import typer
from typer.core import TyperGroup

from stratagraph.service.app import app
from stratagraph.service.engine.engine import Engine
from stratagraph.service.http.app import create_app
from stratagraph.service.settings import Settings, load_settings
from tests.conftest import ROOT
from tests.opened import Opened

DOCS = ROOT / "docs"
SHARED_OPTIONS = {"--help", "--lang"}


def commands(group: TyperGroup, prefix: str = "") -> list[tuple[str, Any]]:
    """Every command with its full name."""
    found: list[tuple[str, Any]] = []
    for name, command in group.commands.items():
        if isinstance(command, TyperGroup):
            found += commands(command, f"{prefix}{name} ")
        else:
            found.append((prefix + name, command))
    return found


PROGRAM = typer.main.get_command(app)
assert isinstance(PROGRAM, TyperGroup)
COMMANDS = commands(PROGRAM)


def section(name: str) -> str:
    """The section of the command-line reference about one command."""
    text = (DOCS / "reference" / "command-line.md").read_text(encoding="utf-8")
    parts = re.split(r"^## ", text, flags=re.MULTILINE)
    return next((part for part in parts if part.splitlines()[0] == name), "")


@pytest.mark.parametrize(("name", "command"), COMMANDS, ids=[name for name, _ in COMMANDS])
def test_every_command_and_option_is_documented(name: str, command: Any) -> None:
    documented = section(name)
    assert documented, f"docs/reference/command-line.md has no section '{name}'"
    options = {option for parameter in command.params for option in parameter.opts if option.startswith("--")}
    assert {option for option in options - SHARED_OPTIONS if option not in documented} == set()
    assert command.help
    assert all(getattr(parameter, "help", None) for parameter in command.params)


def test_no_section_speaks_of_a_command_that_is_gone() -> None:
    text = (DOCS / "reference" / "command-line.md").read_text(encoding="utf-8")
    assert set(re.findall(r"^## (.+)$", text, flags=re.MULTILINE)) == {name for name, _ in COMMANDS}


def routes(folder: Path) -> set[tuple[str, str]]:
    """Every route of the application, with its method."""
    with Engine(load_settings(data=folder)) as engine:
        paths = create_app(engine).openapi()["paths"]
    return {(method.upper(), path) for path, methods in paths.items() for method in methods}


def test_every_route_is_documented(tmp_path: Path, opened: Opened) -> None:
    text = (DOCS / "reference" / "http-api.md").read_text(encoding="utf-8")
    documented = set(re.findall(r"`(GET|POST|PUT|DELETE) (/[^`?\s]*)`", text))
    plain = {(method, re.sub(r":path}", "}", path)) for method, path in routes(opened(tmp_path))}
    assert plain - documented == set()


def test_every_setting_is_documented_with_its_default() -> None:
    text = (DOCS / "reference" / "configuration.md").read_text(encoding="utf-8")
    rows = dict(re.findall(r"^\| `(\w+)` \| ([^|]+) \|", text, flags=re.MULTILINE))
    assert set(rows) == set(Settings.model_fields)
    for name, field in Settings.model_fields.items():
        if isinstance(field.default, bool):
            assert rows[name].strip(" `") == str(field.default).lower()
        elif isinstance(field.default, int | float):
            assert float(rows[name].strip(" `")) == field.default


@pytest.mark.parametrize("page", [*sorted(DOCS.rglob("*.md")), ROOT / "README.md"], ids=lambda page: page.name)
def test_links_between_the_documents_lead_somewhere(page: Path) -> None:
    targets = re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", page.read_text(encoding="utf-8"))
    assert [target for target in targets if not (page.parent / target).exists()] == []


def test_the_index_lists_every_page() -> None:
    index = (DOCS / "README.md").read_text(encoding="utf-8")
    pages = {page.relative_to(DOCS).as_posix() for page in DOCS.rglob("*.md")} - {"README.md"}
    assert {page for page in pages if f"({page})" not in index and not page.startswith("decisions/")} == set()

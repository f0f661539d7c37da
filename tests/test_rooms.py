"""The rooms of the code: what `docs/development.md` says of files, names and imports is so."""

from __future__ import annotations

import ast
import re
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

import networkx as nx
import pytest

from tests.conftest import FOLDERS, ROOT

DOCS = ROOT / "docs"
PAGES = [*sorted(DOCS.rglob("*.md")), ROOT / "README.md"]
TOP = (*FOLDERS, "tests", "docs", "scripts", "bench", "src", "requirements", "findings")
PATH = re.compile(rf"`((?:{'|'.join(TOP)})/[^`\s]*)`")
NAMED = re.compile(r"`([\w/.-]+\.py)`\s+\(`([\w.]+)`\)")
PART_OF = {"service/http/documents": "service/http", "queries/impact/render": "queries/impact"}
"""Folders that stand within a room."""
EVERYWHERE = {"ontology"}
FACES = ("service/cli", "service/http")
"""What a command or a route shows may be called as what it shows."""
PARALLEL = {"__init__.py", "errors.py", "guard.py", "pool.py", "reader.py", "worker.py"}
"""Files of one name that do the same for another room or another query language."""


def files() -> list[Path]:
    """Every Python file of the product."""
    return sorted(path for folder in FOLDERS for path in (ROOT / folder).rglob("*.py"))


def room_of(file: Path) -> str:
    """The room in which a file stands."""
    folder = file.parent.relative_to(ROOT).as_posix()
    if folder.startswith("service/ledger/"):
        return "service/ledger"  # its migrations
    return PART_OF.get(folder, folder)


def imported(file: Path) -> Iterator[Path]:
    """The files of ours that a file imports."""
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("stratagraph."):
            base = ROOT.joinpath(*str(node.module).split(".")[1:])
            for alias in node.names:
                places = (base / f"{alias.name}.py", base / alias.name / "__init__.py", base.with_suffix(".py"))
                yield next(place for place in (*places, base / "__init__.py") if place.exists())


def arrows() -> dict[str, set[str]]:
    """The rooms that import each room."""
    found = defaultdict(set)
    for file in files():
        for other in imported(file):
            if room_of(other) != room_of(file):
                found[room_of(other)].add(room_of(file))
    return found


def table() -> dict[str, set[str]]:
    """The rooms that may import each room, as the page says."""
    text = (DOCS / "development.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| `([\w/]+)/` \| [^|]+ \| ([^|]+) \|$", text, flags=re.MULTILINE)
    return {room: set(re.findall(r"`([\w/]+)/`", importers)) for room, importers in rows}


def test_the_table_names_every_room() -> None:
    rooms = {room_of(file) for file in files()} | {"service/pages"}
    assert set(table()) | {"service"} == rooms


def test_a_room_is_imported_only_by_those_that_the_table_names() -> None:
    found, allowed = arrows(), table()
    assert len(found) > 20
    for room in found.keys() - EVERYWHERE - {"service"}:
        assert found[room] - allowed.get(room, set()) == set(), room
    assert all(importer.startswith("service/") for importer in found["service"])


def test_the_table_names_no_arrow_that_is_gone() -> None:
    found = arrows()
    assert {room: rooms - found[room] for room, rooms in table().items() if rooms - found[room]} == {}


def test_no_file_name_stands_twice_without_need() -> None:
    found = defaultdict(list)
    for file in files():
        if not room_of(file).startswith(FACES):
            found[file.name].append(file.relative_to(ROOT).as_posix())
    assert {name: paths for name, paths in found.items() if len(paths) > 1 and name not in PARALLEL} == {}


def test_no_two_files_need_each_other() -> None:
    """A circle of files can only be understood as a whole, and loads only in the right order."""
    graph = nx.DiGraph((file, other) for file in files() for other in imported(file) if other != file)
    assert graph.size() > 1000
    assert [circle for circle in nx.strongly_connected_components(graph) if len(circle) > 1] == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_a_file_that_a_page_names_exists(page: Path) -> None:
    """Words in capitals stand for any name: `queries/competency/NN-name.rq` is a pattern."""
    gone = []
    for path in PATH.findall(page.read_text(encoding="utf-8")):
        pattern = re.sub(r"\b[A-Z]{2,}(-\w+)?\b(?=[./-]|$)", "*", path) if not (ROOT / path).exists() else path
        if not (ROOT / path).exists() and not list(ROOT.glob(pattern.rstrip("/"))):
            gone.append(path)
    assert gone == []


def test_a_name_that_the_page_gives_with_its_file_stands_there() -> None:
    named = NAMED.findall((DOCS / "development.md").read_text(encoding="utf-8"))
    assert len(named) > 20
    for file, name in named:
        body: list[ast.stmt] = ast.parse((ROOT / file).read_text(encoding="utf-8")).body
        for part in name.split("."):
            node = next((each for each in body if getattr(each, "name", None) == part), None)
            assert node is not None, f"{file}: {name}"
            body = getattr(node, "body", [])

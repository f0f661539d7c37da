"""Every public part of the service and of the queries is used by the product: none is there for its tests alone.

A part that nothing leads to is no feature: it is given a door (a command, a route, a page), or it goes.
"""

from __future__ import annotations

import ast
import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest

from tests.conftest import FOLDERS, ROOT

JUDGED: Final = ("service", "queries")
CALLED_BY_LIBRARIES: Final = frozenset(
    {
        "collect",  # prometheus_client asks a collector
        "dst",  # datetime asks a time zone
        "tzname",
        "format_commands",  # Click asks a group, a command, a context
        "invoke",
        "parse_args",
        "make_formatter",
        "write_usage",
        "get_command",
        "list_commands",
        "readinto",  # io asks a raw stream
        "connection_made",  # asyncio and httptools ask a protocol
        "connection_lost",
        "data_received",
        "on_message_begin",
        "on_headers_complete",
        "on_message_complete",
        "send_400_response",  # uvicorn asks its protocol
        "formatMessage",  # logging asks a formatter
        "formatException",
    }
)
"""Methods that a library's base class names, and calls."""
TOLD: Final = re.compile(r"[\w.:\[\] |]+")
"""Texts that may name a part: a command by module and function, an annotation, an attribute."""


def module_of(path: Path) -> str:
    return ".".join(("stratagraph", *path.relative_to(ROOT).with_suffix("").parts)).removesuffix(".__init__")


def named(tree: ast.AST) -> Counter[str]:
    """How often each name is used: a definition is no use, and neither is an import."""
    found: Counter[str] = Counter()
    for node in ast.walk(tree):
        if isinstance(node, ast.Name):
            found[node.id] += 1
        elif isinstance(node, ast.Attribute):
            found[node.attr] += 1
        elif isinstance(node, ast.Constant) and isinstance(node.value, str) and TOLD.fullmatch(node.value):
            found.update(re.findall(r"\w+", node.value))
    return found


class Product:
    """All code that ships, read once: what each module defines, names and imports."""

    def __init__(self) -> None:
        paths = [path for folder in FOLDERS for path in sorted((ROOT / folder).rglob("*.py"))]
        self.trees = {path: ast.parse(path.read_text("utf-8")) for path in paths}
        self.named = {path: named(tree) for path, tree in self.trees.items()}
        pages = [path.read_text("utf-8") for folder in JUDGED for path in (ROOT / folder).rglob("*.html*")]
        self.in_pages = set(re.findall(r"\w+", "\n".join(pages)))
        self.anywhere = sum(self.named.values(), Counter(self.in_pages))
        self.importers: dict[tuple[str, str], set[Path]] = {}
        for path, tree in self.trees.items():
            for node in ast.walk(tree):
                if isinstance(node, ast.ImportFrom):
                    for alias in node.names:
                        self.importers.setdefault((node.module or "", alias.name), set()).add(path)

    def unused(self, path: Path) -> Iterator[str]:
        """The public parts of a module that nothing else in the product names."""
        for node in self.trees[path].body:
            if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef) or node.name.startswith("_"):
                continue
            inside = named(node)[node.name]  # a function that calls itself is not used by that
            if self.named[path][node.name] <= inside and not self.used_elsewhere(path, node):
                yield node.name
            if isinstance(node, ast.ClassDef):
                yield from (f"{node.name}.{method}" for method in self.unused_methods(node))

    def used_elsewhere(self, path: Path, node: ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef) -> bool:
        module = module_of(path)
        package, _, last = module.rpartition(".")
        users = self.importers.get((module, node.name), set()) | self.importers.get((package, last), set())
        registered = bool(node.decorator_list) and not isinstance(node, ast.ClassDef)
        commanded = self.named[ROOT / "service" / "app.py"][node.name] and package.endswith(".cli")
        # By whatever name it was imported, importing it is for using it: a linter sees to that.
        return bool(users - {path}) or registered or bool(commanded) or node.name in self.in_pages

    def unused_methods(self, cls: ast.ClassDef) -> Iterator[str]:
        if any(ast.unparse(base).startswith("Protocol") for base in cls.bases):
            return  # what is asked of others
        for node in cls.body:
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and not node.name.startswith("_"):
                inside = named(node)[node.name]
                if self.anywhere[node.name] <= inside and node.name not in CALLED_BY_LIBRARIES:
                    yield node.name


@pytest.fixture(name="product", scope="module")
def _product() -> Product:
    return Product()


@pytest.mark.parametrize("folder", JUDGED)
def test_every_public_part_has_a_door(folder: str, product: Product) -> None:
    # Alembic loads the steps of a migration by their place.
    inside = [p for p in product.trees if p.is_relative_to(ROOT / folder) and "migrations" not in p.parts]
    found = [f"{path.relative_to(ROOT)}: {name}" for path in inside for name in product.unused(path)]
    assert found == [], "give each a command, a route or a page; or take it out"


def test_a_part_that_only_tests_use_is_found() -> None:
    """That the test can fail: a module with a function that nobody calls, and one that calls itself."""
    tree = ast.parse("def alone(): return alone()\ndef used(): pass\nused()\n")
    lone, used, _ = tree.body
    assert isinstance(lone, ast.FunctionDef)
    assert isinstance(used, ast.FunctionDef)
    assert named(tree)[lone.name] == named(lone)[lone.name]
    assert named(tree)[used.name] > named(used)[used.name]

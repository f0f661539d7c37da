"""Every piece of prose in the code that a reader may meet has its Brazilian Portuguese in the catalogue.

What is not for readers of answers is left out by its place: documentation strings, logs, the description of the
interface (OpenAPI and Prometheus, in English as code is), and what programs say to each other.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest

from stratagraph.ontology.sentences import catalogue
from tests.conftest import FOLDERS, ROOT

PLACE: Final = re.compile(r"\{\w*(?:!r)?(?::[^{}]*)?\}")
PROSE: Final = re.compile(r"\b[a-z']{2,},? [a-z']{2,}\b|^[A-Za-z]+ \{\}|\{\} [a-z]{2,}|[a-z]{2,} \{\}")
PROGRAMS: Final = re.compile(
    r"SELECT|PREFIX|MATCH|MERGE|UNWIND|WHERE|ASK \{|CALL |VALUES|PRAGMA|VACUUM|GRAPH"
    r"|<\?xml|xmlns|rdf:Desc|\(\?|stroke-width|-src|'(none|self)'|server\."
)
"""Marks of what is written for a program."""
UNSPOKEN: Final = re.compile(
    r"(^|\.)_?(log|logger)\.|(^|\.)(compile|text|Field|Query|Path|Header|APIRouter|TypeError)$"
)
"""Calls whose texts no reader of an answer meets."""
COUNTED: Final = "counted"
ROUTES: Final = frozenset({"get", "post", "head", "delete", "api_route"})
DESCRIBING: Final = frozenset({"description", "summary", "examples", "response_description", "title"})
BESIDE: Final = (
    "service/http/documents",  # the description of the interface
    "service/http/description.py",
    "service/http/exposition.py",  # HELP lines of Prometheus
    "service/http/protocol.py",  # answered before a request, and so its language, is known
    "service/ledger/migrations",
    "service/http/app.py",
    "ontology/reasoning/axioms.py",  # the Manchester syntax
)
NOT_FOR_READERS: Final = frozenset(
    {
        "in use",  # the log of a module
        "erasing what was redacted",
        "left out",
        "by rules",  # keys of what is kept
        "by rules and the reasoner",
        "{}.{} is not ours to make",  # a programmer's fault
        "{} is shared, and was not given",
        "rules out",  # a value in the graph
        "{} (tenant {})",
        "header {}",
        "experiment {}",
        "personal data",  # what others write into their documents, and we into theirs
        "no personal data",
        "none known",
        "not applicable",
        "local time",  # datatypes in Neo4j
        "local moment",
        "text in {}",  # kinds of values, which are compared
        "ill-formed {}",
        "written time",
        "turned without name",  # the key of a text
        "Accept header",  # looked for in an answer, and replaced
        "Accept text/turtle.",
        "Could not decode to UTF-8",  # SQLite's driver
        "trace {}",  # names of telemetry that is set aside
        "metric {} of {}",
        "request {} of {} in the spool",
        "message {} of {}",
        " in {}",
        "token {}",  # the log of accesses
        "address {}",
        "Bearer {}",  # headers
        "The custom function ",  # the words of libraries, and ours for them
        "does not match the formats '%Y-%m-%d'",
        "is no date; write the year, month and day, as in 2026-12-31",
        "gzip, deflate, identity",
        "gzip, deflate",
        "text/turtle, application/ld+json, application/yaml, application/json;q=0.9, */*;q=0.5",
        "source {}",  # the name of a lease, and of a thread
        "the source %s was not taken in",  # the log
        "what sources are due can't be told",
        "how the sources are doing can't be stated",
        "Seconds, or as 30s, 5m, 2h, 1d",  # a description of the interface
        "text/tab-separated-values, text/turtle;q=0.9",
        "Choose --format turtle.",  # replace the others, within sentences that are in the catalogue
        "Choose --format json.",
        "field larger",  # in the words of the parser of CSV
        "unexpected end",
        "the service",  # asks for audits that no client waits for
        "The document",  # descriptions of the interface
        "The page about it, for browsers",
        "@prefix {}: {} .",  # Turtle
    }
)


def _shape(node: ast.AST) -> str:
    if isinstance(node, ast.JoinedStr):
        return "".join(part.value if isinstance(part, ast.Constant) else "{}" for part in node.values)  # type: ignore[misc]
    return PLACE.sub("{}", node.value) if isinstance(node, ast.Constant) and isinstance(node.value, str) else ""


def _silent(tree: ast.AST) -> set[int]:
    """Return the nodes whose place says that they are not for readers, and the parts of texts that are put together."""
    return {id(inner) for node in ast.walk(tree) for left in _left_out(node) for inner in ast.walk(left)}


def _left_out(node: ast.AST) -> Iterator[ast.AST]:
    """Yield what of a node is not for readers."""
    match node:
        case ast.Expr(value=ast.Constant()):
            yield node  # a documentation string
        case ast.JoinedStr():
            yield from (part for part in node.values if isinstance(part, ast.Constant))
        case ast.Assert(msg=ast.AST() as message):
            yield message
        case ast.ClassDef(body=body):  # an error's text: test_sentences.py has each, put together
            assigned = [each for each in body if isinstance(each, ast.Assign)]
            yield from (each for each in assigned if ast.unparse(each.targets[0]) == "text")
        case ast.Call():
            name = ast.unparse(node.func)
            if name == COUNTED or UNSPOKEN.search(name) or name.rpartition(".")[2] in ROUTES:
                yield node
            yield from (keyword.value for keyword in node.keywords if keyword.arg in DESCRIBING)


def _said(path: Path) -> Iterator[str]:
    tree = ast.parse(path.read_text("utf-8"))
    silent = _silent(tree)
    for node in ast.walk(tree):
        if id(node) in silent:
            continue
        shape = _shape(node)
        if PROSE.search(shape) and not PROGRAMS.search(shape):
            yield shape


def _counted(path: Path) -> Iterator[str]:
    """Yield both numbers of whatever is counted in words."""
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Call) and ast.unparse(node.func) == COUNTED:
            nouns = [ast.literal_eval(argument) for argument in node.args[1:]]
            yield from (f"{{}} {noun}" for noun in (nouns if len(nouns) > 1 else [nouns[0], f"{nouns[0]}s"]))


MODULES: Final = sorted(
    path
    for folder in FOLDERS
    for path in (ROOT / folder).rglob("*.py")
    if not str(path.relative_to(ROOT)).startswith(BESIDE)
)


@pytest.fixture(scope="module")
def shapes() -> frozenset[str]:
    """The templates of the catalogue, whatever their places are called."""
    return frozenset(PLACE.sub("{}", template) for template in catalogue("pt-BR"))


@pytest.mark.parametrize("folder", FOLDERS)
def test_what_the_code_says_is_in_the_catalogue(folder: str, shapes: frozenset[str]) -> None:
    missing = {
        f"{path.relative_to(ROOT)}: {shape}"
        for path in MODULES
        if path.is_relative_to(ROOT / folder)
        for shape in (*_said(path), *_counted(path))
        if not {shape, shape.strip()} & (shapes | NOT_FOR_READERS)
    }
    assert sorted(missing) == [], "add them to ontology/texts/faults.pt-br.json, with a name in each place"

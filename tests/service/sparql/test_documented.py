"""The queries of the SPARQL reference run on the demo's graph, and find what the page says."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from rdflib.plugins.sparql import prepareQuery

from stratagraph.service.engine.engine import Engine
from stratagraph.service.settings import load_settings
from stratagraph.service.views.snapshots import Snapshot
from tests.conftest import ROOT
from tests.opened import Opened

PAGE = ROOT / "docs" / "reference" / "sparql.md"
QUERIES = re.findall(r"```sparql\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
TELLING = "GRAPH"


@pytest.fixture(name="demo", scope="module")
def _demo(tmp_path_factory: pytest.TempPathFactory, furnished: Opened) -> Iterator[Snapshot]:
    with Engine(load_settings(data=furnished(tmp_path_factory.mktemp("demo")))) as engine, engine.reading() as snapshot:
        yield snapshot


@pytest.mark.parametrize("query", QUERIES)
def test_a_documented_query_finds_something(demo: Snapshot, query: str) -> None:
    rows = demo.triples.select(query)
    assert rows or "vita" in query, "only the demo's own names may be missing"


DOCUMENTS = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
IN_A_COMMAND = re.compile(r"'(?:query=)?((?:PREFIX|SELECT|ASK|CONSTRUCT|DESCRIBE)\b[^']*\{[^']*)'")


def queries_of(page: Path) -> Iterator[str]:
    """Every SPARQL query that a document shows, in a block of its own or in a command."""
    text = page.read_text(encoding="utf-8")
    yield from re.findall(r"```sparql\n(.*?)```", text, re.DOTALL)
    for block in re.findall(r"```\w*\n(.*?)```|^    (.+)$", text, re.DOTALL | re.MULTILINE):
        yield from IN_A_COMMAND.findall("".join(block))


def test_every_query_in_the_documents_declares_its_prefixes() -> None:
    found = [(page.name, query) for page in DOCUMENTS for query in queries_of(page)]
    assert {"README.md", "sparql.md", "command-line.md", "extend-the-ontology.md"} <= {name for name, _ in found}
    for _, query in found:
        prepareQuery(query)  # rdflib knows no prefix of ours


def test_every_other_query_runs_too(demo: Snapshot) -> None:
    """Those of modules of a reader's own are asked with such a module in use, in `test_defined_classes.py`."""
    others = {query for page in DOCUMENTS for query in queries_of(page)} - set(QUERIES)
    ours = [query for query in others if "my:" not in query and "SELECT" in query]
    assert ours
    for query in ours:
        demo.triples.select(query)


def test_the_page_tells_who_how_since_when_and_how_strongly() -> None:
    told = " ".join(QUERIES)
    for term in ("sg:source", "sg:method", "sg:firstSeen", "sg:seenIn", "sg:strengthLatency", "sg:Statement"):
        assert term in told


def test_every_named_triple_stands_in_the_default_graph_and_every_graph_is_described(demo: Snapshot) -> None:
    rows = demo.triples.select(
        "SELECT ?g { GRAPH ?g { ?s ?p ?o } FILTER NOT EXISTS { ?s ?p ?o } FILTER EXISTS { ?g a ?kind } } LIMIT 1"
    )
    assert rows == []
    kinds = demo.triples.select("SELECT DISTINCT ?kind { GRAPH ?g { ?s ?p ?o } ?g a ?kind }")
    assert {str(row["kind"]).rpartition("#")[2] for row in kinds} == {"ClaimSet", "Influence"}

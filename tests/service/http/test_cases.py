"""Requests that were refused wrongly once, as the fixtures' README tells them."""

from __future__ import annotations

from pathlib import Path

import httpx
import pytest
from pyoxigraph import RdfFormat, parse

from tests.service.sparql.conftest import E, Served, _estate, _served

__all__ = ["_estate", "_served"]

pytestmark = pytest.mark.shared

FORMATS = {"application/rdf+xml": RdfFormat.RDF_XML, "application/ld+json": RdfFormat.JSON_LD}
"""What an answer is read as; in anything else the default, Turtle, is expected."""


def accepted(shared: Path) -> list[str]:
    """The Accept headers of the case."""
    text = (shared / "cases" / "2026-11-27" / "sparql" / "q1-graph-for-results-client.txt").read_text(encoding="utf-8")
    lines = [line.removeprefix("Accept: ") for line in text.splitlines() if line.startswith("Accept: ")]
    assert len(lines) == 3
    return lines


@pytest.mark.parametrize("query", [f"CONSTRUCT WHERE {{ <{E}1> <{E}next> ?o }}", f"DESCRIBE <{E}1>"])
def test_q1_a_graph_is_sent_to_who_asks_for_tables_too(served: Served, shared: Path, query: str) -> None:
    seen = []
    for accept in accepted(shared):
        answer = httpx.get(served.url, params={"query": query}, headers={"Accept": accept}, timeout=30)
        assert answer.status_code == 200, (accept, answer.text)
        kind = answer.headers["content-type"].split(";")[0]
        triples = parse(answer.content, format=FORMATS.get(kind, RdfFormat.TURTLE))
        assert f"{E}2" in {getattr(triple.object, "value", None) for triple in triples}
        seen.append(kind)
    assert seen == ["application/rdf+xml", "application/ld+json", "text/turtle"]

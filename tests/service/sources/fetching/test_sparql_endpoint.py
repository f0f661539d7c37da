"""SPARQL endpoints as they really behave: whole answers are taken, whatever is less is refused."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler
from typing import Any
from urllib.parse import parse_qs

import pyoxigraph as ox
import pytest

from stratagraph.ontology.syntax.parsing import RdfSyntax
from stratagraph.service.sources.errors import FetchFailed
from stratagraph.service.sources.fetching import sparql_endpoint
from stratagraph.service.sources.fetching.run_limits import Limits
from stratagraph.service.sources.fetching.sparql_endpoint import read_endpoint
from stratagraph.service.sources.source import source_of
from tests.service.sources.websites import Behave, answer, website

Change = Callable[[str, dict[str, Any]], dict[str, Any]]
GRAPH = "https://example.org/graph"
RESULTS = "application/sparql-results+json"
TURTLE = """
@prefix e: <https://example.org/> . @prefix xsd: <http://www.w3.org/2001/XMLSchema#> .
e:a e:p 1, 01, 1.50, "x\\ny\\"\\\\", "olá"@pt-BR, "2026-01-01"^^xsd:date, e:b ; e:q e:c .
e:b e:p "\U0001f600" . e:é e:p e:a . <urn:x> e:p true .
"""


def filled(*, graph: str | None = None, extra: int = 0) -> ox.Store:
    store = ox.Store()
    store.load(TURTLE.encode(), format=ox.RdfFormat.TURTLE, to_graph=ox.NamedNode(graph) if graph else None)
    for number in range(extra):
        subject = ox.NamedNode(f"https://example.org/s{number % 7}")
        store.add(ox.Quad(subject, ox.NamedNode("https://example.org/n"), ox.Literal(number)))
    return store


def endpoint(store: ox.Store, change: Change = lambda _, found: found, **headers: Any) -> Behave:
    """Answer as Oxigraph's server does, in what the change leaves of it."""

    def behave(request: BaseHTTPRequestHandler) -> None:
        body = request.rfile.read(int(request.headers["Content-Length"])).decode()
        query = parse_qs(body)["query"][0]
        found = store.query(query)
        assert isinstance(found, ox.QuerySolutions | ox.QueryBoolean)
        told = found.serialize(format=ox.QueryResultsFormat.JSON)
        assert told is not None
        answer(json.dumps(change(query, json.loads(told))), media_type=RESULTS, **headers)(request)

    return behave


def read(behave: Behave, **given: Any) -> bytes:
    with website(behave) as site:
        source = source_of("s", {"kind": "sparql", "url": site.url, "limit_seconds": 60, **given})
        limits = Limits(
            source.place, seconds=source.limit_seconds, most_bytes=source.limit_bytes, stopping=threading.Event()
        )
        (document,) = read_endpoint(source, limits).reading.files
    assert RdfSyntax.of_file(document.shown) is RdfSyntax.NTRIPLES
    return document.data


def triples(text: bytes) -> set[ox.Triple]:
    return {quad.triple for quad in ox.parse(text, format=ox.RdfFormat.N_TRIPLES)}


def held(store: ox.Store) -> set[ox.Triple]:
    return {quad.triple for quad in store}


def test_all_triples_come_with_their_terms_as_they_are() -> None:
    assert triples(read(endpoint(store := filled()))) == held(store)


def test_one_graph_of_several() -> None:
    store = filled(graph=GRAPH)
    store.add(ox.Quad(ox.NamedNode("urn:other"), ox.NamedNode("urn:p"), ox.NamedNode("urn:o")))
    assert len(triples(read(endpoint(store), graph=GRAPH))) == len(held(store)) - 1


@pytest.mark.parametrize("page", [1, 2, 3, 5, 8, 100])
def test_pages_of_any_length_give_every_triple_once(monkeypatch: pytest.MonkeyPatch, page: int) -> None:
    monkeypatch.setattr(sparql_endpoint, "PAGE", page)
    asked: list[str] = []

    def noted(query: str, found: dict[str, Any]) -> dict[str, Any]:
        asked.append(query)
        return found

    assert triples(read(endpoint(store := filled(extra=40), noted))) == held(store)
    assert page == 100 or len(asked) > 5


def capped(query: str, found: dict[str, Any]) -> dict[str, Any]:
    """As Virtuoso, which says nothing of it."""
    if "LIMIT" in query:
        found["results"]["bindings"] = found["results"]["bindings"][:5]
    return found


def shrinking() -> Change:
    counts = iter([12, 11])

    def change(query: str, found: dict[str, Any]) -> dict[str, Any]:
        if "COUNT" in query:
            found["results"]["bindings"][0]["n"]["value"] = str(next(counts))
        return found

    return change


def empty(query: str, found: dict[str, Any]) -> dict[str, Any]:
    if "LIMIT" in query:
        found["results"]["bindings"] = []
    return found


def with_blank_node() -> ox.Store:
    store = filled()
    store.add(ox.Quad(ox.NamedNode("urn:s"), ox.NamedNode("urn:p"), ox.BlankNode()))
    return store


CUT = '{"head": {"vars": ["s"]}, "results": {"bindings": [{"s": {"type": "uri", "value": "https://ex'
BAD: dict[str, tuple[Behave, str]] = {
    "capped": (endpoint(filled(), capped), "does not answer in full"),
    "changed meanwhile": (endpoint(filled(), shrinking()), "counted 12 triples before and 11 after"),
    "empty after all": (endpoint(filled(), empty), "does not answer in full"),
    "empty": (endpoint(ox.Store()), "holds no triples"),
    "blank nodes": (endpoint(with_blank_node()), "holds blank nodes"),
    "told to be cut": (endpoint(filled(), X_SPARQL_MaxRows="10"), "says that its answer is not whole"),
    "cut": (answer(CUT, media_type=RESULTS), "no whole JSON"),
    "cut with a sentence": (answer(f"{CUT}\nThe operation has been cancelled", media_type=RESULTS), "no whole JSON"),
    "no body": (answer("", media_type=RESULTS), "no whole JSON"),
    "a page": (answer("<html><title>Query form</title></html>", media_type="text/html"), "'Query form'"),
    "XML": (answer("<sparql/>", media_type="application/sparql-results+xml"), "and no result of SPARQL in JSON"),
    "other JSON": (answer("[]", media_type="application/json"), "no result of SPARQL in JSON"),
    "an error in JSON": (answer('{"boolean": "no"}', media_type="application/json"), "no result of SPARQL in JSON"),
    "a login": (answer("", 401), "who asks"),
    "elsewhere": (answer("", 307, Location="/sparql"), "Give that address"),
    "busy": (answer("", 503), "answers 503"),
}


@pytest.mark.parametrize("bad", BAD)
def test_what_is_not_all_is_refused(bad: str) -> None:
    behave, said = BAD[bad]
    with pytest.raises(FetchFailed, match=said):
        read(behave)

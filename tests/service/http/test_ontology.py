"""The ontology served as RDF and as pages: by Accept, whole and by module."""

from __future__ import annotations

import asyncio
import re
from types import SimpleNamespace
from typing import Any, cast
from urllib.parse import urljoin

import httpx
import pytest
import rdflib
from fastapi import FastAPI
from rdflib.namespace import OWL, RDF

from stratagraph.ontology.model import load_model
from stratagraph.ontology.namespaces import MODULE_BASE, ROOT_IRI
from stratagraph.service.engine.engine import Engine
from stratagraph.service.http import ontology, problems
from stratagraph.service.reference.pages import SYNTAXES, file_of

TYPES = {"text/turtle": "turtle", "application/rdf+xml": "xml", "application/ld+json": "json-ld"}


class Client:
    """Asks the app without a network."""

    def __init__(self, app: FastAPI) -> None:
        self._app = app

    def get(self, path: str, headers: dict[str, str] | None = None) -> httpx.Response:
        async def ask() -> httpx.Response:
            async with httpx.AsyncClient(transport=httpx.ASGITransport(self._app), base_url="http://here") as client:
                return await client.get(path, headers=headers)

        return asyncio.run(ask())


@pytest.fixture(name="client", scope="module")
def _client() -> Client:
    """The routes over the core alone; they ask an engine for nothing but its model."""
    app = FastAPI()
    problems.install(app)
    app.include_router(ontology.router(cast("Engine", SimpleNamespace(model=load_model()))))
    return Client(app)


@pytest.mark.filterwarnings("ignore:ConjunctiveGraph is deprecated")
@pytest.mark.parametrize("media_type", TYPES)
@pytest.mark.parametrize(
    ("path", "iri"), [("/ontology", ROOT_IRI), ("/ontology/module/levels", f"{MODULE_BASE}levels")]
)
def test_each_syntax_is_answered(client: Client, path: str, iri: str, media_type: str) -> None:
    answer = client.get(path, headers={"Accept": f"{media_type}, text/html;q=0.5"})
    assert answer.status_code == 200
    assert answer.headers["content-type"].partition(";")[0] == media_type
    assert "Accept" in answer.headers["vary"]
    if path != "/ontology" or media_type == "text/turtle":  # rdflib takes long over the whole
        graph = rdflib.Graph().parse(data=answer.content, format=TYPES[media_type])
        assert list(graph.subjects(RDF.type, OWL.Ontology)) == [rdflib.URIRef(iri)]


@pytest.mark.parametrize(
    ("accept", "language", "target"),
    [
        ("text/html,application/xhtml+xml,*/*;q=0.8", "pt-BR,pt;q=0.9", "/ontology/pages/pt-br/"),
        ("text/html", "en-GB", "/ontology/pages/en/"),
        ("text/html", "", "/ontology/pages/en/"),
    ],
)
def test_a_browser_is_sent_to_the_page(client: Client, accept: str, language: str, target: str) -> None:
    headers = {"Accept": accept, "Accept-Language": language}
    for path, page in (("/ontology", "index.html"), ("/ontology/module/levels", file_of("levels"))):
        answer = client.get(path, headers=headers)
        assert (answer.status_code, answer.headers["location"]) == (303, target + page)
        assert client.get(answer.headers["location"]).headers["content-type"].startswith("text/html")


@pytest.mark.parametrize("accept", ["*/*", "", "nonsense"])
def test_whoever_says_nothing_gets_turtle(client: Client, accept: str) -> None:
    assert client.get("/ontology/module/levels", headers={"Accept": accept}).text.startswith("@prefix")


def test_what_is_not_offered_and_what_is_not_there(client: Client) -> None:
    assert client.get("/ontology", headers={"Accept": "image/png"}).status_code == 406
    unknown = client.get("/ontology/module/levles")
    assert unknown.status_code == 404
    assert "levels" in unknown.json()["detail"]
    assert client.get("/ontology/pages/en/nothing.html").status_code == 404


@pytest.mark.parametrize("page", ["en/index.html", f"pt-br/{file_of('levels')}"])
def test_a_page_names_its_documents_and_they_are_there(client: Client, page: str) -> None:
    url = f"/ontology/pages/{page}"
    found: list[Any] = re.findall(r'<link rel="alternate" type="([^"]+)" href="([^"]+)">', client.get(url).text)
    assert [media_type for media_type, _ in found] == [syntax.value for syntax in SYNTAXES.values()]
    for media_type, href in found:
        answer = client.get(urljoin(url, href))
        assert answer.headers["content-type"].partition(";")[0] == media_type
        assert answer.content

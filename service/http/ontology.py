"""The ontology in force: as RDF and as pages for whoever follows an IRI, and what became of a user's own modules."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache
from typing import Any, Final

from fastapi import APIRouter, HTTPException, Request, Response

from stratagraph.ontology.publishing import Syntax, merged, module_facts, written
from stratagraph.service.engine.engine import Engine
from stratagraph.service.http.documents.ledger import OntologyModules, OntologyState
from stratagraph.service.http.documents.problem import problems
from stratagraph.service.http.negotiation import choose
from stratagraph.service.http.parameters import Language
from stratagraph.service.modules import modules_document
from stratagraph.service.reference.pages import SYNTAXES, Reference, file_of

_HTML: Final = "text/html"
_OFFERED: Final = (*(syntax.value for syntax in Syntax), _HTML)
_PAGES: Final = "/ontology/pages"
_TYPES: Final = {"html": _HTML, "css": "text/css"} | {end[1:]: syntax.value for end, syntax in SYNTAXES.items()}
_VARY: Final = {"Vary": "Accept, Accept-Language"}
_ANSWERS: Final[dict[int | str, dict[str, Any]]] = {
    200: {
        "description": "The document",
        "content": {syntax.value: {"schema": {"type": "string"}} for syntax in Syntax},
    },
    303: {"description": "The page about it, for browsers"},
}


def router(engine: Engine) -> APIRouter:
    """Return the routes /ontology, /ontology/module/NAME, the pages that they lead browsers to, and /api/ontology."""
    routes = APIRouter(tags=["ontology"])

    @routes.get(
        "/api/ontology",
        summary="The ontology in force, and the findings about a user's own modules",
        responses={200: {"model": OntologyState}, **problems(400, 503)},
    )
    def ontology(lang: Language = "en") -> dict[str, Any]:
        return engine.extension.document(lang)

    @routes.get(
        "/api/ontology/modules",
        summary="A user's own modules that are in force, with the prefixes they declare",
        responses={200: {"model": OntologyModules}, **problems(400, 503)},
    )
    def modules() -> dict[str, Any]:
        return modules_document(engine.model)

    @routes.get(
        "/ontology",
        summary="The ontology in force as RDF or as pages",
        response_class=Response,
        responses=_ANSWERS | problems(406),
    )
    def whole(request: Request) -> Response:
        return _answer(request, lambda syntax: written(merged(engine.model), syntax), "index.html")

    @routes.get(
        "/ontology/module/{name:path}",
        summary="One module as RDF or as a page",
        response_class=Response,
        responses=_ANSWERS | problems(404, 406),
    )
    def module(name: str, request: Request) -> Response:
        facts = module_facts(engine.model, name)
        return _answer(request, lambda syntax: written(facts, syntax), file_of(name))

    _add_pages(routes, engine)
    return routes


def _add_pages(routes: APIRouter, engine: Engine) -> None:
    """Add the pages about the ontology, made when the first is asked for."""

    @cache
    def reference() -> Reference:
        return Reference(engine.model)

    @cache
    def pages() -> Mapping[str, str]:
        return reference().pages()

    @routes.get(_PAGES + "/{tag}/term/{name:path}", include_in_schema=False)
    def term(tag: str, name: str) -> Response:
        if place := reference().place(name):
            return Response(status_code=303, headers={"Location": f"{_PAGES}/{tag}/{place}"})
        raise HTTPException(404, "There is no such page of the ontology")

    @routes.get(_PAGES + "/{path:path}", include_in_schema=False)
    def page(path: str) -> Response:
        if path in pages():
            return Response(pages()[path], media_type=_TYPES[path.rpartition(".")[2]])
        raise HTTPException(404, "There is no such page of the ontology")


def _answer(request: Request, document: Callable[[Syntax], bytes], page: str) -> Response:
    """Answer in the syntax that the client likes best; send browsers to the page in their language."""
    chosen = choose(", ".join(request.headers.getlist("accept")), _OFFERED)
    if chosen is None:
        raise HTTPException(406, f"The ontology is offered as {', '.join(_OFFERED)}")
    if chosen != _HTML:
        return Response(document(Syntax(chosen)), media_type=chosen, headers=_VARY)
    portuguese = request.headers.get("accept-language", "").lower().startswith("pt")
    target = f"{_PAGES}/{'pt-br' if portuguese else 'en'}/{page}"
    return Response(status_code=303, headers={"Location": target, **_VARY})

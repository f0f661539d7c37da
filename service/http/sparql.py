"""``/sparql``: the query half of the SPARQL 1.1 Protocol over the pool of workers."""

from __future__ import annotations

import io
import logging
from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping
from functools import lru_cache
from importlib import resources
from typing import Final
from urllib.parse import parse_qsl

from fastapi import APIRouter, Request
from pyoxigraph import BlankNode, Literal, NamedNode, Triple, parse
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from stratagraph.ontology.errors import StratagraphError
from stratagraph.ontology.namespaces import PREFIXES, SH, XSD
from stratagraph.ontology.sentences import say
from stratagraph.service.http.documents import sparql as operation
from stratagraph.service.http.documents.sparql import FORM, QUERY
from stratagraph.service.http.headers import AS_OF, AT_LEAST, SEQUENCE
from stratagraph.service.http.headers import values as told
from stratagraph.service.http.leaving import send_unless_gone, unless_gone
from stratagraph.service.http.negotiation import choose, media_type_of
from stratagraph.service.http.parameters import canonical, check
from stratagraph.service.http.sequence import wanted_sequence
from stratagraph.service.http.tongue import spoken
from stratagraph.service.ledger.asof import Moment
from stratagraph.service.past.past_stores import read_moment
from stratagraph.service.sparql.answer import SparqlAnswer
from stratagraph.service.sparql.formats import GRAPHS, RESULTS, write_graph
from stratagraph.service.sparql.pool import QueryPool
from stratagraph.service.sparql.query_request import QueryRequest
from stratagraph.service.workers.errors import QueryTooLong

log = logging.getLogger(__name__)

UPDATE: Final = "application/sparql-update"

_METHODS: Final = ("GET", "HEAD", "OPTIONS", "POST")
_OPTIONS: Final = {"Allow": ", ".join(_METHODS), "Accept-Post": f"{QUERY}, {FORM}"}
_TEXT: Final = "text/plain; charset=utf-8"
_AT_LEAST, _AS_OF = AT_LEAST.lower().encode(), AS_OF.lower().encode()
_EXPANSION: Final = 3  # a percent-encoded byte takes three

Parameters = list[tuple[str, str]]


class BadProtocolRequest(StratagraphError, slug="bad-sparql-request", status=400):
    """The request is not one of the SPARQL Protocol."""

    text = "{detail}"

    detail: str


class UnsupportedMediaType(StratagraphError, slug="unsupported-media-type", status=415):
    """The body of the request is of a type that carries no query."""

    text = "The request body is '{found}'. Send " + f"{QUERY} or {FORM}, in UTF-8."

    found: str


def address(request: Request) -> str:
    """Return the address that a request came from: by default an address has one fair part of the workers."""
    return request.client.host if request.client else ""


def handler(pool: QueryPool, client: Callable[[Request], str] = address) -> Callable[[Request], Awaitable[Response]]:
    """Return what answers queries; ``client`` names who asks, for fairness: a proven identity or an address."""

    async def answer(request: Request) -> Response:
        try:
            return await _answer(request, pool, client(request))
        except StratagraphError as error:
            return refusal(error)

    return answer


def router(pool: QueryPool, client: Callable[[Request], str] = address) -> APIRouter:
    """Return the routes of ``/sparql``."""
    routes = APIRouter(tags=["SPARQL"])
    answer = handler(pool, client)

    for method in ("GET", "POST"):
        routes.add_api_route(
            "/sparql",
            answer,
            methods=[method],
            name=f"sparql_{method.lower()}",
            summary="Ask a SPARQL 1.1 query (SPARQL Protocol)",
            response_class=Response,
            responses=operation.ANSWERS,
            openapi_extra=operation.GET if method == "GET" else operation.POST,
        )
    routes.add_api_route("/sparql", answer, methods=["HEAD"], include_in_schema=False)
    routes.add_api_route("/sparql", _options, methods=["OPTIONS"], include_in_schema=False)
    others = ["PUT", "PATCH", "DELETE", "TRACE"]
    routes.add_api_route("/sparql", _not_allowed, methods=others, include_in_schema=False)
    return routes


async def _options() -> Response:
    return Response(status_code=204, headers=_OPTIONS)


async def _not_allowed(request: Request) -> Response:
    text = f"{request.method} is not allowed: this endpoint answers queries only. Use GET or POST.\n"
    return Response(say(text, spoken()), 405, {"Allow": _OPTIONS["Allow"]}, _TEXT)


def refusal(error: StratagraphError) -> Response:
    retry_after = error.data().get("retry_after")
    headers = {"Retry-After": str(retry_after)} if retry_after is not None else {}
    return Response(f"{error.said(spoken())}\n", error.status, {"Cache-Control": "no-store", **headers}, _TEXT)


async def _answer(request: Request, pool: QueryPool, client: str) -> Response:
    if request.method != "POST" and not request.scope["query_string"]:
        return _description(request)
    query = _query(await _parameters(request, pool.settings.query_bytes), request, client)
    answer = await unless_gone(request, pool.run(query))
    headers = {SEQUENCE: str(answer.sequence), "Vary": f"Accept, {AS_OF}", "Cache-Control": "no-cache"}
    if answer.note:
        headers[AS_OF] = answer.note
    if answer.complete:
        return Response(answer.head, headers=headers, media_type=_with_charset(answer.media_type))
    return _Stream(answer, headers)


def _with_charset(media_type: str) -> str:
    return media_type if media_type.startswith("application/") else f"{media_type}; charset=utf-8"


async def _parameters(request: Request, limit: int) -> Parameters:
    """Return the parameters of the operation, the query among them, wherever the protocol lets them stand."""
    given = _decode(request.scope["query_string"])
    if request.method != "POST":
        return given
    content_type = request.headers.get("content-type", "")
    media_type, charset = media_type_of(content_type)
    if media_type == UPDATE:
        raise _no_update()
    if media_type not in {QUERY, FORM} or charset != "utf-8":
        raise UnsupportedMediaType(found=content_type)
    body = await _body(request, limit * _EXPANSION if media_type == FORM else limit, limit)
    if media_type == QUERY:
        return [*given, ("query", _utf8(body))]
    if any(name == "query" for name, _ in given):
        raise BadProtocolRequest(detail="The query of a posted form belongs into its body.")
    return [*given, *_decode(body)]


async def _body(request: Request, limit: int, query_limit: int) -> bytes:
    body = bytearray()
    async for piece in request.stream():
        body += piece
        if len(body) > limit:
            raise QueryTooLong(limit=query_limit)
    return bytes(body)


def _decode(encoded: bytes) -> Parameters:
    try:
        return parse_qsl(_utf8(encoded), keep_blank_values=True, errors="strict", max_num_fields=1000)
    except UnicodeDecodeError:
        raise BadProtocolRequest(detail="A parameter is not percent-encoded UTF-8.") from None
    except ValueError:
        raise BadProtocolRequest(detail="The request has more than 1000 parameters.") from None


def _utf8(data: bytes) -> str:
    try:
        return data.decode()
    except UnicodeDecodeError:
        raise BadProtocolRequest(detail="The request is not UTF-8.") from None


def _query(parameters: Parameters, request: Request, client: str) -> QueryRequest:
    given: dict[str, list[str]] = {}
    for name, value in parameters:
        given.setdefault(canonical(name), []).append(value)
    if "update" in given:
        raise _no_update()
    queries = given.get("query", [])
    if len(queries) != 1:
        raise BadProtocolRequest(detail=f"The request has {len(queries)} query parameters. Send exactly one.")
    read = ((name, each) for name, each in given.items() if name not in operation.PASSED_OVER)
    check(((name, value) for name, each in read for value in each), operation.PARAMETERS)
    default, named = (_iris(given.get(name, ())) for name in ("default-graph-uri", "named-graph-uri"))
    has_dataset = bool(default or named)
    accept = _accept(request)
    return QueryRequest(
        text=queries[0],
        results_type=_results_type(accept),
        graph_type=_graph_type(accept),
        default_graphs=default if has_dataset else None,
        named_graphs=named if has_dataset else None,
        client=client,
        at_least=wanted_sequence(told(request.scope, _AT_LEAST)),
        as_of=_as_of([*given.get("asOf", ()), *told(request.scope, _AS_OF)]),
        # Without chunks a client could not tell a cut answer from a complete one.
        whole=request.scope.get("http_version") == "1.0",
    )


# A client sends the same header with each query, and reading it takes as long as the guard does.
@lru_cache(maxsize=64)
def _results_type(accept: str | None) -> str | None:
    return choose(accept, RESULTS)


@lru_cache(maxsize=64)
def _graph_type(accept: str | None) -> str | None:
    """Choose how a graph is written.

    Clients that always name the types of result tables mean "whatever you have" when they ask for a graph.
    """
    chosen = choose(accept, GRAPHS)
    return next(iter(GRAPHS)) if chosen is None and _results_type(accept) is not None else chosen


def _no_update() -> BadProtocolRequest:
    return BadProtocolRequest(detail="This endpoint answers queries only; data come in through the API.")


def _accept(request: Request) -> str | None:
    """Return the Accept header; it may stand in several lines."""
    return ",".join(told(request.scope, b"accept")) or None


def _iris(values: Iterable[str]) -> tuple[str, ...]:
    for value in values:
        try:
            NamedNode(value)
        except ValueError:
            raise BadProtocolRequest(detail=f"The graph '{value}' is not an absolute IRI.") from None
    return tuple(values)


def _as_of(given: list[str]) -> Moment | None:
    if len(set(given)) > 1:
        raise BadProtocolRequest(detail=f"The request names {len(set(given))} moments. Send one.")
    return read_moment(given[0]) if given else None


def _description(request: Request) -> Response:
    """Return the service description, for a request without any parameters."""
    media_type = choose(_accept(request), GRAPHS)
    if media_type is None:
        raise BadProtocolRequest(detail="The request has no query. Send one as ?query=, or accept text/turtle.")
    source = resources.files("stratagraph.service.sparql") / "description.ttl"
    endpoint = str(request.url.replace(query=""))
    turtle = GRAPHS["text/turtle"]
    triples = [quad.triple for quad in parse(source.read_bytes(), turtle, base_iri=endpoint)]
    triples += _prefixes(NamedNode(endpoint))
    body = io.BytesIO()
    write_graph(triples, body, GRAPHS[media_type])
    return Response(body.getvalue(), headers={"Vary": "Accept"}, media_type=_with_charset(media_type))


def _prefixes(endpoint: NamedNode) -> Iterator[Triple]:
    """Yield the prefixes that a query need not declare, as SHACL declares prefixes."""
    for prefix, namespace in PREFIXES.items():
        node = BlankNode()
        yield Triple(endpoint, NamedNode(SH.declare), node)
        yield Triple(node, NamedNode(SH.term("prefix")), Literal(prefix))
        yield Triple(node, NamedNode(SH.namespace), Literal(str(namespace), datatype=NamedNode(XSD.anyURI)))


class _Stream(Response):
    """An answer in chunks. One that is cut never gets its last chunk, so that no client takes it for complete."""

    def __init__(self, answer: SparqlAnswer, headers: Mapping[str, str]) -> None:
        super().__init__(headers=headers, media_type=_with_charset(answer.media_type))
        del self.headers["content-length"]
        self._answer = answer

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:  # noqa: ARG002  ASGI's signature
        """Send the pieces while watching for the client to hang up."""
        try:
            await send_unless_gone(receive, self._send(send))
        finally:
            self._answer.close()

    async def _send(self, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": self.raw_headers})
        await send({"type": "http.response.body", "body": self._answer.head, "more_body": True})
        try:
            async for piece in self._answer.rest():
                await send({"type": "http.response.body", "body": piece, "more_body": True})
        except StratagraphError as error:
            log.warning("a SPARQL answer was cut: %s", error)
            return
        await send({"type": "http.response.body", "body": b"", "more_body": False})

"""Errors of the API as problem details (RFC 9457)."""

from __future__ import annotations

import json
import logging
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any, Final

import orjson
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect
from starlette.responses import Response
from starlette.routing import Match

from stratagraph.ontology.errors import MOST_FINDINGS, StratagraphError, in_short, unlisted
from stratagraph.ontology.namespaces import PROBLEM_BASE
from stratagraph.ontology.sentences import SOURCE, say
from stratagraph.queries.messages import messages
from stratagraph.service.http.tongue import in_tongue, spoken
from stratagraph.service.ledger.storage import unavailable

log = logging.getLogger(__name__)

MEDIA_TYPE: Final = "application/problem+json"

_LONGEST: Final = 100
"""Characters of a place or an address that an answer repeats: names in it are the client's."""
_METHODS: Final = {"GET": "GET", "HEAD": "GET", **{method: method for method in ("POST", "PUT", "PATCH", "DELETE")}}
"""Methods of HTTP, each with the one whose routes answer it."""


def problem(
    *,
    slug: str,
    title: str,
    status: int,
    detail: str,
    extra: Mapping[str, Any] | None = None,
    headers: Mapping[str, str] | None = None,
) -> Response:
    """Build one problem detail in the request's language; ``slug`` is the stable last part of its type."""
    told = {"title": _titled(title, status), "status": status, "detail": say(detail, spoken())}
    body = {"type": PROBLEM_BASE + slug, **told, **(extra or {})}
    return Response(_json(body), status, dict(headers or {}), MEDIA_TYPE)


def _json(body: Mapping[str, Any]) -> bytes:
    """Return a body as JSON; what a client sent, and is told of, need not be text that can be sent."""
    try:
        return orjson.dumps(body, default=str)
    except TypeError:
        return json.dumps(body, default=str).encode()  # writes half a surrogate pair as the escape that it came as


def _titled(title: str, status: int) -> str:
    """Return a problem's title in the request's language: beside English, that of its status."""
    titles = messages("statuses", spoken())
    return title if spoken() == SOURCE else titles.get(str(status), titles["other"])


def from_error(error: StratagraphError) -> Response:
    """Build the problem detail of one of our own errors: its slug, its text, its details."""
    title = (type(error).__doc__ or type(error).__name__).splitlines()[0].rstrip(".")
    retry_after = error.data().get("retry_after")
    headers = None if retry_after is None else {"Retry-After": str(retry_after)}
    return problem(
        slug=error.slug,
        title=title,
        status=error.status,
        detail=error.said(spoken()),
        extra=in_tongue(error.details()),
        headers=headers,
    )


def install(app: FastAPI, *, logged: bool = True) -> None:
    """Answer every error of the app with a problem detail; ``logged``: those of the service go to the log too."""
    app.state.logged = logged
    app.add_exception_handler(StratagraphError, _ours)
    app.add_exception_handler(RequestValidationError, _invalid)
    app.add_exception_handler(HTTPException, _http)
    app.add_exception_handler(ClientDisconnect, _gone)
    app.add_exception_handler(Exception, _unexpected)


def _ours(request: Request, error: Exception) -> Response:
    assert isinstance(error, StratagraphError)  # what the handler is registered for
    if error.status >= 500 and request.app.state.logged:  # noqa: PLR2004  a status class
        # What is not there for now is for the client to wait for, and no fault of ours.
        level = logging.WARNING if error.status == HTTPStatus.SERVICE_UNAVAILABLE else logging.ERROR
        log.log(level, "%s %s: %s", request.method, request.url.path, error)
    return from_error(error)


def _invalid(request: Request, error: Exception) -> Response:  # noqa: ARG001  starlette's handler signature
    assert isinstance(error, RequestValidationError)
    found = error.errors()
    faults = [
        {"where": in_short(".".join(map(str, fault["loc"])), _LONGEST), "what": say(fault["msg"], spoken())}
        for fault in found[:MOST_FINDINGS]
    ]
    detail = "; ".join(_placed(**fault) for fault in faults[:5])
    return problem(
        slug="invalid-request",
        title="The request does not fit the route's parameters",
        status=422,
        detail=f"{detail}. The parameters are described at /docs.",
        extra={"faults": faults, **unlisted(len(found))},
    )


def _placed(where: str, what: str) -> str:
    """Say where a fault is: the place in the reader's language, the parameter's name as it is written."""
    kind, dot, name = where.partition(".")
    template = say(f"{kind}.{{name}}: {{fault}}" if dot else f"{kind}: {{fault}}", spoken())
    return template.format(name=name, fault=what)


def _http(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    slugs = {404: "not-found", 405: "method-not-allowed"}
    headers = dict(error.headers or {})
    if error.status_code == HTTPStatus.METHOD_NOT_ALLOWED:
        headers["Allow"] = ", ".join(_allowed(request))
    path = in_short(request.url.path, _LONGEST)
    return problem(
        slug=slugs.get(error.status_code, "http-error"),
        title=str(error.detail),
        status=error.status_code,
        detail=f"{request.method} {path}: {error.detail}. The routes are described at /docs.",
        headers=headers,
    )


def _allowed(request: Request) -> list[str]:
    """Return the methods of an address; several routes may share it, each of which knows only its own."""
    routes = request.app.router.routes
    return [
        method
        for method, like in _METHODS.items()
        if any(route.matches({**request.scope, "method": like})[0] is Match.FULL for route in routes)
    ]


def _gone(_request: Request, _error: Exception) -> Response:
    """Answer a client that left before its request had come in: nobody hears it, and nothing is wrong here."""
    return Response(status_code=HTTPStatus.BAD_REQUEST)


def _unexpected(request: Request, error: Exception) -> Response:
    if storage := unavailable(error):
        return _ours(request, storage)
    log.error("%s %s failed", request.method, request.url.path, exc_info=error)
    return problem(
        slug="internal-error",
        title="The service failed",
        status=500,
        detail="This is a fault of Stratagraph, and its log says more. A batch may have been committed all the same: "
        "send it again under the same run, which counts once.",
    )

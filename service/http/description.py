"""The description of the service for programs (OpenAPI): what FastAPI can't tell from the routes alone."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from fastapi import FastAPI
from fastapi.routing import APIRoute
from pydantic.json_schema import models_json_schema

from stratagraph.service.http.access import needed
from stratagraph.service.http.documents.media import REF
from stratagraph.service.http.headers import SEQUENCE
from stratagraph.service.http.problems import MEDIA_TYPE
from stratagraph.service.http.wire import WireBatch

_SCHEME: Final = "token"
_SECURITY: Final = {
    _SCHEME: {
        "type": "http",
        "scheme": "bearer",
        "description": "An access token, where the service asks for one. 'stratagraph token add' makes it.",
    }
}
_BODIES: Final = (WireBatch,)
"""Models of bodies that routes read by themselves."""
_ANNOUNCING: Final = ("/api/", "/sparql", "/cypher")
"""Beginnings of the addresses whose answers tell their sequence."""
_ANNOUNCED: Final = {
    "description": "The ledger sequence that the answer was computed at.",
    "schema": {"type": "integer", "minimum": 0},
}


def operation_id(route: APIRoute) -> str:
    """Return the name that generated clients give a route."""
    return route.name


def describe(app: FastAPI) -> None:
    """Let the application complete what it tells of itself, once, when it is first asked."""
    told = app.openapi

    def openapi() -> dict[str, Any]:
        if app.openapi_schema is None:
            app.openapi_schema = _completed(told())
        return app.openapi_schema

    app.openapi = openapi  # type: ignore[method-assign]  # the way that FastAPI documents


def _completed(document: dict[str, Any]) -> dict[str, Any]:
    components = document.setdefault("components", {})
    components["securitySchemes"] = _SECURITY
    schemas = components.setdefault("schemas", {})
    _, bodies = models_json_schema([(model, "validation") for model in _BODIES], ref_template=REF)
    schemas |= bodies["$defs"]
    for method, path, operation in _operations(document):
        _complete(method.upper(), path, operation)
    return document


def _operations(document: dict[str, Any]) -> Iterator[tuple[str, str, dict[str, Any]]]:
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            yield method, path, operation


def _complete(method: str, path: str, operation: dict[str, Any]) -> None:
    role = needed(method, path)
    if role is None:
        operation["security"] = []
    else:
        operation["security"] = [{_SCHEME: []}, {}]
        told = operation.get("description", "")
        operation["description"] = f"{told}\n\nWhere the service asks for access tokens: the role `{role}`.".strip()
    announcing = path.startswith(_ANNOUNCING)
    for parameter in operation.get("parameters", ()):
        if parameter["in"] == "query":
            parameter["schema"] = _as_checked(parameter["schema"])
    for status, answer in operation["responses"].items():
        content = answer.get("content", {})
        if content.get("application/json", {}).get("schema", {}).get("$ref") == REF.format(model="Problem"):
            content[MEDIA_TYPE] = content.pop("application/json")
        if announcing and status.startswith("2"):
            answer.setdefault("headers", {})[SEQUENCE] = _ANNOUNCED


def _as_checked(schema: dict[str, Any]) -> dict[str, Any]:
    """Return the form of a parameter as requests are held to it: never null, and never empty."""
    kinds = schema.get("anyOf", ())
    if {"type": "null"} in kinds:
        kind = next(kind for kind in kinds if kind != {"type": "null"})
        schema = {name: value for name, value in schema.items() if name != "anyOf"} | kind
    if schema.get("type") == "string" and not schema.keys() & {"enum", "format", "pattern"}:
        schema = {**schema, "minLength": schema.get("minLength", 1), "pattern": r"\S"}
        if schema.get("default") == "":
            del schema["default"]
    return schema

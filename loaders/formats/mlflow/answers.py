"""Answers of an MLflow server as files: the body alone, or beside its request and status as a recorder keeps it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from stratagraph.loaders.formats.description import Description
from stratagraph.loaders.formats.document import Document
from stratagraph.loaders.formats.exact_json import JsonFault, read_json
from stratagraph.loaders.formats.fields import Fields

_PATH: Final = "/mlflow/"
_MARKS: Final[Mapping[str, frozenset[str]]] = {
    "registered_models": frozenset({"latest_versions", "aliases", "creation_timestamp", "last_updated_timestamp"}),
    "registered_model": frozenset({"latest_versions", "aliases", "creation_timestamp", "last_updated_timestamp"}),
    "model_versions": frozenset({"run_id", "source", "current_stage", "creation_timestamp"}),
    "model_version": frozenset({"run_id", "source", "current_stage", "creation_timestamp"}),
    "models": frozenset({"info"}),
    "model": frozenset({"info"}),
    "run": frozenset({"info"}),
    "runs": frozenset({"info"}),
}
"""What a body holds, and names of which each thing in it has one."""
_INNER: Final = {"models": "model_id", "model": "model_id", "run": "run_id", "runs": "run_id"}
_MISSING: Final = "RESOURCE_DOES_NOT_EXIST"
_REFUSED: Final = 400
FURTHER: Final = "next_page_token"
PAGE: Final = "page_token"
_CODE: Final = re.compile(r"[A-Z][A-Z_]{2,60}")
_REFUSAL: Final = frozenset({"error_code", "message", "details", "stack_trace"})


def is_answer(value: Any) -> bool:
    """Tell whether a value is an answer of an MLflow server, with its request or without."""
    if not isinstance(value, Mapping):
        return False
    request = value.get("request")
    if isinstance(request, Mapping) and "body" in value:
        return _PATH in str(request.get("path", "")) or _PATH in str(request.get("url", ""))
    held = any(_holds(name, value[name]) for name in _MARKS.keys() & value.keys()) and "kind" not in value
    return held or _is_refusal(value)


def _is_refusal(value: Mapping[str, Any]) -> bool:
    """Tell whether a body is the server's refusal: a code and a message, and nothing else."""
    return refusal_of(value) != "" and "message" in value and _REFUSAL.issuperset(value)


def refusal_of(value: Any) -> str:
    """Return the code of a refusal, "" where there is none, or nothing that is one: messages may name who asked."""
    code = value.get("error_code") if isinstance(value, Mapping) else None
    return code if isinstance(code, str) and _CODE.fullmatch(code) else ""


def values_of(document: Document) -> list[Any]:
    """Return the values of a document: of JSON one, else one on each line; nothing where it is neither."""
    if document.values or not document.is_json:
        return document.values
    try:
        return [read_json(line) for line in document.lines if line.strip()]
    except JsonFault:
        return []


def _holds(name: str, held: Any) -> bool:
    things = held if isinstance(held, list) else [held]
    return bool(things) and all(isinstance(thing, Mapping) and _is_one(name, thing) for thing in things)


def _is_one(name: str, thing: Mapping[str, Any]) -> bool:
    if name in _INNER:
        info = thing.get("info")
        return isinstance(info, Mapping) and _INNER[name] in info
    return "name" in thing and not _MARKS[name].isdisjoint(thing)


@dataclass(frozen=True, slots=True)
class Answer:
    """The body of an answer, and the page that was asked for, where its request was kept."""

    body: Fields
    page: str = ""


def answers_in(document: Document, description: Description) -> Iterator[Answer]:
    """Yield the answers in a document.

    Raises:
        MalformedDocument: an answer is a refusal; that there is no such thing is none.
    """
    for number, value in enumerate(values_of(document)):
        listed = value if isinstance(value, list) else [value]
        for place, answer in enumerate(listed):
            at = (number, place) if isinstance(value, list) else (number,)
            recorded = "request" in answer and "body" in answer
            body = answer["body"] if recorded else answer
            status = answer.get("status") if recorded else None
            code = refusal_of(body)
            if code == _MISSING:
                continue
            refused = isinstance(body, Mapping) and body.get("error_code") is not None
            if refused or (isinstance(status, int) and status >= _REFUSED):
                said = code or status or "..."
                description.fault(at, f"this answer is a refusal ({said}), so nothing is known of what it was to tell.")
            if body:
                page = _page(answer["request"]) if recorded else ""
                yield Answer(Fields(description, body, (*at, "body") if recorded else at), page)


def _page(request: Mapping[str, Any]) -> str:
    """Return the page that a request asks for: in its query, or in the body of a search by POST."""
    parts = (part for name in ("query", "params", "json", "body") if isinstance(part := request.get(name), Mapping))
    return next((str(part[PAGE]) for part in parts if part.get(PAGE)), "")

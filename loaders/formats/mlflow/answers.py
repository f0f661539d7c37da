"""Answers of an MLflow server as files: the body alone, or beside its request and status as a recorder keeps it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
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


def is_answer(value: Any) -> bool:
    """Tell whether a value is an answer of an MLflow server, with its request or without."""
    if not isinstance(value, Mapping):
        return False
    request = value.get("request")
    if isinstance(request, Mapping) and "body" in value:
        return _PATH in str(request.get("path", "")) or _PATH in str(request.get("url", ""))
    return any(_holds(name, value[name]) for name in _MARKS.keys() & value.keys()) and "kind" not in value


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


def answers_in(document: Document, description: Description) -> Iterator[Fields]:
    """Yield the bodies of the answers in a document.

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
            code = body.get("error_code") if isinstance(body, Mapping) else None
            if code == _MISSING:
                continue
            if code or (isinstance(status, int) and status >= _REFUSED):
                said = code or status
                description.fault(at, f"this answer is a refusal ({said}), so nothing is known of what it was to tell.")
            if body:
                yield Fields(description, body, (*at, "body") if recorded else at)

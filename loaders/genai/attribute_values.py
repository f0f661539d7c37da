"""Reading attribute values, which arrive in more types than the conventions allow."""

from __future__ import annotations

import re
from collections.abc import Hashable, Iterator, Sequence
from functools import lru_cache
from math import isfinite
from typing import Any, Final

import orjson
from opentelemetry.proto.common.v1.common_pb2 import AnyValue

from stratagraph.ontology.errors import StratagraphError

LONGEST_NAME: Final = 256
"""A longer name is no name: it would be content, or junk that mints assets."""
MOST: Final = 2**53
"""Tokens or money of one call. Sums are doubles: beyond this, one more makes no difference to them."""
# Digits that are certain to fit 64 bits.
_INTEGER: Final = re.compile(r"[+-]?[0-9]{1,18}\Z")
_CONTROL: Final = re.compile(r"[\x00-\x1f\x7f]")
_LONGEST_KEPT: Final = 2_000
"""Characters of a document that is remembered: settings of a call are short and recur, what was said is neither."""
_SCALARS: Final = (str, int, float)


class BadAttribute(StratagraphError, slug="bad-attribute", status=400):
    """An attribute whose value cannot mean what its name says."""

    text = "The attribute {key} {reason}. Correct the instrumentation and send the span again."

    key: str
    reason: str


def plain(value: AnyValue) -> Any:
    """Return a value as Python has it; None where nothing was sent."""
    kind = value.WhichOneof("value")
    if kind == "string_value":
        return value.string_value
    if kind is None:
        return None
    if kind == "array_value":
        return [plain(item) for item in value.array_value.values]
    if kind == "kvlist_value":
        return {item.key: plain(item.value) for item in value.kvlist_value.values}
    return getattr(value, kind)


def unwrapped(value: Any) -> Any:
    """Return a scalar that was sent as JSON, which puts texts in quotation marks."""
    if isinstance(value, str) and len(value) > 1 and value[0] == '"' == value[-1]:
        inner = parse_json(value)
        return inner if isinstance(inner, str) else value
    return value


def printable(name: str) -> bool:
    """Tell whether a text may be a name."""
    if len(name) > LONGEST_NAME:
        return False
    return (name.isascii() and name.isprintable()) or not _CONTROL.search(name)


def strict_name(key: str, value: Any) -> str:
    """Return a name of an asset that counts. Raises BadAttribute."""
    if value is None:
        return ""
    if not isinstance(value, str):
        raise BadAttribute(key=key, reason="is not text")
    name = value.strip()
    if not printable(name):
        raise BadAttribute(key=key, reason=f"is longer than {LONGEST_NAME} characters, or not printable")
    return name


def lenient_name(value: Any) -> str:
    """Return a name that stands beside what counts, "" where it is none; no span is lost for it."""
    if isinstance(value, bool) or not isinstance(value, _SCALARS):
        return ""
    name = str(value).strip()
    return name if printable(name) else ""


def identity(sent: str) -> str:
    """Return a name by which an emitter calls itself, cut to what a name may be.

    A span is not refused for it, as it is for a name of an asset: nobody who reads the graph wrote it, and it only says
    who told. Characters that a database may not take become the sign for what is missing.
    """
    return _CONTROL.sub("\N{REPLACEMENT CHARACTER}", sent.strip()[:LONGEST_NAME])


def tokens(key: str, value: Any) -> int | None:
    """Return a count of tokens, None where unknown. Raises BadAttribute."""
    number: int | None = None
    if isinstance(value, bool):
        raise BadAttribute(key=key, reason="is not a whole number")
    if isinstance(value, int):
        number = value
    # Emitters without integers send whole numbers so.
    elif (isinstance(value, float) and value.is_integer()) or (
        isinstance(value, str) and _INTEGER.match(value.strip())
    ):
        number = int(value)
    if number is None or number > MOST:
        raise BadAttribute(key=key, reason="is not a whole number")
    if number < 0:
        raise BadAttribute(key=key, reason=f"is negative ({number})")
    return number


def _is_whole(value: Any) -> bool:
    """Tell whether a value is a whole number in another type."""
    if isinstance(value, float):
        return value.is_integer()
    return isinstance(value, str) and _INTEGER.match(value.strip()) is not None


def amount(key: str, value: Any) -> float | None:
    """Return a quantity of 0 or more, None where it is no number. Raises BadAttribute."""
    if isinstance(value, bool) or not isinstance(value, _SCALARS):
        return None
    try:
        number = float(value)
    except ValueError:
        return None
    if not isfinite(number) or number < 0:
        raise BadAttribute(key=key, reason=f"is negative or not finite ({number})")
    if number > MOST:
        raise BadAttribute(key=key, reason=f"is beyond {MOST}")
    return number


def flag(value: Any) -> bool | None:
    """Return a truth value, None where it is none."""
    if isinstance(value, bool):
        return value
    if isinstance(value, str):
        return {"true": True, "false": False}.get(value.strip().casefold())
    return None


def word(value: Any) -> str:
    """Return a scalar in the form in which data compare it."""
    return str(value).strip().casefold() if isinstance(value, _SCALARS) else ""


def words(value: Any) -> tuple[str, ...]:
    """Return a list of short texts, however it was sent: an array, a JSON array in text, or one text."""
    # Some emitters send an array as JSON in a text.
    listed = parse_json(value) if isinstance(value, str) and value.startswith("[") else value
    if isinstance(listed, list):
        return tuple(item for item in listed if isinstance(item, str) and item)
    return (listed,) if isinstance(listed, str) and listed else ()


def field_of(value: Any, path: Sequence[str]) -> Any:
    """Return what stands at a path inside a document; None where it is not there."""
    found = parse_json(value) if isinstance(value, str) else value
    for step in path:
        found = found.get(step) if isinstance(found, dict) else None
    return found


def fields_of(value: AnyValue, paths: Sequence[Sequence[str]]) -> Hashable:
    """Return what stands at some paths inside a document, to be compared."""
    text = value.string_value
    if text and len(text) <= _LONGEST_KEPT:
        return _fields_of(text, tuple(paths))
    return _at(plain(value), paths)


@lru_cache(maxsize=2_000)
def _fields_of(text: str, paths: Sequence[Sequence[str]]) -> Hashable:
    return _at(text, paths)


def _at(document: Any, paths: Sequence[Sequence[str]]) -> Hashable:
    parsed = parse_json(document) if isinstance(document, str) else document
    return repr([field_of(parsed, path) if isinstance(parsed, dict) else None for path in paths])


def tool_names(value: Any) -> Iterator[str]:
    """Yield the names of offered tools from their definitions: structures, JSON text or names; one tool or a list."""
    parsed = value
    if isinstance(value, str):
        parsed = parse_json(value)
        # A comma-separated list of names, or one name, is no JSON.
        parsed = parsed if isinstance(parsed, list | dict) else None
    for tool in parsed if isinstance(parsed, list) else [parsed]:
        told = tool
        if isinstance(tool, str) and tool.startswith("{"):
            told = parse_json(tool)
        name = _tool_name(told)
        if name and printable(name):
            yield name


def _tool_name(tool: Any) -> str:
    """Return the name in one definition."""
    if isinstance(tool, str):
        return tool.strip()
    if not isinstance(tool, dict):
        return ""
    # Some definitions wrap the tool in an object of its own.
    for wrapper in ("function", "data", "toolSpec"):
        inner = tool.get(wrapper)
        if isinstance(inner, dict) and isinstance(inner.get("name"), str):
            return str(inner["name"])
    name = tool.get("name")
    return name if isinstance(name, str) else ""


def parse_json(value: str) -> Any:
    """Return parsed JSON, None where it is cut short or none at all."""
    try:
        return orjson.loads(value)
    except orjson.JSONDecodeError:
        return None

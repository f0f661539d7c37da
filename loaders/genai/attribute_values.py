"""Reading attribute values, which arrive in more types than the conventions allow."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
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


class BadAttribute(StratagraphError, slug="bad-attribute", status=400):
    """An attribute whose value cannot mean what its name says."""

    text = "The attribute {key} {reason}. Correct the instrumentation and send the span again."

    key: str
    reason: str


def text(key: str, value: AnyValue, empty: frozenset[str]) -> str:
    """Return a name, "" where unknown. Raises BadAttribute."""
    kind = value.WhichOneof("value")
    if kind is None:
        return ""
    if kind != "string_value":
        raise BadAttribute(key=key, reason="is not text")
    name = value.string_value.strip()
    # What emitters write for want of a value, "None" for example.
    if name in empty:
        return ""
    if len(name) > LONGEST_NAME or _CONTROL.search(name):
        raise BadAttribute(key=key, reason=f"is longer than {LONGEST_NAME} characters, or not printable")
    return name


def identity(sent: str) -> str:
    """Return a name by which an emitter calls itself, cut to what a name may be.

    A span is not refused for it, as it is for a name of an asset: nobody who reads the graph wrote it, and it only says
    who told. Characters that a database may not take become the sign for what is missing.
    """
    return _CONTROL.sub("\N{REPLACEMENT CHARACTER}", sent.strip()[:LONGEST_NAME])


def tokens(key: str, value: AnyValue, empty: frozenset[str]) -> int | None:
    """Return a count of tokens, None where unknown. Raises BadAttribute."""
    kind = value.WhichOneof("value")
    number: int | None = None
    if kind == "int_value":
        number = value.int_value
    # Emitters without integers send whole numbers so.
    elif kind == "double_value" and value.double_value.is_integer():
        number = int(value.double_value)
    elif kind == "string_value" and _INTEGER.match(value.string_value):
        number = int(value.string_value)
    elif kind is None or (kind == "string_value" and value.string_value.strip() in empty):
        return None
    if number is None or number > MOST:
        raise BadAttribute(key=key, reason="is not a whole number")
    if number < 0:
        raise BadAttribute(key=key, reason=f"is negative ({number})")
    return number


def amount(key: str, value: AnyValue, empty: frozenset[str]) -> float | None:
    """Return a quantity of 0 or more, None where unknown. Raises BadAttribute."""
    kind = value.WhichOneof("value")
    if kind is None or (kind == "string_value" and value.string_value.strip() in empty):
        return None
    if kind not in {"int_value", "double_value", "string_value"}:
        raise BadAttribute(key=key, reason="is not a number")
    try:
        number = float(getattr(value, kind))
    except ValueError:
        raise BadAttribute(key=key, reason="is not a number") from None
    if not isfinite(number) or number < 0:
        raise BadAttribute(key=key, reason=f"is negative or not finite ({number})")
    if number > MOST:
        raise BadAttribute(key=key, reason=f"is beyond {MOST}")
    return number


def flag(value: AnyValue) -> bool | None:
    """Return a truth value, None where it is none."""
    kind = value.WhichOneof("value")
    if kind == "bool_value":
        return value.bool_value
    if kind == "string_value":
        return {"true": True, "false": False}.get(value.string_value.casefold())
    return None


def words(value: AnyValue) -> tuple[str, ...]:
    """Return a list of short texts, however it was sent: an array, a JSON array in text, or one text."""
    kind = value.WhichOneof("value")
    if kind == "array_value":
        return tuple(item.string_value for item in value.array_value.values if item.string_value)
    if kind != "string_value" or not value.string_value:
        return ()
    # Some emitters send an array as JSON in a text.
    if value.string_value.startswith("["):
        parsed = parse_json(value.string_value)
        return tuple(item for item in parsed if isinstance(item, str)) if isinstance(parsed, list) else ()
    return (value.string_value,)


def field_of(value: AnyValue, path: Sequence[str]) -> AnyValue:
    """Return the text at a path inside JSON text; an unset value where it is not there."""
    found = parse_json(value.string_value) if value.WhichOneof("value") == "string_value" else None
    for step in path:
        found = found.get(step) if isinstance(found, dict) else None
    return AnyValue(string_value=found) if isinstance(found, str) else AnyValue()


def tool_names(value: AnyValue) -> Iterator[str]:
    """Yield the names of offered tools from their definitions: JSON text, one tool or a list of them."""
    if value.WhichOneof("value") != "string_value":
        return
    parsed = parse_json(value.string_value)
    for tool in parsed if isinstance(parsed, list) else [parsed]:
        if isinstance(tool, dict):
            function = tool.get("function")
            # Some definitions wrap the tool in an object of its own.
            name = function.get("name") if isinstance(function, dict) else tool.get("name")
            if isinstance(name, str) and 0 < len(name) <= LONGEST_NAME and not _CONTROL.search(name):
                yield name


def parse_json(value: str) -> Any:
    """Return parsed JSON, None where it is cut short or none at all."""
    try:
        return orjson.loads(value)
    except orjson.JSONDecodeError:
        return None

"""Durations as people write them: ``30s``, ``5m``, ``2h``, ``1d``, or a number of seconds."""

from __future__ import annotations

import re
from typing import Annotated, Final

from pydantic import BeforeValidator, WithJsonSchema
from pydantic_core import PydanticCustomError

_UNITS: Final = {"": 1, "s": 1, "m": 60, "h": 3600, "d": 86_400}
_PART: Final = re.compile(r"(\d+(?:\.\d+)?)\s*(s|m|h|d)?", re.ASCII)


def seconds(given: object) -> object:
    """Return the seconds of a duration; what is none is left for others to refuse."""
    if not isinstance(given, str):
        return given
    text = given.strip().lower()
    parts = _PART.findall(text)
    if not parts or _PART.sub("", text).strip() or (len(parts) > 1 and not all(unit for _, unit in parts)):
        raise PydanticCustomError(
            "duration", "{given} is no duration; write one as 30s, 5m, 2h or 1d", {"given": repr(given)}
        )
    return sum(float(number) * _UNITS[unit] for number, unit in parts)


def in_words(duration: float) -> str:
    """Return a duration in its largest units."""
    left, said = round(duration), []
    for unit in ("d", "h", "m", "s"):
        whole, left = divmod(left, _UNITS[unit])
        if whole:
            said.append(f"{whole}{unit}")
    return "".join(said[:2]) or "0s"


Duration = Annotated[
    float,
    BeforeValidator(seconds),
    WithJsonSchema(
        {"anyOf": [{"type": "number"}, {"type": "string"}], "description": "Seconds, or as 30s, 5m, 2h, 1d"}
    ),
]

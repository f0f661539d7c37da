"""How many spans a sampled one stands for."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final

from opentelemetry.proto.common.v1.common_pb2 import AnyValue

from stratagraph.loaders.genai.aliases import load_aliases
from stratagraph.loaders.genai.attribute_values import plain

_DIGITS: Final = 14
_RANGE: Final = 16**_DIGITS
"""Thresholds are fractions of this: 56 bits in hexadecimal."""
_THRESHOLD: Final = re.compile(r"[0-9a-f]{1,14}")
_POWER: Final = re.compile(r"[0-9]{1,2}")
MOST: Final = 1e6
"""A span stands for no more than this: a threshold next to the end would make one span a crowd."""


def weight_of(state: str, told: Mapping[str, Any]) -> float:
    """Return the number of spans that one stands for, by its trace state and attributes; 1 where nothing is sampled."""
    weights = [_of_state(state), *_of_attributes(told)]
    return min(max(weights), MOST)


def _of_state(state: str) -> float:
    """Return what the vendor's part of OpenTelemetry in a trace state says."""
    for member in state.split(","):
        vendor, _, value = member.strip().partition("=")
        if vendor != "ot":
            continue
        for part in value.split(";"):
            key, _, number = part.partition(":")
            # The threshold is the share of traces that is dropped; before it there was a power of two.
            if key == "th" and _THRESHOLD.fullmatch(number):
                return _RANGE / (_RANGE - int(number.ljust(_DIGITS, "0"), 16))
            if key == "p" and _POWER.fullmatch(number):
                return float(2 ** int(number))
    return 1.0


def _of_attributes(told: Mapping[str, Any]) -> list[float]:
    """Return what the attributes say that tell a share, or a number of spans."""
    names = {alias.key: concept for concept in ("ratio", "weight") for alias in load_aliases().attributes[concept]}
    weights = [1.0]
    for key in told.keys() & names.keys():
        value = told[key]
        sent = plain(value) if isinstance(value, AnyValue) else value
        try:
            number = float(sent)
        except (TypeError, ValueError):
            continue
        if names[key] == "weight" and number >= 1:
            weights.append(number)
        elif names[key] == "ratio" and 0 < number <= 1:
            weights.append(1 / number)
    return weights

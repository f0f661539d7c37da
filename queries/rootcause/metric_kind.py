"""Which kind of thing a metric measures, told by the field's words for it, and which side of its middle is worse."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from itertools import pairwise
from typing import Final

_WORDS: Final = re.compile(r"[a-z][a-z]*\d?|\d[a-z]+")
_HUMPS: Final = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of metric: +1 where more of it is worse, -1 where less is, 0 where either may be."""

    name: str
    worse: int
    weight: float


UNKNOWN: Final = Kind("state", 0, 1.0)


@cache
def kind_of(metric: str) -> Kind:
    """Return the kind of a metric by the words in its name; the first kind of the vocabulary that has one of them."""
    words = _WORDS.findall(_HUMPS.sub(" ", metric).lower())
    spoken = set(words) | {f"{first}_{second}" for first, second in pairwise(words)}
    return next((kind for kind, known in _vocabulary() if spoken & known), UNKNOWN)


@cache
def _vocabulary() -> tuple[tuple[Kind, frozenset[str]], ...]:
    read = json.loads(files("stratagraph.queries.rootcause").joinpath("kinds.json").read_text("utf-8"))
    sides = {"higher": 1, "lower": -1}
    return tuple(
        (Kind(name, sides[entry["worse"]], entry["weight"]), frozenset(entry["words"])) for name, entry in read.items()
    )

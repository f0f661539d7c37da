"""Adding up observations: one metric of one subject, told in several pieces."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from functools import reduce
from operator import add
from typing import Final, TypeAlias

from stratagraph.ontology.errors import StratagraphError
from stratagraph.ontology.facts import Iri, Observation

Series: TypeAlias = tuple[Iri, Iri, str, str, bool]
"""Subject, metric, unit, source, estimated: what observations must share to add up."""


MOST_AHEAD: Final = timedelta(days=1)
"""How far a window may end after the receiver's clock. Beyond, it would stand as the newest for too long."""


class Unmergeable(StratagraphError, slug="unmergeable-observations", status=500):
    """Observations that tell of different things."""

    text = (
        "Observations of {first} and of {second} do not add up. Merge only those of one subject, metric, unit and "
        "source that are all measured or all estimated."
    )

    first: Series
    second: Series


def series(seen: Observation) -> Series:
    """Return what the observation tells of."""
    return seen.subject, seen.metric, seen.unit, seen.source, seen.estimated


def merge(first: Observation, second: Observation) -> Observation:
    """Return what both observations say together, over the span of both windows.

    In any order the result is the same, but for the rounding of the total. Quantiles are only known when every
    piece that holds values has a sketch: those of a part would pass for those of the whole.

    Raises:
        Unmergeable: they tell of different subjects, metrics, units or sources, or only one is estimated.
        MalformedSketch: a sketch cannot be read.
    """
    return merge_all((first, second))


def merge_all(parts: Sequence[Observation]) -> Observation:
    """Return what one or more observations say together; a single one as it is. Raises as ``merge`` does."""
    first = parts[0]
    if len(parts) == 1:
        return first
    for part in parts[1:]:
        if series(part) != series(first):
            raise Unmergeable(first=series(first), second=series(part))
    # An observation of no value has no extremes of its own.
    filled = [part for part in parts if part.count] or parts
    return replace(
        first,
        start=min(part.start for part in parts),
        end=max(part.end for part in parts),
        count=sum(part.count for part in parts),
        # From left to right, so that pieces merged one by one as they come in give the very same number.
        total=reduce(add, (part.total for part in parts)),
        minimum=min(part.minimum for part in filled),
        maximum=max(part.maximum for part in filled),
        sketch=_sketch(parts),
    )


def _sketch(parts: Iterable[Observation]) -> bytes:
    from stratagraph.ontology import sketches  # most of what is read has none

    # A part without values needs no sketch.
    held = [part.sketch for part in parts if part.sketch or part.count]
    return sketches.merge(held) if all(held) else b""


def newest(observations: Iterable[Observation]) -> dict[tuple[Iri, Iri], Observation]:
    """Return the newest of each subject and metric: everything that one source said of the newest window."""
    found: dict[tuple[Iri, Iri], Observation] = {}
    for seen in observations:
        keep_newest(found, seen)
    return found


def keep_newest(known: dict[tuple[Iri, Iri], Observation], seen: Observation) -> bool:
    """Take an observation into what is newest of its subject and metric; return whether that changed anything.

    The later window wins. Of one window, sources are not added up, for they may have seen the same calls: the last
    source by name wins, then what was measured, then the last unit by name. What remains adds up.
    """
    key = (seen.subject, seen.metric)
    there = known.get(key)
    if there is None or _rank(seen) > _rank(there):
        known[key] = seen
        return True
    if _rank(seen) == _rank(there):
        known[key] = merge(there, seen)
        return True
    return False


def _rank(seen: Observation) -> tuple[datetime, datetime, str, bool, str]:
    return seen.end, seen.start, seen.source, not seen.estimated, seen.unit


def quantile(seen: Observation, q: float) -> float | None:
    """Return the value at quantile ``q`` in 0..1, None where no sketch tells. Raises MalformedSketch."""
    from stratagraph.ontology import sketches  # as above

    value = sketches.quantile(seen.sketch, q)
    # The sketch is right to one per cent; the extremes are known exactly.
    return None if value is None else min(max(value, seen.minimum), seen.maximum)

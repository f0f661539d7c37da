"""Adding up observations: one metric of one subject, told in several pieces."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from functools import reduce
from math import floor, fsum, log10
from operator import add
from typing import Final, TypeAlias

from stratagraph.ontology.errors import StratagraphError
from stratagraph.ontology.facts import Iri, Observation

Series: TypeAlias = tuple[Iri, Iri, str, str, bool]
"""Subject, metric, unit, source, estimated: what observations must share to add up."""
Rank: TypeAlias = tuple[datetime, datetime, str, bool, str]
"""By what one of several windows is the newest."""

SPANS: Final = "otlp"
"""Telemetry's source, as far as spans tell it."""
METRICS: Final = "otlp-metrics"
"""Telemetry's source, as far as metrics tell what no span does."""
_BESIDE: Final = {METRICS: SPANS}
"""Sources that never tell of what another one tells, so that both add up."""

MOST_AHEAD: Final = timedelta(days=1)
"""How far a window may end after the receiver's clock. Beyond, it would stand as the newest for too long."""
_DIGITS: Final = 15
"""What a double surely holds of a decimal number: the rest of a difference is residue."""
_NOISE: Final = 1e-9
"""Two figures that are closer than this share of them are told apart by rounding alone."""


class Unmergeable(StratagraphError, slug="unmergeable-observations", status=500):
    """Observations that tell of different things."""

    text = (
        "Observations of {first} and of {second} do not add up. Merge only those of one subject, metric, unit and "
        "source that are all measured or all estimated."
    )

    first: Series
    second: Series


def family(source: str) -> str:
    """Return the source that another one adds to, itself where it stands alone."""
    return _BESIDE.get(source, source)


def series(seen: Observation) -> Series:
    """Return what the observation tells of."""
    return seen.subject, seen.metric, seen.unit, family(seen.source), seen.estimated


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
    """Return what one or more observations say together; a single one as it is. Raises as ``merge`` does.

    Where more was taken away than given, the result takes away too; where all was, it counts no value.
    """
    first = parts[0]
    if len(parts) == 1:
        return first
    for part in parts[1:]:
        if series(part) != series(first):
            raise Unmergeable(first=series(first), second=series(part))
    start, end = min(part.start for part in parts), max(part.end for part in parts)
    source = first.source if all(part.source == first.source for part in parts) else family(first.source)
    first = replace(first, start=start, end=end, source=source)
    if any(part.count < 0 for part in parts):
        return _net(first, parts)
    # An observation of no value has no extremes of its own.
    filled = [part for part in parts if part.count] or parts
    return replace(
        first,
        count=sum(part.count for part in parts),
        # From left to right, so that pieces merged one by one as they come in give the very same number.
        total=reduce(add, (part.total for part in parts)),
        minimum=min(part.minimum for part in filled),
        maximum=max(part.maximum for part in filled),
        sketch=_sketch(parts),
    )


def remainder(parts: Sequence[Observation]) -> Observation | None:
    """Return what the parts say together; None where all that was given was taken away again. Raises as ``merge``."""
    merged = merge_all(parts)
    return None if merged.count <= 0 and any(part.count < 0 for part in parts) else merged


def _sketch(parts: Iterable[Observation], taken: Iterable[Observation] = ()) -> bytes:
    """Return the sketch of the values of parts without those taken; empty where one that holds values has none."""
    from stratagraph.ontology import sketches  # most of what is read has none

    # A part without values needs no sketch.
    held, gone = ([part.sketch for part in some if part.sketch or part.count] for some in (parts, taken))
    return sketches.merge(held, gone) if all(held) and all(gone) else b""


def _net(whole: Observation, parts: Sequence[Observation]) -> Observation:
    """Return what is left of parts some of which take values away."""
    given = [part for part in parts if part.count > 0]
    taken = [part for part in parts if part.count < 0]
    count = sum(part.count for part in parts)
    if not count:
        return replace(whole, count=0, total=0.0, minimum=0.0, maximum=0.0, sketch=b"")
    # Who takes more than there is takes the rest of a later one.
    more, less = (given, taken) if count > 0 else (taken, given)
    total = _exact_total(parts)
    sketch = _sketch(more, less)
    least, most = _extremes(more, less, abs(count), abs(total), sketch)
    return replace(whole, count=count, total=total, minimum=least, maximum=most, sketch=sketch)


def _exact_total(parts: Sequence[Observation]) -> float:
    """Return the sum without the residue of rounding, which would pass for something left."""
    totals = [part.total for part in parts]
    exact = fsum(totals)
    scale = fsum(map(abs, totals))
    if not scale or all(total.is_integer() for total in map(float, totals)):
        return exact
    return round(exact, _DIGITS - 1 - floor(log10(scale))) + 0.0  # no negative zero


def _extremes(
    given: Sequence[Observation], taken: Sequence[Observation], count: int, total: float, sketch: bytes
) -> tuple[float, float]:
    """Return the least and the greatest value that is left, as narrowly as can be known."""
    left = _uncancelled(given, taken) or given
    least, most = min(part.minimum for part in left), max(part.maximum for part in left)
    if count == 1:
        only = min(max(total, least), most)
        return only, only
    mean = total / count
    # All but one are no less than the least: what their sum leaves for the greatest.
    highest, lowest = total - (count - 1) * least, total - (count - 1) * most
    if highest < most * (1 - _NOISE):
        most = max(highest, mean, least)
    if lowest > least * (1 + _NOISE):
        least = min(lowest, mean, most)
    if not sketch:
        return least, most
    from stratagraph.ontology import sketches  # as above

    return sketches.narrowed(sketch, least, most)


def _uncancelled(given: Sequence[Observation], taken: Sequence[Observation]) -> list[Observation]:
    """Return the parts that were not taken away as they were given, or value by value."""
    gone = Counter(map(_piece, taken))
    left = []
    for part in given:
        piece = _piece(part)
        if gone[piece]:
            gone[piece] -= 1
        else:
            left.append(part)
    # What is alike within both can be counted: so many of a value were given, and so many taken.
    alike: Counter[float] = Counter()
    for sign, pieces in ((1, map(_piece, left)), (-1, gone.elements())):
        for count, _, least, most, _ in pieces:
            alike[least] += sign * count if least == most else 0
    return [part for part in left if part.minimum != part.maximum or alike[part.minimum] > 0]


def _piece(part: Observation) -> tuple[int, float, float, float, bytes]:
    """Return what a part gives, or takes away."""
    return abs(part.count), abs(part.total), part.minimum, part.maximum, part.sketch


def newest(observations: Iterable[Observation]) -> dict[tuple[Iri, Iri], Observation]:
    """Return the newest of each subject and metric: everything that one source said of the newest window.

    A window of which nothing is left is as if it was never said.
    """
    told: dict[tuple[Iri, Iri], dict[Rank, list[Observation]]] = {}
    for seen in observations:
        told.setdefault((seen.subject, seen.metric), {}).setdefault(_rank(seen), []).append(seen)
    found: dict[tuple[Iri, Iri], Observation] = {}
    for key, windows in told.items():
        left = (remainder(windows[rank]) for rank in sorted(windows, reverse=True))
        there = next(filter(None, left), None)
        if there is not None:
            found[key] = there
    return found


def keep_newest(known: dict[tuple[Iri, Iri], Observation], seen: Observation) -> bool:
    """Take an observation into what is newest of its subject and metric; return whether that changed anything.

    It must give values: where some are taken away, what came before is needed, and ``newest`` tells. The later window
    wins. Of one window, sources are not added up that may have seen the same calls: the last
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


def _rank(seen: Observation) -> Rank:
    return seen.end, seen.start, family(seen.source), not seen.estimated, seen.unit


def quantile(seen: Observation, q: float) -> float | None:
    """Return the value at quantile ``q`` in 0..1, None where no sketch tells. Raises MalformedSketch."""
    return quantiles(seen, (q,))[0]


def quantiles(seen: Observation, wanted: Sequence[float]) -> tuple[float | None, ...]:
    """Return the values at several quantiles, which cost hardly more than one. Raises MalformedSketch."""
    from stratagraph.ontology import sketches  # as above

    found = sketches.quantiles(seen.sketch, wanted)
    # The sketch is right to one per cent; the extremes are known exactly.
    return tuple(None if value is None else min(max(value, seen.minimum), seen.maximum) for value in found)

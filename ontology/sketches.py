"""Quantile sketches of observations: DDSketch of one accuracy, in its protocol buffer."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from math import ceil, isfinite
from typing import Any, Final

from ddsketch import DDSketch
from ddsketch.pb import ddsketch_pb2
from google.protobuf.message import DecodeError

from stratagraph.ontology.errors import StratagraphError

RELATIVE_ACCURACY: Final = 0.01
"""A quantile is within 1 % of the true value. One accuracy for all, so that any two sketches merge."""

pb: Final[Any] = ddsketch_pb2  # its types are made at run time
_MAPPING: Final[Any] = DDSketch(RELATIVE_ACCURACY)._mapping  # noqa: SLF001  # the library has no public name
# From the least number that a double holds to the largest, and one bin to spare at either end.
_KEYS: Final = range(_MAPPING.key(5e-324) - 1, _MAPPING.key(1.7e308) + 2)
_GAMMA_TOLERANCE: Final = 1e-12
_RANK_TOLERANCE: Final = 1e-9
"""What the product of a quantile and a number of values may be off: 0.07 * 100 is no eighth value."""


class MalformedSketch(StratagraphError, slug="malformed-sketch", status=400):
    """Bytes that are no sketch of ours."""

    text = (
        "The quantile sketch cannot be read: {reason}. Send a serialised DDSketch protocol buffer with a "
        "logarithmic mapping of 1 % relative accuracy, or leave the sketch empty."
    )

    reason: str


def sketch_of(values: Iterable[float] = ()) -> DDSketch:
    """Return a sketch of finite values; feed it more with ``add(value)``."""
    sketch = DDSketch(RELATIVE_ACCURACY)
    for value in values:
        sketch.add(value)
    return sketch


@dataclass(frozen=True, slots=True)
class Bins:
    """How many values fall into each bin of a sketch: what a sketch is made of, without the means to ask it."""

    above: Mapping[int, float]
    below: Mapping[int, float]
    zeros: float

    @classmethod
    def of(cls, values: Iterable[float]) -> Bins:
        """Return the bins of finite values, the same that a sketch would have that was fed with them."""
        least = _MAPPING.min_possible
        listed = list(values)
        above = Counter(map(_MAPPING.key, [value for value in listed if value > least]))
        below = Counter(map(_MAPPING.key, [-value for value in listed if value < -least]))
        return cls(above, below, float(len(listed) - above.total() - below.total()))

    @classmethod
    def merged(cls, parts: Iterable[Bins]) -> Bins:
        """Return the bins of the values of all parts."""
        above: Counter[int] = Counter()
        below: Counter[int] = Counter()
        zeros = 0.0
        for part in parts:
            above.update(part.above)
            below.update(part.below)
            zeros += part.zeros
        return cls(above, below, zeros)

    @classmethod
    def in_sketch(cls, sketch: DDSketch) -> Bins:
        """Return the filled bins of a sketch."""
        state = vars(sketch)  # the library's own codec reads the same private fields
        return cls(_filled(state["_store"]), _filled(state["_negative_store"]), state["_zero_count"])

    def without(self, taken: Bins) -> Bins:
        """Return the bins of the values that are left: counts are linear, and of what was never there nothing is."""
        return Bins(_less(self.above, taken.above), _less(self.below, taken.below), max(0.0, self.zeros - taken.zeros))

    def ends(self) -> tuple[float, float] | None:
        """Return what the outermost filled bins stand for; None where all are empty."""
        values = [-_MAPPING.value(key) for key in _outermost(self.below)]
        values += [0.0] if self.zeros else []
        values += [_MAPPING.value(key) for key in _outermost(self.above)]
        return (min(values), max(values)) if values else None

    def encoded(self) -> bytes:
        """Return the sketch as bytes: filled bins only, by key, so that equal sketches are equal bytes."""
        message = pb.DDSketch(
            mapping=pb.IndexMapping(gamma=_MAPPING.gamma, interpolation=pb.IndexMapping.NONE),
            positiveValues=_packed(self.above),
            negativeValues=_packed(self.below),
            zeroCount=self.zeros,
        )
        return bytes(message.SerializeToString(deterministic=True))


def encode(sketch: DDSketch) -> bytes:
    """Return the sketch as bytes: filled bins only, by key, so that equal sketches are equal bytes."""
    return Bins.in_sketch(sketch).encoded()


def decode(data: bytes) -> DDSketch:
    """Return the sketch that the bytes hold; minimum, maximum and sum are the observation's.

    Raises MalformedSketch.
    """
    message = pb.DDSketch()
    try:
        message.ParseFromString(data)
    except DecodeError:
        raise MalformedSketch(reason="it is no protocol buffer of a DDSketch") from None
    _check(message)
    sketch = sketch_of()
    state = vars(sketch)
    _fill(state["_store"], message.positiveValues)
    _fill(state["_negative_store"], message.negativeValues)
    state["_zero_count"] = message.zeroCount
    state["_count"] = message.zeroCount + state["_store"].count + state["_negative_store"].count
    return sketch


def merge(parts: Iterable[bytes], taken: Iterable[bytes] = ()) -> bytes:
    """Return the sketch of the values of all parts without those taken; empty parts count for nothing."""
    merged = _merged(parts)
    if merged is None:
        return b""
    gone = _merged(taken)
    whole = Bins.in_sketch(merged)
    return (whole if gone is None else whole.without(Bins.in_sketch(gone))).encoded()


def _merged(parts: Iterable[bytes]) -> DDSketch | None:
    merged: DDSketch | None = None
    for part in filter(None, parts):
        sketch = decode(part)
        if merged is None:
            merged = sketch
        else:
            merged.merge(sketch)
    return merged


def narrowed(data: bytes, least: float, most: float) -> tuple[float, float]:
    """Return bounds of the sketch's values: those given where they can be, else what the outermost bins stand for."""
    ends = Bins.in_sketch(decode(data)).ends()
    if ends is None:
        return least, most
    low, high = ends
    # A hair wider than promised, for the bounds of a bin are rounded too.
    reach = 1.02 * RELATIVE_ACCURACY
    return (
        least if least >= low - abs(low) * reach else low,
        most if most <= high + abs(high) * reach else high,
    )


def quantile(data: bytes, q: float) -> float | None:
    """Return the value at quantile ``q`` in 0..1, that of the upper rank; None where empty. Raises MalformedSketch.

    Of ``n`` values in order, counted from 0, it is that at ``q * (n - 1)`` rounded up: one is never told a smaller
    value than the share that lies below it.
    """
    return quantiles(data, (q,))[0]


def quantiles(data: bytes, wanted: Sequence[float]) -> tuple[float | None, ...]:
    """Return the values at several quantiles. Raises MalformedSketch."""
    if not data:
        return (None,) * len(wanted)
    sketch = decode(data)
    return tuple(_at(sketch, q) for q in wanted)


def _at(sketch: DDSketch, q: float) -> float | None:
    last = sketch.count - 1
    rank = ceil(q * last - _RANK_TOLERANCE)
    # The library rounds down. Asked for the middle between two ranks, it cannot miss the lower of them by a rounding.
    value = sketch.get_quantile_value((rank + 0.5) / last if rank < last else 1.0)
    return None if value is None else float(value)


def _filled(store: Any) -> Mapping[int, float]:
    """Return the bins of a store that hold something."""
    # Stores keep empty bins between full ones; how many depends on the order in which values came.
    return {store.offset + index: count for index, count in enumerate(store.bins) if count}


def _less(bins: Mapping[int, float], taken: Mapping[int, float]) -> Mapping[int, float]:
    return {key: left for key, count in bins.items() if (left := count - taken.get(key, 0.0)) > 0}


def _outermost(bins: Mapping[int, float]) -> Iterable[int]:
    return (min(bins), max(bins)) if bins else ()


def _packed(bins: Mapping[int, float]) -> Any:
    """Return bins as their message: a run of counts where they are dense, single bins where they are not."""
    if not bins:
        return pb.Store()
    first, last = min(bins), max(bins)
    if last - first < 2 * len(bins):
        counts = [bins.get(key, 0.0) for key in range(first, last + 1)]
        return pb.Store(contiguousBinCounts=counts, contiguousBinIndexOffset=first)
    return pb.Store(binCounts=bins)


def _bins(message: Any) -> Iterable[tuple[int, float]]:
    """Yield (key, count) of every bin of a store's message."""
    yield from sorted(message.binCounts.items())
    yield from enumerate(message.contiguousBinCounts, start=message.contiguousBinIndexOffset)


def _check(message: Any) -> None:
    """Refuse what we cannot merge, and keys that would fill gigabytes. Raises MalformedSketch."""
    mapping = message.mapping
    if mapping.interpolation != pb.IndexMapping.NONE or mapping.indexOffset:
        raise MalformedSketch(reason="its mapping is not logarithmic")
    # Other libraries round gamma otherwise in its last digits.
    if abs(mapping.gamma - _MAPPING.gamma) > _GAMMA_TOLERANCE:
        raise MalformedSketch(reason=f"its gamma is {mapping.gamma}")
    counts = [message.zeroCount]
    for store in (message.positiveValues, message.negativeValues):
        for key, count in _bins(store):
            counts.append(count)
            if key not in _KEYS:
                raise MalformedSketch(reason=f"the bin {key} is beyond every number")
    if not all(isfinite(count) and count >= 0 for count in counts):
        raise MalformedSketch(reason="a count is negative or not finite")


def _fill(store: Any, message: Any) -> None:
    """Add the bins of a message to an empty store."""
    for key, count in _bins(message):
        if count:
            store.add(key, count)

"""How many values lie in which bucket: what histograms of both kinds know, however their buckets are drawn.

A bucket tells that its values lie above its lower bound and at or below its upper one, and no more. So a quantile of a
distribution is known to the bucket that it lies in: the sketch spreads the values of a bucket evenly over it, within
what is known of the least and the largest of all. A single value is known exactly, by the sum.
"""

from __future__ import annotations

import struct
from bisect import bisect_left
from collections.abc import Iterator
from math import inf, isfinite, isnan, nan, sqrt
from typing import Final, NamedTuple, TypeAlias

from stratagraph.ontology.sketches import encode, sketch_of

Bucket: TypeAlias = tuple[float, float]
"""Values above the first bound, up to the second one."""

_ROUNDING: Final = 1e-9
"""Relative difference of two bounds that are one, worked out from two scales."""
_STEPS: Final = 20
"""Into how many parts a bucket is spread at most: more would only draw its edges finer."""
_NARROW: Final = 1.02
"""A bucket whose bounds differ by less is as good as a value: the sketch is right to one per cent."""
_HEAD: Final = struct.Struct("<qdddI")
_BUCKET: Final = struct.Struct("<ddq")


class Distribution(NamedTuple):
    """Values by bucket. Buckets of two emitters may differ, and may overlap.

    ``total`` is None where the sum is not told, ``least`` and ``most`` where the extremes are not.
    """

    number: int
    total: float | None = None
    buckets: tuple[tuple[Bucket, int], ...] = ()
    least: float | None = None
    most: float | None = None

    def plus(self, other: Distribution) -> Distribution:
        """Return both together."""
        least = None if self.least is None or other.least is None else min(self.least, other.least)
        most = None if self.most is None or other.most is None else max(self.most, other.most)
        return self._with(other, 1)._replace(least=least, most=most)

    def minus(self, earlier: Distribution) -> Distribution:
        """Return what was added since an earlier total, whose buckets may have been narrower.

        Its extremes are those of the whole where they moved, else unknown.
        """
        added = self._with(earlier.fitted(self), -1)
        least = self.least if _moved(earlier.least, self.least) else None
        most = self.most if _moved(earlier.most, self.most) else None
        return added._replace(least=least, most=most)

    def fell_since(self, earlier: Distribution) -> bool:
        """Tell whether this is less than an earlier total, in one of its buckets at least."""
        if self.number < earlier.number:
            return True
        if (self.total is None) != (earlier.total is None):
            return False
        added = self._with(earlier.fitted(self), -1)
        fell = added.total is not None and earlier.total is not None and added.total < -_ROUNDING * abs(earlier.total)
        return fell or any(count < 0 for _, count in added.buckets)

    def fitted(self, wider: Distribution) -> Distribution:
        """Return the same in the buckets of a later total: exponential histograms widen theirs when they fill."""
        known = {bucket for bucket, _ in wider.buckets}
        if all(bucket in known for bucket, _ in self.buckets):
            return self
        uppers = [bucket[1] for bucket, _ in wider.buckets]
        counts: dict[Bucket, int] = {}
        for bucket, count in self.buckets:
            counts[_around(bucket, wider, uppers)] = counts.get(_around(bucket, wider, uppers), 0) + count
        return self._replace(buckets=tuple(sorted(counts.items())))

    def _with(self, other: Distribution, sign: int) -> Distribution:
        counts = dict(self.buckets)
        for bucket, count in other.buckets:
            counts[bucket] = counts.get(bucket, 0) + sign * count
        filled = tuple(sorted((bucket, count) for bucket, count in counts.items() if count))
        total = None if self.total is None or other.total is None else self.total + sign * other.total
        return Distribution(self.number + sign * other.number, total, filled)

    def scaled(self, factor: float) -> Distribution:
        """Return the same in another unit."""
        if factor == 1:
            return self
        return Distribution(
            self.number,
            _times(self.total, factor),
            tuple(((low * factor, high * factor), count) for (low, high), count in self.buckets),
            _times(self.least, factor),
            _times(self.most, factor),
        )

    @property
    def extremes(self) -> Bucket:
        """Between which numbers all values lie, as closely as is known; of one value, and of equal ones, itself."""
        if self.number == 1 and self.total is not None:
            return self.total, self.total
        low = min((bucket[0] for bucket, _ in self.buckets), default=-inf) if self.least is None else self.least
        high = max((bucket[1] for bucket, _ in self.buckets), default=inf) if self.most is None else self.most
        mean = self.total / self.number if self.number and self.total is not None else None
        if mean is not None:
            low, high = min(low, mean), max(high, mean)
        # Of an open bucket only the inner bound is a number: what lies beyond it is not known.
        if not isfinite(high):
            high = max(
                (bound for bucket, _ in self.buckets for bound in bucket if isfinite(bound)), default=mean or 0.0
            )
            high = high if mean is None else max(high, mean)
        if not isfinite(low):
            low = min(0.0, high)
        return low, max(low, high)

    def quantile(self, share: float) -> Bucket | None:
        """Return the bucket in which a quantile lies: a histogram knows no more. None of nothing."""
        ordered = sorted(self.buckets, key=lambda told: (told[0][1], told[0][0]))
        rank, passed = share * sum(count for _, count in ordered), 0
        for bucket, count in ordered:
            passed += count
            if passed >= rank:
                return bucket
        return None

    def sketch(self) -> bytes:
        """Return the sketch of the values, empty where no bucket tells of them."""
        if not self.number or sum(count for _, count in self.buckets) != self.number:
            low, high = self.extremes
            if not self.number or low != high:
                return b""
            sketch = sketch_of()
            sketch.add(low, self.number)
            return encode(sketch)
        sketch = sketch_of()
        for value, count in self._spread():
            sketch.add(value, count)
        return encode(sketch)

    def _spread(self) -> Iterator[tuple[float, int]]:
        """Yield values that stand for those of the buckets, with how many each stands for."""
        least, most = self.extremes
        for (below, above), count in self.buckets:
            low, high = min(max(below, least), most), max(min(above, most), least)
            if count == 1 or low <= 0 < high or high > low * _NARROW:
                parts = min(count, _STEPS)
                for part in range(parts):
                    share = count * (part + 1) // parts - count * part // parts
                    yield low + (high - low) * (part + 0.5) / parts, share
            else:
                yield sqrt(low * high) if low > 0 else high, count

    def packed(self) -> bytes:
        """Return the distribution as bytes."""
        head = _HEAD.pack(self.number, *map(_number, (self.total, self.least, self.most)), len(self.buckets))
        return head + b"".join(_BUCKET.pack(*bucket, count) for bucket, count in self.buckets)

    @classmethod
    def unpacked(cls, data: bytes) -> Distribution:
        """Return what was packed."""
        number, total, least, most, _ = _HEAD.unpack_from(data)
        rest = _BUCKET.iter_unpack(data[_HEAD.size :])
        buckets = tuple(((low, high), count) for low, high, count in rest)
        return cls(number, _told(total), buckets, _told(least), _told(most))


def _around(bucket: Bucket, wider: Distribution, uppers: list[float]) -> Bucket:
    """Return the bucket of a later total that holds an earlier one, itself where none does."""
    place = bisect_left(uppers, bucket[1] - abs(bucket[1]) * _ROUNDING if isfinite(bucket[1]) else bucket[1])
    into = wider.buckets[place][0] if place < len(uppers) else bucket
    return into if into[0] <= bucket[0] + abs(bucket[0]) * _ROUNDING else bucket


def _moved(before: float | None, after: float | None) -> bool:
    return before is not None and after is not None and before != after


def _times(value: float | None, factor: float) -> float | None:
    return None if value is None else value * factor


def _number(value: float | None) -> float:
    return nan if value is None else value


def _told(value: float) -> float | None:
    return None if isnan(value) else value

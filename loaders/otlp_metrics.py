"""Metric points of any emitter to what happened between them, whatever their temporality and shape.

A cumulative series says the same total again and again, a delta series each part once; a restart begins anew, and a
delivery may come twice or late. ``Increments`` turns both into parts that may be added up: what it returns for a set of
points does not depend on how they are cut into requests, and a point that comes again adds nothing.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import OrderedDict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import pairwise
from math import inf, isfinite
from typing import Any, Final, NamedTuple, TypeAlias

from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest
from opentelemetry.proto.metrics.v1.metrics_pb2 import (
    AggregationTemporality,
    DataPointFlags,
    ExponentialHistogramDataPoint,
    HistogramDataPoint,
    Metric,
)

from stratagraph.loaders.genai.attribute_values import plain
from stratagraph.loaders.genai.normalise import service_of
from stratagraph.loaders.genai.record import Service

MOST_SERIES: Final = 20_000
"""Series that are remembered; the one that has been quiet the longest is forgotten first."""
MOST_PARTS: Final = 1_000
"""Delta parts of one series that are remembered, to know one that comes again."""
_ROUNDING: Final = 1e-9
"""Relative difference of two bounds that are one, worked out from two scales."""

Bucket: TypeAlias = tuple[float, float]
"""Values above the first bound, up to the second one."""


class Distribution(NamedTuple):
    """How many values lie in which bucket. Buckets of two emitters may differ, and may overlap."""

    number: int
    total: float
    buckets: tuple[tuple[Bucket, int], ...]

    def plus(self, other: Distribution) -> Distribution:
        """Return both together."""
        return self._with(other, 1)

    def minus(self, earlier: Distribution) -> Distribution:
        """Return what was added since an earlier total, whose buckets may have been narrower."""
        return self._with(earlier._fitted(self), -1)

    def _fitted(self, wider: Distribution) -> Distribution:
        """Return the same in the buckets of a later total: exponential histograms widen theirs when they fill."""
        known = {bucket for bucket, _ in wider.buckets}
        if all(bucket in known for bucket, _ in self.buckets):
            return self
        uppers = [bucket[1] for bucket, _ in wider.buckets]
        counts: dict[Bucket, int] = {}
        for bucket, count in self.buckets:
            place = bisect_left(uppers, bucket[1] * (1 - _ROUNDING) if bucket[1] > 0 else bucket[1])
            into = wider.buckets[place][0] if place < len(uppers) else bucket
            into = into if into[0] <= bucket[0] + abs(bucket[0]) * _ROUNDING else bucket
            counts[into] = counts.get(into, 0) + count
        return Distribution(self.number, self.total, tuple(sorted(counts.items())))

    def _with(self, other: Distribution, sign: int) -> Distribution:
        counts = dict(self.buckets)
        for bucket, count in other.buckets:
            counts[bucket] = counts.get(bucket, 0) + sign * count
        filled = tuple(sorted((bucket, count) for bucket, count in counts.items() if count))
        return Distribution(self.number + sign * other.number, self.total + sign * other.total, filled)

    def quantile(self, share: float) -> Bucket | None:
        """Return the bucket in which a quantile lies: a histogram knows no more. None of nothing."""
        ordered = sorted(self.buckets, key=lambda told: (told[0][1], told[0][0]))
        rank, passed = share * sum(count for _, count in ordered), 0
        for bucket, count in ordered:
            passed += count
            if passed >= rank:
                return bucket
        return None


Amount: TypeAlias = float | Distribution


class Series(NamedTuple):
    """What makes points one series: who counts, what, and by which labels."""

    service: Service
    scope: str
    metric: str
    unit: str
    labels: tuple[tuple[str, str], ...]


class Point(NamedTuple):
    """One exported value; times are Unix nanoseconds, ``start`` 0 where it is not told."""

    series: Series
    start: int
    time: int
    cumulative: bool
    amount: Amount


class Increment(NamedTuple):
    """What was added to a series between two moments."""

    series: Series
    start: int
    time: int
    amount: Amount


def points(request: ExportMetricsServiceRequest) -> Iterator[Point]:
    """Yield the points of sums and histograms; gauges and summaries say nothing that may be added up."""
    for resource in request.resource_metrics:
        service = service_of(resource.resource)
        for scope in resource.scope_metrics:
            for metric in scope.metrics:
                yield from _points(metric, service, scope.scope.name)


def _points(metric: Metric, service: Service, scope: str) -> Iterator[Point]:
    kind = metric.WhichOneof("data")
    if kind not in {"sum", "histogram", "exponential_histogram"}:
        return
    data = getattr(metric, kind)
    cumulative = data.aggregation_temporality == AggregationTemporality.AGGREGATION_TEMPORALITY_CUMULATIVE
    # What goes up and down is a level, and of an unknown temporality nothing follows.
    if not data.aggregation_temporality or (kind == "sum" and not data.is_monotonic):
        return
    for sent in data.data_points:
        amount = _amount(kind, sent)
        if amount is None or sent.flags & DataPointFlags.DATA_POINT_FLAGS_NO_RECORDED_VALUE_MASK:
            continue
        labels = tuple(sorted((item.key, str(plain(item.value))) for item in sent.attributes))
        series = Series(service, scope, metric.name, metric.unit, labels)
        yield Point(series, sent.start_time_unix_nano, sent.time_unix_nano, cumulative, amount)


def _amount(kind: str, sent: Any) -> Amount | None:
    """Return what a point counts, None where it is no number or its buckets do not fit its count."""
    if kind == "sum":
        value = float(sent.as_int if sent.WhichOneof("value") == "as_int" else sent.as_double)
        return value if isfinite(value) and value >= 0 else None
    buckets = dict(_explicit(sent) if kind == "histogram" else _exponential(sent))
    if not isfinite(sent.sum) or (buckets and sum(buckets.values()) != sent.count):
        return None
    return Distribution(sent.count, sent.sum, tuple(sorted((one, count) for one, count in buckets.items() if count)))


def _explicit(sent: HistogramDataPoint) -> Iterator[tuple[Bucket, int]]:
    bounds = [-inf, *sent.explicit_bounds, inf]
    if len(sent.bucket_counts) == len(bounds) - 1:
        yield from zip(pairwise(bounds), sent.bucket_counts, strict=True)


def _exponential(sent: ExponentialHistogramDataPoint) -> Iterator[tuple[Bucket, int]]:
    base = 2.0 ** (2.0**-sent.scale)
    if sent.zero_count:
        yield (-sent.zero_threshold, sent.zero_threshold), sent.zero_count
    for place, count in enumerate(sent.positive.bucket_counts, sent.positive.offset):
        yield (_power(base, place), _power(base, place + 1)), count
    for place, count in enumerate(sent.negative.bucket_counts, sent.negative.offset):
        yield (-_power(base, place + 1), -_power(base, place)), count


def _power(base: float, place: int) -> float:
    """Return a bound of a bucket, beyond what a number holds too."""
    try:
        return float(base**place)
    except OverflowError:
        return inf


@dataclass(slots=True)
class _Known:
    """What is known of one series."""

    start: int = 0
    time: int = 0
    total: Amount | None = None
    parts: OrderedDict[tuple[int, int], None] = field(default_factory=OrderedDict)


class Increments:
    """Turns points into increments, remembering the last total of each series."""

    def __init__(self, limit: int = MOST_SERIES) -> None:
        """Remember up to ``limit`` series."""
        self._limit = limit
        self._known: OrderedDict[Series, _Known] = OrderedDict()

    def take(self, sent: Iterable[Point]) -> list[Increment]:
        """Return what the points add, in the order of their times."""
        ordered = sorted(sent, key=lambda point: (point.time, point.start))
        found = (self._cumulative(point) if point.cumulative else self._delta(point) for point in ordered)
        return [increment for increment in found if increment is not None]

    def _of(self, series: Series) -> _Known:
        known = self._known.setdefault(series, _Known())
        self._known.move_to_end(series)
        while len(self._known) > self._limit:
            self._known.popitem(last=False)
        return known

    def _delta(self, point: Point) -> Increment | None:
        known = self._of(point.series)
        part = point.start, point.time
        if part in known.parts:
            return None
        known.parts[part] = None
        while len(known.parts) > MOST_PARTS:
            known.parts.popitem(last=False)
        return Increment(point.series, point.start, point.time, point.amount)

    def _cumulative(self, point: Point) -> Increment | None:
        known = self._of(point.series)
        before, since = known.total, known.time
        # A total that came late was in the one that came before it.
        if before is not None and (point.time <= since or point.start < known.start):
            return None
        known.start, known.time, known.total = point.start, point.time, point.amount
        if before is None:
            # Without a start it is not known when the counting began: it counts from here on.
            return Increment(point.series, point.start, point.time, point.amount) if point.start else None
        if point.start > since or _fell(before, point.amount):
            # Begun anew: everything it says was added since.
            return Increment(point.series, max(point.start, since), point.time, point.amount)
        return Increment(point.series, since, point.time, _difference(before, point.amount))


def _fell(before: Amount, after: Amount) -> bool:
    """Tell whether a total is less than it was, in one of its buckets at least."""
    if isinstance(before, Distribution) and isinstance(after, Distribution):
        added = after.minus(before)
        same = {bucket for bucket, _ in before.buckets} <= {bucket for bucket, _ in after.buckets}
        return added.number < 0 or (same and any(count < 0 for _, count in added.buckets))
    return not isinstance(before, Distribution) and not isinstance(after, Distribution) and after < before


def _difference(before: Amount, after: Amount) -> Amount:
    """Return what was added between two totals."""
    if isinstance(before, Distribution) and isinstance(after, Distribution):
        return after.minus(before)
    if isinstance(before, Distribution) or isinstance(after, Distribution):
        return after
    return after - before

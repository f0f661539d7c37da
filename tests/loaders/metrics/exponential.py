"""Exponential histograms of given values, by the definition in the protocol: no code of the product."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from math import ceil, log2
from typing import Any

from opentelemetry.proto.metrics.v1.metrics_pb2 import ExponentialHistogramDataPoint

from tests.loaders.metrics.sent import CALL, START
from tests.loaders.spans import SECOND, pairs


def exponential(
    values: Sequence[float], at: float, labels: Mapping[str, Any] = CALL, *, scale: int = 3, start: int | None = None
) -> ExponentialHistogramDataPoint:
    """Return a point of these values: a bucket holds what lies above base ** i, up to base ** (i + 1)."""
    places = Counter(ceil(log2(value) * 2.0**scale) - 1 for value in values if value > 0)
    first, last = min(places, default=0), max(places, default=-1)
    return ExponentialHistogramDataPoint(
        start_time_unix_nano=START if start is None else start,
        time_unix_nano=START + int(at * SECOND),
        attributes=pairs(labels),
        count=len(values),
        sum=sum(values),
        scale=scale,
        zero_count=sum(not value for value in values),
        positive=ExponentialHistogramDataPoint.Buckets(
            offset=first, bucket_counts=[places[place] for place in range(first, last + 1)]
        ),
    )

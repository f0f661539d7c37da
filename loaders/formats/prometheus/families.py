"""Samples put together: a histogram is told in many of them, and is one thing that was counted."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from math import inf, isfinite, isnan
from typing import Final, NamedTuple, TypeAlias

from stratagraph.loaders.formats.prometheus.exposition import Labels, Sample
from stratagraph.loaders.genai.attribute_values import MOST
from stratagraph.loaders.metrics.distributions import Bucket, Distribution

Amount: TypeAlias = float | Distribution
_SECOND: Final = 10**9


class Shape(StrEnum):
    """What a family is made of."""

    COUNTER = "counter"
    GAUGE = "gauge"
    HISTOGRAM = "histogram"
    SUMMARY = "summary"
    INFO = "info"


class Part(StrEnum):
    """What one sample tells of its family."""

    VALUE = ""
    TOTAL = "_total"
    BUCKET = "_bucket"
    SUM = "_sum"
    COUNT = "_count"
    CREATED = "_created"
    INFO = "_info"


PARTS: Final = {
    Shape.COUNTER: (Part.VALUE, Part.TOTAL, Part.CREATED),
    Shape.GAUGE: (Part.VALUE,),
    Shape.HISTOGRAM: (Part.VALUE, Part.BUCKET, Part.SUM, Part.COUNT, Part.CREATED),
    Shape.SUMMARY: (Part.SUM, Part.COUNT, Part.CREATED),
    Shape.INFO: (Part.VALUE, Part.INFO),
}
"""A native histogram has one sample, and stands under the name itself."""
_LEAVING_OUT: Final = frozenset({"le", "quantile"})


class Role(NamedTuple):
    """Which part of which family a sample is."""

    family: str
    shape: Shape
    part: Part


Roles: TypeAlias = Mapping[str, Sequence[Role]]


class Series(NamedTuple):
    """What one family tells under the same labels at one time; ``created`` is when it began to count, 0 if untold."""

    family: str
    shape: Shape
    labels: Labels
    amount: Amount
    time: int
    created: int
    line: int


class Broken(NamedTuple):
    """A series that cannot be right, and why."""

    family: str
    line: int
    reason: str


class Native(NamedTuple):
    """A native histogram, whose buckets come all in one sample."""

    name: str
    labels: Labels
    amount: Distribution
    time: int
    line: int


@dataclass(slots=True)
class _Half:
    """A series of which not all samples are read."""

    line: int
    value: Amount | None = None
    total: float | None = None
    number: float | None = None
    created: float = 0.0
    buckets: list[tuple[float, float]] = field(default_factory=list)


def put_together(samples: Iterable[Sample | Native], roles: Roles) -> Iterator[Series | Broken]:
    """Yield the series that samples tell, and those that cannot be right."""
    halves: dict[tuple[Role, Labels, int], _Half] = {}
    for sample in samples:
        labels = sample.labels
        limit = ""
        for name, value in labels:
            if name in _LEAVING_OUT:
                limit = value
        if limit:
            labels = tuple([pair for pair in labels if pair[0] not in _LEAVING_OUT])
        for role in roles[sample.name]:
            key = role._replace(part=Part.VALUE), labels, sample.time
            half = halves.get(key)
            if half is None:
                half = halves[key] = _Half(sample.line)
            _take(half, role.part, sample, limit)
    for (role, labels, time), half in halves.items():
        try:
            amount = _amount(half, role.shape)
        except ValueError as error:
            yield Broken(role.family, half.line, str(error))
            continue
        if amount is not None:
            created = round(half.created * _SECOND) if isfinite(half.created) and half.created > 0 else 0
            yield Series(role.family, role.shape, labels, amount, time, created, half.line)


def _take(half: _Half, part: Part, sample: Sample | Native, limit: str) -> None:
    if isinstance(sample, Native):
        half.value = sample.amount
    elif part is Part.BUCKET:
        half.buckets.append((_limit(limit), sample.value))
    elif part is Part.SUM:
        half.total = sample.value
    elif part is Part.COUNT:
        half.number = sample.value
    elif part is Part.CREATED:
        half.created = sample.value
    else:
        half.value = sample.value


def _limit(written: str) -> float:
    try:
        return float(written)
    except ValueError:
        return -inf  # what no bucket ends at: the series is told to be broken


def _amount(half: _Half, shape: Shape) -> Amount | None:
    """Return what a series tells, None where that is nothing. Raises ValueError where it cannot be right."""
    if isinstance(half.value, Distribution):
        return half.value if shape in {Shape.HISTOGRAM, Shape.SUMMARY} else None
    if shape in {Shape.HISTOGRAM, Shape.SUMMARY}:
        return _distribution(half, buckets=shape is Shape.HISTOGRAM)
    if half.value is not None and shape is Shape.COUNTER and not isnan(half.value) and not 0 <= half.value <= MOST:
        raise ValueError("a counter is below nothing, or beyond what can be counted")
    return half.value


def _distribution(half: _Half, *, buckets: bool) -> Distribution | None:
    """Return the values of a histogram or a summary."""
    counts = sorted(half.buckets) if buckets else []
    number = half.number if half.number is not None else counts[-1][1] if counts and counts[-1][0] == inf else None
    if number is None:
        if buckets and half.buckets:
            raise ValueError("it tells neither how many values there are nor a bucket '+Inf': was it cut?")
        return None
    if isnan(number):
        return None
    if not 0 <= number <= MOST:
        raise ValueError("it counts less than nothing, or more than can be counted")
    if counts and (counts[-1][0] != inf or counts[-1][1] != number):
        raise ValueError("its last bucket '+Inf' does not hold all of its values")
    total = half.total if half.total is not None and isfinite(half.total) and half.total >= 0 else None
    return Distribution(round(number), total, tuple(_between(counts)))


def _between(counts: Sequence[tuple[float, float]]) -> Iterator[tuple[Bucket, int]]:
    """Yield the buckets that are not empty, each without those below it."""
    below, held = 0.0, 0.0
    for above, count in counts:
        if count < held or isnan(count) or above == -inf:
            raise ValueError("its buckets do not grow")
        if count > held:
            # Nothing that is read here is negative: the first bucket begins at 0.
            if above < 0:
                raise ValueError("it holds values below nothing")
            yield (below, above), round(count - held)
        below, held = max(below, above), count

"""Metric points of any emitter, read by what their instruments mean; what cannot be right is refused by name."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from math import inf, isfinite, ldexp
from typing import Final, Generic, NamedTuple, Protocol, TypeAlias, TypeVar

from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest
from opentelemetry.proto.common.v1.common_pb2 import KeyValue
from opentelemetry.proto.metrics.v1.metrics_pb2 import (
    AggregationTemporality,
    DataPointFlags,
    ExponentialHistogramDataPoint,
    HistogramDataPoint,
    Metric,
    NumberDataPoint,
    ScopeMetrics,
    SummaryDataPoint,
)
from opentelemetry.proto.resource.v1.resource_pb2 import Resource

from stratagraph.loaders.genai.attribute_values import MOST
from stratagraph.loaders.genai.instruments import Meant, Tells, load_instruments
from stratagraph.loaders.genai.labels import BadLabels, Labelled, Labels
from stratagraph.loaders.genai.normalise import EARLIEST, LATEST, count_names
from stratagraph.loaders.metrics.distributions import Bucket, Distribution
from stratagraph.ontology.errors import StratagraphError

Amount: TypeAlias = float | Distribution

MOST_BUCKETS: Final = 4_096
"""Buckets of one point. Exporters keep to 160; more would be held for every series."""
MOST_KNOWN: Final = 20_000
"""Series whose labels are remembered: they are sent again and again."""
_KNOWN: Final[dict[bytes, Labelled | None]] = {}
_SCALES: Final = range(-10, 21)
_KEY_BYTES: Final = 16
_INSTANCE: Final = frozenset({"service.instance.id", "k8s.pod.uid", "k8s.pod.name", "container.id", "process.pid"})
"""Attributes of a resource by which two processes of one service differ."""
MONEY_GRAIN: Final = 1e-6
"""A counter of money does not say of how many calls: each so much of it is a value of its own."""
_NUMBERS: Final = frozenset({"sum", "gauge"})
_COUNTERS: Final = frozenset({Tells.COUNTED, Tells.FAILED, Tells.FINISH})
_DISTRIBUTED: Final = frozenset({Tells.CALLS, Tells.LATENCY, Tells.FIRST_PIECE})


class BadPoint(StratagraphError, slug="bad-point", status=400):
    """A point that cannot be what its metric says."""

    text = "The point of {metric} {reason}. Correct the instrumentation."

    metric: str
    reason: str


class Mode(StrEnum):
    """How the points of a series belong together."""

    CUMULATIVE = "cumulative"
    DELTA = "delta"


class Counted(Protocol):
    """What must be known of a series to tell what was added to it."""

    @property
    def key(self) -> bytes:
        """The digest of all that makes points one series."""

    @property
    def resource(self) -> bytes:
        """The description of who counts."""

    @property
    def single(self) -> bool:
        """Whether the description tells one process from another."""

    @property
    def service(self) -> bytes:
        """What stays the same from one start of a service to the next."""

    @property
    def listed(self) -> bool:
        """Whether each telling lists all series of who counts: one that was not there had counted nothing."""


class Series(NamedTuple):
    """What makes points one series: who counts, what, and by which labels; ``key`` is the digest of it all."""

    key: bytes
    resource: bytes
    single: bool
    """The resource tells one process from another."""
    meant: Meant
    labelled: Labelled

    @property
    def service(self) -> bytes:
        """The name of the service, with its namespace and environment."""
        return "\0".join(self.labelled.record.service.identity).encode()

    @property
    def listed(self) -> bool:
        """An exporter may send some of its series now and others then."""
        return False


S = TypeVar("S", bound=Counted)


class Point(NamedTuple, Generic[S]):
    """One exported value; times are Unix nanoseconds, ``start`` 0 where it is not told."""

    series: S
    start: int
    time: int
    mode: Mode
    amount: Amount


@dataclass(kw_only=True)
class Read:
    """What became of a request's points.

    ``rejections`` has one reason per refused point; ``unmapped`` counts the points of metrics that nobody knows, by
    name; ``silent`` counts points that say that they have no value.
    """

    points: list[Point[Series]] = field(default_factory=list)
    rejections: list[str] = field(default_factory=list)
    unmapped: Counter[str] = field(default_factory=Counter)
    silent: int = 0


def read(request: ExportMetricsServiceRequest, *, until: datetime | None = None) -> Read:
    """Return the points that say something; one that is told for a time after ``until`` is refused."""
    result = Read()
    latest = int(until.timestamp() * 1e9) if until else LATEST
    for resource in request.resource_metrics:
        identity = _digest(_written(resource.resource.attributes))
        for scope in resource.scope_metrics:
            reader = _Reader(resource.resource, identity, scope, latest)
            for metric in scope.metrics:
                reader.read(metric, result)
    return result


class _Reader:
    """Reads the metrics of one instrumentation scope."""

    def __init__(self, resource: Resource, identity: bytes, scope: ScopeMetrics, latest: int) -> None:
        self._identity = identity
        self._scope = scope.scope
        self._latest = latest
        self._single = any(item.key in _INSTANCE for item in resource.attributes)
        self._instruments = load_instruments()
        self._labels = Labels(resource, scope.scope, scope.schema_url)

    def read(self, metric: Metric, result: Read) -> None:
        """Add the points of a metric to the result."""
        kind = metric.WhichOneof("data")
        if kind is None:
            return
        sent: Sequence[_Sent] = getattr(metric, kind).data_points
        meant = self._instruments.meant(self._scope.name, metric.name, metric.unit)
        if meant is None or not _fits(meant.instrument.tells, kind):
            count_names(result.unmapped, [metric.name], len(sent))
            return
        for one in sent:
            if one.flags & DataPointFlags.DATA_POINT_FLAGS_NO_RECORDED_VALUE_MASK:
                result.silent += 1
                continue
            try:
                # A request may be taken in part (OTLP, partial success): a wrong point costs none of the others.
                point = self._point(metric, kind, meant, one)
            except (BadPoint, BadLabels) as error:
                result.rejections.append(str(error))
                continue
            if point is None:
                count_names(result.unmapped, [metric.name], 1)
            else:
                result.points.append(point)

    def _point(self, metric: Metric, kind: str, meant: Meant, sent: _Sent) -> Point[Series] | None:
        """Return a point, None where its labels say nothing that counts. Raises BadPoint, BadLabels."""
        name = metric.name[:256]
        mode = _mode(metric, kind, name)
        start, time = sent.start_time_unix_nano, sent.time_unix_nano
        _check_times(name, start, time, self._latest)
        amount = _amount(name, sent)
        if meant.instrument.tells is Tells.COST and not isinstance(amount, Distribution):
            _check_cost(name, amount)
        written = (self._scope.name, self._scope.version, name, metric.unit, kind, mode)
        key = _digest([self._identity, *(part.encode() for part in written), *_written(sent.attributes)])
        labelled = self._labelled(key, meant, sent.attributes)
        if labelled is None:
            return None
        return Point(Series(key, self._identity, self._single, meant, labelled), start, time, mode, amount)

    def _labelled(self, key: bytes, meant: Meant, sent: Sequence[KeyValue]) -> Labelled | None:
        """Return what the labels of a series say, worked out once. Raises BadLabels."""
        if key not in _KNOWN:
            if len(_KNOWN) >= MOST_KNOWN:
                _KNOWN.clear()
            _KNOWN[key] = self._labels.of(meant, sent)
        return _KNOWN[key]


_Sent: TypeAlias = NumberDataPoint | HistogramDataPoint | ExponentialHistogramDataPoint | SummaryDataPoint


def _fits(tells: Tells, kind: str) -> bool:
    """Tell whether an instrument of that kind can say what it is to say."""
    if tells in _COUNTERS:
        return kind == "sum"
    if tells in _DISTRIBUTED:
        return kind not in _NUMBERS
    return kind != "gauge"


def _mode(metric: Metric, kind: str, name: str) -> Mode:
    """Return how the points of a metric belong together. Raises BadPoint."""
    if kind == "summary":
        return Mode.CUMULATIVE
    data = getattr(metric, kind)
    if kind == "sum" and not data.is_monotonic:
        raise BadPoint(metric=name, reason="is of a sum that may fall, where something is counted")
    if data.aggregation_temporality == AggregationTemporality.AGGREGATION_TEMPORALITY_CUMULATIVE:
        return Mode.CUMULATIVE
    if data.aggregation_temporality == AggregationTemporality.AGGREGATION_TEMPORALITY_DELTA:
        return Mode.DELTA
    raise BadPoint(metric=name, reason="has no temporality: it says neither delta nor cumulative")


def _check_times(name: str, start: int, time: int, latest: int) -> None:
    """Refuse times that can be none. Raises BadPoint."""
    if time < EARLIEST or max(start, time) > LATEST or 0 < start < EARLIEST:
        reason = "has a time that is missing, or not in nanoseconds: it is before the year 2000 or beyond 2100"
        raise BadPoint(metric=name, reason=reason)
    if start > time:
        raise BadPoint(metric=name, reason="ends before it starts")
    if time > latest:
        raise BadPoint(metric=name, reason="is to come: the clock of the sender is ahead")


def _amount(name: str, sent: _Sent) -> Amount:
    """Return what a point counts. Raises BadPoint."""
    if isinstance(sent, NumberDataPoint):
        which = sent.WhichOneof("value")
        if which is None:
            raise BadPoint(metric=name, reason="has no value")
        return _number(name, float(sent.as_int if which == "as_int" else sent.as_double))
    if sent.count > MOST:
        raise BadPoint(metric=name, reason="counts more than can have happened")
    if isinstance(sent, SummaryDataPoint):
        return Distribution(sent.count, _number(name, sent.sum))
    total = _number(name, sent.sum) if sent.HasField("sum") else None
    buckets = _explicit(name, sent) if isinstance(sent, HistogramDataPoint) else _exponential(name, sent)
    filled = tuple(sorted((bucket, count) for bucket, count in buckets if count))
    if filled and sum(count for _, count in filled) != sent.count:
        raise BadPoint(metric=name, reason="has buckets that do not add up to its count")
    least, most = (
        _number(name, getattr(sent, part)) if sent.HasField(part) and sent.count else None for part in ("min", "max")
    )
    if least is not None and most is not None and least > most:
        raise BadPoint(metric=name, reason="has a least value above its greatest")
    return Distribution(sent.count, total, filled, least, most)


def _number(name: str, value: float) -> float:
    """Return a number that something can have. Raises BadPoint."""
    if not isfinite(value):
        raise BadPoint(metric=name, reason="is no number")
    if value < 0:
        raise BadPoint(metric=name, reason="is negative")
    if value > MOST:
        raise BadPoint(metric=name, reason="counts more than can have happened")
    return value


def _check_cost(name: str, amount: float) -> None:
    """Refuse more money than can be counted in grains. Raises BadPoint."""
    if amount > MOST * MONEY_GRAIN:
        raise BadPoint(metric=name, reason="counts more than can have been spent")


def _explicit(name: str, sent: HistogramDataPoint) -> Iterator[tuple[Bucket, int]]:
    """Yield the buckets between bounds. Raises BadPoint."""
    counts, bounds = sent.bucket_counts, sent.explicit_bounds
    if not counts and not bounds:
        return
    if len(counts) != len(bounds) + 1:
        raise BadPoint(metric=name, reason="has bounds and buckets that do not fit each other")
    if len(counts) > MOST_BUCKETS:
        raise BadPoint(metric=name, reason="has more buckets than are read")
    below = -inf
    for above, count in zip((*bounds, inf), counts, strict=True):
        if not below < above or (above == inf and below == inf):
            raise BadPoint(metric=name, reason="has bounds that do not rise")
        if count and above < 0:
            raise BadPoint(metric=name, reason="is negative")
        # Nothing that is read here is negative: the first bucket begins at 0.
        yield (max(below, 0.0) if above > 0 else below, above), count
        below = above


def _exponential(name: str, sent: ExponentialHistogramDataPoint) -> Iterator[tuple[Bucket, int]]:
    """Yield the buckets between powers of the base. Raises BadPoint."""
    if sent.scale not in _SCALES:
        raise BadPoint(metric=name, reason="has a scale that is not between -10 and 20")
    if any(sent.negative.bucket_counts):
        raise BadPoint(metric=name, reason="is negative")
    if len(sent.positive.bucket_counts) > MOST_BUCKETS:
        raise BadPoint(metric=name, reason="has more buckets than are read")
    if sent.zero_count:
        if not 0 <= sent.zero_threshold < inf:
            raise BadPoint(metric=name, reason="has a threshold of zero that is none")
        yield (0.0, sent.zero_threshold), sent.zero_count
    for place, count in enumerate(sent.positive.bucket_counts, sent.positive.offset):
        if count:
            low, high = _bound(place, sent.scale), _bound(place + 1, sent.scale)
            if not isfinite(low):
                raise BadPoint(metric=name, reason="counts more than can have happened")
            yield (low, high), count


def _bound(place: int, scale: int) -> float:
    """Return the bound of a bucket, 2 to the power of place / 2**scale, beyond what a number holds too."""
    # The whole part exactly: bounds that two scales share are equal numbers.
    whole, rest = (place >> scale, place & ((1 << scale) - 1)) if scale > 0 else (place << -scale, 0)
    try:
        return ldexp(2.0 ** (rest / (1 << scale)) if rest else 1.0, whole)
    except OverflowError:
        return inf


def _written(attributes: Iterable[KeyValue]) -> list[bytes]:
    """Return attributes in a fixed order; of a name that is sent twice the last one counts."""
    known = {item.key: item.value.SerializeToString(deterministic=True) for item in attributes}
    return [part for key in sorted(known) for part in (key.encode(), known[key])]


def _digest(parts: Iterable[bytes]) -> bytes:
    digest = hashlib.blake2b(digest_size=_KEY_BYTES)
    for part in parts:
        digest.update(len(part).to_bytes(8))
        digest.update(part)
    return digest.digest()

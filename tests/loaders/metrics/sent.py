"""Metrics of a made-up service."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest
from opentelemetry.proto.common.v1.common_pb2 import InstrumentationScope
from opentelemetry.proto.metrics.v1.metrics_pb2 import (
    AggregationTemporality,
    ExponentialHistogram,
    ExponentialHistogramDataPoint,
    Gauge,
    Histogram,
    HistogramDataPoint,
    Metric,
    NumberDataPoint,
    ResourceMetrics,
    ScopeMetrics,
    Sum,
    Summary,
    SummaryDataPoint,
)
from opentelemetry.proto.resource.v1.resource_pb2 import Resource

from stratagraph.loaders.metrics.account import Account, Statement
from stratagraph.loaders.metrics.points import Point, Series, read
from stratagraph.ontology.facts import Batch, Method
from tests.core import MODEL
from tests.loaders.genai.estates import Estate, estate_of
from tests.loaders.spans import BEGIN, SECOND, SERVICE, pairs

DELTA: Final = AggregationTemporality.AGGREGATION_TEMPORALITY_DELTA
CUMULATIVE: Final = AggregationTemporality.AGGREGATION_TEMPORALITY_CUMULATIVE
DURATION: Final = "gen_ai.client.operation.duration"
TOKENS: Final = "gen_ai.client.token.usage"
CHOICES: Final = "gen_ai.client.generation.choices"
EXCEPTIONS: Final = "llm.openai.chat_completions.exceptions"
CALL: Final = {
    "gen_ai.operation.name": "chat",
    "gen_ai.provider.name": "openai",
    "gen_ai.request.model": "gpt-5-mini",
    "gen_ai.response.model": "gpt-5-mini-2026-01-15",
}
BOUNDS: Final = (0.1, 1.0, 10.0)
MINUTE: Final = 60 * SECOND
START: Final = BEGIN


def number(value: float, at: float, labels: Mapping[str, Any] = CALL, *, start: int | None = None) -> NumberDataPoint:
    """Return a point so many seconds after the beginning."""
    one = NumberDataPoint(
        start_time_unix_nano=START if start is None else start,
        time_unix_nano=START + int(at * SECOND),
        attributes=pairs(labels),
    )
    if isinstance(value, int):
        one.as_int = value
    else:
        one.as_double = value
    return one


def histogram(
    values: Sequence[float],
    at: float,
    labels: Mapping[str, Any] = CALL,
    *,
    start: int | None = None,
    bounds: Sequence[float] = BOUNDS,
    extremes: bool = True,
) -> HistogramDataPoint:
    """Return a point of these values."""
    counts = [0] * (len(bounds) + 1)
    for value in values:
        counts[sum(value > bound for bound in bounds)] += 1
    one = HistogramDataPoint(
        start_time_unix_nano=START if start is None else start,
        time_unix_nano=START + int(at * SECOND),
        attributes=pairs(labels),
        count=len(values),
        sum=sum(values),
        explicit_bounds=bounds,
        bucket_counts=counts,
    )
    if values and extremes:
        one.min, one.max = min(values), max(values)
    return one


def summary(count: int, total: float, at: float, labels: Mapping[str, Any] = CALL) -> SummaryDataPoint:
    """Return a point of a summary."""
    return SummaryDataPoint(
        start_time_unix_nano=START,
        time_unix_nano=START + int(at * SECOND),
        attributes=pairs(labels),
        count=count,
        sum=total,
    )


def metric(
    name: str,
    *points: NumberDataPoint | HistogramDataPoint | ExponentialHistogramDataPoint | SummaryDataPoint,
    unit: str = "s",
    mode: AggregationTemporality.ValueType = CUMULATIVE,
    rises: bool = True,
) -> Metric:
    """Return a metric of these points, all of one kind."""
    one = Metric(name=name, unit=unit)
    if isinstance(points[0], NumberDataPoint):
        one.sum.CopyFrom(Sum(data_points=points, aggregation_temporality=mode, is_monotonic=rises))  # type: ignore[arg-type]
    elif isinstance(points[0], HistogramDataPoint):
        one.histogram.CopyFrom(Histogram(data_points=points, aggregation_temporality=mode))  # type: ignore[arg-type]
    elif isinstance(points[0], SummaryDataPoint):
        one.summary.CopyFrom(Summary(data_points=points))  # type: ignore[arg-type]
    else:
        told = ExponentialHistogram(data_points=points, aggregation_temporality=mode)  # type: ignore[arg-type]
        one.exponential_histogram.CopyFrom(told)
    return one


def gauge(name: str, value: float) -> Metric:
    """Return a level."""
    return Metric(name=name, gauge=Gauge(data_points=[number(value, 1)]))


def request(
    *metrics: Metric, scope: str = "test.scope", version: str = "1", resource: Mapping[str, Any] = SERVICE
) -> ExportMetricsServiceRequest:
    """Return a request of one service and one instrumentation."""
    told = ScopeMetrics(scope=InstrumentationScope(name=scope, version=version), metrics=metrics)
    one = ResourceMetrics(resource=Resource(attributes=pairs(resource)), scope_metrics=[told])
    return ExportMetricsServiceRequest(resource_metrics=[one])


def points(*metrics: Metric, **of: Any) -> list[Point[Series]]:
    """Return the points of a request, of which none is refused."""
    found = read(request(*metrics, **of))
    assert not found.rejections
    return found.points


def account(**more: Any) -> Account:
    """Return an account of nothing."""
    return Account(model=MODEL, **more)


def batch(told: Statement) -> Batch:
    """Return the batch of what was told."""
    return Batch(source="otlp", run="r", method=Method.OBSERVED, scopes=told.scopes, observations=told.observations)


def settled(into: Account, sent: Iterable[ExportMetricsServiceRequest]) -> list[Batch]:
    """Return what requests tell, settled one by one."""
    told = []
    for one in sent:
        found = read(one).points
        heard = max((point.time for point in found), default=START)
        into.take(found, heard)
        told.append(batch(into.settle(heard)))
    return told


def seen(*sent: ExportMetricsServiceRequest) -> Estate:
    """Return what requests tell, in names."""
    return estate_of(settled(account(), sent))

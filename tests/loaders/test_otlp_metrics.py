"""Points of every temporality and shape add up to what happened."""

from __future__ import annotations

from collections import defaultdict
from math import inf
from pathlib import Path
from random import Random

import pytest
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest
from opentelemetry.proto.metrics.v1.metrics_pb2 import (
    AggregationTemporality,
    ExponentialHistogram,
    ExponentialHistogramDataPoint,
    Histogram,
    HistogramDataPoint,
    Metric,
    NumberDataPoint,
    ResourceMetrics,
    ScopeMetrics,
    Sum,
)

from stratagraph.loaders.genai.record import Service
from stratagraph.loaders.otlp_metrics import Distribution, Increments, Point, Series, points

ONE = Series(Service(name="shop"), "lib", "m", "1", ())
DELTA = AggregationTemporality.AGGREGATION_TEMPORALITY_DELTA
CUMULATIVE = AggregationTemporality.AGGREGATION_TEMPORALITY_CUMULATIVE


def request(*metrics: Metric) -> ExportMetricsServiceRequest:
    return ExportMetricsServiceRequest(
        resource_metrics=[ResourceMetrics(scope_metrics=[ScopeMetrics(metrics=metrics)])]
    )


def total(value: float, time: int, start: int = 1) -> Point:
    return Point(ONE, start, time, cumulative=True, amount=value)


def added(increments: Increments, *batches: list[Point]) -> float:
    told = [one.amount for batch in batches for one in increments.take(batch)]
    return sum(amount for amount in told if isinstance(amount, float))


def test_the_same_total_again_adds_nothing() -> None:
    assert added(Increments(), [total(15.0, 10)], [total(16.0, 20)], [total(16.0, 30)], [total(16.0, 20)]) == 16


def test_a_new_start_and_a_lower_total_are_a_new_beginning() -> None:
    assert added(Increments(), [total(15.0, 10)], [total(3.0, 30, start=25)], [total(5.0, 40, start=25)]) == 20
    assert added(Increments(), [total(15.0, 10)], [total(3.0, 30)]) == 18


def test_a_total_without_a_start_counts_from_when_it_is_first_seen() -> None:
    assert added(Increments(), [total(100.0, 10, start=0)], [total(107.0, 20, start=0)]) == 7


def test_a_delta_counts_once() -> None:
    parts = [Point(ONE, time, time + 10, cumulative=False, amount=2.0) for time in (0, 10, 20)]
    assert added(Increments(), parts, parts[1:], list(reversed(parts))) == 6


def test_totals_add_up_to_what_happened_however_often_a_process_starts_and_a_delivery_comes() -> None:
    for seed in range(100):
        chance = Random(seed)  # no secret
        truth, value, start, sent = 0.0, 0.0, 1, []
        for time in range(10, 400, 10):
            if chance.random() < 0.1:
                value, start = 0.0, time - 5
            step = float(chance.randint(0, 5))
            truth, value = truth + step, value + step
            sent.append(total(value, time, start))
        kept = [*(point for point in sent[:-1] if chance.random() < 0.6), sent[-1]]
        # A total that is lost is in the next one, but for the last before a new beginning.
        whole = [point for point in sent if point in kept or last_of_its_start(point, sent)]
        batches, left = [], [*whole]
        while left:
            cut = chance.randint(1, len(left))
            batches.append([*left[:cut], *chance.sample(left[:cut], 1)])
            del left[:cut]
        assert added(Increments(), *batches) == truth, seed


def last_of_its_start(point: Point, sent: list[Point]) -> bool:
    return point == max((one for one in sent if one.start == point.start), key=lambda one: one.time)


def explicit(counts: list[int], sums: float, time: int) -> Metric:
    point = HistogramDataPoint(
        start_time_unix_nano=1,
        time_unix_nano=time,
        count=sum(counts),
        sum=sums,
        explicit_bounds=[1, 2],
        bucket_counts=counts,
    )
    return Metric(name="m", histogram=Histogram(data_points=[point], aggregation_temporality=CUMULATIVE))


def exponential(scale: int, offset: int, counts: list[int], time: int) -> Metric:
    point = ExponentialHistogramDataPoint(
        start_time_unix_nano=1,
        time_unix_nano=time,
        count=sum(counts),
        sum=float(sum(counts)),
        scale=scale,
        positive=ExponentialHistogramDataPoint.Buckets(offset=offset, bucket_counts=counts),
    )
    told = ExponentialHistogram(data_points=[point], aggregation_temporality=CUMULATIVE)
    return Metric(name="m", exponential_histogram=told)


def test_a_histogram_with_bounds_tells_what_was_added_to_its_buckets() -> None:
    increments = Increments()
    first = increments.take(points(request(explicit([1, 2, 0], 4.0, 10))))
    second = increments.take(points(request(explicit([1, 4, 1], 12.0, 20))))
    assert [one.amount for one in (*first, *second)] == [
        Distribution(3, 4.0, (((-inf, 1.0), 1), ((1.0, 2.0), 2))),
        Distribution(3, 8.0, (((1.0, 2.0), 2), ((2.0, inf), 1))),
    ]
    assert second[0].amount.quantile(0.5) == (1.0, 2.0)  # type: ignore[union-attr]  # a distribution


def test_an_exponential_histogram_that_widens_its_buckets_is_no_new_beginning() -> None:
    increments = Increments()
    increments.take(points(request(exponential(1, 0, [2, 3, 0, 1], 10))))
    (later,) = increments.take(points(request(exponential(0, 0, [5, 2], 20))))
    assert later.amount == Distribution(1, 1.0, (((2.0, 4.0), 1),))


def test_what_cannot_be_added_up_is_left_out() -> None:
    level = Metric(name="m", sum=Sum(data_points=[NumberDataPoint(as_int=3)], aggregation_temporality=CUMULATIVE))
    unknown = Metric(name="m", sum=Sum(data_points=[NumberDataPoint(as_int=3)], is_monotonic=True))
    broken = explicit([1, 1, 1], 3.0, 10)
    broken.histogram.data_points[0].count = 9
    negative = Metric(
        name="m",
        sum=Sum(data_points=[NumberDataPoint(as_int=-3)], is_monotonic=True, aggregation_temporality=DELTA),
    )
    assert list(points(request(level, unknown, broken, negative))) == []


def test_series_are_bounded() -> None:
    increments = Increments(limit=3)
    for number in range(9):
        increments.take([total(1.0, 10)._replace(series=ONE._replace(metric=f"m{number}"))])
    assert len(increments._known) == 3


@pytest.mark.shared
@pytest.mark.parametrize(
    ("folder", "tokens", "calls"),
    [
        ("openai-v2-2.4b0-default", {"input": 360, "output": 172}, 16),
        ("genai-openai-1.3b0", {"input": 372, "output": 227}, 16),
    ],
)
def test_exports_that_repeat_their_totals_add_up_to_the_last_ones(
    shared: Path, folder: str, tokens: dict[str, float], calls: int
) -> None:
    increments, sums, counted = Increments(), defaultdict[str, float](float), 0
    for file in sorted((shared / "telemetry" / folder).glob("*-metrics.pb")):
        for one in increments.take(points(ExportMetricsServiceRequest.FromString(file.read_bytes()))):
            assert isinstance(one.amount, Distribution)
            if one.series.metric == "gen_ai.client.token.usage":
                sums[dict(one.series.labels)["gen_ai.token.type"]] += one.amount.total
            elif one.series.metric == "gen_ai.client.operation.duration":
                counted += one.amount.number
    assert dict(sums) == tokens
    assert counted == calls

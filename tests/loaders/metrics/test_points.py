"""What cannot be right is refused by name, point by point; what nobody knows is counted."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from math import inf, nan

import pytest
from google.protobuf import json_format
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest
from opentelemetry.proto.metrics.v1.metrics_pb2 import (
    DataPointFlags,
    ExponentialHistogramDataPoint,
    HistogramDataPoint,
    Metric,
)

from stratagraph.loaders.metrics.distributions import Distribution
from stratagraph.loaders.metrics.points import MOST_BUCKETS, Mode, read
from tests.loaders.metrics.exponential import exponential
from tests.loaders.metrics.sent import (
    CALL,
    CHOICES,
    DELTA,
    DURATION,
    START,
    TOKENS,
    gauge,
    histogram,
    metric,
    number,
    points,
    request,
    summary,
)
from tests.loaders.spans import pairs

STOP = {**CALL, "gen_ai.response.finish_reason": "stop"}


def explicit(change: Callable[[HistogramDataPoint], object]) -> Metric:
    one = histogram([0.5, 2.0], 60)
    change(one)
    return metric(DURATION, one)


def powers(change: Callable[[ExponentialHistogramDataPoint], object]) -> Metric:
    one = exponential([0.5, 2.0], 60)
    change(one)
    return metric(DURATION, one)


def assign(name: str, value: object) -> Callable[[object], None]:
    return lambda one: setattr(one, name, value)


BAD = {
    "is no number": [
        metric(CHOICES, number(nan, 60, STOP)),
        metric(CHOICES, number(inf, 60, STOP)),
        explicit(assign("sum", nan)),
        explicit(assign("min", -inf)),
        metric(DURATION, summary(1, nan, 60)),
    ],
    "is negative": [
        metric(CHOICES, number(-3, 60, STOP)),
        explicit(assign("sum", -1.0)),
        powers(lambda one: one.negative.bucket_counts.append(1)),
    ],
    "counts more than can have happened": [
        metric(CHOICES, number(1e300, 60, STOP)),
        explicit(assign("count", 2**60)),
        explicit(assign("sum", 1e200)),
        powers(lambda one: setattr(one.positive, "offset", 2**31 - 10)),
    ],
    "has buckets that do not add up to its count": [explicit(assign("count", 9)), powers(assign("count", 9))],
    "has bounds and buckets that do not fit each other": [
        explicit(lambda one: one.bucket_counts.append(0)),
        explicit(lambda one: one.ClearField("explicit_bounds")),
        explicit(lambda one: one.ClearField("bucket_counts")),
    ],
    "has bounds that do not rise": [
        explicit(lambda one: one.explicit_bounds.__setitem__(1, 0.0)),
        explicit(lambda one: one.explicit_bounds.__setitem__(1, nan)),
        explicit(lambda one: one.explicit_bounds.__setitem__(0, -inf)),
        explicit(lambda one: one.explicit_bounds.__setitem__(2, inf)),
    ],
    "has more buckets than are read": [
        metric(DURATION, histogram([0.5], 60, bounds=[place / 8 for place in range(MOST_BUCKETS)])),
        powers(lambda one: one.positive.bucket_counts.extend([0] * MOST_BUCKETS)),
    ],
    "has a scale that is not between -10 and 20": [powers(assign("scale", -11)), powers(assign("scale", 2**31 - 1))],
    "has a least value above its greatest": [explicit(assign("min", 5.0))],
    "has no temporality: it says neither delta nor cumulative": [metric(CHOICES, number(1, 60, STOP), mode=0)],  # type: ignore[arg-type]
    "is of a sum that may fall, where something is counted": [metric(CHOICES, number(1, 60, STOP), rises=False)],
    "has no value": [metric(CHOICES, number(1, 60, STOP).__class__(time_unix_nano=START, attributes=pairs(STOP)))],
    "ends before it starts": [metric(CHOICES, number(1, 60, STOP, start=START + 61 * 10**9))],
    "has a time that is missing, or not in nanoseconds: it is before the year 2000 or beyond 2100": [
        explicit(assign("time_unix_nano", 0)),
        explicit(assign("time_unix_nano", START // 10**9)),
        explicit(assign("start_time_unix_nano", START // 10**6)),
    ],
    "is to come: the clock of the sender is ahead": [metric(CHOICES, number(1, 10**6, STOP))],
    "The labels of a point are refused": [
        metric(DURATION, histogram([0.5], 60, {**CALL, "gen_ai.response.model": "x" * 300})),
        metric(DURATION, histogram([0.5], 60, {**CALL, "gen_ai.response.model": 17})),
    ],
}


@pytest.mark.parametrize(("reason", "bad"), [(reason, bad) for reason, each in BAD.items() for bad in each])
def test_a_point_that_cannot_be_is_refused_and_the_others_are_not(reason: str, bad: Metric) -> None:
    found = read(
        request(bad, metric(TOKENS, histogram([5], 60, {**CALL, "gen_ai.token.type": "input"}))),
        until=datetime.fromtimestamp(START / 1e9 + 86_400, UTC),
    )
    assert len(found.rejections) == 1
    assert reason in found.rejections[0]
    assert len(found.points) == 1


def test_what_says_that_it_has_no_value_is_neither_refused_nor_read() -> None:
    one = histogram([0.5], 60)
    one.flags = DataPointFlags.DATA_POINT_FLAGS_NO_RECORDED_VALUE_MASK
    found = read(request(metric(DURATION, one)))
    assert (found.points, found.rejections, found.silent) == ([], [], 1)


def test_what_nobody_knows_is_counted_by_name_whatever_it_holds() -> None:
    found = read(
        request(
            gauge("jvm.memory.used", nan),
            metric("process.cpu.time", number(-1.0, 60)),
            metric(DURATION, histogram([3.0], 60), unit="furlong"),
            metric(DURATION, histogram([3.0], 60, {"gen_ai.operation.name": "framework"})),
            metric(TOKENS, histogram([3.0], 60, {**CALL, "gen_ai.token.type": "total"}), unit="{token}"),
            gauge(TOKENS, 3.0),
            metric("gen_ai.execute_tool.duration", histogram([3.0], 60, {})),
        )
    )
    assert (found.points, found.rejections) == ([], [])
    assert found.unmapped == {
        "jvm.memory.used": 1,
        "process.cpu.time": 1,
        DURATION: 2,
        TOKENS: 2,
        "gen_ai.execute_tool.duration": 1,
    }


def test_names_that_prometheus_writes_otherwise_are_the_same_instrument() -> None:
    labels = {"gen_ai_operation_name": "chat", "gen_ai_request_model": "gpt-5", "gen_ai_token_type": "input"}
    (duration, tokens) = points(
        metric("gen_ai_client_operation_duration_milliseconds", histogram([0.5], 60, labels), unit=""),
        metric("gen_ai_client_token_usage_total", number(7, 60, labels), unit=""),
    )
    assert duration.series.meant.factor == 0.001
    assert duration.series.labelled.record.requested == "gpt-5"
    assert (tokens.series.labelled.token, tokens.amount) == ("input", 7.0)


@pytest.mark.parametrize(
    ("name", "unit", "labels", "token"),
    [
        ("vllm:e2e_request_latency_seconds", "", {"model_name": "llama-3", "engine": "0"}, ""),
        ("vllm:prompt_tokens_total", "", {"model_name": "llama-3"}, "input"),
        ("vllm:generation_tokens", "tokens", {"model_name": "llama-3"}, "output"),
        ("litellm_input_tokens_metric_total", "", {"requested_model": "a", "model": "llama-3"}, "input"),
    ],
)
def test_servers_and_gateways_name_the_model_in_words_of_their_own(
    name: str, unit: str, labels: dict[str, str], token: str
) -> None:
    sent = number(3, 60, labels) if token else histogram([0.5], 60, labels)
    (point,) = points(metric(name, sent, unit=unit))
    record = point.series.labelled.record
    assert (record.answered, point.series.labelled.token) == ("llama-3", token)
    assert record.engine == ("vllm" if name.startswith("vllm") else "")
    assert point.series.meant.instrument.server


def test_of_a_label_that_is_sent_twice_the_last_one_counts_and_the_order_of_labels_is_none() -> None:
    one = histogram([0.5], 60, {**CALL, "gen_ai.response.model": "last"})
    twice = histogram([0.5], 60, {**CALL, "gen_ai.response.model": "first"})
    twice.attributes.extend(pairs({"gen_ai.response.model": "last"}))
    turned = histogram([0.5], 60, dict(reversed({**CALL, "gen_ai.response.model": "last"}.items())))
    keys = {points(metric(DURATION, each))[0].series.key for each in (one, twice, turned)}
    assert len(keys) == 1
    assert points(metric(DURATION, twice))[0].series.labelled.record.answered == "last"


def test_a_series_is_its_resource_its_scope_its_metric_and_its_labels() -> None:
    told = metric(DURATION, histogram([0.5], 60))
    others = [
        points(told)[0],
        points(told, scope="other")[0],
        points(told, version="2")[0],
        points(told, resource={"service.name": "shop"})[0],
        points(metric(DURATION, histogram([0.5], 60), mode=DELTA))[0],
        points(metric(DURATION, histogram([0.5], 60, {**CALL, "server.port": 443})))[0],
        points(metric(DURATION, histogram([0.5], 60, {**CALL, "server.port": "443"})))[0],
        points(metric(DURATION, histogram([0.5], 60), unit="ms"))[0],
    ]
    assert len({point.series.key for point in others}) == len(others)


def test_json_of_the_protocol_reads_as_protobuf_does() -> None:
    sent = request(
        metric(TOKENS, histogram([5, 7], 60, {**CALL, "gen_ai.token.type": "input"})),
        metric(DURATION, exponential([0.5], 60), mode=DELTA),
        metric(CHOICES, number(2, 60, STOP)),
    )
    text = json_format.MessageToDict(sent, use_integers_for_enums=True)
    again = json_format.ParseDict(text, ExportMetricsServiceRequest())
    assert read(again).points == read(sent).points
    assert [point.mode for point in read(again).points] == [Mode.CUMULATIVE, Mode.DELTA, Mode.CUMULATIVE]


def test_a_histogram_may_tell_its_count_alone() -> None:
    one = HistogramDataPoint(start_time_unix_nano=START, time_unix_nano=START + 1, count=3, attributes=pairs(CALL))
    (point,) = points(metric(DURATION, one))
    assert point.amount == Distribution(3)

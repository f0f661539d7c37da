"""What is added up does not depend on how often, how cut and how late it was told."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Sequence

from hypothesis import given
from hypothesis import strategies as st
from opentelemetry.proto.metrics.v1.metrics_pb2 import Metric

from stratagraph.loaders.metrics.distributions import Distribution
from stratagraph.loaders.metrics.increments import NEW, Increments
from stratagraph.loaders.metrics.points import Point, Series
from tests.loaders.metrics.exponential import exponential
from tests.loaders.metrics.sent import (
    CALL,
    CHOICES,
    DELTA,
    DURATION,
    MINUTE,
    START,
    histogram,
    metric,
    number,
    points,
    summary,
)
from tests.loaders.spans import SECOND, SERVICE

STOP = {**CALL, "gen_ai.response.finish_reason": "stop"}
INSTANCE = {**SERVICE, "service.instance.id": "i-1"}


def total(value: int, at: float, start: int = START, **of: object) -> Point[Series]:
    (point,) = points(metric(CHOICES, number(value, at, STOP, start=start)), **of)
    return point


def added(increments: Increments, *batches: Sequence[Point[Series]]) -> float:
    told = [one.amount for batch in batches for one in increments.take(batch)]
    return sum(amount.number if isinstance(amount, Distribution) else amount for amount in told)


def test_the_same_total_again_adds_nothing() -> None:
    increments = Increments()
    assert added(increments, [total(15, 10)], [total(16, 20)], [total(16, 30)], [total(16, 20)]) == 16
    assert increments.repeated == 1


def test_a_new_start_and_a_lower_total_are_a_new_beginning() -> None:
    assert added(Increments(), [total(15, 10)], [total(3, 30, START + 25 * SECOND)]) == 18
    assert added(Increments(), [total(15, 10)], [total(3, 30)]) == 18


def test_two_replicas_of_one_description_both_count() -> None:
    other = START + SECOND
    batches = [[total(5, 60)], [total(3, 61, other)], [total(7, 120)], [total(4, 121, other)]]
    assert added(Increments(), *batches) == 11


def test_one_process_does_not_begin_anew_while_it_counts() -> None:
    trembling = START + SECOND
    batches = [[total(5, 60, resource=INSTANCE)], [total(7, 120, trembling, resource=INSTANCE)]]
    assert added(Increments(), *batches) == 7
    anew = [[total(5, 60, resource=INSTANCE)], [total(2, 180, START + 90 * SECOND, resource=INSTANCE)]]
    assert added(Increments(), *anew) == 7


def test_a_total_without_a_start_counts_from_when_it_is_first_seen() -> None:
    assert added(Increments(), [total(100, 10, 0)], [total(107, 20, 0)]) == 7


def test_what_was_counted_long_before_anybody_listened_is_no_news() -> None:
    days = 30 * 24 * 3600
    assert added(Increments(), [total(1_000_000, days)], [total(1_000_003, days + 60)]) == 3
    assert added(Increments(), [total(5, NEW / SECOND)]) == 5, "an hour ago is soon enough"


def test_a_series_that_a_known_process_begins_late_counts_whole() -> None:
    days = 30 * 24 * 3600
    increments = Increments()
    assert added(increments, [total(900, days)]) == 0
    (late,) = points(metric(DURATION, histogram([0.5, 0.7], days + 60)))
    assert added(increments, [late]) == 2
    (increment,) = Increments().take([total(5, 60)])
    assert increment.since == START


def test_a_process_that_started_while_its_service_was_listened_to_counts_whole() -> None:
    increments = Increments()
    added(increments, [total(5, 60)])
    later = START + 5 * NEW
    assert added(increments, [total(70, 10 * 3600, later, resource={**SERVICE, "k8s.pod.name": "b"})]) == 70


def test_a_cut_export_of_a_process_that_is_new_to_us_is_still_one_export() -> None:
    days = 30 * 24 * 3600
    (other,) = points(metric(DURATION, histogram([0.5], days)))
    assert added(Increments(), [total(900, days)], [other]) == 0


def test_a_late_total_of_the_process_before_counts_too() -> None:
    after = START + 25 * SECOND
    assert added(Increments(), [total(5, 10)], [total(3, 30, after)], [total(8, 20)]) == 11


def test_a_delta_counts_once() -> None:
    (first, second) = (
        points(metric(CHOICES, number(2, at, STOP, start=START + int((at - 10) * SECOND)), mode=DELTA))[0]
        for at in (10, 20)
    )
    assert added(Increments(), [first, second], [second], [second, first]) == 4


def test_a_summary_counts_as_a_total_does() -> None:
    sent = [points(metric(DURATION, summary(count, 1.0, at))) for count, at in ((3, 60), (3, 120), (4, 180))]
    assert added(Increments(), *sent) == 4


def test_the_number_of_series_is_bounded_and_what_fell_silent_makes_room() -> None:
    increments = Increments(limit=2)
    for place in range(3):
        (one,) = points(metric(CHOICES, number(1, 60, {**STOP, "x": place})))
        increments.take([one])
    assert (increments.size, increments.overflow) == (2, 1)
    days = 2 * 24 * 3600
    (late,) = points(metric(CHOICES, number(4, days, {**STOP, "x": 9}, start=START + days * SECOND - MINUTE)))
    assert added(increments, [late]) == 4
    assert increments.size == 2
    gone = [name for name, value in increments.changes().items() if value is None]
    assert len(gone) == 1


Made = Callable[[list[float], float, int], Metric]
"""A cumulative point of all values so far."""


def _counter(values: list[float], at: float, start: int) -> Metric:
    return metric(CHOICES, number(len(values), at, STOP, start=start))


def _explicit(values: list[float], at: float, start: int) -> Metric:
    return metric(DURATION, histogram(values, at, start=start))


def _exponential(values: list[float], at: float, start: int) -> Metric:
    # As exporters do, it widens its buckets when it has many.
    return metric(DURATION, exponential(values, at, scale=4 if len(values) < 8 else 2, start=start))


def _delta(made: Made) -> Made:
    def of(values: list[float], at: float, start: int) -> Metric:
        one = made(values, at, start)
        data = one.sum if one.HasField("sum") else one.histogram if one.HasField("histogram") else None
        (data or one.exponential_histogram).aggregation_temporality = DELTA
        return one

    return of


HISTORIES = st.lists(
    # Of each interval: what happened, whether the process had started anew before.
    st.tuples(st.lists(st.sampled_from([0.05, 0.5, 2.0, 30.0]), max_size=5), st.booleans()),
    min_size=1,
    max_size=8,
)


@given(HISTORIES, st.sampled_from([_counter, _explicit, _exponential]), st.randoms(use_true_random=False))
def test_totals_add_up_to_what_happened_however_cut_repeated_and_restarted(
    history: list[tuple[list[float], bool]], made: Made, chance: object
) -> None:
    sent, deltas = _sent(history, made)
    happened = sum(len(values) for values, _ in history)
    assert added(Increments(), *_cut(sent, chance)) == happened
    assert added(Increments(), *_cut(deltas, chance)) == happened, "and parts say the same as totals"
    # A process that goes on from the marks of another one knows what that knew.
    marks: dict[str, bytes] = {}
    heard = 0.0
    for batch in _cut(sent, chance):
        increments = Increments()
        increments.restore(marks)
        heard += added(increments, batch)
        for name, value in increments.changes().items():
            if value is None:
                marks.pop(name, None)
            else:
                marks[name] = value
    assert heard == happened


def _sent(history: list[tuple[list[float], bool]], made: Made) -> tuple[list[Point[Series]], list[Point[Series]]]:
    """Return the totals and the parts that a service exports, one each a minute."""
    totals, parts = [], []
    whole: list[float] = []
    start = START
    for place, (values, anew) in enumerate(history):
        before = START + place * MINUTE
        if anew:
            whole, start = [], before + SECOND
        whole = [*whole, *values]
        at = (place + 1) * 60.0
        totals += points(made(whole, at, start))
        parts += points(_delta(made)(values, at, before))
    return totals, parts


def _cut(sent: list[Point[Series]], chance: object) -> list[list[Point[Series]]]:
    """Return the points in order, in any number of requests, some of them again."""
    batches, left = [], list(sent)
    while left:
        size = chance.randint(1, len(left))  # type: ignore[attr-defined]  # a Random
        again = chance.sample(sent[: len(sent) - len(left) + size], 1)  # type: ignore[attr-defined]
        batches.append([*left[:size], *again])
        del left[:size]
    return batches


@given(HISTORIES)
def test_the_sum_and_the_buckets_of_both_kinds_of_histograms_are_those_of_the_values(
    history: list[tuple[list[float], bool]],
) -> None:
    values = [value for interval, _ in history for value in interval]
    for made in (_explicit, _exponential):
        sent, _ = _sent(history, made)
        found = [one.amount for one in Increments().take(sent) if isinstance(one.amount, Distribution)]
        assert abs(sum(one.total or 0.0 for one in found) - sum(values)) < 1e-6
        inside: dict[tuple[float, float], int] = defaultdict(int)
        for one in found:
            for bucket, count in one.buckets:
                inside[bucket] += count
        assert sum(inside.values()) == len(values)
        for below, above in inside:
            assert any(below < value * (1 + 1e-9) and value <= above * (1 + 1e-9) for value in values)

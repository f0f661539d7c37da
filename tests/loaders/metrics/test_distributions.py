"""Histograms of both kinds know the values that they were made of, to a bucket."""

from __future__ import annotations

from math import inf

from hypothesis import given
from hypothesis import strategies as st

from stratagraph.loaders.metrics.distributions import Distribution
from stratagraph.loaders.metrics.points import read
from stratagraph.ontology.sketches import quantile
from tests.loaders.metrics.exponential import exponential
from tests.loaders.metrics.sent import DURATION, histogram, metric, request

VALUES = st.lists(st.floats(0.001, 500, allow_nan=False), min_size=1, max_size=60)
BOUNDS = (0.01, 0.1, 1.0, 10.0, 100.0)


def told(*points: object) -> Distribution:
    (point,) = read(request(metric(DURATION, *points))).points  # type: ignore[arg-type]  # of any kind
    assert isinstance(point.amount, Distribution)
    return point.amount


def ranked(values: list[float], share: float) -> float:
    return sorted(values)[max(0, int(share * len(values) + 0.999999) - 1)]


@given(VALUES, st.sampled_from([0.5, 0.95]))
def test_a_quantile_lies_in_the_bucket_of_the_value(values: list[float], share: float) -> None:
    explicit = told(histogram(values, 60, bounds=BOUNDS)).quantile(share)
    powers = told(exponential(values, 60, scale=3)).quantile(share)
    for bucket in (explicit, powers):
        assert bucket is not None
        assert bucket[0] <= ranked(values, share) * (1 + 1e-9)
        assert ranked(values, share) <= bucket[1] * (1 + 1e-9)


@given(VALUES)
def test_the_sketch_holds_as_many_values_between_the_same_extremes(values: list[float]) -> None:
    for one in (told(histogram(values, 60, bounds=BOUNDS)), told(exponential(values, 60, scale=3))):
        least, most = one.extremes
        assert least <= min(values) * (1 + 1e-9)
        assert most >= max(values) * (1 - 1e-9)
        for share in (0.0, 0.5, 1.0):
            found = quantile(one.sketch(), share)
            assert found is not None
            assert least * 0.98 <= found <= most * 1.02


@given(VALUES)
def test_a_fine_exponential_histogram_is_as_good_as_the_values(values: list[float]) -> None:
    found = quantile(told(exponential(values, 60, scale=7)).sketch(), 1.0)
    assert found is not None
    assert abs(found - max(values)) <= 0.025 * max(values)


@given(VALUES, VALUES, st.integers(0, 3))
def test_what_was_added_is_the_difference_also_when_the_buckets_have_widened(
    before: list[float], after: list[float], narrower: int
) -> None:
    early = told(exponential(before, 60, scale=2 + narrower))
    late = told(exponential([*before, *after], 120, scale=2))
    added = late.minus(early)
    assert not late.fell_since(early)
    assert added.buckets == told(exponential(after, 60, scale=2)).buckets
    assert added.number == len(after)


@given(VALUES, VALUES)
def test_packed_it_is_the_same(some: list[float], others: list[float]) -> None:
    one = told(histogram(some, 60)).plus(told(exponential(others, 60, scale=1)))
    assert Distribution.unpacked(one.packed()) == one
    assert Distribution.unpacked(Distribution(3).packed()) == Distribution(3)


def test_a_single_value_is_known_exactly() -> None:
    one = Distribution(1, 0.37, (((0.1, 1.0), 1),))
    assert one.extremes == (0.37, 0.37)
    found = quantile(one.sketch(), 0.5)
    assert found is not None
    assert abs(found - 0.37) < 0.004


def test_beyond_the_last_bound_nothing_is_made_up() -> None:
    two = Distribution(2, 50.0, (((10.0, inf), 2),))
    assert two.extremes == (10.0, 25.0), "the last bound, and the mean, which one of them reaches"


def test_without_buckets_there_is_no_sketch_of_several_values() -> None:
    assert Distribution(3, 6.0).sketch() == b""

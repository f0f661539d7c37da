"""Series over time: aligned, adding up to the whole, and silent about what nobody saw."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stratagraph.ontology.facts import Observation
from stratagraph.ontology.model import load_model
from stratagraph.ontology.namespaces import SG
from stratagraph.queries.figures import figures
from stratagraph.queries.series import Grid, series_document
from tests.queries.test_figures import NOON, observed

MODEL = load_model()
MINUTE = timedelta(minutes=1)


def series(
    *seen: Observation, start: datetime = NOON, minutes: float = 30, step: float = 5, now: datetime | None = None
) -> list[dict[str, Any]]:
    grid = Grid.over(start, start + minutes * MINUTE, step * MINUTE)
    return series_document(seen, MODEL, str, grid=grid, now=now or start + timedelta(days=1))


def shape(one: dict[str, Any]) -> list[tuple[str, str, float | None]]:
    """Start, end and total of every point; None where it is empty."""
    return [(point["start"][11:16], point["end"][11:16], point.get("total")) for point in one["points"]]


def test_each_step_has_its_own_sum_and_an_empty_one_says_so() -> None:
    (calls,) = series(
        observed(SG.calls, 1.0, 1.0, minute=0),
        observed(SG.calls, 1.0, minute=4),
        observed(SG.calls, 1.0, minute=12),
        minutes=20,
    )
    assert shape(calls) == [
        ("12:00", "12:05", 3.0),
        ("12:05", "12:10", None),
        ("12:10", "12:15", 1.0),
        ("12:15", "12:20", None),
    ]
    assert calls["points"][1] == {"start": "2026-01-01T12:05:00Z", "end": "2026-01-01T12:10:00Z", "empty": True}
    assert (calls["unit"], calls["sources"], calls["derived"]) == ("{call}", ["otlp"], False)
    assert calls["points"][0]["basis"] == "measured"
    # What it rests on is told beside the step: minutes 0 and 4.
    assert calls["points"][0]["window"] == {"start": "2026-01-01T12:00:00Z", "end": "2026-01-01T12:05:00Z"}


def test_steps_begin_at_multiples_of_the_step_whatever_is_asked() -> None:
    seen = observed(SG.calls, 1.0, minute=7)
    (one,) = series(seen, start=NOON + 3.5 * MINUTE, minutes=10)
    assert shape(one) == [("12:00", "12:05", None), ("12:05", "12:10", 1.0), ("12:10", "12:15", None)]


def test_a_window_longer_than_a_step_is_one_point_and_never_spread() -> None:
    hour = replace(observed(SG.calls, *[1.0] * 60), end=NOON + 60 * MINUTE)
    (one,) = series(hour, observed(SG.calls, 1.0, minute=61), minutes=70, step=10)
    assert shape(one) == [("12:00", "13:00", 60.0), ("13:00", "13:10", 1.0)]


def test_a_window_that_begins_before_the_span_counts_whole_and_the_first_point_says_so() -> None:
    hour = replace(observed(SG.calls, *[1.0] * 60), end=NOON + 60 * MINUTE)
    (one,) = series(hour, start=NOON + 50 * MINUTE, minutes=20, step=10)
    assert shape(one) == [("12:00", "13:00", 60.0), ("13:00", "13:10", None)]


def test_what_a_source_cannot_tell_apart_does_not_blur_another_one() -> None:
    hour = replace(observed(SG.calls, 1.0, source="gateway"), end=NOON + 60 * MINUTE)
    gateway, otlp = series(hour, observed(SG.calls, 1.0), observed(SG.calls, 1.0, minute=59), minutes=60, step=30)
    assert shape(gateway) == [("12:00", "13:00", 1.0)]
    assert shape(otlp) == [("12:00", "12:30", 1.0), ("12:30", "13:00", 1.0)]


def test_ratios_are_of_one_step_each_and_estimates_stay_marked() -> None:
    told = series(
        observed(SG.calls, 1.0, 1.0, 1.0, 1.0),
        observed(SG.errors, 1.0),
        observed(SG.calls, 1.0, minute=6),
        observed(SG.callCost, 2.0, minute=6, unit="USD", estimated=True),
        minutes=10,
    )
    by_metric = {(one["metric"], one["derived"]): one["points"] for one in told}
    assert [point.get("value") for point in by_metric[SG.errorRate, True]] == [0.25, None]
    cost = by_metric[SG.meanCallCost, True]
    assert (cost[0].get("empty"), cost[1]["value"], cost[1]["basis"]) == (True, 2.0, "estimated")
    assert [point.get("basis") for point in by_metric[SG.callCost, False]] == [None, "estimated"]


def test_a_step_that_has_not_ended_says_so() -> None:
    (one,) = series(observed(SG.calls, 1.0, minute=6), minutes=10, now=NOON + 7 * MINUTE)
    assert [point.get("running", False) for point in one["points"]] == [False, True]


@given(
    minutes=st.lists(st.integers(-120, 600), min_size=1, max_size=20),
    lengths=st.lists(st.sampled_from([1, 1, 1, 60, 1440]), min_size=20, max_size=20),
    offset=st.integers(0, 3000),
    span=st.integers(1, 600),
    step=st.sampled_from([1, 5, 7, 60, 1440]),
)
def test_points_never_overlap_leave_no_gap_and_add_up(
    minutes: list[int], lengths: list[int], offset: int, span: int, step: int
) -> None:
    """Every window is in exactly one point, and a point's sum is that of its windows."""
    seen = [
        replace(observed(SG.calls, 1.0), start=NOON + at * MINUTE, end=NOON + (at + length) * MINUTE)
        for at, length in zip(minutes, lengths, strict=False)
    ]
    (one,) = series(*seen, start=NOON + timedelta(seconds=offset), minutes=span, step=step)
    points = one["points"]
    edges = [(datetime.fromisoformat(point["start"]), datetime.fromisoformat(point["end"])) for point in points]
    assert all(before[1] == after[0] for before, after in pairwise(edges))
    for (start, end), point in zip(edges, points, strict=True):
        assert (start - datetime(1970, 1, 1, tzinfo=UTC)) % (step * MINUTE) == timedelta(0)
        inside = [each for each in seen if start <= each.start and each.end <= end]
        touching = [each for each in seen if each.start < end and each.end > start]
        assert inside == touching
        assert point.get("total", 0.0) == len(inside)
        assert point.get("empty", False) is (not inside)
    assert sum(point.get("total", 0.0) for point in points) == pytest.approx(figures(seen)[0].total)

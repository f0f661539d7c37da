"""Merging observations: an algebra, and what is newest."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stratagraph.ontology.facts import Observation
from stratagraph.ontology.observations import Unmergeable, merge, merge_all, newest, quantile
from stratagraph.ontology.sketches import encode, sketch_of

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)


def observed(values: list[float], minute: int = 0, *, sketched: bool = True, source: str = "a") -> Observation:
    start = NOON + timedelta(minutes=minute)
    return Observation(
        subject="http://x/s",
        metric="http://x/latency",
        unit="s",
        start=start,
        end=start + timedelta(minutes=1),
        count=len(values),
        total=float(sum(values)),
        minimum=min(values, default=0.0),
        maximum=max(values, default=0.0),
        sketch=encode(sketch_of(values)) if sketched and values else b"",
        source=source,
    )


# Whole numbers, so that totals are exact in any order.
values = st.lists(st.integers(1, 10_000).map(float), max_size=4)
observations = st.builds(observed, values, st.integers(0, 3), sketched=st.booleans())


@given(observations, observations)
def test_merging_commutes(first: Observation, second: Observation) -> None:
    assert merge(first, second) == merge(second, first)


@given(observations, observations, observations)
def test_merging_is_associative(first: Observation, second: Observation, third: Observation) -> None:
    merged = merge(merge(first, second), third)
    assert merged == merge(first, merge(second, third)) == merge_all((first, second, third))


@given(st.lists(values, min_size=1, max_size=5))
def test_merged_pieces_equal_the_observation_of_all_values(pieces: list[list[float]]) -> None:
    together = [value for piece in pieces for value in piece]
    assert merge_all([observed(piece) for piece in pieces]) == observed(together)


def test_the_window_spans_both() -> None:
    merged = merge(observed([1.0], 3), observed([1.0], 1))
    assert (merged.start, merged.end) == (NOON + timedelta(minutes=1), NOON + timedelta(minutes=4))


@pytest.mark.parametrize(
    "other", [{"unit": "ms"}, {"source": "b"}, {"estimated": True}, {"metric": "http://x/m"}, {"subject": "http://x/t"}]
)
def test_what_tells_of_something_else_is_refused(other: dict[str, object]) -> None:
    with pytest.raises(Unmergeable, match="do not add up"):
        merge(observed([1.0]), replace(observed([1.0]), **other))  # type: ignore[arg-type]  # fields by name


def test_quantiles_of_a_part_do_not_pass_for_those_of_the_whole() -> None:
    assert quantile(merge(observed([1.0, 2.0]), observed([9.0], sketched=False)), 0.5) is None
    assert quantile(merge(observed([1.0, 1.0]), observed([], sketched=False)), 0.5) == 1.0


@given(st.lists(st.builds(observed, values, st.integers(0, 3), source=st.sampled_from("ab")), min_size=1))
def test_the_newest_is_all_that_one_source_said_of_the_last_window(seen: list[Observation]) -> None:
    end = max(each.end for each in seen)
    source = max(each.source for each in seen if each.end == end)
    chosen = [each for each in seen if (each.end, each.source) == (end, source)]
    assert list(newest(seen).values()) == [merge_all(chosen)]


def test_the_newest_never_mixes_currencies_or_estimates_with_measurements() -> None:
    dollars, reais = (replace(observed([1.0]), unit=unit) for unit in ("USD", "BRL"))
    estimated = replace(dollars, estimated=True)
    for order in ((dollars, reais, estimated, dollars), (estimated, dollars, dollars, reais)):
        (found,) = newest(order).values()
        assert found == merge(dollars, dollars)

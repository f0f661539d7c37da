"""Merging observations: an algebra, and what is newest."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from math import fsum
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stratagraph.ontology.facts import Observation
from stratagraph.ontology.observations import Unmergeable, merge, merge_all, newest, quantile, remainder
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


# Values of which some are taken away again ----------------------------------------------------------------------------


def taking(values: list[float], **fields: Any) -> Observation:
    given = observed(values, **fields)
    return replace(given, count=-given.count, total=-given.total)


amounts = st.one_of(st.integers(0, 50).map(float), st.floats(0.001, 1e6), st.sampled_from([0.0, 1.0, 0.1, 0.2, 0.3]))


@given(st.lists(st.lists(amounts, min_size=1, max_size=5), min_size=1, max_size=5), st.data())
def test_what_is_left_is_the_observation_of_the_values_that_were_not_taken(
    pieces: list[list[float]], data: st.DataObject
) -> None:
    every = [value for piece in pieces for value in piece]
    order = data.draw(st.permutations(every))
    number = data.draw(st.integers(1, len(every)))
    takes, left = order[:number], order[number:]
    cut = data.draw(st.integers(1, number))
    parts = [*map(observed, pieces), taking(takes[:cut]), *([taking(takes[cut:])] if takes[cut:] else [])]
    found = remainder(data.draw(st.permutations(parts)))
    if not left:
        assert found is None
        return
    assert found is not None
    assert found.count == len(left)
    assert found.total == pytest.approx(fsum(left), rel=1e-9, abs=1e-9)
    if not any(left):
        assert found.total == 0.0
    assert found.sketch == encode(sketch_of(left))
    # Within what a bin tells: the value that was taken may have been beside the one that is left.
    assert found.minimum <= min(left) * 1.021 + 1e-9
    assert found.minimum >= min(left) * 0.979 - 1e-9
    assert found.maximum == pytest.approx(max(left), rel=0.021, abs=1e-9)
    assert found.minimum <= found.maximum


@given(st.lists(st.lists(st.integers(0, 9).map(float), min_size=1, max_size=4), min_size=1, max_size=4), st.data())
def test_without_a_sketch_the_extremes_hold_what_is_left(pieces: list[list[float]], data: st.DataObject) -> None:
    every = [value for piece in pieces for value in piece]
    order = data.draw(st.permutations(every))
    number = data.draw(st.integers(1, len(every)))
    parts = [observed(piece, sketched=False) for piece in pieces]
    found = remainder([*parts, taking(order[:number], sketched=False)])
    if order[number:]:
        assert found is not None
        assert (found.count, found.total) == (len(every) - number, sum(order[number:]))
        assert found.minimum <= min(order[number:]) <= max(order[number:]) <= found.maximum
    else:
        assert found is None


def test_a_value_that_was_taken_is_no_extreme() -> None:
    for sketched in (True, False):
        given, gone = observed([1.0, 2.0], sketched=sketched), observed([9.0, 8.0], sketched=sketched)
        found = merge_all([given, gone, taking([9.0, 8.0], sketched=sketched)])
        assert (found.minimum, found.maximum) == (1.0, 2.0)
        assert merge_all([given, taking([1.0], sketched=sketched)]).minimum == 2.0
    failures = observed([0.0, 1.0, 0.0], sketched=False)
    assert merge_all([failures, taking([1.0], sketched=False)]).maximum == 0.0


@pytest.mark.parametrize("scale", [1e-9, 1.0, 1e9, 1e15])
def test_no_residue_is_left_of_what_is_nothing(scale: float) -> None:
    parts = [observed([0.1 * scale, 0.2 * scale, 0.0]), taking([0.2 * scale]), taking([0.1 * scale])]
    found = merge_all(parts)
    assert (found.count, found.total, found.minimum, found.maximum) == (1, 0.0, 0.0, 0.0)


def test_who_takes_more_than_there_is_takes_it_from_what_comes_later() -> None:
    early, late = taking([3.0, 4.0]), observed([3.0, 4.0, 5.0])
    assert remainder([early]) is None
    assert remainder([merge_all([early, observed([3.0])]), observed([4.0, 5.0])]) == observed([5.0])
    assert remainder([early, late]) == observed([5.0])


def test_a_window_of_which_nothing_is_left_is_as_if_it_was_never_said() -> None:
    first, second, other = observed([1.0], 1), observed([2.0], 2), observed([7.0], 2, source="b")
    gone = taking([2.0], minute=2)
    assert list(newest([second, first, gone]).values()) == [first]
    assert list(newest([gone, second, other, first]).values()) == [other]
    assert list(newest([first, taking([1.0], minute=1)]).values()) == []

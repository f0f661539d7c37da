"""Working ahead: order, bounds, and what goes wrong on the way."""

from __future__ import annotations

from collections.abc import Iterator
from threading import get_ident

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stratagraph.service.neo4j.view.ahead import ahead


@given(st.lists(st.integers() | st.none()))
def test_items_come_in_order(items: list[int | None]) -> None:
    assert list(ahead(items)) == items


def test_items_are_made_in_another_thread_and_at_most_one_ahead() -> None:
    made: list[int] = []

    def items() -> Iterator[int]:
        for number in range(5):
            made.append(number)
            yield get_ident()

    for used, thread in enumerate(ahead(items())):
        assert thread != get_ident()
        assert len(made) <= used + 2


def test_what_goes_wrong_comes_after_what_went_well() -> None:
    def items() -> Iterator[int]:
        yield 1
        raise ValueError("no more")

    used: list[int] = []
    with pytest.raises(ValueError, match="no more"):
        used.extend(ahead(items()))
    assert used == [1]


def test_nothing_more_is_made_once_the_user_stops() -> None:
    made: list[int] = []

    def items() -> Iterator[int]:
        for number in range(100):
            made.append(number)
            yield number

    for item in ahead(items()):
        if item == 2:
            break
    assert len(made) <= 4

"""Whether something that was called regularly is called no more."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final

from stratagraph.queries.health.baseline import Baseline
from stratagraph.queries.health.compared_values import EPOCH, HOUR, STEP, Value

HISTORY: Final = timedelta(days=44)
"""How far back calls are looked for: a month of silence, and the two weeks before it that say what was regular."""
_DAY: Final = 24
_WEEK: Final = 7 * _DAY
_WEEKS: Final = 2
_ROUND: Final = 2 * _DAY
"""Hours on end with calls that make something young regular: a job that runs once a month may take a day."""
_MANY: Final = 10.0
"""Calls in a step that its being empty twice is no chance of."""
_REGULAR: Final = 0.9
"""Of so many steps of the hours that count, calls must have been seen for their absence to tell anything at once."""


def hour_number(time: datetime) -> int:
    """Return the hour that a time lies in, counted from 1970."""
    return (time - EPOCH) // HOUR


def end_of_hour(number: int) -> datetime:
    """Return when an hour ends that is counted from 1970."""
    return EPOCH + (number + 1) * HOUR


def misses_hours(active: frozenset[int], end: datetime) -> bool:
    """Tell whether there were no calls in two whole hours on end in which there always are.

    ``active`` are the hours in which there were calls, one at least. Always: in both of the last two weeks. Of what is
    younger than that, every hour counts if there were calls in all of the last 48.
    """
    complete = range(max(active) + 1, hour_number(end))
    young = _is_young(active)
    always = young and _is_round_the_clock(active)

    def expected(hour: int) -> bool:
        return always if young else {hour - _WEEK, hour - 2 * _WEEK} <= active

    return any(expected(hour) and expected(hour + 1) for hour in complete[:-1])


def misses_steps(
    usual: Baseline | None, weekly: Sequence[Value], daily: Sequence[Value], active: frozenset[int]
) -> bool:
    """Tell whether no calls at all in a step or two are far from usual: where many come all the time.

    That is known from the same hour of the last two weeks, or of something younger from the last day.
    """
    if usual is None or usual.middle < _MANY:
        return False
    if _is_young(active):
        return _is_round_the_clock(active) and len(daily) >= _REGULAR * _DAY * (HOUR // STEP)
    weeks = sorted({hour_number(value.start) for value in weekly})[-_WEEKS:]
    newest = sum(1 for value in weekly if hour_number(value.start) in weeks)
    return len(weeks) == _WEEKS and newest >= _REGULAR * _WEEKS * (HOUR // STEP)


def _is_young(active: frozenset[int]) -> bool:
    return max(active) - min(active) < 2 * _WEEK


def _is_round_the_clock(active: frozenset[int]) -> bool:
    last = max(active)
    return active.issuperset(range(last - _ROUND + 1, last + 1))

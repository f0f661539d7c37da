"""What is usual: the middle of what was, how far values lie from it, and how many there were."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from math import ceil, sqrt
from statistics import median
from typing import Final

from stratagraph.ontology.infos import MetricInfo
from stratagraph.queries.health.compared_values import EPOCH, Value

WEEK: Final = timedelta(weeks=1)
WEEKS: Final = 4
"""How many weeks the same hour of the week is looked up in."""
LEAST_WEEKS: Final = 2
LEAST_OF_WEEKS: Final = 4
"""Values of the same hour of the week that make a baseline, from so many weeks at least."""
LEAST_OF_DAY: Final = 12
"""Values of the last day that make one where there are not."""
DEGRADED: Final = 3.0
ANOMALOUS: Final = 6.0
"""How many usual deviations from the middle a state begins at."""
_NORMAL_MAD: Final = 1.4826
"""Times the median absolute deviation: the standard deviation, were the values distributed normally."""
_RELATIVE: Final = 0.1
"""The least deviation, of the middle: what is the same to a tenth is the same."""
_OF_A_SHARE: Final = 0.01
_RARE: Final = 0.02
"""The least deviation of a share, and the least share that chance is reckoned from: one failure is no trend."""
_TRIMMED: Final = 0.1


class Basis(StrEnum):
    """What a baseline is made of."""

    HOUR_OF_WEEK = "hour-of-week"
    LAST_DAY = "last-day"


@dataclass(frozen=True, slots=True, kw_only=True)
class Baseline:
    """The middle, the usual deviation from it, and where all but the outermost tenths of the values lie."""

    basis: Basis
    middle: float
    deviation: float
    lower: float
    upper: float
    windows: int

    def spread(self, info: MetricInfo, count: float) -> float:
        """Return the deviation that chance alone explains of a number made of so many values."""
        least = [self.deviation, _RELATIVE * abs(self.middle)]
        if info.baseline == "amount":
            least.append(sqrt(max(self.middle, 1.0)))  # as events do that happen independently
        elif info.unit == "1":
            share = min(max(self.middle, _RARE), 1 - _RARE)
            least += [_OF_A_SHARE, sqrt(share * (1 - share) / max(count, 1.0))]
        return max(least)

    def distance(self, number: float, count: float, info: MetricInfo) -> float:
        """Return how many usual deviations a number lies beyond the middle, towards what is worse where one side is."""
        away = number - self.middle
        if info.better == "higher":
            away = -away
        elif info.better is None:
            away = abs(away)
        # A day has its own course: what lay there for hours is not unusual.
        if self.basis is Basis.LAST_DAY and self.lower <= number <= self.upper:
            return 0.0
        spread = self.spread(info, count)
        return away / spread if spread > 0 else 0.0 if away <= 0 else ANOMALOUS

    def expected(self, count: float, info: MetricInfo) -> tuple[float | None, float | None]:
        """Return between which numbers nothing is unusual; None where a side has no end."""
        reach = DEGRADED * self.spread(info, count)
        low, high = self.middle - reach, self.middle + reach
        if self.basis is Basis.LAST_DAY:
            low, high = min(low, self.lower), max(high, self.upper)
        # Neither an amount nor a share is ever below zero.
        return None if info.better == "lower" else max(low, 0.0), None if info.better == "higher" else high


def baseline(weekly: Sequence[Value], daily: Sequence[Value]) -> Baseline | None:
    """Return what is usual by values of the same hour of other weeks, else by those of the last day, else None."""
    weeks = {(value.start - EPOCH) // WEEK for value in weekly}
    if len(weeks) >= LEAST_WEEKS and len(weekly) >= LEAST_OF_WEEKS:
        return _of(Basis.HOUR_OF_WEEK, weekly)
    return _of(Basis.LAST_DAY, daily) if len(daily) >= LEAST_OF_DAY else None


def _of(basis: Basis, values: Sequence[Value]) -> Baseline:
    numbers = sorted(value.number for value in values)
    middle = median(numbers)
    outer = ceil(_TRIMMED * (len(numbers) - 1))
    return Baseline(
        basis=basis,
        middle=middle,
        deviation=_NORMAL_MAD * median(abs(number - middle) for number in numbers),
        lower=numbers[outer],
        upper=numbers[-1 - outer],
        windows=len(numbers),
    )

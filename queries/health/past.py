"""What was observed of an asset before: read once an hour, for nothing of it changes within one but what comes late."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cached_property
from typing import Final, TypeAlias

from stratagraph.ontology.facts import Observation
from stratagraph.ontology.model import OntologyModel
from stratagraph.queries.health.baseline import WEEK, WEEKS, Baseline, baseline
from stratagraph.queries.health.compared_values import EPOCH, HOUR, STEP, Series, Value, compared, steps

Observed: TypeAlias = Callable[[datetime, datetime], Iterable[Observation]]
"""Gives the observations of an asset whose windows overlap a time."""

DAY: Final = timedelta(days=1)
SPANS: Final = (STEP, 3 * STEP, 12 * STEP)
"""How long what is compared is added up: the shortest that holds enough values."""


def within(observed: Observed, start: datetime, end: datetime) -> list[Observation]:
    """Return the observations whose windows lie within a time."""
    return [seen for seen in observed(start, end) if seen.start >= start and seen.end <= end]


class Cut:
    """Observations as the numbers of each span, made when they are asked for: most series need the shortest alone."""

    def __init__(self, observations: Iterable[Observation], model: OntologyModel, origin: datetime = EPOCH) -> None:
        """``origin`` is where a span begins."""
        wanted = compared(model)
        self._seen = [seen for seen in observations if seen.metric in wanted]
        self._model = model
        self._origin = origin
        self._made: dict[timedelta, Mapping[Series, list[Value]]] = {}

    def of(self, span: timedelta) -> Mapping[Series, list[Value]]:
        """Return the numbers of each series over a span."""
        if span not in self._made:
            self._made[span] = steps(self._seen, self._model, span, origin=self._origin)
        return self._made[span]


@dataclass(frozen=True)
class Past:
    """The past of an asset as of an hour: the same hour of the weeks before, and the day before."""

    observed: Observed
    model: OntologyModel
    hour: datetime
    _known: dict[tuple[Series, timedelta], Baseline | None] = field(default_factory=dict)

    def baseline(self, series: Series, span: timedelta) -> Baseline | None:
        """Return what is usual for a series in this hour, added up over a span."""
        if (series, span) not in self._known:
            usual = baseline(self._of_weeks.of(span).get(series, ()), ())
            self._known[series, span] = usual or baseline((), self._of_day.of(span).get(series, ()))
        return self._known[series, span]

    def forget(self) -> None:
        """Keep what is usual, and none of the observations that it was made of."""
        for part in ("_of_weeks", "_of_day"):
            self.__dict__.pop(part, None)

    def in_weeks(self, series: Series) -> list[Value]:
        """Return the values of a series in this hour of the weeks before."""
        return self._of_weeks.of(STEP).get(series, [])

    def in_day(self, series: Series) -> list[Value]:
        """Return the values of a series in the day before this hour."""
        return self._of_day.of(STEP).get(series, [])

    @cached_property
    def _of_weeks(self) -> Cut:
        starts = [self.hour - week * WEEK for week in range(1, WEEKS + 1)]
        seen = [each for start in starts for each in within(self.observed, start, start + HOUR)]
        return Cut(seen, self.model)

    @cached_property
    def _of_day(self) -> Cut:
        return Cut(within(self.observed, self.hour - DAY, self.hour), self.model)

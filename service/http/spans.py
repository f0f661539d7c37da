"""The span of time that a question about figures is about, and the steps that it is cut into."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from typing import Annotated, Final

from fastapi import Query

from stratagraph.ontology.errors import StratagraphError
from stratagraph.queries.series import Grid
from stratagraph.service.times import read_day, read_time

MOST_HOURS: Final = 24 * 31
DEFAULT_HOURS: Final = 24
MOST_POINTS: Final = 2000
"""Points of one series in one answer."""

_SECONDS: Final = {"": 1, "s": 1, "m": 60, "h": 3600, "d": 86_400, "w": 7 * 86_400}
_STEP: Final = re.compile(r"([1-9][0-9]{0,7})([smhdw]?)")
_SHORTEST: Final = 60
_LONGEST: Final = 366 * 86_400

From = Annotated[
    str | None, Query(alias="from", description="Since when: a time, or a date, from its beginning; in UTC.")
]
Until = Annotated[
    str | None, Query(description="Until when: a time, or a date, to its end; in UTC. Now, where nothing is said.")
]
Hours = Annotated[
    int | None, Query(ge=1, le=MOST_HOURS, description="How far back from the end, where 'from' is not given: 24.")
]
Step = Annotated[
    str | None,
    Query(
        description="Also answer with series of points this far apart: seconds, or 5m, 1h, 1d, 1w; a minute at least.",
        json_schema_extra={"pattern": f"^{_STEP.pattern}$"},
    ),
]


class BadSpan(StratagraphError, slug="bad-span", status=422):
    """A span of time that is none, or that can't be cut as asked."""

    text = "The parameter {parameter!r} can't be used: {reason}"
    longest = 200

    parameter: str
    reason: str

    def details(self) -> dict[str, object]:
        """Return what a problem detail carries beside the text."""
        return {"parameter": self.parameter}


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """A time from ``start`` to ``end``, and its grid where steps are asked for."""

    start: datetime
    end: datetime
    grid: Grid | None

    @classmethod
    def read(cls, *, begin: str | None, until: str | None, hours: int | None, step: str | None, now: datetime) -> Span:
        """Return the span that parameters ask for.

        Raises:
            BadSpan: naming the parameter at fault.
        """
        end = _moment("until", until, over=True) if until is not None else now
        if begin is not None:
            if hours is not None:
                raise BadSpan(parameter="hours", reason="the beginning is given by 'from' already. Leave one out.")
            start = _moment("from", begin, over=False)
            if start >= end:
                raise BadSpan(parameter="from", reason="it is not before the end. Give an earlier one.")
        else:
            try:
                start = end - timedelta(hours=hours or DEFAULT_HOURS)
            except OverflowError:
                raise BadSpan(parameter="until", reason="nothing is that old. Give a later one.") from None
        return cls(start=start, end=end, grid=_grid(start, end, step) if step is not None else None)


def _moment(parameter: str, text: str, *, over: bool) -> datetime:
    """Read a time, or a date: its beginning, or its end when it is to be ``over``."""
    day = read_day(text)
    try:
        if day is not None:
            return datetime.combine(day, time(tzinfo=UTC)) + timedelta(days=int(over))
    except OverflowError:  # the end of the calendar
        pass
    when = read_time(text)
    if when is not None:
        return when
    raise BadSpan(
        parameter=parameter,
        reason="it is neither a date nor a time such as 2026-03-01T12:00:00Z (in an address, write the plus of an "
        "offset as %2B).",
    )


def _grid(start: datetime, end: datetime, step: str) -> Grid:
    found = _STEP.fullmatch(step)
    seconds = int(found[1]) * _SECONDS[found[2]] if found else 0
    if not _SHORTEST <= seconds <= _LONGEST:
        raise BadSpan(parameter="step", reason="it is no number of seconds, or such as 5m, 1h, 1d, from 1m to 366d.")
    try:
        grid = Grid.over(start, end, timedelta(seconds=seconds))
    except OverflowError:
        raise BadSpan(parameter="from", reason="nothing is that old. Give a later one.") from None
    if len(grid) > MOST_POINTS:
        reason = f"that makes {len(grid)} points; an answer has {MOST_POINTS} at most. Take longer steps."
        raise BadSpan(parameter="step", reason=reason)
    return grid

"""When a source is read next."""

from __future__ import annotations

import random
from datetime import datetime, timedelta
from typing import Final

from stratagraph.service.sources.cron import next_after
from stratagraph.service.sources.source import Source
from stratagraph.service.sources.source_state import SourceState

MOST_JITTER: Final = 60.0
"""Seconds by which a source may be read later, where nothing is said: so that not all of them ask at once."""


def next_run(source: Source, last: datetime | None, now: datetime, *, since: datetime) -> datetime | None:
    """Return when a source is due after its last run, jitter left out; None where it is only read by hand.

    ``since``: where it was not run yet, the moment from which on it is waited for. A last run that is still to come, by
    a clock that was ahead, does not put the source off.
    """
    if source.every is not None:
        return since if last is None else min(last, now) + timedelta(seconds=source.every)
    if source.cron is not None:
        return next_after(source.cron, since if last is None else min(last, now))
    return None


def is_late(source: Source, state: SourceState, now: datetime, *, since: datetime) -> bool:
    """Whether a source was not read to the end for longer than two of its turns take, at their slowest.

    ``since``: where it was never read to the end, the moment from which on it is waited for.
    """
    if state.paused:
        return False
    last = min(state.succeeded or since, now)
    first = next_run(source, last, now, since=last)
    if first is None:
        return False
    # The turn after that, as if the first had been taken in time.
    second = (
        first + timedelta(seconds=source.every) if source.every is not None else next_after(source.cron or "", first)
    )
    return now > second + timedelta(seconds=_most_jitter(source) + source.limit_seconds)


def jitter(source: Source) -> timedelta:
    """Return by how much a run is put off this time."""
    return timedelta(seconds=random.uniform(0, _most_jitter(source)))


def _most_jitter(source: Source) -> float:
    return min(MOST_JITTER, (source.every or 0) / 20) if source.jitter is None else source.jitter

"""In which window something is told that was added between two points."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Final

from stratagraph.loaders.genai.measures import WINDOW

LONGEST: Final = timedelta(minutes=5)
"""An increment over a longer time is told as one long window: nobody knows when in it things happened."""
_SECOND: Final = timedelta(seconds=1)
_NANOSECONDS: Final = 10**9


def window(since: int, time: int, length: timedelta = WINDOW) -> tuple[datetime, datetime]:
    """Return the window in which an increment was told, or all that it lies in where that is long."""
    seconds = length // _SECOND
    last = time // _NANOSECONDS // seconds
    first = since // _NANOSECONDS // seconds
    if (last - first) * length <= max(LONGEST, length):
        first = last
    start, end = (datetime.fromtimestamp(number * seconds, UTC) for number in (first, last))
    return start, end + length

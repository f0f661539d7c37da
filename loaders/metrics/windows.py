"""In which window something is told that was added between two points."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Final

from stratagraph.loaders.genai.measures import WINDOW

LONGEST_MINUTES: Final = 5
"""An increment over more minutes is told as one long window: nobody knows when in it things happened."""
_MINUTE: Final = 60 * 10**9


def window(since: int, time: int) -> tuple[datetime, datetime]:
    """Return the minute in which an increment was told, or all that it lies in where these are many."""
    last = time // _MINUTE
    first = since // _MINUTE
    if last - first <= LONGEST_MINUTES:
        first = last
    return _minute(first), _minute(last) + WINDOW


def _minute(number: int) -> datetime:
    return datetime.fromtimestamp(number * 60, UTC)

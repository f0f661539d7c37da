"""Days and times as people write them in options and addresses: of all that ISO 8601 allows, the usual form only."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime
from typing import Final

_DAY: Final = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)
_TIME: Final = re.compile(
    r"\d{4}-\d{2}-\d{2}(?:T\d{2}:\d{2}(?::\d{2}(?:\.\d{1,9})?)?| \d{2}:\d{2}:\d{2}(?:\.\d{1,9})?)"
    r"(?:Z|[+-]\d{2}:\d{2})?",
    re.ASCII,
)
"""A blank instead of the T wants seconds: in an address, ``2026-03-01+02:00`` arrives with a blank for the plus."""


def read_day(text: str) -> date | None:
    """Return the day that is written as YYYY-MM-DD; None for anything else, weeks and ordinal days too."""
    try:
        return date.fromisoformat(text) if _DAY.fullmatch(text) else None
    except ValueError:
        return None


def read_time(text: str) -> datetime | None:
    """Return the time, in UTC, that is written as YYYY-MM-DDThh:mm, with seconds and offset or not; else None."""
    if not _TIME.fullmatch(text):
        return None
    try:
        when = datetime.fromisoformat(text)
        return when.replace(tzinfo=UTC) if when.tzinfo is None else when.astimezone(UTC)
    except (ValueError, OverflowError):
        return None

"""Cron expressions, in UTC."""

from __future__ import annotations

from datetime import datetime

from cronsim import CronSim, CronSimError
from pydantic_core import PydanticCustomError


def check_cron(expression: str) -> None:
    """Refuse what is no cron expression, or never comes true."""
    try:
        next(CronSim(expression, datetime(2026, 1, 1)))  # noqa: DTZ001  any moment will do
    except (CronSimError, StopIteration):
        raise PydanticCustomError(
            "cron", "{given} is no cron expression; write five fields, as in '0 6 * * *'", {"given": repr(expression)}
        ) from None


def next_after(expression: str, moment: datetime) -> datetime:
    """Return the first moment after another one that the expression names."""
    return next(CronSim(expression, moment))

"""What was acknowledged and cannot be told: it is named and set aside, and everything else goes on."""

from __future__ import annotations

import logging
import traceback
from collections.abc import Callable
from typing import Final, NamedTuple, TypeVar

from stratagraph.loaders.genai.story import Told, Untold
from stratagraph.ontology.errors import StratagraphError
from stratagraph.service.ledger.storage import unavailable

log = logging.getLogger(__name__)

StatedT = TypeVar("StatedT")
_PASSING: Final = (StratagraphError, OSError, MemoryError)
"""Storage that is away for a while, and its like: tried again, it works."""


class SetAside(NamedTuple):
    """Something that was acknowledged and cannot be told: what it is, why, and how many spans or points it has."""

    what: str
    problem: str
    size: int = 1


def is_passing(error: BaseException) -> bool:
    """Tell whether an error says nothing about the telemetry that was at work."""
    return isinstance(error, _PASSING) or unavailable(error) is not None


def problem_of(error: BaseException) -> str:
    """Return what went wrong and where; not the error's own words, which may hold a part of what was sent."""
    frames = traceback.extract_tb(error.__traceback__)
    place = f" in {frames[-1].name}" if frames else ""
    return f"{type(error).__name__}{place}"


def named(what: str, size: int, error: BaseException) -> SetAside:
    """Name what cannot be told, here and in the log."""
    log.error("telemetry is set aside, for it cannot be told: %s", what, exc_info=error)
    return SetAside(what, problem_of(error), size)


def trace(one: Untold) -> SetAside:
    """Name a trace that cannot be told."""
    return named(f"trace {one.trace.hex()}", one.spans, one.error)


def state_all(told: Told, state: Callable[[Told], StatedT]) -> tuple[Told, StatedT]:
    """Return what can be stated of what was told, those traces left out with which that fails.

    Raises what fails for another reason than a trace.
    """
    while True:
        try:
            return told, state(told)
        except Exception as error:
            if is_passing(error) or _fails(told.first(0), state):
                raise
            told = told.without(_culprit(told, state), error)


def _culprit(told: Told, state: Callable[[Told], object]) -> int:
    """Return the place of the group with which stating begins to fail."""
    works, fails = 0, len(told.groups)
    while fails - works > 1:
        middle = (works + fails) // 2
        if _fails(told.first(middle), state):
            fails = middle
        else:
            works = middle
    return fails - 1


def _fails(told: Told, state: Callable[[Told], object]) -> bool:
    try:
        state(told)
    except Exception as error:
        if is_passing(error):
            raise
        return True
    return False

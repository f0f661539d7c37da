"""What a batch must be before the ledger takes it; what the gate checks is not repeated here."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from math import isfinite
from typing import Final

from stratagraph.ontology.facts import Batch, Observation
from stratagraph.ontology.observations import MOST_AHEAD
from stratagraph.service.ledger.errors import InvalidBatch

LEDGER_SOURCE: Final = "stratagraph:ledger"
"""The source of entries that the ledger writes about itself."""

# What a column of 64 bits holds.
LARGEST_COUNT: Final = 2**63 - 1
LARGEST_FIGURE: Final = 1e100
"""No figure of anything is as large, and no number of such figures adds up to an infinity."""


def check(batch: Batch, *, now: datetime) -> None:
    """Refuse a batch that could not be kept or hashed exactly, or that tells of what has not happened yet.

    Raises:
        InvalidBatch: names the first problem.
    """
    for problem in _problems(batch, now):
        raise InvalidBatch(source=batch.source, run=batch.run, problem=problem)


def check_marks(owner: str, marks: Mapping[str, bytes | None]) -> None:
    """Refuse marks that belong to no batch and could not be kept exactly.

    Raises:
        InvalidBatch: names the first problem.
    """
    for problem in _mark_problems(owner, marks):
        raise InvalidBatch(source=owner, run="", problem=problem)


def _mark_problems(owner: str, marks: Mapping[str, bytes | None]) -> Iterator[str]:
    if marks and not owner:
        yield "its marks have no owner"
    for text in (owner, *marks):
        if not is_text(text):
            yield f"{text!r} holds characters that cannot be stored"


def _problems(batch: Batch, now: datetime) -> Iterator[str]:
    if not batch.source or not batch.run:
        yield "its source or run has no name"
    # The ledger numbers its own runs; a client's run of the same name would make its next redaction impossible.
    if batch.source == LEDGER_SOURCE:
        yield "this source is the ledger's own"
    names = [scope.name for scope in batch.scopes]
    if len(set(names)) < len(names):
        yield "a scope is named twice"
    for text in (batch.source, batch.run, *names):
        if not is_text(text):
            yield f"{text!r} holds characters that cannot be stored"
    yield from _mark_problems(batch.marks_owner, {**batch.marks_expected, **batch.marks})
    for observation in batch.observations:
        yield from _observation_problems(observation, now)


def _is_year_of_utc(time: datetime) -> bool:
    """Whether the time can be written in UTC; the first hours of the calendar in an eastern zone cannot."""
    try:
        time.astimezone(UTC)
    except OverflowError:
        return False
    return True


def is_text(text: str) -> bool:
    """Whether both databases can store the text: PostgreSQL takes no NUL, and UTF-8 has no lone surrogates."""
    return "\0" not in text and text.encode(errors="ignore").decode() == text


def _observation_problems(observation: Observation, now: datetime) -> Iterator[str]:
    about = f"the observation of {observation.metric} on {observation.subject}"
    # Not by ``tzinfo``: a datetime may have one that gives no offset, and is naive then.
    if observation.start.utcoffset() is None or observation.end.utcoffset() is None:
        yield f"{about} has a time without a zone"
    elif observation.end < observation.start:
        yield f"{about} ends before it starts"
    elif observation.end - now > MOST_AHEAD:
        yield f"{about} ends at {observation.end.isoformat()}, which is to come: the clock of its source is ahead"
    elif not _is_year_of_utc(observation.start):
        yield f"{about} starts before the year 1 of UTC"
    # A negative count takes values away.
    if abs(observation.count) > LARGEST_COUNT:
        yield f"{about} counts {observation.count}"
    figures = (observation.total, observation.minimum, observation.maximum)
    # Once added up, a NaN or an infinity spoils every later sum.
    if not all(map(isfinite, figures)):
        yield f"{about} is not finite"
    elif max(map(abs, figures)) > LARGEST_FIGURE:
        yield f"{about} is beyond {LARGEST_FIGURE:g}"
    if not is_text(observation.unit):
        yield f"{about} has the unit {observation.unit!r}"

"""What a batch must be before the ledger takes it; what the gate checks is not repeated here."""

from __future__ import annotations

from collections.abc import Iterator
from math import isfinite
from typing import Final

from stratagraph.ontology.facts import Batch, Observation
from stratagraph.service.ledger.errors import InvalidBatch

LEDGER_SOURCE: Final = "stratagraph:ledger"
"""The source of entries that the ledger writes about itself."""

_LARGEST: Final = 2**63 - 1


def check(batch: Batch) -> None:
    """Refuse a batch that could not be kept or hashed exactly.

    Raises:
        InvalidBatch: names the first problem.
    """
    for problem in _problems(batch):
        raise InvalidBatch(source=batch.source, run=batch.run, problem=problem)


def _problems(batch: Batch) -> Iterator[str]:
    if not batch.source or not batch.run:
        yield "its source or run has no name"
    if batch.source == LEDGER_SOURCE:
        yield "this source is the ledger's own"
    names = [scope.name for scope in batch.scopes]
    if len(set(names)) < len(names):
        yield "a scope is named twice"
    for text in (batch.source, batch.run, *names):
        if not _is_text(text):
            yield f"{text!r} holds characters that cannot be stored"
    for observation in batch.observations:
        yield from _observation_problems(observation)


def _is_text(text: str) -> bool:
    """Whether both databases can store the text: PostgreSQL takes no NUL, and UTF-8 has no lone surrogates."""
    return "\0" not in text and text.encode(errors="ignore").decode() == text


def _observation_problems(observation: Observation) -> Iterator[str]:
    about = f"the observation of {observation.metric} on {observation.subject}"
    if observation.start.utcoffset() is None or observation.end.utcoffset() is None:
        yield f"{about} has a time without a zone"
    elif observation.end < observation.start:
        yield f"{about} ends before it starts"
    if not 0 <= observation.count <= _LARGEST:
        yield f"{about} counts {observation.count}"
    if not all(map(isfinite, (observation.total, observation.minimum, observation.maximum))):
        yield f"{about} is not finite"
    if not _is_text(observation.unit):
        yield f"{about} has the unit {observation.unit!r}"

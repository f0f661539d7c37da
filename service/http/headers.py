"""Names of the headers that tie answers to the ledger's sequence, and what a request says under a name."""

from __future__ import annotations

from typing import Final

from starlette.types import Scope

SEQUENCE: Final = "Stratagraph-Sequence"
"""On every answer: the ledger sequence it was computed at."""
AT_LEAST: Final = "Stratagraph-At-Least"
"""On a request: wait for this sequence."""
AS_OF: Final = "Stratagraph-As-Of"
"""On a request to SPARQL: the moment to answer as of. On an answer: the ledger's time then, and what differs."""


def values(scope: Scope, name: bytes) -> list[str]:
    """Return the values of a request's header, whose name is in small letters, as servers hand names over."""
    return [value.decode("latin-1") for key, value in scope["headers"] if key == name]

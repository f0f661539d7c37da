"""Names of the headers that tie answers to the ledger's sequence."""

from __future__ import annotations

from typing import Final

SEQUENCE: Final = "Stratagraph-Sequence"
"""On every answer: the ledger sequence it was computed at."""
AT_LEAST: Final = "Stratagraph-At-Least"
"""On a request: wait for this sequence."""
AS_OF: Final = "Stratagraph-As-Of"
"""On a request to SPARQL: the moment to answer as of. On an answer: the ledger's time then, and what differs."""

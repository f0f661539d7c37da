"""What every view is: it applies change sets in order, reports its watermark, and can be rebuilt from nothing."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Protocol

from stratagraph.ontology.errors import StratagraphError
from stratagraph.ontology.facts import ChangeSet


@dataclass(frozen=True, slots=True, kw_only=True)
class Watermark:
    """How far a view has come. A mismatch of the hashes or of the mapping version means: rebuild."""

    sequence: int
    batch_hash: str
    ontology_hash: str
    mapping_version: int


class ViewOutOfStep(StratagraphError, slug="view-out-of-step", status=500):
    """A change set that does not follow the last one that a view applied."""

    text = (
        "The view {view} stands at sequence {at} and cannot apply {got}. Apply every sequence in order, or rebuild it."
    )

    view: str
    at: int
    got: int


def follows(view: str, watermark: Watermark | None, sequence: int) -> bool:
    """Tell whether a change set is the next one; False for one that the view has already.

    Raises:
        ViewOutOfStep: when one is missing in between.
    """
    at = watermark.sequence if watermark else 0
    if sequence > at + 1:
        raise ViewOutOfStep(view=view, at=at, got=sequence)
    return sequence == at + 1


class View(Protocol):
    """A disposable projection of the ledger. Triples, adjacency, Neo4j; later a remote SPARQL endpoint."""

    name: str
    mapping_version: int
    edges_only: bool
    """Whether influence edges are all that it shows, so that a rebuild needs nothing else."""

    def watermark(self) -> Watermark | None:
        """Return how far this view has come, or None when it is empty."""

    def apply(self, change: ChangeSet) -> None:
        """Apply one change set; data and watermark are written together. Applying it again changes nothing."""

    def rebuild(self, snapshot: Iterable[ChangeSet]) -> None:
        """Throw everything away and take the present in, as change sets that only add."""

    def renew(self, snapshot: Iterable[ChangeSet]) -> None:
        """Rebuild in files that hold nothing of before: what was redacted must be in none."""

    def reopen(self) -> None:
        """Let go of files and open them anew, after a write that failed; what was written before it stands."""

    def close(self) -> None:
        """Release files and connections."""

"""Telemetry that the gate refuses: what it finds fault with is left out, and the rest is committed.

A batch holds what everybody told within a second. One service that contradicts what an inventory declares must cost
nobody else's figures.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable
from dataclasses import replace
from http import HTTPStatus
from typing import Final, NamedTuple

from stratagraph.ontology.errors import StratagraphError
from stratagraph.ontology.facts import Batch, Fact, Iri
from stratagraph.ontology.identity import statement_iri
from stratagraph.ontology.namespaces import compact
from stratagraph.ontology.sentences import in_part
from stratagraph.service.ledger.errors import MarksMoved
from stratagraph.shapes.finding import GateFinding, GateRefused

log = logging.getLogger(__name__)

TRIES: Final = 8
"""What is left out may leave something else without its other half, which is then refused in its turn."""
NAMED: Final = 5


class Outcome(NamedTuple):
    """Whether anything of a batch is in the ledger, and how many facts and observations were left out of it."""

    kept: bool
    left_out: int = 0


def commit_acceptable(batch: Batch, commit: Callable[[Batch], object]) -> Outcome:
    """Commit a batch without what is refused for good.

    Raises:
        StratagraphError: it cannot be committed for now.
        MarksMoved: another process goes on from there.
    """
    whole = _size(batch)
    for _ in range(TRIES):
        try:
            commit(batch)
        except MarksMoved:
            raise
        except GateRefused as refused:
            log.error("telemetry that was acknowledged is dropped in part, for it is refused: %s", refused)  # noqa: TRY400
            batch = without(batch, refused.findings)
            if says_nothing(batch):
                return Outcome(kept=False)
        except StratagraphError as error:
            if error.status >= HTTPStatus.INTERNAL_SERVER_ERROR:
                raise
            log.error("telemetry that was acknowledged is dropped, for it is refused: %s", error)  # noqa: TRY400
            return Outcome(kept=False)
        else:
            return Outcome(kept=True, left_out=whole - _size(batch))
    log.error("telemetry that was acknowledged is dropped, for what was left of it is refused still")
    return Outcome(kept=False)


def without(batch: Batch, findings: Iterable[GateFinding]) -> Batch:
    """Return the batch without what findings are about: the facts at fault, else all that is told of their nodes."""
    found = list(findings)
    at_fault = {finding.fact for finding in found if finding.fact is not None}
    nodes = {finding.focus for finding in found if finding.fact is None and isinstance(finding.focus, str)}
    if not at_fault & set(batch.facts()):
        # What is at fault is there already: what this batch adds to it is what breaks it.
        nodes |= {finding.focus for finding in found if isinstance(finding.focus, str)}
    # What was measured on a statement goes with it.
    gone: set[Iri] = set(nodes)
    scopes = []
    for scope in batch.scopes:
        left_out = {fact for fact in scope.stated if fact in at_fault or _tells_of(fact, nodes)}
        gone.update(map(statement_iri, left_out))
        scopes.append(replace(scope, stated=tuple(fact for fact in scope.stated if fact not in left_out)))
    told = sorted({compact(finding.focus) for finding in found if isinstance(finding.focus, str)})
    log.error("what is left out of telemetry is told of %s", in_part(told, NAMED))
    measured = tuple(seen for seen in batch.observations if seen.subject not in gone)
    return replace(batch, scopes=tuple(scopes), observations=measured)


def says_nothing(batch: Batch) -> bool:
    """Tell whether a batch says nothing: then there is nothing to commit."""
    return not batch.observations and not any(scope.stated or scope.withdrawn for scope in batch.scopes)


def _tells_of(fact: Fact, nodes: set[Iri]) -> bool:
    return fact.subject in nodes or (isinstance(fact.object, str) and fact.object in nodes)


def _size(batch: Batch) -> int:
    return len(batch.observations) + sum(len(scope.stated) for scope in batch.scopes)

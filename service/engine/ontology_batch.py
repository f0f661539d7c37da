"""How the ontology enters the ledger, and leaves it where a module is gone or refused."""

from __future__ import annotations

from dataclasses import replace

from stratagraph.ontology.facts import Batch, Scope
from stratagraph.ontology.model import CORE_SOURCE, OntologyModel
from stratagraph.service.ledger.ledger import Ledger


def ontology_batch(model: OntologyModel, ledger: Ledger) -> Batch | None:
    """Return the batch that makes the ledger say what the ontology says; None where the newest one did that already.

    Modules that the ledger knows and the ontology no longer has are closed. An ontology that was in force before and is
    again is a run of its own, for the ledger takes no run twice.
    """
    newest = ledger.batches(limit=1, source=CORE_SOURCE)
    if not newest:
        return model.as_batch()
    if newest[0].run.partition("@")[0] == model.hash:
        return None
    (known,) = ledger.sources(source=CORE_SOURCE)
    batch = model.as_batch()
    names = {scope.name for scope in batch.scopes}
    gone = tuple(
        Scope(name=scope.name, complete=True) for scope in known.scopes if scope.name not in names and scope.open_claims
    )
    return replace(batch, run=f"{model.hash}@{ledger.sequence() + 1}", scopes=(*batch.scopes, *gone))

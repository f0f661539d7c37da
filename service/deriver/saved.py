"""The deriver's state beside the views, so that opening a data folder does not derive everything again."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Final

from stratagraph.ontology.frozen import code_hash, freeze, stands_under, thaw
from stratagraph.ontology.model import OntologyModel
from stratagraph.service.deriver.deriver import Deriver

MOST: Final = 500_000
"""Asserted triples up to which the state is saved: with more, writing it would hold up a service that stops."""

_LONGEST_KEY: Final = 1_000
"""Bytes of a file that are looked at for its key: one of another kind may have no line at all."""


def save(path: Path, model: OntologyModel, deriver: Deriver) -> None:
    """Write the deriver's state, unless it stands there already or is very large."""
    key = _key(model, deriver.sequence, deriver.batch_hash)
    if stands_under(path, key):
        return
    if len(deriver) <= MOST:
        freeze(path, key, deriver, shared={"model": model})
    else:
        path.unlink(missing_ok=True)


def place(path: Path, model: OntologyModel) -> tuple[int, str] | None:
    """Return the sequence and batch hash at which this version saved a deriver; None where there is none."""
    try:
        with path.open("rb") as file:
            code, ontology, sequence, batch_hash = file.readline(_LONGEST_KEY).decode().split()
        return (int(sequence), batch_hash) if (code, ontology) == (_code(), model.hash) else None
    except (OSError, ValueError):
        return None


def load(path: Path, model: OntologyModel, *, sequence: int, batch_hash: str) -> Deriver | None:
    """Return the deriver that this version saved at a sequence of the ledger; None where there is none."""
    found = thaw(path, _key(model, sequence, batch_hash), shared={"model": model})
    return found if isinstance(found, Deriver) else None


def _key(model: OntologyModel, sequence: int, batch_hash: str) -> str:
    return f"{_code()} {model.hash} {sequence} {batch_hash}"


@cache
def _code() -> str:
    return code_hash("stratagraph.ontology", "stratagraph.service.deriver")

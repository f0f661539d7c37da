"""The deriver's state beside the views, so that opening a data folder does not derive everything again."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Final

from stratagraph.ontology.frozen import Frozen, code_hash, thaw
from stratagraph.ontology.model import OntologyModel
from stratagraph.service.deriver.deriver import Deriver

_LONGEST_KEY: Final = 1_000
"""Bytes of a file that are looked at for its key: one of another kind may have no line at all."""


def taken(model: OntologyModel, deriver: Deriver) -> Frozen:
    """Return the deriver as it stands now, to be written under its key."""
    return Frozen(deriver, shared={"model": model})


def key(model: OntologyModel, deriver: Deriver) -> str:
    """Return what a file says of the deriver in it."""
    return _key(model, deriver.sequence, deriver.batch_hash)


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

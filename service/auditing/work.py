"""What is to be evaluated, as it is told to the process that does it."""

from __future__ import annotations

import pickle
from dataclasses import dataclass
from datetime import date, datetime
from typing import TYPE_CHECKING

from stratagraph.service.workers.frames import Say, pack

if TYPE_CHECKING:
    from stratagraph.ontology.model import OntologyModel
    from stratagraph.shapes.rule import Rule


@dataclass(frozen=True, slots=True, kw_only=True)
class Context:
    """What stays the same from audit to audit: sent once, for reading ontology and rules takes half a second."""

    model: OntologyModel
    rules: tuple[Rule, ...]

    def pack(self) -> bytes:
        """Return the frame that tells it."""
        return pack(Say.OPEN, pickle.dumps(self, protocol=pickle.HIGHEST_PROTOCOL))


@dataclass(frozen=True, slots=True, kw_only=True)
class Work:
    """One evaluation: of the triples in a folder, which nobody writes to, on a day, as of a moment."""

    folder: str
    sequence: int
    on: date
    framework: str | None
    moment: datetime
    seconds: float

    def pack(self) -> bytes:
        """Return the frame that asks for it."""
        return pack(Say.QUERY, pickle.dumps(self, protocol=pickle.HIGHEST_PROTOCOL))

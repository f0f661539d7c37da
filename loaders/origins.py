"""Where in its file a statement stands, so that an error can name file and line."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from stratagraph.ontology.facts import Batch, Fact, Iri


@dataclass(frozen=True, slots=True)
class Place:
    """A line of a file, counted from 1; line 0 where only the file is known."""

    file: str
    line: int

    def __str__(self) -> str:
        """Write the place the way compilers do."""
        return f"{self.file}:{self.line}" if self.line else self.file


@dataclass(frozen=True, slots=True)
class Origins:
    """Finds the place of a fact, or of the first statement about its subject.

    ``places`` is filled while a file is read where that costs nothing; ``search`` reads the files again and is called
    only when something has to be reported.
    """

    places: Mapping[Fact | Iri, Place] = field(default_factory=dict)
    search: Callable[[Fact | None, Iri], Place | None] | None = None

    def find(self, fact: Fact | None, subject: Iri) -> Place | None:
        """Return the place of the fact, else of its subject, else None."""
        known = (self.places.get(fact) if fact else None) or self.places.get(subject)
        if known or self.search is None:
            return known
        return self.search(fact, subject)


@dataclass(frozen=True, slots=True)
class Loaded:
    """What a loader made of its files: the batch, and where its statements stand."""

    batch: Batch
    origins: Origins

"""Where in its file a statement stands, so that an error can name file and line."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path

from stratagraph.ontology.errors import in_short
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
class Remark:
    """What a file's author may not have meant, though it can be loaded; texts are by lower-case language tag."""

    place: Place
    texts: Mapping[str, str]

    @classmethod
    def of(cls, place: Place, kind: str, **told: object) -> Remark:
        """Make a remark of a kind that ``remarks.json`` has the texts of."""
        values = {name: in_short(value, 80) if isinstance(value, str) else value for name, value in told.items()}
        return cls(place, {language: text.format(**values) for language, text in _texts()[kind].items()})

    def document(self) -> dict[str, object]:
        """Return the remark in the form of a warning."""
        return {
            "text": self.texts["en"],
            "messages": dict(self.texts),
            "place": {"file": self.place.file, "line": self.place.line},
        }


@lru_cache(maxsize=1)
def _texts() -> dict[str, dict[str, str]]:
    """Return the texts of remarks by kind and language."""
    found: dict[str, dict[str, str]] = json.loads((Path(__file__).parent / "remarks.json").read_text(encoding="utf-8"))
    return found


@dataclass(frozen=True, slots=True)
class Unread:
    """A part of a file that was read and not understood: its path, ``[]`` for the numbers in lists, and how often."""

    file: str
    path: str
    count: int

    def document(self) -> dict[str, object]:
        """Return it as plain data."""
        return {"file": self.file, "path": self.path, "count": self.count}


@dataclass(frozen=True, slots=True)
class Loaded:
    """What a loader made of its files: the batch, where its statements stand, what is odd, what was not understood."""

    batch: Batch
    origins: Origins
    remarks: tuple[Remark, ...] = ()
    unread: tuple[Unread, ...] = ()

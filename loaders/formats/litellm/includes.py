"""A configuration with what it includes, merged as the proxy does it: lists are joined, all else is replaced."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping

from stratagraph.loaders.formats.core_yaml import Path
from stratagraph.loaders.formats.description import Description
from stratagraph.loaders.formats.document import Document
from stratagraph.loaders.formats.fields import Fields

INCLUDE = "include"


class Sections:
    """The sections of a configuration, each with the files that it is from."""

    def __init__(self, roots: list[Fields]) -> None:
        """Merge files in the order in which the proxy reads them."""
        self.roots = roots
        self._from: dict[str, list[Fields]] = {}
        for root in roots:
            for name, value in root.values.items():
                before = self._from.get(name, [])
                joined = isinstance(value, list) and all(isinstance(one.values[name], list) for one in before)
                self._from[name] = [*before, root] if joined else [root]

    def each(self, name: str) -> list[Fields]:
        """Return the mappings of a section that is a list."""
        return [entry for root in self._from.get(name, []) for entry in root.each(name)]

    def last(self, name: str) -> Fields | None:
        """Return a section that is a mapping: that of the last file which has it, for it replaces the others."""
        for root in self.roots:
            root.raw(name)
        return self._from[name][-1].fields(name) if name in self._from else None


def read_sections(document: Document, description: Description) -> Sections:
    """Return the sections of a configuration and of the files that it includes, directly or through others.

    Raises:
        MalformedDocument: an included file is missing, or includes one that includes it.
    """
    root = Fields(description, document.yaml[0] if document.yaml else {})
    roots, taken = [root], {document.name}
    waiting: deque[tuple[Document, str, Path, tuple[str, ...]]] = deque()
    waiting += ((document, name, at, (document.name,)) for name, at in root.texts(INCLUDE))
    while waiting:
        within, name, at, way = waiting.popleft()
        told = description.of(within)
        other = within.beside(name)
        if other is None:
            told.fault(at, f"'{name}' is included here and is not beside this file. Load both, or mend the path.")
        if other.name in way:
            told.fault(at, f"'{name}' includes the file that includes it: {' > '.join([*way, other.name])}.")
        if other.name in taken:
            continue
        taken.add(other.name)
        values = other.yaml[0] if other.yaml else {}
        inner = Fields(description.of(other), values if values is not None else {})
        roots.append(inner)
        waiting += ((other, further, place, (*way, other.name)) for further, place in inner.texts(INCLUDE))
    return Sections(roots)


def included(values: object) -> list[str]:
    """Return the names of the files that a configuration includes."""
    told = values.get(INCLUDE) if isinstance(values, Mapping) else None
    return [name for name in told if isinstance(name, str)] if isinstance(told, list) else []

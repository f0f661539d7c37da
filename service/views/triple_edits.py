"""What is about to be written to the triples view."""

from __future__ import annotations

import io
from collections.abc import Collection, Iterable, Sequence
from typing import TYPE_CHECKING, Final

import pyoxigraph as ox

from stratagraph.ontology.facts import Iri
from stratagraph.ontology.terms import encode, from_ox

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

PIECE: Final = 500
"""Texts that are encoded at once."""


class TripleEdits:
    """Triples to remove and, after that, to add in one graph, in Turtle without full stops.

    What is to be added may say several things of one subject in one text, and may come twice.
    """

    def __init__(self, store: ox.Store, graph: ox.NamedNode | ox.DefaultGraph) -> None:
        """Begin with nothing."""
        self._store = store
        self._graph = graph
        self.removed: list[str] = []
        self.added: list[str] = []
        self._size = 0

    def __len__(self) -> int:
        """Return the number of triples to remove and to add."""
        return len(self.removed) + self._size

    def add(self, lines: Iterable[str]) -> None:
        """Add triples, one in a line."""
        before = len(self.added)
        self.added.extend(lines)
        self._size += len(self.added) - before

    def replace(self, node: Iri, lines: Collection[str], *, known: bool = True) -> None:
        """Make the lines all that there is about a node; ``known`` is False where there is nothing yet."""
        if known:
            # What stands there already is neither removed nor written again.
            there = self._there(node)
            self.removed += [f"<{node}> {line}" for line in there.difference(lines)]
            lines = [line for line in lines if line not in there]
        if lines:
            self.added.append(f"<{node}> {' ; '.join(lines)}")
            self._size += len(lines)

    def clear(self) -> None:
        """Let go of everything: it has been written."""
        self.removed.clear()
        self.added.clear()
        self._size = 0

    def _there(self, node: Iri) -> set[str]:
        quads = self._store.quads_for_pattern(ox.NamedNode(node), None, None, self._graph)
        return {f"<{quad.predicate.value}> {encode(from_ox(quad.object))}" for quad in quads}


def document(texts: Sequence[str]) -> io.BufferedReader:
    """Return texts of triples as a Turtle document to be read, which never is in memory as a whole."""
    return io.BufferedReader(_Document(texts))


class _Document(io.RawIOBase):
    def __init__(self, texts: Sequence[str]) -> None:
        """Stand before the first text."""
        super().__init__()
        self._pieces = (" .\n".join(texts[at : at + PIECE]) + " .\n" for at in range(0, len(texts), PIECE))
        self._ahead = memoryview(b"")

    def readable(self) -> bool:
        """Return that it can be read."""
        return True

    def readinto(self, buffer: WriteableBuffer, /) -> int:
        """Fill the buffer as far as the present piece goes; 0 is the end."""
        if not self._ahead:
            self._ahead = memoryview(next(self._pieces, "").encode())
        with memoryview(buffer).cast("B") as room:
            size = min(len(room), len(self._ahead))
            room[:size] = self._ahead[:size]
        self._ahead = self._ahead[size:]
        return size

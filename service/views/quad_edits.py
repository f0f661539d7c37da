"""What is about to be written to the triples view, graph by graph."""

from __future__ import annotations

import io
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Final, TypeAlias

import pyoxigraph as ox

from stratagraph.ontology.facts import Iri
from stratagraph.ontology.terms import encode, from_ox
from stratagraph.service.views.written_nodes import WrittenNodes

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

PIECE: Final = 1_000
"""Texts that are encoded at once."""
DEFAULT: Final = ""
"""Stands for the default graph where a graph is named by its IRI."""

Block: TypeAlias = tuple[Iri, Sequence[str]]
"""A graph, and texts of triples in it."""


class QuadEdits:
    """Triples to remove and, after that, to add, each in a graph, in Turtle without full stops.

    What is to be added may say several things of one subject in one text, and may come twice.
    """

    def __init__(self, store: ox.Store) -> None:
        """Begin with nothing."""
        self._store = store
        self.removed: dict[Iri, list[str]] = defaultdict(list)
        self.added: dict[Iri, list[str]] = defaultdict(list)
        self._size = 0

    def __len__(self) -> int:
        """Return the number of triples to remove and to add."""
        return self._size

    def add(self, lines: Sequence[str], graph: Iri = DEFAULT) -> None:
        """Add triples, one in a line."""
        self.added[graph] += lines
        self._size += len(lines)

    def remove(self, lines: Sequence[str], graph: Iri = DEFAULT) -> None:
        """Remove triples, one in a line."""
        self.removed[graph] += lines
        self._size += len(lines)

    def describe(self, node: Iri, lines: Collection[str]) -> None:
        """Add what the default graph says of a node."""
        if lines:
            self.added[DEFAULT].append(f"<{node}> {' ; '.join(lines)}")
            self._size += len(lines)

    def replace(
        self, node: Iri, lines: Collection[str], *, known: bool = True, remembered: WrittenNodes | None = None
    ) -> None:
        """Make the lines all that the default graph says of a node; ``known`` is False where it says nothing yet.

        What is ``remembered`` of the node is not read from the store.
        """
        come = lines
        if known:
            # What stands there already is neither removed nor written again.
            there = None if remembered is None else remembered.of(node)
            there = self._there(node) if there is None else there
            self.remove([f"<{node}> {line}" for line in there.difference(lines)])
            come = [line for line in lines if line not in there]
        self.describe(node, come)
        if remembered is not None:
            remembered.note(node, lines)

    def additions(self) -> Iterable[Block]:
        """Return what is to be added, graph by graph."""
        return self.added.items()

    def removals(self) -> Iterable[Block]:
        """Return what is to be removed, graph by graph."""
        return self.removed.items()

    def clear(self) -> None:
        """Let go of everything: it has been written."""
        self.removed.clear()
        self.added.clear()
        self._size = 0

    def _there(self, node: Iri) -> frozenset[str]:
        quads = self._store.quads_for_pattern(ox.NamedNode(node), None, None, ox.DefaultGraph())
        return frozenset(f"<{quad.predicate.value}> {encode(from_ox(quad.object))}" for quad in quads)


def update_of(verb: str, blocks: Iterable[Block]) -> str:
    """Return the update that inserts or deletes. Updates are atomic, single calls to the store are not."""
    return f"{verb} DATA {{\n{''.join(map(_written, blocks))}}}"


def document(blocks: Iterable[Block]) -> io.BufferedReader:
    """Return texts of triples as a TriG document to be read, which never is in memory as a whole."""
    return io.BufferedReader(_Document(blocks))


def parted(blocks: Iterable[Block], size: int) -> Iterator[list[Block]]:
    """Yield the blocks in parts of so many texts; the last may have fewer, and is left out where it has none."""
    part: list[Block] = []
    room = size
    for graph, texts in blocks:
        at = 0
        while at < len(texts):
            taken = texts[at : at + room]
            part.append((graph, taken))
            at += len(taken)
            room -= len(taken)
            if not room:
                yield part
                part, room = [], size
    if part:
        yield part


def _written(block: Block) -> str:
    """Return the triples of a graph in words that TriG and SPARQL Update have in common."""
    graph, texts = block
    if not texts:
        return ""
    triples = " .\n".join(texts)
    return f"GRAPH <{graph}> {{\n{triples} .\n}}\n" if graph else f"{triples} .\n"


class _Document(io.RawIOBase):
    def __init__(self, blocks: Iterable[Block]) -> None:
        """Stand before the first text."""
        super().__init__()
        self._pieces = ("".join(map(_written, part)) for part in parted(blocks, PIECE))
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

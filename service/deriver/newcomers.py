"""Nodes that had no triple before an update: of what is said of them nothing can hold already."""

from __future__ import annotations

from collections.abc import Iterable

from stratagraph.service.deriver.index import TripleIndex
from stratagraph.service.deriver.numbers import Triple, is_iri


class Newcomers:
    """The nodes that come with an update and are related to others, and who is joined to them in the course of it.

    An import is mostly about them, and most of the cost of a triple would be to look for what is not there.
    """

    def __init__(self, triples: Iterable[Triple], *indexes: TripleIndex) -> None:
        """Look for the ends of triples that are about to be added."""
        ends = {end for subject, _, obj in triples if is_iri(obj) for end in (subject, obj)}
        self.nodes = {node for node in ends if not any(index.has(node) for index in indexes)}
        self._joined: set[tuple[int, int]] = set()

    def are_apart(self, node: int, other: int) -> bool:
        """Tell whether it is certain that no triple has both, in whatever order; if not, they must be looked for."""
        if not (node in self.nodes or other in self.nodes) or node == other:
            return False
        return ((node, other) if node < other else (other, node)) not in self._joined

    def join(self, node: int, other: int) -> None:
        """Note that a triple has both."""
        if node in self.nodes or other in self.nodes:
            self._joined.add((node, other) if node < other else (other, node))

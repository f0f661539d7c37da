"""What the default graph says of the nodes that were written last, so that nobody need ask the store for it."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable
from typing import Final

from stratagraph.ontology.facts import Iri

MOST: Final = 4_000
"""Nodes, some 2,500 bytes each."""


class WrittenNodes:
    """Nodes by what is said of each, one property in a line: telemetry writes the same ones every second."""

    def __init__(self, most: int = MOST) -> None:
        """Remember up to so many; beyond, those are forgotten that were written longest ago."""
        self._most = most
        self._nodes: OrderedDict[Iri, frozenset[str]] = OrderedDict()

    def of(self, node: Iri) -> frozenset[str] | None:
        """Return what is said of a node; None where that is not remembered."""
        return self._nodes.get(node)

    def note(self, node: Iri, lines: Iterable[str]) -> None:
        """Remember what is said of a node from now on."""
        self._nodes[node] = frozenset(lines)
        self._nodes.move_to_end(node)
        if len(self._nodes) > self._most:
            self._nodes.popitem(last=False)

    def clear(self) -> None:
        """Forget everything: the store may say something else."""
        self._nodes.clear()

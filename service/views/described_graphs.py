"""Named graphs that the default graph describes: of who states a triple, and of how strong an influence is.

Every triple of theirs stands in the default graph too. A graph is described exactly as long as it holds a triple, and
its description is written in the transaction that gives it its first triple or takes its last.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

import pyoxigraph as ox

from stratagraph.ontology.facts import Iri, Term
from stratagraph.ontology.namespaces import RDF, SG
from stratagraph.ontology.terms import encode, from_ox, to_ox
from stratagraph.service.views.node_lines import GraphText
from stratagraph.service.views.quad_edits import QuadEdits

KINDS: Final = (SG.ClaimSet, SG.Influence)
"""The classes of graphs that are described."""
_DEFAULT: Final = ox.DefaultGraph()
_TYPE: Final = ox.NamedNode(RDF.type)


class DescribedGraphs:
    """Puts triples into graphs and takes them out, and in the end describes the graphs accordingly."""

    def __init__(self, store: ox.Store, edits: QuadEdits) -> None:
        """Write to edits of a store."""
        self._store = store
        self._edits = edits
        self._holding: dict[Iri, GraphText | None] = {}
        """The graphs that hold a triple now, and what has to be said of them; None where it is said."""
        self._left: dict[Iri, None] = {}
        self._described: set[Iri] = set()

    def of(self, subject: Iri, predicate: Iri, value: Term, base: str) -> set[Iri]:
        """Return the graphs below a base in which the store has a triple, written as the store keeps it."""
        node, prop, end = ox.NamedNode(subject), ox.NamedNode(predicate), to_ox(value)
        names = [quad.graph_name for quad in self._store.quads_for_pattern(node, prop, end, None)]
        return {name.value for name in names if isinstance(name, ox.NamedNode) and name.value.startswith(base)}

    def put(self, lines: Sequence[str], graph: Iri) -> None:
        """Put triples into a graph."""
        self._edits.add(lines, graph)
        self._holding.setdefault(graph, None)

    def describe(self, graph: GraphText) -> None:
        """Know what the default graph has to say of a graph that holds a triple."""
        self._holding[graph.iri] = graph

    def take(self, line: str, graph: Iri) -> None:
        """Take a triple out of a graph."""
        self._edits.remove((line,), graph)
        self._left[graph] = None

    def settle(self) -> None:
        """Describe the graphs that hold a triple now, and no longer those that hold none."""
        for graph in filter(None, self._holding.values()):
            if graph.iri not in self._described:
                self._edits.replace(graph.iri, graph.lines)
                self._described.add(graph.iri)
        for iri in self._left.keys() - self._holding.keys():
            self._forget_empty(iri)
        self._holding.clear()
        self._left.clear()

    def sweep(self) -> None:
        """Look at all graphs that are described: a change that was cut off may have left some without a triple."""
        for kind in KINDS:
            for quad in self._store.quads_for_pattern(None, _TYPE, ox.NamedNode(kind), _DEFAULT):
                if isinstance(quad.subject, ox.NamedNode) and not self._edits.added.get(quad.subject.value):
                    self._forget_empty(quad.subject.value)

    def _forget_empty(self, graph: Iri) -> None:
        going = set(self._edits.removed.get(graph, ()))
        if not any(line not in going for line in self._lines(graph)):
            self._edits.replace(graph, ())
            self._described.discard(graph)

    def _lines(self, graph: Iri) -> Iterator[str]:
        for quad in self._store.quads_for_pattern(None, None, None, ox.NamedNode(graph)):
            subject = quad.subject
            assert isinstance(subject, ox.NamedNode)  # blank nodes are skolemised before they get here
            yield f"<{subject.value}> <{quad.predicate.value}> {encode(from_ox(quad.object))}"

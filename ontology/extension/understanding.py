"""Which parts of a class expression are derived from, and which are for the reasoner alone."""

from __future__ import annotations

from collections.abc import Callable

from stratagraph.ontology.blanks import is_blank
from stratagraph.ontology.class_axioms import THINGS, property_name
from stratagraph.ontology.data_ranges import is_datatype, read_range
from stratagraph.ontology.facts import Iri
from stratagraph.ontology.graph import Graph
from stratagraph.ontology.namespaces import OWL


class Understanding:
    """Looks through the expressions of a graph.

    An expression is *recognised* where its members are found by it, as on the lower side of an axiom, and *concluded*
    where something follows for its members, as on the upper side. A name is both.
    """

    def __init__(self, graph: Graph) -> None:
        self._graph = graph

    def unrecognised(self, cls: Iri) -> tuple[Iri, ...]:
        """Return the parts by which no member is found."""
        return (cls,) if cls in THINGS else self._lacking(cls, self._recognised_by)[0]

    def is_never_recognised(self, cls: Iri) -> bool:
        """Tell whether no member at all is found: of a union one part is enough."""
        options = [part for head in self._graph.iris(cls, OWL.unionOf) for part in self._graph.members(head)]
        return all(map(self.unrecognised, options)) if options else bool(self.unrecognised(cls))

    def unconcluded(self, cls: Iri) -> tuple[Iri, ...]:
        """Return the parts of which nothing follows for a member."""
        return self._lacking(cls, self._concluded_by)[0]

    def is_nothing_concluded(self, cls: Iri) -> bool:
        """Tell whether nothing at all follows for a member."""
        lacking, some = self._lacking(cls, self._concluded_by)
        return bool(lacking) and not some

    def _lacking(self, cls: Iri, parts_of: Callable[[Iri], tuple[Iri, ...] | None]) -> tuple[tuple[Iri, ...], bool]:
        """Return the parts that are not derived from, and whether there are others."""
        lacking: dict[Iri, None] = {}
        some = False
        # The class itself may have a name and be an expression at once.
        agenda, seen = [cls], set[Iri]()
        while agenda:
            node = agenda.pop()
            if node in seen:
                continue
            seen.add(node)
            if not is_blank(node) and (node != cls or not self._is_made(cls)):
                some = True
                continue
            parts = parts_of(node)
            if parts is None:
                lacking[node] = None
            else:
                some = some or not parts
                agenda.extend(reversed(parts))
        return tuple(lacking), some

    def _is_made(self, cls: Iri) -> bool:
        graph = self._graph
        return any(graph.iris(cls, link) for link in (OWL.intersectionOf, OWL.unionOf, OWL.oneOf, OWL.onProperty))

    def _recognised_by(self, node: Iri) -> tuple[Iri, ...] | None:
        """Return the classes by which members of an expression are found; None where they are not found."""
        graph = self._graph
        for link in (OWL.intersectionOf, OWL.unionOf):
            for head in graph.iris(node, link):
                return graph.members(head)
        if graph.iris(node, OWL.oneOf):
            return ()
        if not self._has_property(node):
            return None
        for filler in graph.iris(node, OWL.someValuesFrom):
            if is_datatype(graph, filler) and filler not in THINGS:
                return None if read_range(graph, filler) is None else ()
            return () if filler in THINGS else (filler,)
        return () if graph.objects(node, OWL.hasValue) else None

    def _concluded_by(self, node: Iri) -> tuple[Iri, ...] | None:
        """Return the classes that an expression says something follows of; None where nothing does."""
        graph = self._graph
        for head in graph.iris(node, OWL.intersectionOf):
            return graph.members(head)
        if not self._has_property(node):
            return None
        for filler in graph.iris(node, OWL.allValuesFrom):
            if filler in THINGS:
                return ()
            # Nothing follows from what a value has to be: it is what it is.
            return None if is_datatype(graph, filler) else (filler,)
        return () if graph.objects(node, OWL.hasValue) else None

    def _has_property(self, node: Iri) -> bool:
        return any(property_name(self._graph, prop) for prop in self._graph.iris(node, OWL.onProperty))

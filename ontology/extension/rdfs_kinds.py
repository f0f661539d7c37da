"""What kind of term RDFS declarations amount to in OWL: rdfs:Class and rdf:Property, as OWL 2 RL reads them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from stratagraph.ontology.blanks import is_blank
from stratagraph.ontology.data_ranges import is_datatype
from stratagraph.ontology.facts import Fact, Iri
from stratagraph.ontology.graph import Graph
from stratagraph.ontology.namespaces import OWL, RDF, RDFS

PROPERTY_KINDS: Final = (OWL.ObjectProperty, OWL.DatatypeProperty, OWL.AnnotationProperty)
_OF_RELATIONS: Final = (
    OWL.TransitiveProperty,
    OWL.SymmetricProperty,
    OWL.AsymmetricProperty,
    OWL.ReflexiveProperty,
    OWL.IrreflexiveProperty,
    OWL.InverseFunctionalProperty,
)
"""What only an object property can be."""
# OWL 2 has functional properties of both kinds (sections 9.2.7 and 9.3.6).
_OF_EITHER: Final = (RDF.Property, OWL.FunctionalProperty)
_CLASSES: Final = (OWL.Class, RDFS.Class, OWL.Restriction)
# Annotation properties of OWL 2 itself (section 5.5), which no ontology declares.
_BUILT_IN: Final = dict.fromkeys((RDFS.label, RDFS.comment, RDFS.seeAlso, RDFS.isDefinedBy), OWL.AnnotationProperty)
_THINGS: Final = frozenset({OWL.Thing, RDFS.Resource})


def is_class(graph: Graph, iri: Iri) -> bool:
    """Say whether a term stands for things."""
    return iri in _THINGS or any(kind in graph.iris(iri, RDF.type) for kind in _CLASSES)


class OwlKinds:
    """The OWL declarations that a module's RDFS ones amount to, seen together with all that is known.

    ``undecided`` are the properties of which nothing tells whether they lead to things or to values.
    """

    def __init__(self, facts: Iterable[Fact], graph: Graph) -> None:
        """Decide about every term that the facts declare; ``graph`` holds these facts and what stands already."""
        self._graph = graph
        types = [fact for fact in facts if fact.predicate == RDF.type and not is_blank(fact.subject)]
        self.declarations = tuple(
            Fact(iri, RDF.type, OWL.Class)
            for iri in dict.fromkeys(fact.subject for fact in types if fact.object == RDFS.Class)
            # To RDFS a datatype is a class too.
            if OWL.Class not in graph.iris(iri, RDF.type) and not is_datatype(graph, iri)
        )
        named = {fact.subject for fact in types if fact.object in {*_OF_RELATIONS, *_OF_EITHER}}
        open_ones = sorted(iri for iri in named if not set(graph.iris(iri, RDF.type)) & set(PROPERTY_KINDS))
        kinds = self._decide(open_ones)
        self.declarations += tuple(Fact(iri, RDF.type, kind) for iri, kind in kinds.items())
        self.undecided = tuple(iri for iri in open_ones if iri not in kinds)

    def _decide(self, properties: Iterable[Iri]) -> dict[Iri, Iri]:
        """Decide by what each says of itself, then by the properties above it and its inverse, until nothing moves."""
        found = {iri: kind for iri in properties if (kind := self._by_itself(iri))}
        while True:
            still = [iri for iri in properties if iri not in found]
            more = {iri: kind for iri in still if (kind := self._by_relatives(iri, found))}
            if not more:
                return found
            found |= more

    def _by_itself(self, iri: Iri) -> Iri | None:
        types = self._graph.iris(iri, RDF.type)
        if any(kind in types for kind in _OF_RELATIONS) or self._inverses(iri):
            return OWL.ObjectProperty
        for range_ in self._graph.iris(iri, RDFS.range):
            if is_datatype(self._graph, range_):
                return OWL.DatatypeProperty
            if is_class(self._graph, range_):
                return OWL.ObjectProperty
        return None

    def _by_relatives(self, iri: Iri, found: dict[Iri, Iri]) -> Iri | None:
        for other in self._graph.iris(iri, RDFS.subPropertyOf):
            kinds = (*self._graph.iris(other, RDF.type), found.get(other), _BUILT_IN.get(other))
            for kind in PROPERTY_KINDS:
                if kind in kinds:
                    return kind
        return None

    def _inverses(self, iri: Iri) -> bool:
        return bool(self._graph.iris(iri, OWL.inverseOf) or self._graph.subjects(OWL.inverseOf, iri))

"""The ontology's terms as tools know them that read RDF Schema only: a comment, and a property that is called one.

Schema readers look for ``rdfs:comment`` and ``rdf:Property``. The ontology says the same once, by ``skos:definition``
and by the property's OWL type; what is written here follows from that, comes with it and goes with it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final

from stratagraph.ontology.facts import Fact
from stratagraph.ontology.model import OntologyModel
from stratagraph.ontology.namespaces import OWL, RDF, RDFS, SKOS
from stratagraph.service.views.node_lines import lines

PROPERTIES: Final = frozenset({OWL.ObjectProperty, OWL.DatatypeProperty, OWL.AnnotationProperty})
"""The types of OWL that make a term a property."""

_TELLING: Final = frozenset({SKOS.definition, RDF.type})


class TermLines:
    """Says of one ontology's classes and properties what schema readers look for."""

    def __init__(self, model: OntologyModel) -> None:
        """Take the ontology, which tells classes and properties from other things that are defined."""
        self._terms = frozenset((*model.classes, *model.relations, *model.attributes, *model.annotations))

    def of(self, facts: Iterable[Fact]) -> list[str]:
        """Return the further triples that come, or go, with facts."""
        return lines(self._further([fact for fact in facts if fact[1] in _TELLING]))

    def _further(self, facts: Iterable[Fact]) -> Iterator[Fact]:
        for fact in facts:
            if fact.predicate == SKOS.definition:
                if fact.subject in self._terms:
                    yield fact._replace(predicate=RDFS.comment)
            elif fact.object in PROPERTIES:
                yield fact._replace(object=RDF.Property)

"""Files of things instead of terms: they are to be loaded, with a source that answers for them, and are no modules."""

from __future__ import annotations

from collections.abc import Iterable

from stratagraph.ontology.blanks import is_blank
from stratagraph.ontology.extension.rdfs_kinds import PROPERTY_KINDS
from stratagraph.ontology.facts import Fact, Iri
from stratagraph.ontology.graph import Graph
from stratagraph.ontology.namespaces import OWL, RDF, RDFS, SG
from stratagraph.ontology.reasoning.axioms import LOGICAL

_DECLARED = frozenset({OWL.Class, RDFS.Class, RDFS.Datatype, RDF.Property, *PROPERTY_KINDS})


class AssetFiles:
    """Tells files of things from modules."""

    def __init__(self, core: Graph, facts: Iterable[Fact]) -> None:
        """Know the core, and what all modules say."""
        self._graph = core.extended(facts)
        # Of these the core has individuals of its own: so may a module.
        self._reference = {cls for _, cls in core.pairs(RDF.type)} - {OWL.Ontology, OWL.NamedIndividual}

    def things(self, facts: Iterable[Fact]) -> tuple[Iri, ...]:
        """Return the things that a file states, if it states nothing else; else nothing."""
        things: dict[Iri, None] = {}
        for fact in facts:
            if fact.predicate in LOGICAL or fact.object in _DECLARED:
                return ()
            if fact.predicate == RDF.type and not is_blank(fact.subject) and isinstance(fact.object, str):
                lineage = set(self._graph.closure(fact.object, RDFS.subClassOf))
                # Metrics are terms as well as things that an organisation watches: they decide nothing.
                if SG.Metric in lineage:
                    continue
                if lineage & self._reference:
                    return ()
                if OWL.Class in self._graph.iris(fact.object, RDF.type):
                    things[fact.subject] = None
        return tuple(things)

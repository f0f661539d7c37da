"""The names that a Cypher query gives to terms of the ontology."""

from __future__ import annotations

from collections.abc import Collection

from stratagraph.ontology.facts import Iri
from stratagraph.ontology.languages import FALLBACK_LANGUAGE
from stratagraph.ontology.model import OntologyModel
from stratagraph.ontology.namespaces import RDFS, local_name
from stratagraph.queries.schema.naming import Language
from stratagraph.service.neo4j.mapping.graph_names import LABEL, Names, weight_key


class CypherNaming:
    """Labels, property keys and relationship types."""

    language = Language.CYPHER

    def __init__(self, model: OntologyModel) -> None:
        """Name the terms of an ontology."""
        self._model = model
        self._names = Names(model)

    def kind(self, iri: Iri) -> str:
        """Return the label of a class."""
        return self._names.label(iri)

    def attribute(self, iri: Iri, languages: Collection[str]) -> str:
        """Return the key of an attribute's values; of texts in several languages that of one."""
        if iri == RDFS.label:
            return LABEL
        if not languages or "" in languages:
            return self._names.key(iri)
        return self._names.key(iri, FALLBACK_LANGUAGE if FALLBACK_LANGUAGE in languages else min(languages))

    def relation(self, iri: Iri) -> str:
        """Return the type of a relation."""
        return self._names.type(iri)

    def is_turned(self, iri: Iri) -> bool:
        """Tell whether a relation is written from object to subject."""
        return self._names.directions.of(iri).turned

    def paths(self, relations: Collection[Iri]) -> list[str]:
        """Return patterns for what follows by transitivity and by chains, of which no relationship is written."""
        written = {self.relation(iri) for iri in relations}
        found: dict[str, None] = {}
        for iri, info in sorted(self._model.relations.items()):
            if "transitive" in info.characteristics and self.relation(iri) in written:
                found[f"-[:{self.relation(iri)}*]->"] = None
        for chain in self._model.chains:
            *links, implied = chain
            if self.relation(implied) in written:
                pattern = "()".join(self._step(link, many=link != implied) for link in links)
                found[f"{self.relation(implied)} = {pattern}"] = None
        return list(found)

    def _step(self, relation: Iri, *, many: bool) -> str:
        """Return a step of a pattern; as what holds of the whole holds of the part, a link may be passed by."""
        times = "*0.." if many and "transitive" in self._model.relations[relation].characteristics else ""
        step = f"-[:{self.relation(relation)}{times}]-"
        return f"<{step}" if self.is_turned(relation) else f"{step}>"

    def metric(self, iri: Iri) -> str:
        """Return the name of a metric's node."""
        info = self._model.metrics.get(iri)
        return info.notation if info else local_name(iri)

    def metric_key(self, iri: Iri) -> str:
        """Return the property of a relationship that holds its newest value of a metric."""
        return weight_key(iri)

    def term(self, iri: Iri) -> str:
        """Return the label of another term's node."""
        return self._model.label(iri)

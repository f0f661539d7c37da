"""The names that a Cypher query gives to terms of the ontology."""

from __future__ import annotations

from collections.abc import Collection

from stratagraph.ontology.facts import Iri
from stratagraph.ontology.languages import FALLBACK_LANGUAGE
from stratagraph.ontology.model import OntologyModel
from stratagraph.ontology.namespaces import RDFS, local_name
from stratagraph.queries.schema.naming import Language
from stratagraph.service.neo4j.mapping.graph_names import LABEL, Names


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

    def metric(self, iri: Iri) -> str:
        """Return the name of a metric's node."""
        return local_name(iri)

    def term(self, iri: Iri) -> str:
        """Return the label of another term's node."""
        return self._model.label(iri)

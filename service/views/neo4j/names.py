"""What the ontology's terms are called in Neo4j: labels, relationship types, property keys."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from typing import Final

from stratagraph.ontology.facts import Iri
from stratagraph.ontology.model import OntologyModel
from stratagraph.ontology.namespaces import RDF, SG, compact, local_name

MARKER: Final = "Stratagraph"
"""The label on every node of ours; what lacks it belongs to another application."""
WATERMARK: Final = "Watermark"
KEY: Final = "iri"
"""The property that identifies a node."""
DATATYPE: Final = "__datatype"
"""Suffix of the property that names the datatype where the value's own type does not tell it."""
WRITTEN: Final = "__written"
"""Suffix of the property with the exact writings, as N-Triples, where they can't be told from the value."""

_WORDS: Final = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")


class Names:
    """A declared term goes by its local name; one that no module declares by its CURIE or its full IRI.

    Two declared terms never share a name: our own vocabulary has the first choice, then the order of IRIs decides,
    and who comes too late goes by CURIE or IRI.
    """

    def __init__(self, model: OntologyModel) -> None:
        types = {fact.object for fact in model.triples if fact.predicate == RDF.type and isinstance(fact.object, str)}
        predicates = {fact.predicate for fact in model.triples} | set(model.relations) | set(model.attributes)
        self._labels = _Register({*model.classes, *types}, local_name, {MARKER, WATERMARK})
        self._types = _Register(predicates, _upper_snake, set())
        self._keys = _Register(predicates, local_name, {KEY})

    def label(self, cls: Iri) -> str:
        """Return the label of a class's individuals."""
        return self._labels[cls]

    def type(self, relation: Iri) -> str:
        """Return the type of a relation's relationships."""
        return self._types[relation]

    def key(self, attribute: Iri, language: str = "") -> str:
        """Return the property key of an attribute's values; a language goes into the name."""
        name = self._keys[attribute]
        return f"{name}_{language.lower().replace('-', '_')}" if language else name


class _Register:
    def __init__(self, terms: Iterable[Iri], spell: Callable[[Iri], str], taken: set[str]) -> None:
        self._names: dict[Iri, str] = {}
        self._spell = spell
        self._taken = set(taken)
        for term in sorted(terms, key=lambda iri: (not iri.startswith(SG), iri)):
            self._claim(term)

    def __getitem__(self, term: Iri) -> str:
        known = self._names.get(term)
        if known is None:
            known = self._claim(term) if term.startswith(SG) else compact(term)
        return known

    def _claim(self, term: Iri) -> str:
        name = self._spell(term)
        if not name or name in self._taken:
            name = compact(term)
        self._taken.add(name)
        self._names[term] = name
        return name


def _upper_snake(term: Iri) -> str:
    return _WORDS.sub("_", local_name(term)).upper()

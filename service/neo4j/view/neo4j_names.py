"""What the ontology's terms are called in Neo4j: labels, relationship types, property keys."""

from __future__ import annotations

import re
from collections.abc import Callable, Container, Iterable
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

_LIKE_TAGGED: Final = re.compile("_[a-z0-9]{1,8}$")
"""The end of a name that could be the language of another attribute's values."""
_WORDS: Final = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")


class Neo4jNames:
    """A declared term goes by its local name; one that no module declares by its CURIE or its full IRI.

    Two declared terms never share a name: our own vocabulary has the first choice, then the order of IRIs decides,
    and a term that comes too late goes by CURIE or IRI.
    """

    def __init__(self, model: OntologyModel) -> None:
        types = {fact.object for fact in model.triples if fact.predicate == RDF.type and isinstance(fact.object, str)}
        predicates = {fact.predicate for fact in model.triples} | set(model.relations) | set(model.attributes)
        self._labels = _Register({*model.classes, *types}, local_name, {MARKER, WATERMARK})
        self._types = _Register(predicates, _upper_snake, set())
        self._keys = _Register(predicates, _key, {KEY})

    def label(self, cls: Iri) -> str:
        """Return the label of a class's individuals."""
        return self._labels[cls]

    def type(self, relation: Iri) -> str:
        """Return the type of a relation's relationships."""
        return self._types[relation]

    def key(self, attribute: Iri, language: str = "") -> str:
        """Return the property key of an attribute's values; a language goes into the name.

        No two of attribute and language share a key: where the usual one can be read in another way too, which depends
        on the declared attributes and the attribute's own name alone, the language is set apart by a sign.
        """
        name = self._keys[attribute]
        tag = language.lower()
        usual = f"{name}_{tag.replace('-', '_')}" if tag else name
        if name not in self._keys.names:
            apart = _LIKE_TAGGED.search(name) is not None
        else:
            apart = bool(tag) and self._is_ambiguous(usual, name)
        return f"{name}@{tag}" if apart else usual

    def _is_ambiguous(self, key: str, name: str) -> bool:
        """Say whether a key is, or begins like, another attribute's, which may have a language of its own."""
        ends = (found.start() for found in re.finditer("_", key))
        return any(other != name and other in self._keys.names for other in (key, *(key[:end] for end in ends)))


class _Register:
    def __init__(self, terms: Iterable[Iri], spell: Callable[[Iri], str], taken: set[str]) -> None:
        self._names: dict[Iri, str] = {}
        self._spell = spell
        self._taken = set(taken)
        for term in sorted(terms, key=lambda iri: (not iri.startswith(SG), iri)):
            self._claim(term)

    @property
    def names(self) -> Container[str]:
        """The names that are taken."""
        return self._taken

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


def _key(term: Iri) -> str:
    """Name an attribute; one that looks like another's companion, or holds a language's sign, has no short name."""
    name = local_name(term)
    return "" if name.endswith((DATATYPE, WRITTEN)) or "@" in name else name


def _upper_snake(term: Iri) -> str:
    return _WORDS.sub("_", local_name(term)).upper()

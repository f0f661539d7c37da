"""What properties of our own say of parts: texts and values at once, relations when all parts are known."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from stratagraph.loaders.formats.mlbom.own_properties import own_properties
from stratagraph.ontology.namespaces import RDFS, SG

if TYPE_CHECKING:
    from stratagraph.loaders.formats.core_yaml import Path
    from stratagraph.loaders.formats.fields import Fields
    from stratagraph.loaders.formats.mlbom.stated_parts import Part, Parts
    from stratagraph.ontology.facts import Iri

_LABEL: Final = "label"
_PARTIES: Final = (SG.providedBy, SG.ownedBy)


class PropertyReader:
    """Reads properties, and relates what they name when all parts are known."""

    def __init__(self, parts: Parts) -> None:
        """Begin with nothing read."""
        self._parts = parts
        self._relations: list[tuple[Part, Iri, str, Path]] = []

    def read(self, part: Part, fields: Fields) -> None:
        """State what our own export wrote down of an asset because CycloneDX has no word for it."""
        at = fields.place("properties")
        fields.raw("properties")
        for name, value in own_properties(fields):
            term = SG.term(name)
            label, _, language = name.partition("@")
            if label == _LABEL:
                self._parts.description.text(part.iri, RDFS.label, value, language, at=at)
            elif term in self._parts.ontology.attributes:
                self._parts.description.state(part.iri, term, value, at=at)
            elif term in self._parts.ontology.relations:
                self._relations.append((part, term, value, at))
                if term in _PARTIES:
                    self._parts.told.add((part.iri, term))

    def relate(self) -> None:
        """State the relations that were read: to another part, or to a party that is told by class and name."""
        for part, relation, value, at in self._relations:
            self._relate(part, relation, value, at)

    def _relate(self, part: Part, relation: Iri, value: str, at: Path) -> None:
        kind, _, name = value.partition(" ")
        cls = SG.term(kind)
        if other := self._parts.named.get(value):
            self._parts.relate(part, relation, other, at)
        elif relation in _PARTIES and name and cls in self._parts.ontology.classes:
            self._parts.description.state(part.iri, relation, self._parts.description.asset(cls, name, at=at), at=at)
            self._parts.provided.add(part.iri)

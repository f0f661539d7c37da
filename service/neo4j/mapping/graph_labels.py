"""Which labels a node has: few, by what it is."""

from __future__ import annotations

from collections.abc import Iterable
from collections.abc import Set as AbstractSet
from typing import Final

from stratagraph.ontology.blanks import is_blank
from stratagraph.ontology.facts import Iri
from stratagraph.ontology.model import LevelInfo, OntologyModel
from stratagraph.ontology.namespaces import OWL, RDF, RDFS, SG
from stratagraph.service.neo4j.mapping.graph_names import ABOUT_OBSERVATIONS, ASSET, RESOURCE, TERM, Names

_WORDS_OF_OWL: Final = (OWL, RDF, RDFS)
_INDIVIDUALS: Final = frozenset({OWL.NamedIndividual, OWL.Thing})
"""What OWL says of everything."""


class Labels:
    """The labels that types come to, and back.

    A node has its most specific classes, in the estate also the widest class of each below Asset, and Asset. What
    the ontology itself names, its metrics for example, is no part of the estate, whatever its class.
    """

    def __init__(self, model: OntologyModel, names: Names) -> None:
        """Know what the ontology names."""
        self._model = model
        self._names = names
        self._vocabulary = frozenset(fact.subject for fact in model.triples)
        self._levels = {level.iri: level for level in model.levels}
        self._classes = {ASSET: SG.Asset}
        self._known: dict[tuple[bool, frozenset[Iri]], frozenset[str]] = {}

    def is_vocabulary(self, iri: Iri) -> bool:
        """Say whether the ontology itself speaks of a thing."""
        return iri in self._vocabulary

    def _is_hidden(self, iri: Iri) -> bool:
        """Say whether a thing is left out: the lists and expressions of OWL, which have no name."""
        return is_blank(iri) and iri in self._vocabulary

    def labels(self, iri: Iri, types: AbstractSet[Iri]) -> frozenset[str]:
        """Return the labels of a node of these types."""
        told = self.is_vocabulary(iri), frozenset(types)
        known = self._known.get(told)
        if known is None:
            known = self._known[told] = frozenset(self._labels(*told))
        return known

    def _labels(self, vocabulary: bool, types: frozenset[Iri]) -> set[str]:  # noqa: FBT001  part of what is known
        words = {cls for cls in types if cls.startswith(_WORDS_OF_OWL)}
        classes = types - words
        labels = {self._label(cls) for cls in self._narrowest(classes) if cls != SG.Asset}
        labels |= {self._label(cls) for cls in self._level_classes(classes)}
        if words - _INDIVIDUALS:
            labels.add(TERM)
        if SG.Asset in classes and not vocabulary:
            labels.add(ASSET)
        elif not labels or not (vocabulary or classes & ABOUT_OBSERVATIONS):
            labels.add(RESOURCE)
        return labels

    def types(self, labels: Iterable[str]) -> set[Iri]:
        """Return the classes, without those of OWL, that a node with these labels is of."""
        classes = (self._classes[label] for label in labels if label in self._classes)
        return {above for cls in classes for above in self._model.ancestors(cls)}

    def level(self, iri: Iri, types: Iterable[Iri]) -> LevelInfo | None:
        """Return the level of an asset of these types."""
        if self.is_vocabulary(iri):
            return None
        level = self._model.level_of(types)
        return self._levels.get(level) if level else None

    def learn(self, classes: Iterable[Iri]) -> None:
        """Know the labels of classes, also of those that no module declares, to tell a node's types by them."""
        for cls in classes:
            self._label(cls)

    def _label(self, cls: Iri) -> str:
        label = self._names.label(cls)
        self._classes[label] = cls
        return label

    def _narrowest(self, classes: Iterable[Iri]) -> set[Iri]:
        """Return the classes that no other one lies below; equivalent ones lie below each other, and both stay."""
        wider = {
            above for cls in classes for above in self._model.ancestors(cls) if cls not in self._model.ancestors(above)
        }
        return set(classes) - wider

    def _level_classes(self, classes: Iterable[Iri]) -> set[Iri]:
        """Return the widest classes below Asset."""
        below = {cls for cls in classes if cls != SG.Asset and SG.Asset in self._model.ancestors(cls)}
        return {cls for cls in below if not (self._model.ancestors(cls) & below) - {cls}}

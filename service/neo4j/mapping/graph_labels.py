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
_WIDEST: Final = frozenset({SG.Asset, SG.ReferenceValue})
"""Classes that say nothing about what the ontology names."""
_OWN: Final = frozenset({RESOURCE, TERM})
"""Labels that stand for no class."""
_UNMET: Final = "label:"


class Labels:
    """The labels that types come to, and back.

    A node has its most specific classes, in the estate also the widest class of each below Asset, and Asset. What
    the ontology itself names, its metrics for example, is no part of the estate, whatever its class; it has all
    classes of ours, for there a chain is short.
    """

    def __init__(self, model: OntologyModel, names: Names, *, terms: bool = True) -> None:
        """Know what the ontology names; without ``terms``, classes, relations and attributes are hidden."""
        self._model = model
        self._names = names
        self._vocabulary = frozenset(fact.subject for fact in model.triples)
        self._hidden_terms = frozenset() if terms else _terms_of(model)
        self._levels = {level.iri: level for level in model.levels}
        self._classes = {names.label(cls): cls for cls in model.classes} | {ASSET: SG.Asset}
        self._known: dict[tuple[bool, frozenset[Iri]], frozenset[str]] = {}

    def is_vocabulary(self, iri: Iri) -> bool:
        """Say whether the ontology itself speaks of a thing."""
        return iri in self._vocabulary

    def is_hidden(self, iri: Iri) -> bool:
        """Say whether a thing is left out: the lists and expressions of OWL, which have no name."""
        return (is_blank(iri) and iri in self._vocabulary) or iri in self._hidden_terms

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
        if vocabulary:
            labels |= {self._label(cls) for cls in classes if cls.startswith(SG) and cls not in _WIDEST}
        else:
            labels |= {self._label(cls) for cls in self._level_classes(classes)}
        if words - _INDIVIDUALS:
            labels.add(TERM)
        if SG.Asset in classes and not vocabulary:
            labels.add(ASSET)
        elif not labels or not (vocabulary or classes & ABOUT_OBSERVATIONS):
            labels.add(RESOURCE)
        return labels

    def types(self, labels: AbstractSet[str]) -> set[Iri]:
        """Return the classes, without those of OWL, that a node with these labels is of.

        A class that no module declares is known by its IRI once it was met, else by its label.
        """
        classes = (self._classes.get(label, _UNMET + label) for label in labels - _OWN)
        return {above for cls in classes for above in self._model.ancestors(cls)}

    def level(self, iri: Iri, types: Iterable[Iri]) -> LevelInfo | None:
        """Return the level of an asset of these types."""
        if self.is_vocabulary(iri):
            return None
        level = self._model.level_of(types)
        return self._levels.get(level) if level else None

    def of_vocabulary(self) -> list[str]:
        """Return the labels that what the ontology names may have."""
        classes = {fact.object for fact in self._model.triples if fact.predicate == RDF.type}
        named = {str(cls) for cls in classes if cls in self._model.classes}
        named |= {cls for cls in self._model.classes if SG.Asset not in self._model.ancestors(cls)}
        return sorted({TERM, *map(self._label, named - ABOUT_OBSERVATIONS)})

    def meet(self, classes: Iterable[Iri]) -> None:
        """Learn the labels of classes, to know a node's types by them."""
        for cls in classes:
            self._label(cls)

    def _label(self, cls: Iri) -> str:
        if cls.startswith(_UNMET):
            return cls.removeprefix(_UNMET)
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


def _terms_of(model: OntologyModel) -> frozenset[Iri]:
    """Return the classes, relations, attributes and modules of an ontology."""
    types = (fact for fact in model.triples if fact.predicate == RDF.type and isinstance(fact.object, str))
    return frozenset(
        fact.subject for fact in types if str(fact.object).startswith(_WORDS_OF_OWL) and fact.object not in _INDIVIDUALS
    )

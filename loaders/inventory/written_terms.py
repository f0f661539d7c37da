"""The ontology's terms as people write them: by name, CURIE or IRI, and where that is clear by label or notation."""

from __future__ import annotations

import difflib
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Final
from weakref import WeakKeyDictionary

from stratagraph.ontology.facts import Iri, Literal
from stratagraph.ontology.folding import fold
from stratagraph.ontology.model import OntologyModel, RelationInfo
from stratagraph.ontology.namespaces import OWL, PREFIXES, RDF, SG, SKOS, compact, local_name

_SUGGESTIONS: Final = 3


class TermIndex:
    """The terms of one ontology, indexed by what people call them."""

    def __init__(self, model: OntologyModel) -> None:
        self.model = model
        self._choices: dict[frozenset[Iri], frozenset[Iri]] = {}

    @cached_property
    def local(self) -> Mapping[str, tuple[Iri, ...]]:
        """Every term by its local name."""
        found: dict[str, set[Iri]] = defaultdict(set)
        for iri in (*self.model.classes, *self.model.relations, *self.model.attributes, *self.annotations, *self.types):
            found[local_name(iri)].add(iri)
        return {name: tuple(sorted(iris)) for name, iris in found.items()}

    @cached_property
    def spoken(self) -> Mapping[str, tuple[Iri, ...]]:
        """Every class and individual by local name, label and notation, without case and accents."""
        notations: dict[Iri, list[str]] = defaultdict(list)
        for fact in self.model.triples:
            if fact.predicate == SKOS.notation and isinstance(fact.object, Literal):
                notations[fact.subject].append(fact.object.value)
        found: dict[str, set[Iri]] = defaultdict(set)
        for iri in {*self.model.classes, *self.types}:
            labels = (*self.model.labels.get(iri, {}).values(), *self.model.alternatives.get(iri, ()))
            for name in (local_name(iri), *labels, *notations[iri]):
                found[fold(name)].add(iri)
        return {name: tuple(sorted(iris)) for name, iris in found.items()}

    @cached_property
    def annotations(self) -> frozenset[Iri]:
        """The properties that describe without relating."""
        return frozenset(
            fact.subject
            for fact in self.model.triples
            if fact.predicate == RDF.type and fact.object == OWL.AnnotationProperty
        )

    @cached_property
    def types(self) -> Mapping[Iri, frozenset[Iri]]:
        """The individuals that the ontology itself has, with their classes and those above them."""
        found: dict[Iri, set[Iri]] = defaultdict(set)
        for fact in self.model.triples:
            if fact.predicate == RDF.type and fact.object in self.model.classes:
                found[fact.subject] |= self.model.ancestors(str(fact.object))
        return {iri: frozenset(classes) for iri, classes in found.items()}

    def choices(self, classes: frozenset[Iri]) -> frozenset[Iri]:
        """Return the ontology's own individuals of some classes; found once, for every entry may ask."""
        known = self._choices.get(classes)
        if known is None:
            fitting = (iri for iri, types in self.types.items() if not types.isdisjoint(classes))
            known = self._choices[classes] = frozenset(fitting)
        return known


# Weak, so that a model that is used no more takes its index with it.
_NAMES: Final[WeakKeyDictionary[OntologyModel, TermIndex]] = WeakKeyDictionary()


def names_of(model: OntologyModel) -> TermIndex:
    """Return the names of an ontology, indexed once."""
    found = _NAMES.get(model)
    if found is None:
        found = _NAMES[model] = TermIndex(model)
    return found


@dataclass(frozen=True, slots=True)
class FileTerms:
    """Finds terms for one file, which may declare prefixes of its own."""

    model: OntologyModel
    prefixes: Mapping[str, Iri] = field(default_factory=dict)

    @property
    def names(self) -> TermIndex:
        """The names of the ontology."""
        return names_of(self.model)

    def expand(self, name: str) -> tuple[Iri, ...]:
        """Return what a CURIE may stand for: by the file's prefixes, the product's, then those of a user's modules."""
        prefix, colon, rest = name.partition(":")
        if not colon:
            return ()
        if base := self.prefixes.get(prefix) or PREFIXES.get(prefix):
            return (base + rest,)
        return tuple(base + rest for base in self.model.prefixes.get(prefix, ()))

    def classes(self, name: str) -> tuple[Iri, ...]:
        """Return the classes that a name may mean."""
        return self._spelled(name, self.model.classes) or self._spoken(name, self.model.classes)

    def fields(self, name: str) -> tuple[Iri, ...]:
        """Return the relations, attributes and annotations that a field may mean, what says most of them first."""
        for pool in (self.model.relations, self.model.attributes, self.names.annotations):
            if found := self._spelled(name, pool):
                return found
        return ()

    def values(self, name: str, relation: RelationInfo) -> tuple[Iri, ...]:
        """Return the ontology's own individuals that a relation may mean by a name."""
        fitting = self.names.choices(relation.range)
        exact = self._spelled(name, fitting)
        # A label may be the name of somebody's asset as well, so it counts only where no asset can be meant.
        return exact or (() if self.kinds(relation) else self._spoken(name, fitting))

    def choices(self, relation: RelationInfo) -> list[Iri]:
        """Return the ontology's own individuals that a relation leads to, in alphabetical order."""
        return sorted(self.names.choices(relation.range))

    def kinds(self, relation: RelationInfo) -> frozenset[Iri]:
        """Return the kinds of asset that a relation's range allows."""
        classes = (self.model.classes[cls] for cls in relation.range if cls in self.model.classes)
        return frozenset(info.kind for info in classes if info.key_properties)

    def takes_assets(self, relation: RelationInfo) -> bool:
        """Say whether a relation may lead to an asset of some kind, and not only to the ontology's own values."""
        return not relation.range or any(
            info.key_properties and not info.ancestors.isdisjoint(relation.range)
            for info in self.model.classes.values()
        )

    def _spelled(self, name: str, pool: Collection[Iri]) -> tuple[Iri, ...]:
        written = name.strip().removeprefix("<").removesuffix(">")
        # What is written out goes before what has to be found by its name.
        for candidates in ((written,), self.expand(written), (SG.term(written),), self.names.local.get(written, ())):
            if found := tuple(iri for iri in candidates if iri in pool):
                return found
        return ()

    def _spoken(self, name: str, pool: Collection[Iri]) -> tuple[Iri, ...]:
        return tuple(iri for iri in self.names.spoken.get(fold(name), ()) if iri in pool)

    def shown(self, iri: Iri) -> str:
        """Return a term as it is best written in a file: its local name, where that is clear."""
        name = local_name(iri)
        # Where several modules have a bare name, it is read as the product's own.
        if len(self.names.local.get(name, ())) <= 1 or iri == SG.term(name):
            return name
        return next(
            (
                f"{prefix}:{iri.removeprefix(base)}"
                for prefix, bases in self.model.prefixes.items()
                for base in bases
                if iri.startswith(base)
            ),
            compact(iri),
        )


def nearest(name: str, known: Iterable[str]) -> list[str]:
    """Return the names that look most like another one, whatever its case."""
    folded: dict[str, str] = {}
    for candidate in known:
        folded.setdefault(fold(candidate), candidate)
    return [folded[match] for match in difflib.get_close_matches(fold(name), folded, n=_SUGGESTIONS)]

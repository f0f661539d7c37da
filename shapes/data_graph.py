"""An indexed in-memory graph of facts: what the checker walks over."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Final

from stratagraph.ontology.facts import Fact, Iri, Literal, Term
from stratagraph.ontology.namespaces import RDF, RDFS

_TYPE: Final = RDF.type
_SUBCLASS: Final = RDFS.subClassOf
_NOTHING: Final[Mapping[Term, None]] = {}


class DataGraph:
    """Facts by subject, and by predicate and object.

    ``superclasses`` adds sub-class knowledge from outside the facts, for example the ontology's, as the reflexive
    and transitive ancestors of each class; ``rdfs:subClassOf`` facts of the graph count as well.
    """

    def __init__(self, facts: Iterable[Fact] = (), *, superclasses: Mapping[Iri, frozenset[Iri]] | None = None) -> None:
        # Dictionaries as sets with an order: results come in that of the source.
        self._by_subject: dict[Iri, dict[Iri, dict[Term, None]]] = {}
        self._by_object: dict[Iri, dict[Term, dict[Iri, None]]] = {}
        self._unplaced: list[Fact] = []
        self._known_superclasses = superclasses or {}
        self._superclasses: dict[Term, frozenset[Term]] = {}
        self.extend(facts)

    def add(self, fact: Fact) -> None:
        """Take in one fact."""
        self.extend((fact,))

    def extend(self, facts: Iterable[Fact]) -> None:
        """Take in several facts."""
        by_subject, facts = self._by_subject, tuple(facts)
        for subject, predicate, target in facts:
            predicates = by_subject.get(subject)
            if predicates is None:
                predicates = by_subject[subject] = {}
            targets = predicates.get(predicate)
            if targets is None:
                predicates[predicate] = {target: None}
            else:
                targets[target] = None
            if predicate == _SUBCLASS:
                # What was climbed before may be too little now.
                self._superclasses.clear()
        self._unplaced += facts

    @property
    def _objects(self) -> dict[Iri, dict[Term, dict[Iri, None]]]:
        """Subjects by predicate and object. Few shapes ask for it, so it is made when one does."""
        if self._unplaced:
            for subject, predicate, target in self._unplaced:
                self._by_object.setdefault(predicate, {}).setdefault(target, {})[subject] = None
            self._unplaced.clear()
        return self._by_object

    def __iter__(self) -> Iterator[Fact]:
        for subject, predicates in self._by_subject.items():
            for predicate, targets in predicates.items():
                for target in targets:
                    yield Fact(subject, predicate, target)

    def objects(self, subject: Term, predicate: Iri) -> Mapping[Term, None]:
        """Return the values of a predicate, in order; a literal has none."""
        if isinstance(subject, Literal):
            return _NOTHING
        return self._by_subject.get(subject, {}).get(predicate, _NOTHING)

    def subjects(self, predicate: Iri, target: Term) -> Mapping[Iri, None]:
        """Return the subjects that have a value for a predicate."""
        return self._objects.get(predicate, {}).get(target, {})

    def subjects_with(self, target: Term) -> Iterator[Iri]:
        """Yield the subjects that have a value for any predicate."""
        for targets in self._objects.values():
            yield from targets.get(target, ())

    def predicates(self, subject: Term) -> Mapping[Iri, Mapping[Term, None]]:
        """Return everything said of a subject, by predicate."""
        return {} if isinstance(subject, Literal) else self._by_subject.get(subject, {})

    def subjects_of(self, predicate: Iri) -> dict[Term, None]:
        """Return every subject of a predicate."""
        found: dict[Term, None] = {}
        for subjects in self._objects.get(predicate, {}).values():
            found.update(dict.fromkeys(subjects))
        return found

    def objects_of(self, predicate: Iri) -> dict[Term, None]:
        """Return every object of a predicate."""
        return dict.fromkeys(self._objects.get(predicate, {}))

    def nodes(self) -> Iterable[Iri]:
        """Return every subject."""
        return self._by_subject.keys()

    def superclasses(self, cls: Term) -> frozenset[Term]:
        """Return a class with all its super-classes."""
        known = self._superclasses.get(cls)
        if known is None:
            known = self._superclasses[cls] = self._climb(cls)
        return known

    def _climb(self, cls: Term) -> frozenset[Term]:
        found: set[Term] = set()
        open_ends: list[Term] = [cls]
        while open_ends:
            current = open_ends.pop()
            if current in found:
                continue
            found.add(current)
            open_ends += self.objects(current, _SUBCLASS)
            if isinstance(current, str):
                open_ends += self._known_superclasses.get(current, ())
        return frozenset(found)

    def is_instance(self, node: Term, cls: Term) -> bool:
        """Say whether an asserted type of the node is the class or below it."""
        return any(cls in self.superclasses(own) for own in self.objects(node, _TYPE))

    def instances(self, cls: Term) -> dict[Term, None]:
        """Return every node with an asserted type that is the class or below it."""
        found: dict[Term, None] = {}
        for own, nodes in self._objects.get(_TYPE, {}).items():
            if cls in self.superclasses(own):
                found.update(dict.fromkeys(nodes))
        return found

    def members(self, head: Term) -> list[Term] | None:
        """Return the members of an RDF list, or None where it is not well-formed."""
        found: list[Term] = []
        seen: set[Term] = set()
        while head != RDF.nil:
            # A list may run in a circle.
            first, rest = self.objects(head, RDF.first), self.objects(head, RDF.rest)
            if head in seen or len(first) != 1 or len(rest) != 1:
                return None
            seen.add(head)
            found += first
            (head,) = rest
        return found

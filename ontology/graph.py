"""A few thousand facts, looked up by subject and predicate."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator

from stratagraph.ontology.facts import Fact, Iri, Literal, Term
from stratagraph.ontology.namespaces import OWL, RDF


class Graph:
    """Facts with two indices; built once, then only read."""

    def __init__(self, facts: Iterable[Fact]) -> None:
        """Index the facts."""
        self._objects: dict[tuple[Iri, Iri], list[Term]] = defaultdict(list)
        self._subjects: dict[tuple[Iri, Term], list[Iri]] = defaultdict(list)
        self._pairs: dict[Iri, list[tuple[Iri, Term]]] = defaultdict(list)
        for fact in facts:
            self._objects[fact.subject, fact.predicate].append(fact.object)
            self._subjects[fact.predicate, fact.object].append(fact.subject)
            self._pairs[fact.predicate].append((fact.subject, fact.object))

    def extended(self, facts: Iterable[Fact]) -> Graph:
        """Return a graph with further facts, at a cost of these alone; this one stays as it is."""
        larger, pairs = Graph(()), defaultdict(list)
        # Copies of the dictionaries alone: their lists are shared, and so never changed in place.
        larger._objects = self._objects.copy()
        larger._subjects = self._subjects.copy()
        larger._pairs = self._pairs.copy()
        for fact in facts:
            subject, predicate, term = fact.subject, fact.predicate, fact.object
            stated = larger._objects.get((subject, predicate), ())
            if term in stated:
                continue
            larger._objects[subject, predicate] = [*stated, term]
            larger._subjects[predicate, term] = [*larger._subjects.get((predicate, term), ()), subject]
            pairs[predicate].append((subject, term))
        for predicate, more in pairs.items():
            larger._pairs[predicate] = [*self._pairs.get(predicate, ()), *more]
        return larger

    def pairs(self, predicate: Iri) -> Iterator[tuple[Iri, Term]]:
        """Yield (subject, object) of every fact with this predicate."""
        yield from self._pairs.get(predicate, ())

    def iris(self, subject: Iri, predicate: Iri) -> tuple[Iri, ...]:
        """Return the objects that are IRIs."""
        return tuple(term for term in self._objects.get((subject, predicate), ()) if isinstance(term, str))

    def objects(self, subject: Iri, predicate: Iri) -> tuple[Term, ...]:
        """Return the objects, of whatever kind."""
        return tuple(self._objects.get((subject, predicate), ()))

    def iri(self, subject: Iri, predicate: Iri) -> Iri | None:
        """Return the first object that is an IRI, in alphabetical order."""
        return min(self.iris(subject, predicate), default=None)

    def texts(self, subject: Iri, predicate: Iri) -> dict[str, str]:
        """Return the literals by language tag; "" where they have none."""
        terms = self._objects.get((subject, predicate), ())
        return {term.language: term.value for term in terms if isinstance(term, Literal)}

    def value(self, subject: Iri, predicate: Iri) -> str | None:
        """Return the lexical form of the first literal, in alphabetical order."""
        return min(self.texts(subject, predicate).values(), default=None)

    def instances(self, *classes: Iri) -> tuple[Iri, ...]:
        """Return the subjects that are stated to be of one of the classes, in alphabetical order."""
        return tuple(sorted({subject for cls in classes for subject in self.subjects(RDF.type, cls)}))

    def subjects(self, predicate: Iri, term: Term) -> tuple[Iri, ...]:
        """Return the subjects of the facts with this predicate and object."""
        return tuple(self._subjects.get((predicate, term), ()))

    def members(self, head: Iri) -> tuple[Iri, ...]:
        """Return the members of an RDF list that are IRIs."""
        return tuple(term for term in self.items(head) if isinstance(term, str))

    def items(self, head: Iri) -> tuple[Term, ...]:
        """Return the members of an RDF list, literals too."""
        found: list[Term] = []
        seen: set[Iri] = set()
        node: Iri | None = head
        while node and node != RDF.nil and node not in seen:  # a list may run in a circle
            seen.add(node)
            found.extend(self.objects(node, RDF.first))
            node = self.iri(node, RDF.rest)
        return tuple(found)

    def union(self, subject: Iri, predicate: Iri) -> frozenset[Iri]:
        """Return the named classes that a domain or range consists of; a union gives its members."""
        found: set[Iri] = set()
        for cls in self.iris(subject, predicate):
            lists = self.iris(cls, OWL.unionOf)
            found.update(*(self.members(head) for head in lists) if lists else [(cls,)])
        return frozenset(found)

    def closure(self, start: Iri, *predicates: Iri) -> tuple[Iri, ...]:
        """Return what the predicates lead to from the start, itself first, then nearest first."""
        return lineage(start, lambda node: (term for each in predicates for term in self.iris(node, each)))


def lineage(start: Iri, above: Callable[[Iri], Iterable[Iri]]) -> tuple[Iri, ...]:
    """Return a term and all above it, nearest first; ``above`` gives those right above one, in any order."""
    found = {start: None}
    agenda = [start]
    # The list grows while it is walked.
    for node in agenda:
        for term in sorted(above(node)):
            if term not in found:
                found[term] = None
                agenda.append(term)
    return tuple(found)

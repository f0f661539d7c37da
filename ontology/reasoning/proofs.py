"""What follows from facts and axioms, with the reason for every conclusion.

This is for explaining, not for speed: the deriver has its own closure. It reads more of OWL than the rules that are
compiled for the deriver, because a user's own axioms may use anything; what it does not read is left to the reasoner.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from typing import Final, TypeAlias

from stratagraph.ontology.blanks import is_blank
from stratagraph.ontology.facts import Fact, Iri, Literal, Term
from stratagraph.ontology.graph import Graph
from stratagraph.ontology.namespaces import OWL, RDF, RDFS, SKOLEM_BASE

Premises: TypeAlias = tuple[Fact, ...]
"""The facts that a conclusion was drawn from; empty where it was stated."""
_Step: TypeAlias = tuple[Fact, Premises]
_Link: TypeAlias = tuple[Iri, bool, Premises]
"""Another property, whether subject and object change places, and the axiom that says so."""

MEMBER: Final = SKOLEM_BASE + "member-of/"
"""Start of the names of the members that classes are tried with."""
WITNESS: Final = SKOLEM_BASE + "witness"
"""Start of the names of things that must exist without being named."""
WITNESS_DEPTH: Final = 3
"""A witness of a witness of a witness is the last one: such chains may go on for ever."""
_MEMBER_AXIOMS: Final = (OWL.intersectionOf, OWL.unionOf)


class Proofs:
    """Facts, what follows from them, and why; ``add`` draws every conclusion at once."""

    def __init__(self, axioms: Iterable[Fact]) -> None:
        """Read the axioms; nothing is concluded from them until facts are added."""
        self.axioms = tuple(axioms)
        self.graph = Graph(self.axioms)
        self.reasons: dict[Fact, Premises] = {}
        self.types: dict[Term, dict[Iri, Fact]] = defaultdict(dict)
        self.objects: dict[tuple[Term, Iri], dict[Term, Fact]] = defaultdict(dict)
        self.subjects: dict[tuple[Term, Iri], dict[Term, Fact]] = defaultdict(dict)
        self._about: dict[Term, dict[Fact, None]] = defaultdict(dict)
        self._read_classes()
        self._read_properties()

    def add(self, facts: Iterable[Fact]) -> None:
        """Take facts as stated, and draw all conclusions."""
        stated = [fact for fact in dict.fromkeys(facts) if fact not in self.reasons]
        for fact in stated:
            # All before the first conclusion: what is stated needs no other reason.
            self.reasons[fact] = ()
            self._index(fact)
        agenda = [step for fact in stated for step in self._conclusions(fact)]
        while agenda:
            fact, reason = agenda.pop()
            # The first reason found stays: one is enough to explain a conclusion.
            if fact not in self.reasons:
                self.reasons[fact] = reason
                self._index(fact)
                agenda.extend(self._conclusions(fact))

    def because(self, *facts: Fact) -> tuple[Fact, ...]:
        """Return the stated facts and axioms behind these, each once, in the order of the argument."""
        found: dict[Fact, None] = {}
        seen: set[Fact] = set()
        agenda = list(reversed(facts))
        while agenda:
            fact = agenda.pop()
            if fact in seen:
                continue
            seen.add(fact)
            reason = self.reasons.get(fact, ())
            if not reason:
                found[fact] = None
            agenda.extend(reversed(reason))
        return tuple(found)

    def above(self, cls: Iri) -> dict[Iri, Premises]:
        """Return the classes above a class and itself, each with the axioms that put it there."""
        found: dict[Iri, Premises] = {cls: ()}
        agenda = [cls]
        while agenda:
            current = agenda.pop()
            for upper, axioms in self._uppers.get(current, ()):
                if upper not in found:
                    found[upper] = (*found[current], *axioms)
                    agenda.append(upper)
        return found

    # Reading axioms ----------------------------------------------------------------------------------------------

    def _read_classes(self) -> None:
        self._uppers: dict[Iri, list[tuple[Iri, Premises]]] = defaultdict(list)
        self._restrictions: dict[Iri, list[Iri]] = defaultdict(list)
        for fact in self.axioms:
            subject, predicate, target = fact.subject, fact.predicate, fact.object
            if not isinstance(target, str):
                continue
            if predicate in {RDFS.subClassOf, OWL.equivalentClass}:
                self._uppers[subject].append((target, (fact,)))
            if predicate == OWL.equivalentClass:
                self._uppers[target].append((subject, (fact,)))
            if predicate == OWL.intersectionOf:
                self._uppers[subject] += [(member, (fact,)) for member in self.graph.members(target)]
            if predicate == OWL.onProperty:
                self._restrictions[target].append(subject)
        ends = {term for end in (RDFS.domain, RDFS.range) for _, term in self.graph.pairs(end)}
        for subject, head in self.graph.pairs(OWL.unionOf):
            if subject not in ends and isinstance(head, str):
                fact = Fact(subject, OWL.unionOf, head)
                for member in self.graph.members(head):
                    self._uppers[member].append((subject, (fact,)))

    def _read_properties(self) -> None:
        self._links: dict[Iri, list[_Link]] = defaultdict(list)
        self._ends: dict[Iri, list[tuple[Iri, bool, Premises]]] = defaultdict(list)
        for fact in self.axioms:
            subject, predicate, target = fact.subject, fact.predicate, fact.object
            if not isinstance(target, str):
                continue
            if predicate in {RDFS.subPropertyOf, OWL.equivalentProperty}:
                self._links[subject].append((target, False, (fact,)))
            if predicate == OWL.equivalentProperty:
                self._links[target].append((subject, False, (fact,)))
            if predicate == OWL.inverseOf:
                self._links[subject].append((target, True, (fact,)))
                self._links[target].append((subject, True, (fact,)))
            if predicate in {RDFS.domain, RDFS.range}:
                self._ends[subject].append((target, predicate == RDFS.range, (fact,)))
        for prop in self.graph.subjects(RDF.type, OWL.SymmetricProperty):
            self._links[prop].append((prop, True, (Fact(prop, RDF.type, OWL.SymmetricProperty),)))
        self._transitive = frozenset(self.graph.subjects(RDF.type, OWL.TransitiveProperty))
        self._functional = frozenset(self.graph.subjects(RDF.type, OWL.FunctionalProperty))
        self._inverse_functional = frozenset(self.graph.subjects(RDF.type, OWL.InverseFunctionalProperty))
        self._chains: dict[Iri, list[tuple[Iri, list[Iri], Fact]]] = defaultdict(list)
        for implied, head in self.graph.pairs(OWL.propertyChainAxiom):
            links = list(self.graph.members(str(head)))
            # Each once: a chain may have the same link twice.
            for link in dict.fromkeys(links):
                self._chains[link].append((implied, links, Fact(implied, OWL.propertyChainAxiom, head)))

    # Drawing conclusions -----------------------------------------------------------------------------------------

    def _index(self, fact: Fact) -> None:
        subject, predicate, target = fact.subject, fact.predicate, fact.object
        if predicate == RDF.type and isinstance(target, str):
            self.types[subject][target] = fact
        else:
            self.objects[subject, predicate][target] = fact
            self.subjects[target, predicate][subject] = fact
        self._about[subject][fact] = None
        self._about[target][fact] = None

    def _conclusions(self, fact: Fact) -> Iterator[_Step]:
        if fact.predicate == RDF.type and isinstance(fact.object, str):
            yield from self._from_type(fact, fact.object)
        elif fact.predicate == OWL.sameAs:
            yield from self._from_same(fact)
        else:
            yield from self._from_property(fact)
        for one in (fact.subject, fact.object):
            if isinstance(one, str):
                for same in tuple(self.objects.get((one, OWL.sameAs), {}).values()):
                    yield from _replaced(fact, same)

    def _from_type(self, fact: Fact, cls: Iri) -> Iterator[_Step]:
        for upper, axioms in self._uppers.get(cls, ()):
            yield Fact(fact.subject, RDF.type, upper), (fact, *axioms)
        prop = self.graph.iri(cls, OWL.onProperty)
        if prop is None:
            return
        for edge in tuple(self.objects.get((fact.subject, prop), {}).values()):
            yield from self._restricted(fact, cls, edge)
        for value in self.graph.iris(cls, OWL.hasValue):
            yield Fact(fact.subject, prop, value), (fact, Fact(cls, OWL.hasValue, value))
        yield from self._witnessed(fact, cls, prop)

    def _witnessed(self, fact: Fact, cls: Iri, prop: Iri) -> Iterator[_Step]:
        """Give a name to what a restriction says must exist."""
        if fact.subject.count(WITNESS) >= WITNESS_DEPTH:
            return
        wanted = [Fact(cls, link, what) for link in _EXISTS for what in self.graph.iris(cls, link)]
        wanted += [
            Fact(cls, link, count)
            for link in _AT_LEAST
            for found, count in self.graph.pairs(link)
            if found == cls and isinstance(count, Literal) and int(count.value) > 0
        ]
        for number, axiom in enumerate(wanted):
            # The same name for the same thing each time, or new ones would be concluded for ever.
            witness = f"{WITNESS}{number}/{fact.subject}/{cls.removeprefix(SKOLEM_BASE)}"
            yield Fact(fact.subject, prop, witness), (fact, axiom)
            kinds = [axiom.object] if axiom.predicate in _EXISTS else [*self.graph.iris(cls, OWL.onClass)]
            for kind in kinds:
                if isinstance(kind, str):
                    yield Fact(witness, RDF.type, kind), (fact, axiom)

    def _restricted(self, fact: Fact, cls: Iri, edge: Fact) -> Iterator[_Step]:
        """Draw what a universal or a singular restriction says of a node that stands in its relation."""
        if not isinstance(edge.object, str):
            return
        for kind in self.graph.iris(cls, OWL.allValuesFrom):
            yield Fact(edge.object, RDF.type, kind), (fact, edge, Fact(cls, OWL.allValuesFrom, kind))
        for link in (OWL.maxCardinality, OWL.cardinality):
            # Only a maximum of one makes two values the same.
            if self.graph.value(cls, link) == "1":
                axiom = next(Fact(cls, link, count) for found, count in self.graph.pairs(link) if found == cls)
                yield from self._single(edge, self.objects[edge.subject, edge.predicate], (fact, axiom))

    def _single(self, edge: Fact, edges: dict[Term, Fact], axioms: Premises) -> Iterator[_Step]:
        """Conclude that two named values of something that has one value are the same."""
        for other in tuple(edges.values()):
            if other != edge and isinstance(other.object, str) and isinstance(edge.object, str):
                one, two = (
                    (edge.object, other.object) if edge.subject == other.subject else (edge.subject, other.subject)
                )
                yield Fact(one, OWL.sameAs, two), (edge, other, *axioms)

    def _from_same(self, fact: Fact) -> Iterator[_Step]:
        if not isinstance(fact.object, str) or fact.subject == fact.object:
            return
        yield Fact(fact.object, OWL.sameAs, fact.subject), (fact,)
        for about in tuple(self._about[fact.subject]):
            yield from _replaced(about, fact)

    def _from_property(self, fact: Fact) -> Iterator[_Step]:
        subject, prop, target = fact.subject, fact.predicate, fact.object
        for other, turned, axioms in self._links.get(prop, ()):
            if not turned:
                yield Fact(subject, other, target), (fact, *axioms)
            elif isinstance(target, str):
                yield Fact(target, other, subject), (fact, *axioms)
        for cls, far, axioms in self._ends.get(prop, ()):
            if not far:
                yield Fact(subject, RDF.type, cls), (fact, *axioms)
            elif isinstance(target, str):
                yield Fact(target, RDF.type, cls), (fact, *axioms)
        for restriction in self._restrictions.get(prop, ()):
            if member := self.types.get(subject, {}).get(restriction):
                yield from self._restricted(member, restriction, fact)
        if isinstance(target, str):
            yield from self._from_relation(fact, target)

    def _from_relation(self, fact: Fact, target: Iri) -> Iterator[_Step]:
        subject, prop = fact.subject, fact.predicate
        if prop in self._functional:
            axiom = Fact(prop, RDF.type, OWL.FunctionalProperty)
            yield from self._single(fact, self.objects[subject, prop], (axiom,))
        if prop in self._inverse_functional:
            axiom = Fact(prop, RDF.type, OWL.InverseFunctionalProperty)
            yield from self._single(fact, self.subjects[target, prop], (axiom,))
        if prop in self._transitive:
            axiom = Fact(prop, RDF.type, OWL.TransitiveProperty)
            yield from self._chained(fact, prop, [prop, prop], axiom)
        for implied, links, axiom in self._chains.get(prop, ()):
            yield from self._chained(fact, implied, links, axiom)

    def _chained(self, fact: Fact, implied: Iri, links: list[Iri], axiom: Fact) -> Iterator[_Step]:
        """Yield the ends of every chain in which the fact is a link."""
        for place, link in enumerate(links):
            if link != fact.predicate:
                continue
            heads = self._walk([(fact.subject, ())], reversed(links[:place]), forward=False)
            tails = self._walk([(fact.object, ())], links[place + 1 :], forward=True)
            for start, before in heads:
                for end, after in tails:
                    if isinstance(start, str):
                        yield Fact(start, implied, end), (*before, fact, *after, axiom)

    def _walk(
        self, starts: list[tuple[Term, Premises]], links: Iterable[Iri], *, forward: bool
    ) -> list[tuple[Term, Premises]]:
        for link in links:
            index = self.objects if forward else self.subjects
            starts = [
                (node, (*way, edge) if forward else (edge, *way))
                for start, way in starts
                for node, edge in index.get((start, link), {}).items()
            ]
        return starts


_EXISTS: Final = (OWL.someValuesFrom,)
_AT_LEAST: Final = (OWL.minCardinality, OWL.cardinality, OWL.minQualifiedCardinality, OWL.qualifiedCardinality)


def _replaced(fact: Fact, same: Fact) -> Iterator[_Step]:
    """Say of the one what is said of the other."""
    one, other = same.subject, same.object
    if fact == same or not isinstance(other, str) or is_blank(other):
        return
    if fact.subject == one:
        yield Fact(other, fact.predicate, fact.object), (fact, same)
    if fact.object == one and fact.predicate != RDF.type:
        yield Fact(fact.subject, fact.predicate, other), (fact, same)

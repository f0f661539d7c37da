"""Contradictions, found by rules of our own that can name the axioms involved.

The reasoner is complete but silent: of an inconsistent ontology it says no more than that. What these rules find they
can explain; ``explanation`` minimises what only the reasoner finds.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from itertools import combinations
from typing import Final, TypeAlias

from stratagraph.ontology.blanks import is_blank
from stratagraph.ontology.datatypes import within
from stratagraph.ontology.facts import Fact, Iri, Literal, Term
from stratagraph.ontology.namespaces import OWL, RDF, RDFS
from stratagraph.ontology.reasoning.proofs import MEMBER, Proofs

_AT_MOST: Final = (
    OWL.maxCardinality,
    OWL.cardinality,
    OWL.maxQualifiedCardinality,
    OWL.qualifiedCardinality,
)
_NUMERIC: Final = ("integer", "decimal")


class ClashRule(StrEnum):
    """What makes a contradiction."""

    DISJOINT_CLASSES = "disjoint-classes"
    OUTSIDE_UNION = "outside-union"
    COMPLEMENT = "complement"
    NOTHING = "nothing"
    SAME_AND_DIFFERENT = "same-and-different"
    TOO_MANY_VALUES = "too-many-values"
    WRONG_DATATYPE = "wrong-datatype"
    LITERAL_EXPECTED = "literal-expected"
    IRREFLEXIVE = "irreflexive"
    ASYMMETRIC = "asymmetric"
    DISJOINT_PROPERTIES = "disjoint-properties"
    DENIED = "denied"


@dataclass(frozen=True, slots=True, kw_only=True)
class Clash:
    """A contradiction about something, with the terms that its sentence names and the axioms behind it.

    ``node`` can't be as stated. Where ``empty``, it hangs on a supposed member of the class ``subject``, which
    therefore can have none; else the two are the same.
    """

    rule: ClashRule
    subject: Iri
    node: Iri
    empty: bool
    terms: tuple[Term, ...]
    axioms: tuple[Fact, ...]


_Found: TypeAlias = tuple[ClashRule, Iri, tuple[Term, ...], tuple[Fact, ...]]


def find_clashes(facts: Iterable[Fact]) -> tuple[Clash, ...]:
    """Return the contradictions in facts that bring their axioms along, and the classes that can have no member."""
    proofs = _proven(tuple(facts))
    return tuple(_told(proofs, _Search(proofs).found()))


def is_free_of_clashes(facts: Iterable[Fact]) -> bool:
    """Say whether no contradiction is found at all: then a part of the facts has none either, for OWL is monotonic."""
    return next(_Search(_proven(tuple(facts))).found(), None) is None


def _proven(facts: tuple[Fact, ...]) -> Proofs:
    """Return what follows from the facts, and from supposing a member of each class."""
    proofs = Proofs(facts)
    proofs.add(_assertions(proofs, facts))
    classes = [cls for cls in proofs.graph.instances(OWL.Class) if not is_blank(cls)]
    members = [Fact(MEMBER + cls, RDF.type, cls) for cls in classes]
    # After the rest, so that what holds anyway is never put down to a member that may not exist.
    proofs.add(members)
    return proofs


def _assertions(proofs: Proofs, facts: Iterable[Fact]) -> Iterator[Fact]:
    """Yield the facts about things: axioms about terms and annotations are none."""
    graph = proofs.graph
    properties = {*graph.instances(OWL.ObjectProperty, OWL.DatatypeProperty), OWL.sameAs, OWL.differentFrom}
    known = {*graph.instances(OWL.Class), OWL.Nothing}
    for fact in facts:
        if fact.predicate in properties or (fact.predicate == RDF.type and fact.object in known):
            yield fact
    for group in graph.instances(OWL.AllDifferent):
        for link in (OWL.distinctMembers, OWL.members):
            for head in graph.iris(group, link):
                for one, other in combinations(graph.members(head), 2):
                    yield Fact(one, OWL.differentFrom, other)


def _told(proofs: Proofs, found: Iterable[_Found]) -> Iterator[Clash]:
    """Turn what was found into clashes: each argument once, and none that rests on members of two classes."""
    seen: set[tuple[Iri, frozenset[Fact]]] = set()
    for rule, node, terms, premises in found:
        reasons = proofs.because(*premises)
        supposed = {fact.subject for fact in reasons if fact.subject.startswith(MEMBER)}
        axioms = tuple(fact for fact in reasons if not fact.subject.startswith(MEMBER))
        subject = min(supposed).removeprefix(MEMBER) if supposed else node
        if len(supposed) > 1 or (subject, frozenset(axioms)) in seen:
            continue
        seen.add((subject, frozenset(axioms)))
        yield Clash(rule=rule, subject=subject, node=node, empty=bool(supposed), terms=terms, axioms=axioms)


class _Search:
    """Looks through everything concluded for each kind of contradiction."""

    def __init__(self, proofs: Proofs) -> None:
        self._proofs = proofs
        self._graph = proofs.graph
        self._disjoint = self._read_disjoint()

    def found(self) -> Iterator[_Found]:
        # A copy, for looking things up adds empty entries.
        for node, types in tuple(self._proofs.types.items()):
            if isinstance(node, str):
                yield from self._of_classes(node, types)
        yield from self._same_and_different()
        yield from self._cardinalities()
        yield from self._datatypes()
        yield from self._characteristics()
        yield from self._denied()

    # Classes

    def _read_disjoint(self) -> dict[Iri, dict[Iri, tuple[Fact, ...]]]:
        """Return for each class those that exclude it, with the axiom that says so."""
        groups: list[tuple[Sequence[Iri], tuple[Fact, ...]]] = []
        for one, other in self._graph.pairs(OWL.disjointWith):
            groups.append(((one, str(other)), (Fact(one, OWL.disjointWith, other),)))
        for group in self._graph.instances(OWL.AllDisjointClasses):
            heads = self._graph.iris(group, OWL.members)
            groups += [(self._graph.members(head), (Fact(group, OWL.members, head),)) for head in heads]
        for cls, union in self._graph.pairs(OWL.disjointUnionOf):
            groups.append((self._graph.members(str(union)), (Fact(cls, OWL.disjointUnionOf, union),)))
        found: dict[Iri, dict[Iri, tuple[Fact, ...]]] = defaultdict(dict)
        for members, axioms in groups:
            for one in members:
                found[one].update({other: axioms for other in members if other != one})
                # A class that is listed twice excludes itself, and can have no member.
                if members.count(one) > 1:
                    found[one][one] = axioms
        return found

    def _of_classes(self, node: Iri, types: dict[Iri, Fact]) -> Iterator[_Found]:
        if OWL.Nothing in types:
            yield ClashRule.NOTHING, node, (), (types[OWL.Nothing],)
        for cls, fact in types.items():
            for other, axioms in self._disjoint.get(cls, {}).items():
                # Each pair once; equal where a class excludes itself.
                if other in types and cls <= other:
                    yield ClashRule.DISJOINT_CLASSES, node, (cls, other), (fact, types[other], *axioms)
            for other in self._graph.iris(cls, OWL.complementOf):
                if other in types:
                    axiom = Fact(cls, OWL.complementOf, other)
                    yield ClashRule.COMPLEMENT, node, (other,), (fact, types[other], axiom)
            for head in self._graph.iris(cls, OWL.unionOf):
                yield from self._outside(node, types, Fact(cls, OWL.unionOf, head))

    def _outside(self, node: Iri, types: dict[Iri, Fact], union: Fact) -> Iterator[_Found]:
        """Find a thing of which every choice of a union is excluded."""
        premises = [types[union.subject], union]
        members = self._graph.members(str(union.object))
        clashing: Iri | None = None
        for member in members:
            excluded = self._excluded(member, types)
            if excluded is None:
                return
            clashing, reasons = excluded
            premises += reasons
        if clashing is not None:
            yield ClashRule.OUTSIDE_UNION, node, (clashing, union.subject), tuple(premises)

    def _excluded(self, member: Iri, types: dict[Iri, Fact]) -> tuple[Iri, list[Fact]] | None:
        for upper, way in self._proofs.above(member).items():
            for other, axioms in self._disjoint.get(upper, {}).items():
                if other in types:
                    return other, [types[other], *way, *axioms]
        return None

    # Values

    def _same_and_different(self) -> Iterator[_Found]:
        for fact in tuple(self._proofs.reasons):
            if fact.predicate != OWL.differentFrom or not isinstance(fact.object, str):
                continue
            same = self._proofs.objects.get((fact.subject, OWL.sameAs), {}).get(fact.object)
            if fact.subject == fact.object:
                yield ClashRule.SAME_AND_DIFFERENT, fact.subject, (fact.object,), (fact,)
            elif same:
                yield ClashRule.SAME_AND_DIFFERENT, fact.subject, (fact.object,), (same, fact)

    def _cardinalities(self) -> Iterator[_Found]:
        for prop in self._graph.instances(OWL.FunctionalProperty):
            axiom = Fact(prop, RDF.type, OWL.FunctionalProperty)
            for (node, other), edges in tuple(self._proofs.objects.items()):
                if other == prop and isinstance(node, str):
                    yield from self._too_many(node, prop, 1, self._counted(edges, None), (axiom,))
        for link in _AT_MOST:
            for cls, count in self._graph.pairs(link):
                if isinstance(count, Literal):
                    yield from self._restricted(cls, int(count.value), Fact(cls, link, count))

    def _restricted(self, cls: Iri, most: int, axiom: Fact) -> Iterator[_Found]:
        prop, kind = self._graph.iri(cls, OWL.onProperty), self._graph.iri(cls, OWL.onClass)
        if prop is None:
            return
        for node, types in tuple(self._proofs.types.items()):
            if cls in types and isinstance(node, str):
                edges = self._proofs.objects.get((node, prop), {})
                counted = self._counted(edges, kind)
                yield from self._too_many(node, prop, most, counted, (types[cls], axiom))

    def _counted(self, edges: dict[Term, Fact], kind: Iri | None) -> dict[Term, tuple[Fact, ...]]:
        """Return the values that a restriction counts, and why: all, or those of the class that qualifies it."""
        if kind is None or kind == OWL.Thing:
            return {value: (edge,) for value, edge in edges.items()}
        types = self._proofs.types
        return {value: (edge, types[value][kind]) for value, edge in edges.items() if kind in types.get(value, {})}

    def _too_many(
        self, node: Iri, prop: Iri, most: int, values: dict[Term, tuple[Fact, ...]], axioms: tuple[Fact, ...]
    ) -> Iterator[_Found]:
        """Find more values than allowed that are known to differ from each other."""
        # The first fit and not the best: a clash that this misses the reasoner still finds.
        chosen: dict[Term, tuple[Fact, ...]] = {}
        for value, why in values.items():
            apart = [self._different(value, other) for other in chosen]
            if all(differing is not None for differing in apart):
                chosen[value] = (*why, *(fact for differing in apart for fact in differing or ()))
            if len(chosen) > most:
                premises = [fact for reasons in chosen.values() for fact in reasons]
                yield ClashRule.TOO_MANY_VALUES, node, (prop, *chosen), (*premises, *axioms)
                return

    def _different(self, one: Term, other: Term) -> tuple[Fact, ...] | None:
        """Return why two values are certainly not the same, else None: two names may mean one thing."""
        if isinstance(one, Literal) and isinstance(other, Literal):
            # Of literals only their values count: 1 and 01 do not differ.
            return () if _value(one) != _value(other) else None
        for first, second in ((one, other), (other, one)):
            if fact := self._proofs.objects.get((first, OWL.differentFrom), {}).get(second):
                return (fact,)
        types = self._proofs.types
        for cls, fact in types.get(one, {}).items():
            for against, axioms in self._disjoint.get(cls, {}).items():
                if against in types.get(other, {}):
                    return (fact, types[other][against], *axioms)
        return None

    def _datatypes(self) -> Iterator[_Found]:
        # A datatype without a name restricts values, which only the reasoner reads.
        ranges = [(prop, kind) for prop, kind in self._graph.pairs(RDFS.range) if not is_blank(str(kind))]
        relations = frozenset(self._graph.instances(OWL.ObjectProperty))
        demanded: dict[Iri, list[Iri]] = defaultdict(list)
        for prop, kind in ranges:
            demanded[prop].append(str(kind))
        for fact in tuple(self._proofs.reasons):
            if not isinstance(fact.object, Literal):
                continue
            if fact.predicate in relations:
                axiom = Fact(fact.predicate, RDF.type, OWL.ObjectProperty)
                yield ClashRule.LITERAL_EXPECTED, fact.subject, (fact.predicate, fact.object), (fact, axiom)
            for kind in demanded.get(fact.predicate, ()):
                if not within(fact.object, kind):
                    axiom = Fact(fact.predicate, RDFS.range, kind)
                    yield ClashRule.WRONG_DATATYPE, fact.subject, (fact.predicate, fact.object, kind), (fact, axiom)

    # Relations

    def _characteristics(self) -> Iterator[_Found]:
        irreflexive = frozenset(self._graph.instances(OWL.IrreflexiveProperty))
        asymmetric = frozenset(self._graph.instances(OWL.AsymmetricProperty))
        apart = self._disjoint_properties()
        for fact in tuple(self._proofs.reasons):
            node, prop, other = fact.subject, fact.predicate, fact.object
            if prop in irreflexive and node == other:
                axiom = Fact(prop, RDF.type, OWL.IrreflexiveProperty)
                yield ClashRule.IRREFLEXIVE, node, (prop,), (fact, axiom)
            if prop in asymmetric and (back := self._proofs.objects.get((other, prop), {}).get(node)):
                axiom = Fact(prop, RDF.type, OWL.AsymmetricProperty)
                yield ClashRule.ASYMMETRIC, node, (prop, other), (fact, back, axiom)
            for against, axiom in apart.get(prop, ()):
                if beside := self._proofs.objects.get((node, against), {}).get(other):
                    yield ClashRule.DISJOINT_PROPERTIES, node, (prop, against, other), (fact, beside, axiom)

    def _disjoint_properties(self) -> dict[Iri, list[tuple[Iri, Fact]]]:
        found: dict[Iri, list[tuple[Iri, Fact]]] = defaultdict(list)
        for one, other in self._graph.pairs(OWL.propertyDisjointWith):
            found[one].append((str(other), Fact(one, OWL.propertyDisjointWith, other)))
        for group in self._graph.instances(OWL.AllDisjointProperties):
            for head in self._graph.iris(group, OWL.members):
                for one, other in combinations(self._graph.members(head), 2):
                    found[one].append((other, Fact(group, OWL.members, head)))
        return found

    def _denied(self) -> Iterator[_Found]:
        for denial, source in self._graph.pairs(OWL.sourceIndividual):
            prop = self._graph.iri(denial, OWL.assertionProperty) or ""
            for link in (OWL.targetIndividual, OWL.targetValue):
                for found, target in self._graph.pairs(link):
                    held = self._proofs.objects.get((source, prop), {}).get(target) if found == denial else None
                    if held:
                        yield ClashRule.DENIED, str(source), (prop, target), (held, Fact(denial, link, target))


def _value(literal: Literal) -> tuple[object, str]:
    """Return what tells a literal's value from others; equal numbers of one kind are equal."""
    kind = literal.datatype.rpartition("#")[2]
    if kind in _NUMERIC and within(literal, literal.datatype):
        return Decimal(literal.value), "number"
    return literal.value, literal.language or kind

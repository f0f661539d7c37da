"""What the ontology says of classes, as flat rules: an expression without a name is a class like any other.

The rules are those of OWL 2 RL (https://www.w3.org/TR/owl2-profiles/, tables 6, 7 and 9), one per constructor, in
whichever axiom it stands. So no expression is too deep and no definition too circular.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Final, NamedTuple, TypeAlias

from stratagraph.ontology.blanks import is_blank
from stratagraph.ontology.data_ranges import DataRange, Listed, is_datatype, read_range, value_of
from stratagraph.ontology.facts import Iri, Literal, Term
from stratagraph.ontology.graph import Graph, lineage
from stratagraph.ontology.namespaces import OWL, RDF, RDFS, SKOLEM_BASE

NOMINAL: Final = f"{SKOLEM_BASE}nominal/"
"""Base of the classes that have one thing as their member, whose IRI follows."""
INVERSE: Final = f"{SKOLEM_BASE}inverse/"
"""Base of the inverses without a name, of the property whose IRI follows."""
THINGS: Final = frozenset({OWL.Thing, RDFS.Resource, RDFS.Literal})
"""Classes that anything is in."""
CONSTRUCTORS: Final = (OWL.intersectionOf, OWL.unionOf, OWL.oneOf, OWL.onProperty)
_SUBCLASS: Final = (RDFS.subClassOf, OWL.equivalentClass)


class All(NamedTuple):
    """Who is in all ``parts`` is in the class."""

    parts: tuple[Iri, ...]
    cls: Iri

    def classes(self) -> tuple[Iri, ...]:
        """Return the classes that the rule is about."""
        return (*self.parts, self.cls)


class Some(NamedTuple):
    """Who is related to a member of ``filler`` is in the class; an empty filler is anything."""

    prop: Iri
    filler: Iri
    cls: Iri

    def values(self) -> Iri:
        """Return the class of the values that the rule speaks of."""
        return self.filler

    def classes(self) -> tuple[Iri, ...]:
        """Return the classes that the rule is about."""
        return (self.filler, self.cls) if self.filler else (self.cls,)


class SomeLiteral(NamedTuple):
    """Who has a value within the range is in the class."""

    prop: Iri
    within: DataRange
    cls: Iri

    def values(self) -> DataRange:
        """Return the range of the values that the rule speaks of."""
        return self.within

    def classes(self) -> tuple[Iri, ...]:
        """Return the classes that the rule is about."""
        return (self.cls,)


class Only(NamedTuple):
    """What a member of the class is related to is in ``filler``."""

    cls: Iri
    prop: Iri
    filler: Iri

    def values(self) -> Iri:
        """Return the class of the values that the rule speaks of."""
        return self.filler

    def classes(self) -> tuple[Iri, ...]:
        """Return the classes that the rule is about."""
        return self.cls, self.filler


class Has(NamedTuple):
    """A member of the class has this value."""

    cls: Iri
    prop: Iri
    value: Term

    def classes(self) -> tuple[Iri, ...]:
        """Return the classes that the rule is about."""
        return (self.cls,)


class Member(NamedTuple):
    """A thing that is in the class."""

    individual: Iri
    cls: Iri


ClassRule: TypeAlias = All | Some | SomeLiteral | Only | Has


@dataclass(frozen=True, kw_only=True)
class ClassAxioms:
    """Flat rules about classes, and what lies right above each class, expressions included.

    ``hidden`` are the classes without a name that a rule reads, each with all classes above it.
    """

    parents: Mapping[Iri, tuple[Iri, ...]]
    rules: tuple[ClassRule, ...] = ()
    hidden: Mapping[Iri, frozenset[Iri]] = field(default_factory=dict)

    def lineage(self, cls: Iri) -> tuple[Iri, ...]:
        """Return a class and those above it, nearest first, expressions included."""
        return _above(cls, self.parents)

    @cached_property
    def recognised(self) -> frozenset[Iri]:
        """The classes with a name that things are found to be in by what they are."""
        above = (cls for made in filter(is_blank, self.parents) for cls in self.lineage(made))
        return frozenset(cls for cls in above if not is_blank(cls))

    def nominals(self) -> Iterator[Member]:
        """Yield the things that rules speak of, each with the class of its own."""
        for cls in self.hidden:
            if cls.startswith(NOMINAL):
                yield Member(cls.removeprefix(NOMINAL), cls)


def read_class_axioms(graph: Graph, above_of: Mapping[Iri, frozenset[Iri]]) -> ClassAxioms:
    """Return what a graph says of classes; ``above_of`` gives the properties above each, itself included."""
    reader = _Reader(graph)
    rules = reader.rules
    parents = _with_subsumed(reader.parents, rules, above_of)
    if not rules and not any(cls.startswith(NOMINAL) for cls in parents):
        return ClassAxioms(parents=parents)
    rules = tuple(rule for rule in rules if not isinstance(rule, Only) or rule.filler not in THINGS)
    return ClassAxioms(parents=parents, rules=rules, hidden=_hidden(parents, rules))


def property_name(graph: Graph, prop: Iri) -> Iri | None:
    """Return a property, or the name of an inverse without one; None for what is neither."""
    if not is_blank(prop):
        return prop
    of = graph.iri(prop, OWL.inverseOf)
    return None if of is None or is_blank(of) else INVERSE + of


class _Reader:
    """Goes through all axioms about classes, and from there through the expressions that they are made of."""

    def __init__(self, graph: Graph) -> None:
        self._graph = graph
        self._parents: dict[Iri, set[Iri]] = defaultdict(set)
        self._found: dict[ClassRule, None] = {}
        agenda = [node for node in self._stated() if not is_datatype(graph, node)]
        seen: set[Iri] = set()
        while agenda:
            node = agenda.pop()
            if node not in seen:
                seen.add(node)
                agenda.extend(self._read(node))

    @property
    def rules(self) -> tuple[ClassRule, ...]:
        return tuple(self._found)

    @property
    def parents(self) -> dict[Iri, set[Iri]]:
        return self._parents

    def _stated(self) -> Iterator[Iri]:
        """Note what axioms say between two classes; yield the classes that may be made of others."""
        graph = self._graph
        for predicate in _SUBCLASS:
            for cls, other in graph.pairs(predicate):
                if isinstance(other, str) and not (predicate == OWL.equivalentClass and is_datatype(graph, other)):
                    self._parents[cls].add(other)
                    if predicate == OWL.equivalentClass:
                        self._parents[other].add(cls)
                    yield from filter(is_blank, (cls, other))
        for constructor in CONSTRUCTORS:
            yield from (cls for cls, _ in graph.pairs(constructor) if not is_blank(cls))
        yield from (cls for _, cls in graph.pairs(RDF.type) if isinstance(cls, str) and is_blank(cls))

    def _read(self, node: Iri) -> Iterator[Iri]:
        """Note what an expression means; yield the classes that it is made of."""
        graph = self._graph
        for head in graph.iris(node, OWL.intersectionOf):
            parts = graph.members(head)
            self._parents[node].update(parts)
            if parts:
                self._note(All(tuple(sorted(set(parts))), node))
            yield from parts
        for head in graph.iris(node, OWL.unionOf):
            for part in graph.members(head):
                self._parents[part].add(node)
                yield part
        for head in graph.iris(node, OWL.oneOf):
            for individual in graph.members(head):
                self._parents[NOMINAL + individual].add(node)
        for stated in graph.iris(node, OWL.onProperty):
            prop = property_name(graph, stated)
            if prop is not None:
                yield from self._restriction(node, prop)

    def _restriction(self, node: Iri, prop: Iri) -> Iterator[Iri]:
        graph = self._graph
        for filler in graph.iris(node, OWL.someValuesFrom):
            if filler in THINGS:
                self._note(Some(prop, "", node))
            elif not is_datatype(graph, filler):
                self._note(Some(prop, filler, node))
                yield filler
            elif (within := read_range(graph, filler)) is not None:
                self._note(SomeLiteral(prop, within, node))
        for filler in graph.iris(node, OWL.allValuesFrom):
            # Nothing follows from what a value has to be: it is what it is.
            if not is_datatype(graph, filler):
                self._note(Only(node, prop, filler))
                yield filler
        for value in graph.objects(node, OWL.hasValue):
            self._note(Has(node, prop, value))
            if isinstance(value, Literal):
                self._note(SomeLiteral(prop, Listed(frozenset({value_of(value)})), node))
            else:
                self._note(Some(prop, NOMINAL + value, node))

    def _note(self, rule: ClassRule) -> None:
        self._found[rule] = None


def _with_subsumed(
    parents: Mapping[Iri, set[Iri]], rules: Iterable[ClassRule], above_of: Mapping[Iri, frozenset[Iri]]
) -> dict[Iri, tuple[Iri, ...]]:
    """Add what one restriction says of another, until nothing is new (scm-svf1, scm-svf2, scm-avf1, scm-avf2)."""
    restrictions = [rule for rule in rules if isinstance(rule, Some | SomeLiteral | Only)]
    alike: dict[tuple[type, Iri, Iri | DataRange], list[Iri]] = defaultdict(list)
    for rule in restrictions:
        alike[type(rule), rule.prop, rule.values()].append(rule.cls)
    while True:
        fillers = {rule.values() for rule in restrictions}
        above: dict[Iri | DataRange, set[Iri | DataRange]] = {
            filler: {*_above(filler, parents), "", *THINGS} if isinstance(filler, str) else {filler}
            for filler in fillers
        }
        found = {
            pair
            for rule in restrictions
            for pair in _subsumed(rule, alike, above[rule.values()], above_of)
            if len({*pair}) > 1
        }
        fresh = {(lower, upper) for lower, upper in found if upper not in parents.get(lower, ())}
        if not fresh:
            return {cls: tuple(sorted(known)) for cls, known in parents.items()}
        parents = {cls: set(known) for cls, known in parents.items()}
        for lower, upper in fresh:
            parents.setdefault(lower, set()).add(upper)


def _subsumed(
    rule: Some | SomeLiteral | Only,
    alike: Mapping[tuple[type, Iri, Iri | DataRange], list[Iri]],
    wider: Iterable[Iri | DataRange],
    above_of: Mapping[Iri, frozenset[Iri]],
) -> Iterator[tuple[Iri, Iri]]:
    """Yield which class lies below which other, by a restriction's wider fillers, and by the properties above."""
    for filler in wider:
        yield from ((rule.cls, other) for other in alike.get((type(rule), rule.prop, filler), ()))
    for prop in above_of.get(rule.prop, ()):
        for other in alike.get((type(rule), prop, rule.values()), ()):
            # What has only such values of a property has only such values of one below it.
            yield (other, rule.cls) if isinstance(rule, Only) else (rule.cls, other)


def _hidden(parents: Mapping[Iri, tuple[Iri, ...]], rules: Iterable[ClassRule]) -> dict[Iri, frozenset[Iri]]:
    """Return the classes without a name of which something can follow, with all classes above each."""
    read: set[Iri] = set()
    for rule in rules:
        if isinstance(rule, All):
            read.update(rule.parts)
        elif isinstance(rule, Some):
            read.add(rule.filler)
        elif isinstance(rule, Only | Has):
            read.add(rule.cls)
    named = {rule.cls for rule in rules if not isinstance(rule, Only | Has)} | read | parents.keys()
    found: dict[Iri, frozenset[Iri]] = {}
    for cls in sorted(filter(is_blank, named)):
        above = _above(cls, parents)
        if any(each in read or not is_blank(each) for each in above):
            found[cls] = frozenset(above)
    return found


def _above(cls: Iri, parents: Mapping[Iri, Iterable[Iri]]) -> tuple[Iri, ...]:
    return lineage(cls, lambda node: parents.get(node, ()))

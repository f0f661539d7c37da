"""By which axioms one class lies below another, a property implies another, and a compiled rule holds."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from functools import cached_property, lru_cache
from typing import Final, NamedTuple, TypeAlias

from stratagraph.ontology import class_axioms as rules
from stratagraph.ontology.class_axioms import INVERSE, NOMINAL, THINGS, ClassRule, property_name
from stratagraph.ontology.facts import Fact, Iri, Term
from stratagraph.ontology.model import OntologyModel
from stratagraph.ontology.namespaces import OWL, RDF, RDFS
from stratagraph.ontology.reasoning.shortest import Goal, Step
from stratagraph.ontology.rules import Implied, Pair, compile_rules, pairs

_Restriction: TypeAlias = rules.Some | rules.SomeLiteral | rules.Only


class Below(NamedTuple):
    """The conclusion that members of one class are members of another; expressions have names of their own."""

    lower: Iri
    upper: Iri


class End(NamedTuple):
    """A class that a property tells of one of its ends, and by which axioms."""

    cls: Iri
    axioms: tuple[Fact, ...]


class AxiomReasons:
    """Reads the axioms of one model, each kind when it is first asked for."""

    def __init__(self, model: OntologyModel) -> None:
        self._model = model
        self._graph = model.graph
        self._axioms = model.class_axioms
        self.rules = compile_rules(model)
        self._above: dict[Iri, frozenset[Iri]] = {}
        self._ways: dict[tuple[Iri, Iri, bool], tuple[Fact, ...] | None] = {}

    # Classes -----------------------------------------------------------------------------------------------------

    def below(self, lower: Iri, upper: Iri) -> tuple[Goal, ...]:
        """Return what has to be proven for one class to lie below another: nothing where they are one."""
        return () if lower == upper else (Below(lower, upper),)

    def steps(self, goal: Below) -> Iterator[Step]:
        """Yield the ways in which one class lies below another."""
        for parent, axiom in self._parents(goal.lower):
            if goal.upper in self._lineage(parent):
                yield Step(self.below(parent, goal.upper), (axiom,))
        for rule in self._restrictions.get(goal.lower, ()):
            for parent in self._axioms.parents.get(goal.lower, ()):
                if goal.upper in self._lineage(parent):
                    yield from self._subsumed(rule, parent, goal.upper)

    def _subsumed(self, lower: _Restriction, parent: Iri, upper: Iri) -> Iterator[Step]:
        """Yield the ways in which a restriction lies below another: by what its values are, and by its property."""
        for other in self._restrictions.get(parent, ()):
            if type(other) is not type(lower):
                continue
            # What has only such values of a property has only such values of one below it.
            near, far = (other, lower) if isinstance(lower, rules.Only) else (lower, other)
            axioms = self.implies(near.prop, far.prop, turned=False)
            narrow, wide = lower.values(), other.values()
            if axioms is None:
                continue
            if narrow == wide or not wide or wide in THINGS:
                yield Step(self.below(parent, upper), axioms)
            elif isinstance(narrow, str) and isinstance(wide, str):
                yield Step((*self.below(parent, upper), Below(narrow, wide)), axioms)

    def _parents(self, cls: Iri) -> Iterator[tuple[Iri, Fact]]:
        """Yield what an axiom by itself puts right above a class."""
        graph = self._graph
        for predicate in (RDFS.subClassOf, OWL.equivalentClass):
            yield from ((above, Fact(cls, predicate, above)) for above in graph.iris(cls, predicate))
        for other in graph.subjects(OWL.equivalentClass, cls):
            yield other, Fact(other, OWL.equivalentClass, cls)
        for head in graph.iris(cls, OWL.intersectionOf):
            yield from ((part, Fact(cls, OWL.intersectionOf, head)) for part in graph.members(head))
        yield from self._holding.get(cls, ())

    @cached_property
    def _holding(self) -> dict[Iri, list[tuple[Iri, Fact]]]:
        """The unions that a class is a part of, and the lists that a thing stands in."""
        found: dict[Iri, list[tuple[Iri, Fact]]] = defaultdict(list)
        for link, prefix in ((OWL.unionOf, ""), (OWL.oneOf, NOMINAL)):
            for cls, head in self._graph.pairs(link):
                for member in self._graph.members(str(head)):
                    found[prefix + member].append((cls, Fact(cls, link, head)))
        return found

    def _lineage(self, cls: Iri) -> frozenset[Iri]:
        known = self._above.get(cls)
        if known is None:
            known = self._above[cls] = frozenset(self._axioms.lineage(cls))
        return known

    @cached_property
    def _restrictions(self) -> dict[Iri, list[_Restriction]]:
        found: dict[Iri, list[_Restriction]] = defaultdict(list)
        for rule in self._axioms.rules:
            if isinstance(rule, _Restriction):
                found[rule.cls].append(rule)
        return found

    # Properties --------------------------------------------------------------------------------------------------

    def implies(self, prop: Iri, implied: Iri, *, turned: bool) -> tuple[Fact, ...] | None:
        """Return the axioms by which a property implies another one; None where it does not."""
        key = (prop, implied, turned)
        if key not in self._ways:
            self._ways[key] = self._way(prop, (implied, turned))
        return self._ways[key]

    def _way(self, prop: Iri, wanted: Implied) -> tuple[Fact, ...] | None:
        ways: dict[Implied, tuple[Fact, ...]] = {(prop, False): ()}
        agenda = [(prop, False)]
        # The list grows while it is walked: nearest first.
        for current, turned in agenda:
            if (current, turned) == wanted:
                return ways[wanted]
            for other, turns, axioms in self._property_steps(current):
                reached = (other, turned != turns)
                if reached not in ways:
                    ways[reached] = (*ways[current, turned], *axioms)
                    agenda.append(reached)
        return None

    def _property_steps(self, prop: Iri) -> Iterator[tuple[Iri, bool, tuple[Fact, ...]]]:
        # An inverse without a name is one by being called so.
        if prop.startswith(INVERSE):
            yield prop.removeprefix(INVERSE), True, ()
        else:
            yield INVERSE + prop, True, ()
        yield from self._property_axioms.get(prop, ())

    @cached_property
    def _property_axioms(self) -> dict[Iri, list[tuple[Iri, bool, tuple[Fact, ...]]]]:
        """What each property implies by one axiom."""
        graph = self._graph
        found: dict[Iri, list[tuple[Iri, bool, tuple[Fact, ...]]]] = defaultdict(list)
        for predicate in (RDFS.subPropertyOf, OWL.equivalentProperty, OWL.inverseOf):
            for subject, term in graph.pairs(predicate):
                lower, upper = property_name(graph, subject), property_name(graph, str(term))
                if lower and upper:
                    axioms = (Fact(subject, predicate, term),)
                    found[lower].append((upper, predicate == OWL.inverseOf, axioms))
                    if predicate != RDFS.subPropertyOf:
                        found[upper].append((lower, predicate == OWL.inverseOf, axioms))
        for prop in graph.subjects(RDF.type, OWL.SymmetricProperty):
            found[prop].append((prop, True, (Fact(prop, RDF.type, OWL.SymmetricProperty),)))
        for links, axiom in self._stated_chains():
            if len(links) == 2:  # noqa: PLR2004  one link, and what it implies
                found[links[0]].append((links[1], False, (axiom,)))
        return found

    def chain(self, first: Iri, second: Iri, implied: Iri) -> tuple[Fact, ...]:
        """Return the axiom by which two relations, one after the other, imply a third; the rest of a chain has none."""
        return self._chains.get((first, second, implied), ())

    @cached_property
    def _chains(self) -> dict[Pair, tuple[Fact, ...]]:
        found: dict[Pair, tuple[Fact, ...]] = {
            (prop, prop, prop): (Fact(prop, RDF.type, OWL.TransitiveProperty),)
            for prop in self._graph.subjects(RDF.type, OWL.TransitiveProperty)
        }
        for links, axiom in self._stated_chains():
            if len(links) > 2:  # noqa: PLR2004  as above
                found.setdefault(next(pairs(*links)), (axiom,))
        return found

    def _stated_chains(self) -> Iterator[tuple[tuple[Iri, ...], Fact]]:
        graph = self._graph
        for implied, head in graph.pairs(OWL.propertyChainAxiom):
            links = [property_name(graph, link) for link in graph.members(str(head))]
            named = tuple(filter(None, links))
            if links and len(named) == len(links):
                yield (*named, implied), Fact(implied, OWL.propertyChainAxiom, head)

    def ends(self, prop: Iri, *, far: bool) -> Iterator[End]:
        """Yield the classes that a property tells of its subject, or of its object, by a domain or range."""
        for other, turned in self.rules.implied_by(prop):
            info = self._model.relations.get(other) or self._model.attributes.get(other)
            told = RDFS.range if turned != far else RDFS.domain
            classes = (info.domain if told == RDFS.domain else getattr(info, "range", ())) if info else ()
            axioms = self.implies(prop, other, turned=turned)
            if len(classes) == 1 and axioms is not None:
                stated = (Fact(other, told, each) for each in self._graph.iris(other, told))
                yield End(next(iter(classes)), (*axioms, *stated))

    # Rules about classes -----------------------------------------------------------------------------------------

    def rule(self, rule: ClassRule) -> tuple[Fact, ...]:
        """Return what the expression says that a rule was made of."""
        graph = self._graph
        if isinstance(rule, rules.All):
            heads = graph.iris(rule.cls, OWL.intersectionOf)
            return tuple(
                Fact(rule.cls, OWL.intersectionOf, head) for head in heads if {*graph.members(head)} == {*rule.parts}
            )
        said = [Fact(rule.cls, OWL.onProperty, prop) for prop in graph.iris(rule.cls, OWL.onProperty)]
        for link in _VALUES[type(rule)]:
            said += [Fact(rule.cls, link, value) for value in graph.objects(rule.cls, link) if _speaks_of(rule, value)]
        return tuple(said)


_VALUES: Final[Mapping[type, tuple[Iri, ...]]] = {
    rules.Some: (OWL.someValuesFrom, OWL.hasValue),
    rules.SomeLiteral: (OWL.someValuesFrom, OWL.hasValue),
    rules.Only: (OWL.allValuesFrom,),
    rules.Has: (OWL.hasValue,),
}


def _speaks_of(rule: ClassRule, value: Term) -> bool:
    """Tell whether a restriction's value is the one that a rule speaks of; of literals any may be."""
    match rule:
        case rules.Some(_, filler, _):
            return value == filler or (not filler and value in THINGS) or NOMINAL + str(value) == filler
        case rules.Only(_, _, filler):
            return value == filler
        case rules.Has(_, _, wanted):
            return value == wanted
    return True


@lru_cache(maxsize=2)
def axiom_reasons(model: OntologyModel) -> AxiomReasons:
    """Return the reasons of a model, which are read once."""
    return AxiomReasons(model)

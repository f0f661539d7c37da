"""The axioms of a module of which nothing is derived, or not all: what remains is for the reasoner alone.

The list is of what is read; whatever else OWL can say is told as unread, so that nothing new passes in silence.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final, NamedTuple

from stratagraph.ontology.blanks import is_blank
from stratagraph.ontology.class_axioms import CONSTRUCTORS, property_name
from stratagraph.ontology.data_ranges import is_datatype, read_range
from stratagraph.ontology.extension.understanding import Understanding
from stratagraph.ontology.facts import Fact, Iri, Term
from stratagraph.ontology.graph import Graph
from stratagraph.ontology.namespaces import OWL, RDF, RDFS, SWRL
from stratagraph.ontology.reasoning.axioms import LOGICAL

_BETWEEN_CLASSES: Final = frozenset({RDFS.subClassOf, OWL.equivalentClass})
_ENDS: Final = frozenset({RDFS.domain, RDFS.range})
_OF_PROPERTIES: Final = _ENDS | {RDFS.subPropertyOf, OWL.equivalentProperty, OWL.inverseOf, OWL.propertyChainAxiom}
_UNREAD_TYPES: Final = frozenset(
    {
        OWL.FunctionalProperty,
        OWL.InverseFunctionalProperty,
        OWL.ReflexiveProperty,
        OWL.IrreflexiveProperty,
        OWL.AsymmetricProperty,
        SWRL.Imp,
    }
)
_UNREAD_GROUPS: Final = frozenset({OWL.AllDifferent, OWL.AllDisjointProperties})
"""Axioms with a blank node of their own; owl:AllDisjointClasses is read."""
_DENIALS: Final = frozenset({OWL.targetIndividual, OWL.targetValue})
_MEMBERS: Final = frozenset({OWL.members, OWL.distinctMembers})


class Unread(NamedTuple):
    """An axiom and what is not derived of it: all (``reasoner-only``), or what its parts say."""

    fact: Fact
    rule: str = "reasoner-only"
    parts: tuple[Term, ...] = ()


def unread(facts: Iterable[Fact], graph: Graph) -> Iterator[Unread]:
    """Yield those of a module's axioms of which nothing, or not all, is derived or checked when data comes in.

    ``graph`` holds these facts and what stands already. An axiom is told by the fact that names its subject; the parts
    of an expression are not told by themselves.
    """
    for fact in facts:
        if fact.predicate == RDF.type:
            yield from _type(fact, graph)
        elif fact.predicate in _BETWEEN_CLASSES and isinstance(fact.object, str):
            yield from _pair(fact, graph)
        elif fact.predicate in CONSTRUCTORS:
            # A part of an expression is told where the expression is used, unless a name was given to it at once.
            if not is_blank(fact.subject):
                yield from _named(fact, graph)
        elif not _is_read(fact, graph):
            yield Unread(fact)


def _type(fact: Fact, graph: Graph) -> Iterator[Unread]:
    if fact.object in _UNREAD_TYPES:
        yield Unread(fact)
    elif isinstance(fact.object, str) and is_blank(fact.object):
        yield from _between(fact, graph, [(None, fact.object)])


def _named(fact: Fact, graph: Graph) -> Iterator[Unread]:
    """Tell what is not derived of an expression that bears a name itself."""
    if not is_datatype(graph, fact.subject):
        yield from _between(fact, graph, [(None, fact.subject), (fact.subject, None)])
    elif not _is_read_range(fact.subject, graph):
        yield Unread(fact)


def _pair(fact: Fact, graph: Graph) -> Iterator[Unread]:
    """Tell what is not derived of an axiom about two classes, or of one about two datatypes."""
    lower, upper = fact.subject, str(fact.object)
    if fact.predicate == RDFS.subClassOf:
        yield from _between(fact, graph, [(lower, upper)])
    elif not is_datatype(graph, upper):
        yield from _between(fact, graph, [(lower, upper), (upper, lower)])
    elif not _is_read_range(lower, graph):
        yield Unread(fact)


def _is_read_range(datatype: Iri, graph: Graph) -> bool:
    """Say whether a datatype of one's own decides anything: the gate does not check values by it."""
    return bool(graph.subjects(OWL.someValuesFrom, datatype)) and read_range(graph, datatype) is not None


def _between(fact: Fact, graph: Graph, ways: Iterable[tuple[Iri | None, Iri | None]]) -> Iterator[Unread]:
    """Tell what is not derived from lower classes to upper ones; None stands for what bears the name itself."""
    understood = Understanding(graph)
    found: list[Unread] = []
    silent = True
    for lower, upper in ways:
        below = understood.unrecognised(lower) if lower else ()
        above = understood.unconcluded(upper) if upper else ()
        if (lower and understood.is_never_recognised(lower)) or (upper and understood.is_nothing_concluded(upper)):
            found.append(Unread(fact, *(("not-recognised", below) if below else ("not-concluded", above))))
            continue
        silent = False
        found += [Unread(fact, "not-recognised", below)] if below else []
        found += [Unread(fact, "not-concluded", above)] if above else []
    yield from [Unread(fact)] if silent and found else found


def _is_read(fact: Fact, graph: Graph) -> bool:
    """Say whether a fact is read, or is no axiom."""
    subject, predicate, other = fact
    if predicate in _MEMBERS:
        return not set(graph.iris(subject, RDF.type)) & _UNREAD_GROUPS
    if predicate == OWL.onDatatype:
        return is_blank(subject)  # of a nameless datatype its use is told
    if predicate == OWL.disjointWith:
        return _is_name(subject) and _is_name(other)
    if predicate in _OF_PROPERTIES:
        return _is_read_of_property(fact, graph)
    # What else is said of an expression is a part of it.
    return predicate not in _DENIALS and (predicate not in LOGICAL or is_blank(subject))


def _is_read_of_property(fact: Fact, graph: Graph) -> bool:
    if fact.predicate in _ENDS:
        return len(set(graph.objects(fact.subject, fact.predicate))) == 1 and _is_read_end(fact.object, graph)
    others: tuple[Iri, ...] = (str(fact.object),)
    if fact.predicate == OWL.propertyChainAxiom:
        others = graph.members(str(fact.object))
    return bool(others) and all(property_name(graph, prop) for prop in (fact.subject, *others))


def _is_name(term: Term) -> bool:
    return isinstance(term, str) and not is_blank(term)


def _is_read_end(term: Term, graph: Graph) -> bool:
    """Say whether the gate knows what a domain or range means: a name, or a union of names."""
    if _is_name(term):
        return True
    members = _union(str(term), graph)
    return bool(members) and all(map(_is_name, members))


def _union(node: Iri, graph: Graph) -> tuple[Iri, ...]:
    return tuple(member for head in graph.iris(node, OWL.unionOf) for member in graph.members(head))

"""The axioms of a module that the rules of the service do not read: only the reasoner sees them.

The list is of what is read; whatever else OWL can say is told as unread, so that nothing new passes in silence.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final

from stratagraph.ontology.blanks import is_blank
from stratagraph.ontology.facts import Fact, Iri, Term
from stratagraph.ontology.graph import Graph
from stratagraph.ontology.namespaces import OWL, RDF, RDFS, SWRL
from stratagraph.ontology.reasoning.axioms import LOGICAL
from stratagraph.ontology.sections import CHAIN_LINKS

_NAMES_ONLY: Final = frozenset({RDFS.subClassOf, RDFS.subPropertyOf, OWL.inverseOf, OWL.disjointWith})
"""Read between two names."""
_ENDS: Final = frozenset({RDFS.domain, RDFS.range})
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


def unread(facts: Iterable[Fact], graph: Graph) -> Iterator[Fact]:
    """Yield those of a module's axioms that derive nothing and check nothing when data comes in.

    ``graph`` holds these facts and what stands already. An axiom is told by the fact that names its subject; the parts
    of an expression are not told by themselves.
    """
    for fact in facts:
        if fact.predicate == RDF.type:
            if fact.object in _UNREAD_TYPES:
                yield fact
        elif fact.predicate == OWL.onDatatype:
            if not is_blank(fact.subject):  # of a nameless datatype its use is told
                yield fact
        elif fact.predicate in _MEMBERS:
            if set(graph.iris(fact.subject, RDF.type)) & _UNREAD_GROUPS:
                yield fact
        elif fact.predicate in _DENIALS or (fact.predicate in LOGICAL and _is_unread(fact, graph)):
            yield fact


def _is_unread(fact: Fact, graph: Graph) -> bool:
    predicate = fact.predicate
    if is_blank(fact.subject):
        # An axiom about an expression; else a part of one, which is told where the expression is used.
        return predicate in {RDFS.subClassOf, OWL.equivalentClass, OWL.disjointWith}
    if predicate in _NAMES_ONLY:
        return not _is_name(fact.object)
    if predicate in _ENDS:
        return len(set(graph.objects(fact.subject, predicate))) > 1 or not _is_read_end(fact.object, graph)
    if predicate == OWL.propertyChainAxiom:
        links = graph.members(str(fact.object))
        return len(links) != CHAIN_LINKS or not all(map(_is_name, links))
    return True


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

"""Axioms as lines that a person can read: names as CURIEs, class expressions in Manchester syntax."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final

from stratagraph.ontology.blanks import is_blank
from stratagraph.ontology.facts import Fact, Iri, Literal, Term
from stratagraph.ontology.graph import Graph
from stratagraph.ontology.namespaces import OWL, RDF, RDFS, XSD, compact, local_name
from stratagraph.ontology.reasoning.proofs import MEMBER, WITNESS
from stratagraph.ontology.terms import encode

_RESTRICTIONS: Final = {
    OWL.someValuesFrom: "some",
    OWL.allValuesFrom: "only",
    OWL.hasValue: "value",
    OWL.minCardinality: "min",
    OWL.maxCardinality: "max",
    OWL.cardinality: "exactly",
    OWL.minQualifiedCardinality: "min",
    OWL.maxQualifiedCardinality: "max",
    OWL.qualifiedCardinality: "exactly",
}
_OPERATORS: Final = {OWL.unionOf: " or ", OWL.intersectionOf: " and ", OWL.oneOf: ", "}
_WHOLE: Final = frozenset({OWL.members, OWL.distinctMembers, OWL.targetIndividual, OWL.targetValue})
"""What makes an axiom of a blank node."""
_FACETS: Final = tuple(
    XSD.term(name)
    for name in (
        *("minInclusive", "maxInclusive", "minExclusive", "maxExclusive"),
        *("length", "minLength", "maxLength", "pattern", "totalDigits", "fractionDigits"),
    )
)
_ABOUT_EXPRESSIONS: Final = frozenset({RDFS.subClassOf, OWL.equivalentClass, OWL.disjointWith})
"""What an axiom may say of an expression without a name."""
_DEPTH: Final = 8
"""Expressions nest no deeper in any sensible axiom; beyond that they are cut."""


class AxiomWriter:
    """Writes the axioms of one ontology."""

    def __init__(self, facts: Iterable[Fact] | Graph) -> None:
        """Take the ontology, for the expressions that axioms are made of; what is no graph yet is indexed."""
        self._graph = facts if isinstance(facts, Graph) else Graph(facts)

    def line(self, fact: Fact) -> str:
        """Return one axiom or fact as a line."""
        predicate, target = fact.predicate, fact.object
        if predicate in {OWL.members, OWL.distinctMembers}:
            kind = next(iter(self._graph.iris(fact.subject, RDF.type)), predicate)
            return f"{compact(kind)}: {', '.join(self._members(target))}"
        if predicate in {OWL.targetIndividual, OWL.targetValue}:
            return self._denial(fact)
        if is_blank(fact.subject):
            return f"class expression: {self.term(fact.subject)}"
        name = "a" if predicate == RDF.type else self.term(predicate)
        if predicate == OWL.propertyChainAxiom:
            return f"{self.term(fact.subject)} {name} ( {' o '.join(self._members(target))} )"
        if predicate in {OWL.disjointUnionOf, *_OPERATORS}:
            return f"{self.term(fact.subject)} {name} ( {', '.join(self._members(target))} )"
        return f"{self.term(fact.subject)} {name} {self.term(target)}"

    def lines(self, facts: Iterable[Fact]) -> tuple[str, ...]:
        """Return several axioms, each line once; expressions are shown where they are used, not by themselves."""
        facts = tuple(facts)
        whole = [fact for fact in facts if not is_blank(fact.subject) or fact.predicate in _WHOLE]
        return tuple(dict.fromkeys(map(self.line, whole or facts)))

    def whole(self, facts: Iterable[Fact]) -> tuple[Fact, ...]:
        """Return those that stand by themselves: what makes an expression is shown where that is used."""
        facts = tuple(facts)
        kinds = _WHOLE | _ABOUT_EXPRESSIONS
        return tuple(fact for fact in facts if not is_blank(fact.subject) or fact.predicate in kinds) or facts

    def axiom(self, fact: Fact) -> str:
        """Return an axiom as a line, with the expression where it is about one."""
        if is_blank(fact.subject) and fact.predicate in _ABOUT_EXPRESSIONS:
            return f"{self.term(fact.subject)} {self.term(fact.predicate)} {self.term(fact.object)}"
        return self.line(fact)

    def names(self, fact: Fact) -> tuple[Iri, ...]:
        """Return the terms with a name that an axiom is made of, its subject and predicate aside."""
        names: dict[Iri, None] = {}
        agenda = [fact.object, *([fact.subject] if is_blank(fact.subject) else ())]
        seen: set[Term] = set()
        while agenda:
            node = agenda.pop()
            if node in seen or isinstance(node, Literal):
                continue
            seen.add(node)
            if not is_blank(node):
                names[node] = None
                continue
            agenda.extend(self._made_of(node))
        return tuple(name for name in names if not name.startswith((OWL, RDF, RDFS)))

    def _made_of(self, node: Iri) -> Iterator[Term]:
        graph = self._graph
        yield from graph.items(node)
        for link in _OPERATORS:
            yield from (member for head in graph.iris(node, link) for member in graph.items(head))
        for link in (OWL.complementOf, OWL.inverseOf, OWL.onProperty, OWL.onClass, *_RESTRICTIONS):
            yield from graph.objects(node, link)

    def term(self, term: Term, depth: int = 0) -> str:
        """Return a term: a CURIE, a literal, or a class expression in place of a blank node."""
        if isinstance(term, Literal):
            return _literal(term)
        # Things of our own making: the supposed member of a class, and below what must exist beside it.
        if term.startswith(MEMBER):
            return "x"
        if term.startswith(WITNESS):
            return "y"
        if not is_blank(term):
            name = compact(term)
            return name if name != term else f"<{term}>"
        if depth > _DEPTH:
            return "..."
        return next(self._expressions(term, depth + 1), f"_:{local_name(term)[:8]}")

    def _expressions(self, node: Iri, depth: int) -> Iterator[str]:
        for link, operator in _OPERATORS.items():
            for head in self._graph.iris(node, link):
                yield f"({operator.join(self.term(member, depth) for member in self._graph.members(head))})"
        for other in self._graph.iris(node, OWL.complementOf):
            yield f"not {self.term(other, depth)}"
        for other in self._graph.iris(node, OWL.inverseOf):
            yield f"inverse {self.term(other, depth)}"
        yield from self._bounded(node, depth)
        for prop in self._graph.iris(node, OWL.onProperty):
            if self._graph.objects(node, OWL.hasSelf):
                yield f"({self.term(prop)} Self)"
        for prop in self._graph.iris(node, OWL.onProperty):
            for link, word in _RESTRICTIONS.items():
                for value in self._graph.objects(node, link):
                    kinds = (self.term(kind, depth) for kind in self._graph.iris(node, OWL.onClass))
                    filler = value.value if isinstance(value, Literal) and link != OWL.hasValue else None
                    parts = [self.term(prop), word, filler or self.term(value, depth), *kinds]
                    yield f"({' '.join(parts)})"

    def _bounded(self, node: Iri, depth: int) -> Iterator[str]:
        """Yield a datatype with bounds."""
        for base in self._graph.iris(node, OWL.onDatatype):
            facets = [
                f"{local_name(facet)} {self.term(bound)}"
                for head in self._graph.iris(node, OWL.withRestrictions)
                for part in self._graph.members(head)
                for facet in _FACETS
                for bound in self._graph.objects(part, facet)
            ]
            yield f"{self.term(base, depth)}[{', '.join(facets)}]"

    def _members(self, head: Term) -> list[str]:
        return [self.term(member) for member in self._graph.members(str(head))]

    def _denial(self, fact: Fact) -> str:
        source = self._graph.iri(fact.subject, OWL.sourceIndividual) or ""
        prop = self._graph.iri(fact.subject, OWL.assertionProperty) or ""
        return f"not: {self.term(source)} {self.term(prop)} {self.term(fact.object)}"


def _literal(literal: Literal) -> str:
    text = encode(literal)
    value, typed, datatype = text.rpartition("^^")
    return f"{value}^^{compact(datatype[1:-1])}" if typed else text


LOGICAL: Final = frozenset(
    {
        RDFS.subClassOf,
        RDFS.subPropertyOf,
        RDFS.domain,
        RDFS.range,
        OWL.equivalentClass,
        OWL.equivalentProperty,
        OWL.disjointWith,
        OWL.disjointUnionOf,
        OWL.propertyDisjointWith,
        OWL.inverseOf,
        OWL.propertyChainAxiom,
        OWL.complementOf,
        OWL.unionOf,
        OWL.intersectionOf,
        OWL.oneOf,
        OWL.hasKey,
        OWL.members,
        OWL.distinctMembers,
        OWL.sameAs,
        OWL.differentFrom,
        OWL.onProperty,
        OWL.onClass,
        OWL.sourceIndividual,
        OWL.assertionProperty,
        OWL.targetIndividual,
        OWL.targetValue,
        *_RESTRICTIONS,
    }
)
"""The predicates of OWL that say something about the world, rather than about the ontology."""

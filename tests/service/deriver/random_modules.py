"""Random extension modules within what is derived, random data for them, and what owlrl makes of both."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import count
from typing import TypeAlias

import owlrl
import rdflib
from hypothesis import strategies as st

from stratagraph.ontology.blanks import is_blank
from stratagraph.ontology.facts import Fact, Iri, Literal, Term
from stratagraph.ontology.model import OntologyModel, of_modules
from stratagraph.ontology.namespaces import OWL, RDF, RDFS, SKOLEM_BASE, XSD, Namespace
from stratagraph.ontology.rules import compile_rules
from stratagraph.ontology.terms import encode
from stratagraph.service.deriver.closure import Closure
from stratagraph.service.deriver.numbers import Numbers
from stratagraph.service.deriver.tables import Tables

EX = Namespace("https://example.org/")
CLASSES = [EX.term(f"C{i}") for i in range(5)]
RELATIONS = [EX.term(f"p{i}") for i in range(4)]
ATTRIBUTES = [EX.term(f"d{i}") for i in range(2)]
NODES = [EX.term(f"n{i}") for i in range(4)]
LITERALS: list[Term] = [Literal("5", XSD.integer), Literal("2.5", XSD.double), Literal("7", XSD.integer)]
DATATYPES = [XSD.integer, XSD.double]

Expression: TypeAlias = str | tuple[object, ...]
"""A class's IRI, or a constructor's name and what it is made of."""


def _nested(inner: st.SearchStrategy[Expression]) -> st.SearchStrategy[Expression]:
    relations = st.sampled_from([*RELATIONS, *((OWL.inverseOf, prop) for prop in RELATIONS[:2])])
    several = st.lists(inner, min_size=1, max_size=3).map(tuple)
    return st.one_of(
        st.tuples(st.sampled_from([OWL.intersectionOf, OWL.unionOf]), several),
        st.tuples(st.sampled_from([OWL.someValuesFrom, OWL.allValuesFrom]), relations, inner),
        st.tuples(st.just(OWL.someValuesFrom), relations, st.just(OWL.Thing)),
        st.tuples(st.just(OWL.hasValue), relations, st.sampled_from(NODES)),
        st.tuples(st.just(OWL.hasValue), st.sampled_from(ATTRIBUTES), st.sampled_from(LITERALS)),
        st.tuples(st.just(OWL.someValuesFrom), st.sampled_from(ATTRIBUTES), st.sampled_from(DATATYPES)),
        st.tuples(st.just(OWL.oneOf), st.lists(st.sampled_from(NODES), min_size=1, max_size=2).map(tuple)),
    )


classes = st.sampled_from(CLASSES)
expressions: st.SearchStrategy[Expression] = st.recursive(classes, _nested, max_leaves=4)
made: st.SearchStrategy[Expression] = expressions.filter(lambda expression: not isinstance(expression, str))
links = st.sampled_from([*RELATIONS, (OWL.inverseOf, RELATIONS[0])])
axioms = st.one_of(
    st.tuples(st.just(OWL.equivalentClass), classes, made),
    st.tuples(st.just(OWL.equivalentClass), classes, classes),
    st.tuples(st.just(RDFS.subClassOf), classes, expressions),
    st.tuples(st.just(RDFS.subClassOf), made, expressions),
    st.tuples(st.just(RDFS.subPropertyOf), st.sampled_from(RELATIONS), links),
    st.tuples(st.just(OWL.equivalentProperty), st.sampled_from(RELATIONS), st.sampled_from(RELATIONS)),
    st.tuples(st.just(OWL.inverseOf), st.sampled_from(RELATIONS), st.sampled_from(RELATIONS)),
    st.tuples(
        st.just(OWL.propertyChainAxiom), st.sampled_from(RELATIONS), st.lists(links, min_size=1, max_size=4).map(tuple)
    ),
    st.tuples(
        st.just(RDF.type), st.sampled_from(RELATIONS), st.sampled_from([OWL.TransitiveProperty, OWL.SymmetricProperty])
    ),
    st.tuples(st.just(RDFS.domain), st.sampled_from(RELATIONS), classes),
)
modules = st.lists(axioms, min_size=1, max_size=7)
naming: st.SearchStrategy[Expression] = st.one_of(
    st.tuples(st.just(OWL.hasValue), st.sampled_from(RELATIONS[:2]), st.sampled_from(NODES)),
    st.tuples(st.just(OWL.oneOf), st.lists(st.sampled_from(NODES), min_size=1, max_size=2).map(tuple)),
)
naming_modules = st.lists(
    st.one_of(
        st.tuples(st.just(OWL.equivalentClass), classes, naming),
        st.tuples(st.just(RDFS.subClassOf), classes, naming),
        st.tuples(st.just(RDFS.subClassOf), naming, st.one_of(classes, naming)),
        axioms,
    ),
    min_size=1,
    max_size=5,
)
"""Modules that name things, mostly."""

data = st.one_of(
    st.builds(Fact, st.sampled_from(NODES), st.sampled_from(RELATIONS), st.sampled_from(NODES)),
    st.builds(Fact, st.sampled_from(NODES), st.just(RDF.type), classes),
    st.builds(Fact, st.sampled_from(NODES), st.sampled_from(ATTRIBUTES), st.sampled_from(LITERALS)),
)
histories = st.lists(
    st.tuples(st.lists(data, max_size=6), st.lists(st.integers(min_value=0, max_value=99), max_size=3)), max_size=6
)
"""Steps: facts that come, and which of those that stand, counted round, go."""


@dataclass
class Writer:
    """Writes axioms as the triples that OWL has for them."""

    facts: list[Fact] = field(default_factory=list)
    _names: Iterator[int] = field(default_factory=count)
    _inverses: dict[Iri, Iri] = field(default_factory=dict)

    def axiom(self, predicate: Iri, subject: Expression, obj: object) -> None:
        if predicate == OWL.propertyChainAxiom:
            assert isinstance(obj, tuple)
            self.say(self.node(subject), predicate, self.list(map(self.node, obj)))
        else:
            self.say(self.node(subject), predicate, self.node(obj))

    def say(self, subject: Iri, predicate: Iri, obj: Term) -> None:
        self.facts.append(Fact(subject, predicate, obj))

    def node(self, expression: object) -> Iri:
        if isinstance(expression, str):
            return expression
        assert isinstance(expression, tuple)
        if expression[0] == OWL.inverseOf:
            return self._inverse(expression[1])
        blank = self.blank()
        if len(expression) > 2:
            constructor, prop, value = expression
            self.say(blank, RDF.type, OWL.Restriction)
            self.say(blank, OWL.onProperty, self.node(prop))
            self.say(blank, constructor, value if isinstance(value, Literal) else self.node(value))
        else:
            constructor, members = expression
            self.say(blank, constructor, self.list(map(self.node, members)))
        self.say(blank, RDF.type, OWL.Class)
        return blank

    def blank(self) -> Iri:
        return f"{SKOLEM_BASE}{next(self._names)}"

    def list(self, members: Iterable[Term]) -> Iri:
        head = RDF.nil
        for member in reversed(list(members)):
            cell = self.blank()
            self.say(cell, RDF.first, member)
            self.say(cell, RDF.rest, head)
            head = cell
        return head

    def _inverse(self, prop: Iri) -> Iri:
        # One node for each: to owlrl two nodes with the same inverse are two properties.
        if prop not in self._inverses:
            self._inverses[prop] = self.blank()
            self.say(self._inverses[prop], OWL.inverseOf, prop)
        return self._inverses[prop]


def written(module: Iterable[tuple[Iri, Expression, object]]) -> tuple[Fact, ...]:
    """The facts of a module that declares every class and property."""
    writer = Writer()
    for kind, terms in ((OWL.Class, CLASSES), (OWL.ObjectProperty, RELATIONS), (OWL.DatatypeProperty, ATTRIBUTES)):
        for term in terms:
            writer.say(term, RDF.type, kind)
    ends: set[object] = set()
    for axiom in module:
        # Of several domains none is read, and the check says so.
        if axiom[0] != RDFS.domain or axiom[1] not in ends:
            writer.axiom(*axiom)
            ends.add(axiom[1] if axiom[0] == RDFS.domain else "")
    return tuple(dict.fromkeys(writer.facts))


def model_of(facts: tuple[Fact, ...]) -> OntologyModel:
    return of_modules({"random": facts})


class Derived:
    """The closure under one module, with what it holds told by its changes alone."""

    def __init__(self, model: OntologyModel) -> None:
        self.numbers = Numbers()
        self.closure = Closure(Tables(compile_rules(model), self.numbers))
        self.told: set[Fact] = set()

    def change(self, added: Iterable[Fact], removed: Iterable[Fact]) -> None:
        triples = {self.numbers.triple(fact): 1 for fact in added}
        delta = self.closure.update(triples, [self.numbers.triple(fact) for fact in removed])
        came, went = set(self.numbers.facts(delta.added)), set(self.numbers.facts(delta.removed))
        assert not came & went
        assert not came & self.told
        assert went <= self.told
        self.told = (self.told | came) - went

    def facts(self) -> set[Fact]:
        """Everything that holds, looked up."""
        nodes = range(0, 2 * len(self.numbers), 2)
        return {self.numbers.fact(triple) for node in nodes for triple in self.closure.about(node)}


def scratch(model: OntologyModel, facts: Iterable[Fact]) -> set[Fact]:
    derived = Derived(model)
    derived.change(facts, ())
    return derived.told


def by_owlrl(facts: Iterable[Fact]) -> set[Fact]:
    """What OWL 2 RL entails for the nodes: their classes with a name, and the relations between them."""
    graph = rdflib.Graph()
    graph.parse(data="".join(f"{_node(s)} {encode(p)} {_node(o)} .\n" for s, p, o in facts), format="nt")
    owlrl.DeductiveClosure(owlrl.OWLRL_Semantics, axiomatic_triples=False, datatype_axioms=False).expand(graph)
    return {Fact(str(s), str(p), str(o)) for s, p, o in graph if isinstance(o, rdflib.URIRef)} & between_nodes()


def between_nodes() -> set[Fact]:
    """Every fact that could hold between nodes."""
    kinds = {Fact(node, RDF.type, cls) for node in NODES for cls in CLASSES}
    return kinds | {Fact(one, prop, other) for one in NODES for prop in RELATIONS for other in NODES}


def _node(term: Term) -> str:
    return f"_:b{term[len(SKOLEM_BASE) :]}" if isinstance(term, str) and is_blank(term) else encode(term)

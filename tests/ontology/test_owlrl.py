"""The compiled rules against owlrl: on our own ontology and one estate, every property of ours closes alike.

owlrl takes minutes for everything, so it gets a projection. All axioms about classes and properties stay. Left out are
annotations (no rule reads them), module headers, disjointness (it implies no triple of ours; what it forbids is tested
in test_clashes.py), and the reference individuals outside the estate with what is said of them, which use the same
axioms. Influence is no matter of OWL and takes no part. The nightly run puts the reference individuals back in.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

import owlrl
import pytest
import rdflib

import stratagraph.ontology
from stratagraph.ontology.blanks import is_blank
from stratagraph.ontology.facts import Fact, Iri, Term
from stratagraph.ontology.model import OntologyModel, load_model
from stratagraph.ontology.namespaces import ASSET_BASE, OWL, RDF, RDFS, SG
from stratagraph.ontology.rules import compile_rules
from stratagraph.ontology.syntax.parsing import parse_rdf
from stratagraph.ontology.terms import encode
from stratagraph.service.deriver.closure import Closure
from stratagraph.service.deriver.numbers import Numbers
from stratagraph.service.deriver.tables import Tables

MODEL = load_model()
FILE = Path(stratagraph.ontology.__file__).parent / "estates" / "llmops.ttl"
ESTATE = parse_rdf(FILE.read_bytes(), "turtle", ASSET_BASE, FILE.name, salt=FILE.name)
AXIOMS = frozenset(
    {
        RDFS.subClassOf,
        RDFS.subPropertyOf,
        RDFS.domain,
        RDFS.range,
        OWL.inverseOf,
        OWL.propertyChainAxiom,
        OWL.unionOf,
        RDF.first,
        RDF.rest,
    }
)


def axioms(model: OntologyModel) -> Iterator[Fact]:
    """The axioms about classes and properties that can imply a triple, lists of disjoint classes aside."""
    rests = {fact.subject: str(fact.object) for fact in model.triples if fact.predicate == RDF.rest}
    heads = [str(f.object) for f in model.triples if f.predicate in {OWL.members, OWL.distinctMembers}]
    disjoint: set[Iri] = set()
    while heads:
        head = heads.pop()
        disjoint.add(head)
        heads += [rests[head]] if head in rests else []
    for fact in model.triples:
        kind = fact.predicate == RDF.type and str(fact.object).startswith(OWL) and fact.object not in _NO_KIND
        if (fact.predicate in AXIOMS or kind) and fact.subject not in disjoint:
            yield fact


_NO_KIND = frozenset(
    {OWL.Ontology, OWL.NamedIndividual, OWL.AnnotationProperty, OWL.AllDisjointClasses, OWL.AllDifferent}
)


def assertions(model: OntologyModel, facts: Iterable[Fact]) -> set[Fact]:
    """Facts about things: of our relations, attributes and classes."""
    known = {*model.relations, *model.attributes}
    return {
        fact
        for fact in facts
        if fact.predicate in known or (fact.predicate == RDF.type and fact.object in model.classes)
    }


def ours(model: OntologyModel, facts: Iterable[Fact]) -> set[Fact]:
    """What is to be equal: every triple of a property of ours, and every class of ours that something named is in."""
    return {fact for fact in assertions(model, facts) if not is_blank(fact.subject)}


def by_rules(model: OntologyModel, stated: Iterable[Fact]) -> set[Fact]:
    numbers = Numbers()
    closure = Closure(Tables(compile_rules(model), numbers))
    closure.update({numbers.triple(fact): 1 for fact in stated}, ())
    return {numbers.fact(triple) for node in range(0, 2 * len(numbers), 2) for triple in closure.about(node)}


def by_owlrl(stated: Iterable[Fact]) -> set[Fact]:
    graph = rdflib.Graph()
    lines = "".join(f"{node(f.subject)} {encode(f.predicate)} {node(f.object)} .\n" for f in stated)
    graph.parse(data=lines, format="nt")
    owlrl.DeductiveClosure(owlrl.OWLRL_Semantics, axiomatic_triples=False, datatype_axioms=False).expand(graph)
    return {
        Fact(str(s), str(p), str(o))
        for s, p, o in graph
        if isinstance(s, rdflib.URIRef) and isinstance(o, rdflib.URIRef)
    }


def node(term: Term) -> str:
    """A term in N-Triples, blank nodes as such."""
    return f"_:b{term[-32:].replace('-', 'x')}" if isinstance(term, str) and is_blank(term) else encode(term)


def relations_only(facts: Iterable[Fact]) -> set[Fact]:
    """rdflib rewrites literals, so triples with one are compared by the next test, not as triples."""
    return {fact for fact in facts if isinstance(fact.object, str)}


def difference(model: OntologyModel, stated: Iterable[Fact]) -> tuple[set[Fact], set[Fact]]:
    """What only our rules say, and what only owlrl says."""
    things = assertions(model, stated)
    mine = relations_only(ours(model, by_rules(model, things)))
    theirs = relations_only(ours(model, by_owlrl([*axioms(model), *things])))
    return mine - theirs, theirs - mine


def used(facts: Iterable[Fact]) -> set[Iri]:
    return {fact.predicate for fact in facts}


def test_the_closure_of_the_estate_equals_owl_rl_for_every_property_of_ours() -> None:
    more, less = difference(MODEL, ESTATE)
    assert (more, less) == (set(), set())


def test_the_comparison_would_notice_a_missing_axiom() -> None:
    things = assertions(MODEL, ESTATE)
    mine = relations_only(ours(MODEL, by_rules(MODEL, things)))
    assert {SG.usedBy, SG.modelUsedBy, SG.hasPart, SG.governs} <= used(mine)
    assert len(mine) > 2 * len(things & mine)


@pytest.mark.nightly
@pytest.mark.timeout(3600)
def test_the_closure_of_everything_equals_owl_rl() -> None:
    more, less = difference(MODEL, [*MODEL.triples, *ESTATE])
    assert (more, less) == (set(), set())

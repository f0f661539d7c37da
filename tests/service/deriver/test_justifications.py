"""What is named for a fact entails it, by our rules and by owlrl's, and nothing is named that is not stated."""

from __future__ import annotations

from collections.abc import Iterable

import pytest
from hypothesis import HealthCheck, given, settings

from stratagraph.ontology.blanks import is_blank
from stratagraph.ontology.facts import Fact, Iri
from stratagraph.ontology.model import OntologyModel
from stratagraph.ontology.namespaces import OWL, RDF, RDFS
from stratagraph.ontology.reasoning.axiom_reasons import axiom_reasons
from stratagraph.ontology.reasoning.shortest import Proof
from stratagraph.ontology.rules import compile_rules
from stratagraph.service.deriver import Deriver
from stratagraph.service.deriver.justifications import Justifications
from tests.service.deriver.random_modules import (
    CLASSES,
    NODES,
    RELATIONS,
    Derived,
    by_owlrl,
    histories,
    model_of,
    modules,
    naming_modules,
    scratch,
    written,
)
from tests.service.deriver.test_definitions import History, Module, events, happen
from tests.service.worlds import Event, Mirror
from tests.service.worlds import History as Claimed


def reasons_of(model: OntologyModel, derived: Derived, *, bare: bool = False) -> Justifications:
    return Justifications(derived.closure, axiom_reasons(model), lambda _: (), bare=bare)


def described(module: Iterable[Fact], axioms: Iterable[Fact]) -> set[Fact]:
    """The axioms with the expressions that they are about, and no other axiom of the module."""
    about: dict[Iri, list[Fact]] = {}
    for fact in module:
        about.setdefault(fact.subject, []).append(fact)
    found = {*axioms, *(fact for fact in module if fact.predicate == RDF.type and str(fact.object).startswith(OWL))}
    found -= {
        Fact(prop, RDF.type, kind) for prop in RELATIONS for kind in (OWL.TransitiveProperty, OWL.SymmetricProperty)
    }
    found |= set(axioms)
    agenda = [term for fact in axioms for term in (fact.subject, fact.object)]
    seen: set[object] = set()
    while agenda:
        node = agenda.pop()
        if not isinstance(node, str) or node in seen or not is_blank(node):
            continue
        seen.add(node)
        for fact in about.get(node, ()):
            if fact.predicate not in {RDFS.subClassOf, OWL.equivalentClass}:
                found.add(fact)
                agenda += [fact.subject, fact.object]
    return found


def proven(model: OntologyModel, history: History) -> list[tuple[Fact, Proof, set[Fact]]]:
    derived, stand = Derived(model), set[Fact]()
    derived.change((), ())
    for step in history:
        happen(derived, stand, step)
    reasons = reasons_of(model, derived)
    found = []
    for fact in sorted(derived.told - stand, key=str):
        proof = reasons.of(fact)
        assert proof is not None, fact
        assert set(proof.facts) <= stand
        found.append((fact, proof, stand))
    return found


@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(modules, histories)
def test_the_facts_named_entail_the_fact_by_themselves(module: Module, history: History) -> None:
    model = model_of(written(module))
    for fact, proof, _ in proven(model, history):
        assert fact in scratch(model, proof.facts)


@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(naming_modules, histories)
def test_so_they_do_where_definitions_name_things(module: Module, history: History) -> None:
    model = model_of(written(module))
    for fact, proof, _ in proven(model, history):
        assert fact in scratch(model, proof.facts)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(naming_modules, events)
def test_of_merged_things_the_statements_that_merge_them_are_named(module: Module, happened: list[list[Event]]) -> None:
    model = model_of(written(module))
    deriver, history, mirror = Deriver(model, compile_rules(model)), Claimed(), Mirror()
    for step in happened:
        mirror.apply(deriver.apply(history.step(step)))
    reasons = deriver.justifications()
    for fact in mirror.facts:
        proof = reasons.of(fact)
        assert proof is not None
        again = Deriver(model, compile_rules(model))
        again.apply(Claimed().step([(True, "a", each) for each in proof.facts]))
        assert again.holds(fact)


def against_owlrl(module: Module, history: History, *, most: int = 3) -> None:
    facts = written(module)
    found = [each for each in proven(model_of(facts), history) if each[0].object in {*NODES, *CLASSES}]
    for fact, proof, _ in found[:most]:
        assert fact in by_owlrl([*described(facts, proof.axioms), *proof.facts])


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(modules, histories)
def test_the_axioms_named_with_the_facts_named_entail_it_by_owl_rl(module: Module, history: History) -> None:
    against_owlrl(module, history)


@pytest.mark.nightly
@pytest.mark.timeout(3600)
@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(modules, histories)
def test_many_reasons_against_owl_rl(module: Module, history: History) -> None:
    against_owlrl(module, history, most=6)

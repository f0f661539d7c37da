"""Definitions against owlrl: what a module says of classes and properties, random data, facts that come and go.

Compared are the classes with a name and the relations of named things. Left out by design: equality (so no cardinality
in the modules), what ranges and datatypes tell, and what follows between classes alone.
"""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from stratagraph.ontology.facts import Fact, Iri
from stratagraph.ontology.namespaces import OWL, RDF, RDFS, SG, XSD
from stratagraph.ontology.rules import compile_rules
from stratagraph.service.deriver import Deriver
from tests.service.deriver.random_modules import (
    CLASSES,
    EX,
    NODES,
    RELATIONS,
    Derived,
    Expression,
    between_nodes,
    by_owlrl,
    data,
    histories,
    model_of,
    modules,
    naming_modules,
    scratch,
    written,
)
from tests.service.naive import naive_homes, naive_merged
from tests.service.worlds import Event, Mirror
from tests.service.worlds import History as Claimed

History = list[tuple[list[Fact], list[int]]]
Module = list[tuple[Iri, Expression, object]]


def happen(derived: Derived, stand: set[Fact], step: tuple[list[Fact], list[int]]) -> None:
    """Let facts come and others go, and keep book of what stands."""
    came, went = step
    removed = {sorted(stand, key=str)[place % len(stand)] for place in went if stand}
    added = set(came) - stand
    derived.change(added, removed)
    stand -= removed
    stand |= added


def against_scratch(module: Module, history: History) -> None:
    model = model_of(written(module))
    derived, stand = Derived(model), set[Fact]()
    for step in history:
        happen(derived, stand, step)
        assert derived.told == derived.facts() == scratch(model, stand)


def against_owlrl(module: Module, history: History) -> None:
    facts = written(module)
    derived, stand = Derived(model_of(facts)), set[Fact]()
    derived.change((), ())
    for step in history:
        happen(derived, stand, step)
    assert derived.told & between_nodes() == by_owlrl([*facts, *stand])


@settings(max_examples=250, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(modules, histories)
def test_what_follows_after_each_step_is_what_follows_from_all_that_stands(module: Module, history: History) -> None:
    against_scratch(module, history)


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(modules, histories)
def test_what_follows_is_what_owl_rl_entails(module: Module, history: History) -> None:
    against_owlrl(module, history)


def against_merged(module: Module, happened: list[list[Event]]) -> None:
    facts = written(module)
    model = model_of(facts)
    deriver, history, mirror = Deriver(model, compile_rules(model)), Claimed(), Mirror()
    for step in happened:
        mirror.apply(deriver.apply(history.step(step)))
        homes = naive_homes(history.facts())
        named = tuple(Fact(s, p, homes.get(o, o) if isinstance(o, str) else o) for s, p, o in facts)
        assert mirror.facts == scratch(model_of(named), naive_merged(history.facts()))


same = st.builds(Fact, st.sampled_from(NODES), st.just(SG.sameAssetAs), st.sampled_from(NODES))
merging = st.one_of(data, same)
events = st.lists(
    st.lists(st.tuples(st.booleans(), st.sampled_from("ab"), merging), min_size=1, max_size=6), min_size=1, max_size=6
)


@settings(max_examples=120, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(naming_modules, events)
def test_things_that_a_definition_names_are_followed_through_merges(
    module: Module, happened: list[list[Event]]
) -> None:
    against_merged(module, happened)


@pytest.mark.nightly
@pytest.mark.timeout(3600)
@settings(max_examples=4000, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(modules, histories)
def test_many_histories_against_all_that_stands(module: Module, history: History) -> None:
    against_scratch(module, history)


@pytest.mark.nightly
@pytest.mark.timeout(3600)
@settings(max_examples=400, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(modules, histories)
def test_many_histories_against_owl_rl(module: Module, history: History) -> None:
    against_owlrl(module, history)


def test_a_definition_of_hundreds_of_levels_is_read_like_any_other() -> None:
    expression: Expression = CLASSES[1]
    for _ in range(300):
        expression = (OWL.someValuesFrom, RELATIONS[0], expression)
    derived = Derived(model_of(written([(OWL.equivalentClass, CLASSES[0], expression)])))
    things = [f"{NODES[0]}-{place}" for place in range(301)]
    chain = [Fact(one, RELATIONS[0], other) for one, other in pairwise(things)]
    derived.change([*chain, Fact(things[-1], RDF.type, CLASSES[1])], ())
    member = Fact(things[0], RDF.type, CLASSES[0])
    assert member in derived.told
    derived.change((), [chain[150]])
    assert member not in derived.told


def test_a_thousand_restrictions_of_one_property_are_compared_by_what_they_say() -> None:
    axioms: Module = [
        (RDFS.subClassOf, (OWL.someValuesFrom, RELATIONS[0], EX.term(f"D{n}")), EX.term(f"E{n}")) for n in range(1000)
    ]
    axioms += [(RDFS.subClassOf, EX.term(f"D{n + 1}"), EX.term(f"D{n}")) for n in range(0, 999, 100)]
    declared = tuple(Fact(EX.term(f"{kind}{n}"), RDF.type, OWL.Class) for kind in "DE" for n in range(1000))
    derived = Derived(model_of((*declared, *written(axioms))))
    derived.change([Fact(NODES[0], RELATIONS[0], NODES[1]), Fact(NODES[1], RDF.type, EX.D101)], ())
    assert {fact.object for fact in derived.told if fact.subject == NODES[0]} == {NODES[1], EX.E101, EX.E100}


def test_a_restriction_to_a_datatype_lies_below_the_same_one() -> None:
    some = (OWL.someValuesFrom, EX.d0, XSD.integer)
    against_owlrl(
        [(RDFS.subClassOf, CLASSES[0], some), (OWL.equivalentClass, CLASSES[1], some)],
        [([Fact(NODES[0], RDF.type, CLASSES[0])], [])],
    )

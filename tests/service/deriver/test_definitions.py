"""Definitions against owlrl: what a module says of classes and properties, random data, facts that come and go.

Compared are the classes with a name and the relations of named things. Left out by design: equality (so no cardinality
in the modules), what ranges and datatypes tell, and what follows between classes alone.
"""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings

from stratagraph.ontology.facts import Fact, Iri
from tests.service.deriver.random_modules import (
    Derived,
    Expression,
    between_nodes,
    by_owlrl,
    histories,
    model_of,
    modules,
    scratch,
    written,
)

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

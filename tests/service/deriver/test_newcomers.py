"""What is known of newcomers only saves looking: without it, every change comes to the same."""

from __future__ import annotations

import pytest
from hypothesis import given, settings

from stratagraph.ontology.facts import ChangeSet
from stratagraph.ontology.rules import compile_rules
from stratagraph.service.deriver import Deriver
from stratagraph.service.deriver.closure import Closure
from stratagraph.service.deriver.index import TripleIndex
from stratagraph.service.deriver.newcomers import Newcomers
from tests.service.worlds import Event, History, events, world


def derived(happened: list[list[Event]]) -> list[ChangeSet]:
    deriver, history = Deriver(world(), compile_rules(world())), History()
    return [deriver.apply(history.step(step)) for step in happened]


def told(change: ChangeSet) -> tuple[object, ...]:
    return (
        sorted(change.added, key=repr),
        sorted(change.removed, key=repr),
        sorted(change.influences, key=repr),
        sorted(change.influences_removed),
        sorted(change.claims_changed, key=repr),
    )


@settings(max_examples=60, deadline=None)
@given(events)
def test_nothing_changes_if_nobody_is_a_newcomer(happened: list[list[Event]]) -> None:
    quick = derived(happened)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Newcomers, "__init__", _know_nobody)
        patch.setattr(Closure, "_is_plain", lambda _self, _triple: False)
        plain = derived(happened)
    assert list(map(told, quick)) == list(map(told, plain))


def _know_nobody(self: Newcomers, *_: object) -> None:
    self.nodes = set()
    self._joined = set()


def test_who_has_no_triple_is_apart_from_all_until_joined() -> None:
    index = TripleIndex(())
    index.put((2, 0, 4), 1)
    newcomers = Newcomers([(6, 0, 2), (4, 0, 8), (10, 0, 1)], index)
    assert newcomers.nodes == {6, 8}
    assert newcomers.are_apart(6, 2)
    assert newcomers.are_apart(2, 6)
    assert not newcomers.are_apart(2, 4)
    assert not newcomers.are_apart(6, 6)
    newcomers.join(2, 6)
    assert not newcomers.are_apart(6, 2)
    assert newcomers.are_apart(6, 8)

from __future__ import annotations

import pytest
from hypothesis import given, settings

from stratagraph.ontology.facts import ChangeSet, Influence, Iri
from stratagraph.ontology.rules import compile_rules
from stratagraph.service.deriver import Deriver
from stratagraph.service.views.adjacency import AdjacencyView
from stratagraph.service.views.view import ViewOutOfStep
from tests.service.naive import naive_influences, naive_merged
from tests.service.worlds import NODES, START, Event, History, events, world


def leaving(view: AdjacencyView) -> dict[tuple[Iri, Iri], Influence]:
    return {(edge.influencer, edge.influenced): edge for node in NODES for edge in view.influences_from(node)}


def arriving(view: AdjacencyView) -> dict[tuple[Iri, Iri], Influence]:
    return {(edge.influencer, edge.influenced): edge for node in NODES for edge in view.influences_to(node)}


@settings(max_examples=100, deadline=None)
@given(events)
def test_both_ways_equal_brute_force_after_every_step(happened: list[list[Event]]) -> None:
    deriver, history, view = Deriver(world(), compile_rules(world())), History(), AdjacencyView(world())
    for step in happened:
        change = deriver.apply(history.step(step))
        view.apply(change)
        view.apply(change)
        assert leaving(view) == arriving(view) == naive_influences(naive_merged(history.facts()))
    rebuilt = AdjacencyView(world())
    rebuilt.rebuild(deriver.snapshot(size=2, edges_only=True))
    assert leaving(rebuilt) == arriving(rebuilt) == leaving(view)
    assert rebuilt.watermark() == view.watermark()


def test_a_missing_sequence_is_refused() -> None:
    with pytest.raises(ViewOutOfStep):
        AdjacencyView(world()).apply(ChangeSet(sequence=2, time=START, batch_hash=""))

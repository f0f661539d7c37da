"""What the store tells of itself is what it holds, after every change and however it came about."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stratagraph.ontology.rules import compile_rules
from stratagraph.service.deriver import Deriver
from stratagraph.service.views import triples
from stratagraph.service.views.triples import TriplesView
from tests.service.views.test_triples import changes
from tests.service.worlds import Event, History, events, world

CLASSES = "SELECT ?term ?n { GRAPH sg:schema { ?p void:class ?term ; void:entities ?n ; sh:targetClass ?term } }"
RELATIONS = "SELECT ?term ?n { GRAPH sg:schema { ?p void:property ?term ; void:triples ?n ; sh:path ?term } }"
PARTS = "SELECT ?p { GRAPH sg:schema { sg:schema a void:Dataset ; void:classPartition|void:propertyPartition ?p } }"
SEQUENCE = "SELECT ?n { GRAPH sg:schema { sg:schema owl:versionInfo ?n } }"


def told(view: TriplesView, query: str) -> dict[str, int]:
    return {str(row["term"]): int(row["n"].value) for row in view.select(query)}  # type: ignore[union-attr]


def counted(view: TriplesView, terms: object, pattern: str) -> dict[str, int]:
    """What a query counts in the default graph."""
    rows = view.select(f"SELECT ?term (COUNT(*) AS ?n) {{ {pattern} }} GROUP BY ?term")
    found = {str(row["term"]): int(row["n"].value) for row in rows if row["term"]}  # type: ignore[union-attr]
    return {term: count for term, count in found.items() if term in terms}  # type: ignore[operator]


def is_right(view: TriplesView, sequence: int) -> None:
    model = world()
    assert told(view, CLASSES) == counted(view, model.classes, "?x a ?term")
    assert told(view, RELATIONS) == counted(view, model.relations, "?x ?term ?y")
    assert len(view.select(PARTS)) == len(told(view, CLASSES)) + len(told(view, RELATIONS))
    (row,) = view.select(SEQUENCE)
    assert row["n"].value == str(sequence)  # type: ignore[union-attr]


@settings(deadline=None, max_examples=20)
@given(happened=events)
def test_it_counts_what_holds_after_every_change(happened: list[list[Event]]) -> None:
    view = TriplesView(None, world())
    for change, _ in changes(happened):
        view.apply(change)
        is_right(view, change.sequence)


@settings(deadline=None, max_examples=8)
@given(happened=events, small=st.booleans())
def test_a_rebuild_counts_the_same(happened: list[list[Event]], small: bool) -> None:
    deriver, history = Deriver(world(), compile_rules(world())), History()
    for step in happened:
        deriver.apply(history.step(step))
    with pytest.MonkeyPatch.context() as patch:
        if small:
            patch.setattr(triples, "TRANSACTION", 3)
            patch.setattr(triples, "BULK", 3)
        view = TriplesView(None, world())
        for _ in range(2):
            view.rebuild(deriver.snapshot(5))
            is_right(view, deriver.sequence)


@settings(deadline=None, max_examples=8)
@given(happened=events.filter(lambda happened: len(happened) > 1))
def test_a_change_that_is_cut_off_is_not_counted_twice(happened: list[list[Event]]) -> None:
    view = TriplesView(None, world())
    (one, _), (two, _) = changes(happened[:2])
    view.apply(one)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(triples, "TRANSACTION", 1)  # nearly all of it is loaded in bulk
        patch.setattr(triples, "mark_lines", lambda _: (_ for _ in ()).throw(OSError("the disk is full")))
        with pytest.raises(OSError, match="full"):
            view.apply(two)
    assert view.sequence == one.sequence
    view.apply(two)
    is_right(view, two.sequence)

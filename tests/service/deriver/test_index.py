"""The index of triples is a plain set of them with tags, by every question that it can be asked."""

from __future__ import annotations

import pickle

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stratagraph.ontology import number_rows
from stratagraph.ontology.facts import Literal, Term
from stratagraph.service.deriver.index import TripleIndex
from stratagraph.service.deriver.numbers import Numbers, Triple

NODES = st.integers(0, 5).map(lambda number: 2 * number)
OBJECTS = st.integers(0, 11)
PREDICATES = (0, 2, 4)
OUTWARD = 4
TRIPLES = st.tuples(NODES, st.sampled_from(PREDICATES), OBJECTS)
STEPS = st.lists(st.tuples(st.sampled_from(["put", "put", "drop", "keep"]), TRIPLES, st.integers(1, 5)), max_size=40)


@given(STEPS)
def test_the_index_is_a_set_with_tags(steps: list[tuple[str, Triple, int]]) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(number_rows, "FEW", 2)
        index, plain = TripleIndex({OUTWARD}), dict[Triple, int]()
        for what, triple, tag in steps:
            if what == "put":
                index.put(triple, tag)
                plain[triple] = tag
            elif what == "drop":
                index.drop(triple)
                plain.pop(triple, None)
            else:
                index = pickle.loads(pickle.dumps(index, protocol=5))  # noqa: S301  our own
        assert_same(index, plain)


@given(st.dictionaries(TRIPLES, st.integers(1, 5), max_size=30), st.sets(TRIPLES))
def test_many_triples_at_once_are_as_one_by_one(told: dict[Triple, int], first: set[Triple]) -> None:
    index = TripleIndex({OUTWARD})
    for triple in told.keys() & first:
        index.put(triple, told[triple])
    index.add({triple: tag for triple, tag in told.items() if triple not in first})
    assert_same(index, told)
    assert [index.has(node) for node in range(12)] == [
        any(node in (s, o if p != OUTWARD else s) for s, p, o in told) and not node & 1 for node in range(12)
    ]


def assert_same(index: TripleIndex, plain: dict[Triple, int]) -> None:
    assert len(index) == len(plain)
    assert {prop: index.uses[prop] for prop in PREDICATES} == {
        prop: sum(1 for triple in plain if triple[1] == prop) for prop in PREDICATES
    }
    for node in range(14):
        leaving = sorted((p, o, tag) for (s, p, o), tag in plain.items() if s == node)
        arriving = sorted((p, s) for s, p, o in plain if o == node and not o & 1 and p != OUTWARD)
        assert list(index.leaving(node)) == leaving
        assert list(index.arriving(node)) == arriving
        assert list(index.predicates_out(node)) == sorted({p for p, _, _ in leaving})
        assert list(index.predicates_in(node)) == sorted({p for p, _ in arriving})
        for prop in PREDICATES:
            assert index.objects(node, prop) == [o for p, o, _ in leaving if p == prop]
            assert index.count_out(node, prop) == len(index.objects(node, prop))
            assert index.subjects(prop, node) == [s for p, s in arriving if p == prop]
            assert index.count_in(prop, node) == len(index.subjects(prop, node))
            for other in range(12):
                triple = (node, prop, other)
                assert index.tag(triple) == plain.get(triple, 0)
                assert (triple in index) is (triple in plain)
        for other in range(12):
            for predicates in (set(PREDICATES), {2}, set(range(0, 40, 2))):
                between = sorted(p for s, p, o in plain if s == node and o == other and p in predicates)
                assert sorted(index.between(node, other, predicates)) == between


TERMS = st.one_of(
    st.text(max_size=3),
    st.builds(Literal, st.text(max_size=3), st.sampled_from(["a", "b"]), st.sampled_from(["", "en"])),
)


@given(st.lists(TERMS, max_size=12), st.lists(TERMS, max_size=12))
def test_numbers_are_the_same_in_another_process(before: list[Term], after: list[Term]) -> None:
    numbers = Numbers()
    given_out = {term: numbers.number(term) for term in before}
    again: Numbers = pickle.loads(pickle.dumps(numbers, protocol=5))  # noqa: S301  our own
    assert {term: again.known(term) for term in before} == given_out
    for term in (*before, *after):
        assert again.number(term) == numbers.number(term)
        assert again.term(again.number(term)) == term
    assert len(again) == len(numbers)

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from stratagraph.ontology.blanks import blank_names, is_blank
from stratagraph.ontology.facts import Fact
from stratagraph.ontology.syntax.parsing import parse_rdf

BASE = "http://example.org/"


def parse(text: str, salt: str = "") -> list[Fact]:
    return parse_rdf(text.encode(), "turtle", BASE, "file", salt=salt)


def test_loading_again_gives_the_same_names() -> None:
    text = "<a> <p> [ <q> 1 ], [ <q> 1 ], ( 1 2 1 2 ) ."
    assert parse(text) == parse(text)


def test_labels_and_order_do_not_matter_where_nodes_differ() -> None:
    one = parse("_:x <q> 1 . _:y <q> _:x . <a> <p> _:y .")
    other = parse("<a> <p> _:n . _:n <q> _:m . _:m <q> 1 .")
    assert set(one) == set(other)


def test_equal_nodes_stay_two() -> None:
    objects = {fact.object for fact in parse("<a> <p> [ <q> 1 ], [ <q> 1 ] .") if fact.predicate == BASE + "p"}
    assert len(objects) == 2
    assert all(isinstance(node, str) and is_blank(node) for node in objects)


def test_salt_keeps_files_apart() -> None:
    text = "<a> <p> [ <q> 1 ] ."
    assert not {fact.object for fact in parse(text, "one")} & {
        fact.object for fact in parse(text, "two") if fact.predicate == BASE + "p"
    }


def test_nodes_that_all_point_at_each_other_take_no_time() -> None:
    nodes = [f"_:n{number}" for number in range(60)]
    names = blank_names([(one, "p", other) for one in nodes for other in nodes if one != other])
    assert len(set(names.values())) == 60


@given(st.lists(st.tuples(*[st.sampled_from(["_:a", "_:b", "_:c", "_:d", "x"])] * 2), max_size=12))
def test_names_are_one_to_one(pairs: list[tuple[str, str]]) -> None:
    names = blank_names((one, "p", other) for one, other in pairs)
    blanks = {end for pair in pairs for end in pair if end.startswith("_:")}
    assert set(names) == blanks
    assert len(set(names.values())) == len(blanks)

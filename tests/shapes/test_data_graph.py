"""The graph that shapes walk over answers from both ends of a fact."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from stratagraph.ontology.facts import Fact, Literal
from stratagraph.shapes.data_graph import DataGraph

NODES = ["urn:a", "urn:b", "urn:c"]
PREDICATES = ["urn:p", "urn:q"]
facts = st.lists(
    st.builds(Fact, st.sampled_from(NODES), st.sampled_from(PREDICATES), st.sampled_from([*NODES, Literal("a")]))
)


@given(facts, facts)
def test_both_ends_are_known_whenever_facts_come(first: list[Fact], later: list[Fact]) -> None:
    graph = DataGraph(first)
    for known in (first, first + later):
        assert set(graph) == set(known)
        for predicate in PREDICATES:
            said = [fact for fact in known if fact.predicate == predicate]
            assert list(graph.objects_of(predicate)) == list(dict.fromkeys(fact.object for fact in said))
            for node in NODES:
                pointing = dict.fromkeys(fact.subject for fact in said if fact.object == node)
                assert list(graph.subjects(predicate, node)) == list(pointing)
                values = dict.fromkeys(fact.object for fact in said if fact.subject == node)
                assert list(graph.objects(node, predicate)) == list(values)
        for fact in later:
            graph.add(fact)

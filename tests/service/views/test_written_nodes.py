"""What was written of a node last is remembered, of so many nodes and no more."""

from __future__ import annotations

from stratagraph.service.views.written_nodes import WrittenNodes


def test_the_nodes_written_longest_ago_are_forgotten_first() -> None:
    nodes = WrittenNodes(most=2)
    nodes.note("a", ["<p> 1"])
    nodes.note("b", ["<p> 2"])
    nodes.note("a", ["<p> 3"])
    nodes.note("c", [])
    assert (nodes.of("a"), nodes.of("b"), nodes.of("c")) == (frozenset({"<p> 3"}), None, frozenset())
    nodes.clear()
    assert nodes.of("a") is None

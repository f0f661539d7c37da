"""Texts of triples in graphs become one document, or one update."""

from __future__ import annotations

import pyoxigraph as ox
from hypothesis import given
from hypothesis import strategies as st

from stratagraph.service.views.quad_edits import PIECE, document, update_of

GRAPHS = ("", "http://x/g", "http://x/h")


@given(st.integers(0, 2 * PIECE + 1), st.text(max_size=5), st.integers(1, 5_000))
def test_a_document_reads_as_all_its_texts_in_order(number: int, end: str, size: int) -> None:
    texts = [f"<http://x/{place}> <http://x/p> {end!r}" for place in range(number)]
    with document([("", text) for text in texts]) as file:
        pieces = list(iter(lambda: file.read(size), b""))
    assert all(len(piece) == size for piece in pieces[:-1])
    assert b"".join(pieces).decode() == "".join(f"{text} .\n" for text in texts)


@given(st.lists(st.tuples(st.sampled_from(GRAPHS), st.integers(0, 9)), max_size=2 * PIECE))
def test_a_document_places_each_text_in_its_graph(placed: list[tuple[str, int]]) -> None:
    triple = "<http://x/s> <http://x/p> {}".format
    quads = ox.parse(document([(graph, triple(number)) for graph, number in placed]), ox.RdfFormat.TRIG)
    found = [(getattr(quad.graph_name, "value", ""), int(getattr(quad.object, "value", -1))) for quad in quads]
    assert found == placed


@given(st.lists(st.tuples(st.sampled_from(GRAPHS), st.integers(0, 9)), max_size=20))
def test_an_update_places_each_text_in_its_graph(placed: list[tuple[str, int]]) -> None:
    store = ox.Store()
    store.update(update_of("INSERT", [(graph, f"<http://x/s> <http://x/p> {number}") for graph, number in placed]))
    found = {(getattr(quad.graph_name, "value", ""), int(getattr(quad.object, "value", -1))) for quad in store}
    assert found == set(placed)

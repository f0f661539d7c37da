"""Texts of triples in graphs become one document, or one update."""

from __future__ import annotations

from collections.abc import Iterable

import pyoxigraph as ox
from hypothesis import given
from hypothesis import strategies as st

from stratagraph.service.views.quad_edits import PIECE, Block, document, parted, update_of

GRAPHS = ("", "http://x/g", "http://x/h")


@given(st.integers(0, 2 * PIECE + 1), st.text(max_size=5), st.integers(1, 5_000))
def test_a_document_reads_as_all_its_texts_in_order(number: int, end: str, size: int) -> None:
    texts = [f"<http://x/{place}> <http://x/p> {end!r}" for place in range(number)]
    with document([("", texts)]) as file:
        pieces = list(iter(lambda: file.read(size), b""))
    assert all(len(piece) == size for piece in pieces[:-1])
    assert b"".join(pieces).decode() == "".join(f"{text} .\n" for text in texts)


BLOCKS = st.lists(st.tuples(st.sampled_from(GRAPHS), st.lists(st.integers(0, 9), max_size=PIECE)), max_size=6)


def texts_of(blocks: list[tuple[str, list[int]]]) -> list[Block]:
    return [(graph, [f"<http://x/s> <http://x/p> {number}" for number in numbers]) for graph, numbers in blocks]


def places(quads: Iterable[ox.Quad]) -> list[tuple[str, int]]:
    return [(getattr(quad.graph_name, "value", ""), int(getattr(quad.object, "value", -1))) for quad in quads]


@given(BLOCKS)
def test_a_document_places_each_text_in_its_graph(blocks: list[tuple[str, list[int]]]) -> None:
    quads = ox.parse(document(texts_of(blocks)), ox.RdfFormat.TRIG)
    assert places(quads) == [(graph, number) for graph, numbers in blocks for number in numbers]


@given(BLOCKS)
def test_an_update_places_each_text_in_its_graph(blocks: list[tuple[str, list[int]]]) -> None:
    store = ox.Store()
    store.update(update_of("INSERT", texts_of(blocks)))
    assert {*places(store)} == {(graph, number) for graph, numbers in blocks for number in numbers}


@given(BLOCKS, st.integers(1, PIECE))
def test_blocks_are_parted_into_equal_sizes_and_nothing_is_lost(blocks: list[tuple[str, list[int]]], size: int) -> None:
    parts = list(parted(texts_of(blocks), size))
    sizes = [sum(len(texts) for _, texts in part) for part in parts]
    assert all(each == size for each in sizes[:-1])
    assert all(0 < each <= size for each in sizes)
    placed = [(graph, text) for part in parts for graph, texts in part for text in texts]
    assert placed == [(graph, text) for graph, texts in texts_of(blocks) for text in texts]

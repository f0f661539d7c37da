"""The whole graph as one document: every quad but the books', in each syntax."""

from __future__ import annotations

import io

import pyoxigraph as ox
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stratagraph.service.views.books import BOOKS
from stratagraph.service.views.dump import FORMATS, dump

NODES = st.sampled_from([ox.NamedNode(f"https://example.org/n{number}") for number in range(4)])
GRAPHS = st.one_of(NODES, st.just(ox.DefaultGraph()), st.just(BOOKS))
QUADS = st.builds(ox.Quad, NODES, NODES, st.one_of(NODES, st.text(max_size=4).map(ox.Literal)), GRAPHS)


@pytest.mark.parametrize("media_type", FORMATS)
@settings(deadline=None, max_examples=50)
@given(quads=st.lists(QUADS, max_size=12))
def test_what_is_written_is_what_stands_but_for_the_books(media_type: str, quads: list[ox.Quad]) -> None:
    store, file, form = ox.Store(), io.BytesIO(), FORMATS[media_type]
    store.extend(quads)
    dump(store, media_type, file)
    graphs = [quad for quad in quads if form.supports_datasets or quad.graph_name == ox.DefaultGraph()]
    assert set(ox.parse(file.getvalue(), form)) == {quad for quad in graphs if quad.graph_name != BOOKS}

"""The whole graph as one document: every quad but the books', in either format, in pieces."""

from __future__ import annotations

import pyoxigraph as ox
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from stratagraph.service.views import dump as dumping
from stratagraph.service.views.books import BOOKS
from stratagraph.service.views.dump import FORMATS, dump

NODES = st.sampled_from([ox.NamedNode(f"https://example.org/n{number}") for number in range(4)])
GRAPHS = st.one_of(NODES, st.just(ox.DefaultGraph()), st.just(BOOKS))
QUADS = st.builds(ox.Quad, NODES, NODES, st.one_of(NODES, st.text(max_size=4).map(ox.Literal)), GRAPHS)


@pytest.mark.parametrize("media_type", FORMATS)
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=50)
@given(quads=st.lists(QUADS, max_size=12))
def test_what_is_written_is_what_stands_but_for_the_books(
    monkeypatch: pytest.MonkeyPatch, media_type: str, quads: list[ox.Quad]
) -> None:
    monkeypatch.setattr(dumping, "PIECE", 3)
    store = ox.Store()
    store.extend(quads)
    written = b"".join(dump(store, media_type))
    assert set(ox.parse(written, FORMATS[media_type])) == {quad for quad in quads if quad.graph_name != BOOKS}

"""The whole graph with who states what, written piece by piece."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from typing import Final

import pyoxigraph as ox

from stratagraph.ontology.namespaces import PREFIXES
from stratagraph.service.views.books import told

FORMATS: Final = {"application/trig": ox.RdfFormat.TRIG, "application/n-quads": ox.RdfFormat.N_QUADS}
"""Formats that hold named graphs, the default first."""
PIECE: Final = 2_000
"""Quads that are written at a time: bounds the memory, however large the graph is."""


def dump(store: ox.Store, media_type: str) -> Iterator[bytes]:
    """Yield all graphs of a store but its own books, as one document."""
    form = FORMATS[media_type]
    # In TriG a prefix may be declared again, and a graph go on later: each piece is a document by itself.
    prefixes = PREFIXES if form == ox.RdfFormat.TRIG else None
    quads = told(store)
    while piece := list(islice(quads, PIECE)):
        written = ox.serialize(piece, format=form, prefixes=prefixes)
        assert written is not None  # nothing is returned only where there is a file to write to
        yield written

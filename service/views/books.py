"""The store's own books, in one named graph: how far it has come, and whether it stands half-way."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import pyoxigraph as ox

from stratagraph.ontology.namespaces import SG
from stratagraph.service.views.quad_edits import Block
from stratagraph.service.views.view import Watermark

BOOKS: Final = ox.NamedNode(SG.term("view/meta"))
"""The named graph of the books. Nothing in the default graph speaks of it, and no dump holds it."""
SCHEMA: Final = ox.NamedNode(SG.schema)
"""The named graph that tells what there is; it is no part of what it tells of, and no dump holds it."""
OWN: Final = frozenset({BOOKS, SCHEMA})
_MARK: Final = ox.NamedNode(SG.term("view/watermark"))
_SEQUENCE, _BATCH, _ONTOLOGY, _MAPPING, _HALF_WAY, _LOOSE = (
    ox.NamedNode(SG.term(f"view/{part}"))
    for part in ("sequence", "batchHash", "ontologyHash", "mappingVersion", "halfWay", "looseTexts")
)

NO_MARK: Final = f"DELETE WHERE {{ GRAPH {BOOKS} {{ {_MARK} ?p ?o }} }}"
"""The update that takes the watermark away, and with it all else that is marked."""
NO_LOOSE: Final = f"DELETE WHERE {{ GRAPH {BOOKS} {{ {_MARK} {_LOOSE} ?count }} }}"
"""The update that takes away how much is loose."""


def mark_lines(watermark: Watermark) -> Block:
    """Return the lines of a watermark."""
    said = (
        (_SEQUENCE, str(watermark.sequence)),
        (_BATCH, watermark.batch_hash),
        (_ONTOLOGY, watermark.ontology_hash),
        (_MAPPING, str(watermark.mapping_version)),
    )
    return BOOKS.value, [f"{_MARK} {prop} {ox.Literal(value)}" for prop, value in said]


def read_mark(store: ox.Store) -> Watermark | None:
    """Return the watermark of a store, None where it has none."""
    values = {
        quad.predicate: str(getattr(quad.object, "value", ""))
        for quad in store.quads_for_pattern(_MARK, None, None, BOOKS)
    }
    if _SEQUENCE not in values:
        return None
    return Watermark(
        sequence=int(values[_SEQUENCE]),
        batch_hash=values[_BATCH],
        ontology_hash=values[_ONTOLOGY],
        mapping_version=int(values[_MAPPING]),
    )


def loose_line(count: int) -> Block:
    """Return the line that says how much was loaded in bulk since the store was compacted."""
    return BOOKS.value, [f'{_MARK} {_LOOSE} "{count}"']


def read_loose(store: ox.Store) -> int | None:
    """Return how much was loaded in bulk since the store was compacted; None where it does not tell."""
    quad = next(store.quads_for_pattern(_MARK, _LOOSE, None, BOOKS), None)
    return None if quad is None else int(getattr(quad.object, "value", 0))


def set_half_way(store: ox.Store) -> None:
    """Note that a change is being written in more than one transaction, until the next watermark."""
    store.add(ox.Quad(_MARK, _HALF_WAY, ox.Literal("true"), BOOKS))


def is_half_way(store: ox.Store) -> bool:
    """Tell whether a store holds a part of a change that its watermark does not tell of."""
    return next(store.quads_for_pattern(_MARK, _HALF_WAY, None, BOOKS), None) is not None


def told(store: ox.Store) -> Iterator[ox.Quad]:
    """Yield what a store tells: everything but its books, and what it says of itself."""
    return (quad for quad in store if quad.graph_name not in OWN)

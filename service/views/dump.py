"""The whole graph, or a system of it, with who states what, written as it is read."""

from __future__ import annotations

from collections.abc import Iterator
from typing import BinaryIO, Final

import pyoxigraph as ox

from stratagraph.ontology.facts import Iri
from stratagraph.ontology.namespaces import PREFIXES
from stratagraph.service.views.books import told
from stratagraph.service.views.estate_files import write_csv, write_graphml
from stratagraph.service.views.mlbom_export import write_mlbom
from stratagraph.service.views.parts import members, quads_of

FORMATS: Final = {
    "application/trig": ox.RdfFormat.TRIG,
    "application/n-quads": ox.RdfFormat.N_QUADS,
    "application/ld+json": ox.RdfFormat.JSON_LD,
    "text/turtle": ox.RdfFormat.TURTLE,
}
"""Syntaxes of RDF, the default first; all but the last hold named graphs, which are left out there."""
TABLES: Final = {"application/graphml+xml": write_graphml, "text/csv": write_csv}
"""What tools read that know no RDF: what is stated of the estate."""
BILL: Final = "application/vnd.cyclonedx+json"
"""What tools of supply chains read: models, data sets and what needs them."""
OFFERED: Final = (*FORMATS, *TABLES, BILL)


def dump(store: ox.Store, media_type: str, file: BinaryIO, *, system: Iri | None = None, language: str = "en") -> None:
    """Write all graphs of a store but its own books; of a system, what concerns it."""
    if media_type == BILL:
        write_mlbom(store, file, system, language)
        return
    inside = members(store, system) if system else None
    if media_type in TABLES:
        TABLES[media_type](store, file, inside, language)
        return
    form = FORMATS[media_type]
    quads: Iterator[ox.Quad] = told(store) if inside is None else quads_of(store, inside)
    prefixes = None if form == ox.RdfFormat.N_QUADS else dict(PREFIXES)
    if form.supports_datasets:
        ox.serialize(quads, file, form, prefixes=prefixes)
        return
    default = ox.DefaultGraph()
    ox.serialize((quad.triple for quad in quads if quad.graph_name == default), file, form, prefixes=prefixes)

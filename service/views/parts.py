"""A part of the graph: a system with all that is part of it, and what stands next to these."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final

import pyoxigraph as ox

from stratagraph.ontology.facts import Iri
from stratagraph.ontology.namespaces import ONTOLOGY_IRI, RDF, RDFS, SG
from stratagraph.service.views.books import OWN

_DEFAULT: Final = ox.DefaultGraph()
_PART_OF, _TYPE = ox.NamedNode(SG.partOf), ox.NamedNode(RDF.type)
_SHOWN: Final = (_TYPE, ox.NamedNode(RDFS.label), ox.NamedNode(SG.term("name")))
_ABOUT: Final = (ox.NamedNode(SG.observedOn), ox.NamedNode(RDF.subject), ox.NamedNode(RDF.object))
"""What leads from an observation to its subject, and from the node of a measured relation to its ends."""


def members(store: ox.Store, system: Iri) -> frozenset[ox.NamedNode]:
    """Return a system and all that is part of it, at any depth."""
    node = ox.NamedNode(system)
    inside = (quad.subject for quad in store.quads_for_pattern(None, _PART_OF, node, _DEFAULT))
    return frozenset({node, *(part for part in inside if isinstance(part, ox.NamedNode))})


def quads_of(store: ox.Store, inside: frozenset[ox.NamedNode]) -> Iterator[ox.Quad]:
    """Yield what is said of members of a system, what is measured there, and what the things beside them are called."""
    beside: dict[ox.NamedNode, None] = {}
    graphs: dict[ox.NamedNode, None] = {}
    for quad in _touching(store, sorted(inside, key=str), inside):
        beside.update(dict.fromkeys(_others(quad, inside)))
        if isinstance(quad.graph_name, ox.NamedNode):
            graphs[quad.graph_name] = None
        yield quad
    speaking = [node for node in beside if _speaks(store, node)]
    for node in speaking:
        yield from _all(store, node)
        for seen in store.quads_for_pattern(None, _ABOUT[0], node, _DEFAULT):
            if isinstance(seen.subject, ox.NamedNode) and seen.subject not in beside:
                yield from _all(store, seen.subject)
    for node in beside.keys() - {*speaking}:
        for shown in _SHOWN:
            yield from store.quads_for_pattern(node, shown, None, _DEFAULT)
    for graph in graphs:
        yield from _all(store, graph)


def _others(quad: ox.Quad, inside: frozenset[ox.NamedNode]) -> Iterator[ox.NamedNode]:
    """Yield the ends of a quad that are things beside a system; terms of the ontology are known to all."""
    for end in (quad.subject, quad.object):
        if isinstance(end, ox.NamedNode) and end not in inside and not end.value.startswith(ONTOLOGY_IRI):
            yield end


def _touching(store: ox.Store, nodes: Iterable[ox.NamedNode], inside: frozenset[ox.NamedNode]) -> Iterator[ox.Quad]:
    """Yield the quads with a member at either end, each once."""
    for node in nodes:
        yield from _all(store, node)
        yield from (
            quad
            for quad in store.quads_for_pattern(None, None, node, None)
            if quad.subject not in inside and quad.graph_name not in OWN
        )


def _all(store: ox.Store, node: ox.NamedNode) -> Iterator[ox.Quad]:
    return (quad for quad in store.quads_for_pattern(node, None, None, None) if quad.graph_name not in OWN)


def _speaks(store: ox.Store, node: ox.NamedNode) -> bool:
    """Tell whether a thing beside a system only speaks of it: an observation, or the node of a measured relation."""
    return any(next(store.quads_for_pattern(node, prop, None, _DEFAULT), None) is not None for prop in _ABOUT)

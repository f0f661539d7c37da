"""Property paths read from a shapes graph."""

from __future__ import annotations

from stratagraph.ontology.blanks import is_blank
from stratagraph.ontology.facts import Literal, Term
from stratagraph.ontology.namespaces import RDF, SH
from stratagraph.shapes.data_graph import DataGraph
from stratagraph.shapes.errors import MalformedShape
from stratagraph.shapes.paths import Alternative, Inverse, Path, Predicate, Repeated, Sequence

# More than people write; it also ends a path that contains itself.
DEPTH_LIMIT = 64

_MARKS = {SH.zeroOrMorePath: "*", SH.oneOrMorePath: "+", SH.zeroOrOnePath: "?"}


def read_path(graph: DataGraph, node: Term, shape: str, depth: int = 0) -> Path:
    """Read the path that a node stands for.

    A node that is a list and something else besides is read as the list, and then in the order below, so that
    there is one defined reading.

    Raises:
        MalformedShape: on a path that is none, or that contains itself.
    """
    if depth > DEPTH_LIMIT:
        raise MalformedShape(shape=shape, construct="its sh:path contains itself or nests too deep")
    if isinstance(node, Literal):
        raise MalformedShape(shape=shape, construct="its sh:path is a literal")
    if not is_blank(node):
        return Predicate(node)
    if graph.objects(node, RDF.first):
        return Sequence(_members(graph, node, shape, depth))
    for inner in graph.objects(node, SH.inversePath):
        return Inverse(read_path(graph, inner, shape, depth + 1))
    for inner in graph.objects(node, SH.alternativePath):
        return Alternative(_members(graph, inner, shape, depth))
    for predicate, mark in _MARKS.items():
        for inner in graph.objects(node, predicate):
            return Repeated(read_path(graph, inner, shape, depth + 1), mark)
    raise MalformedShape(shape=shape, construct="its sh:path is a blank node without a path")


def _members(graph: DataGraph, head: Term, shape: str, depth: int) -> tuple[Path, ...]:
    members = graph.members(head)
    if members is None or len(members) < 2:  # noqa: PLR2004 - SHACL asks for two
        raise MalformedShape(shape=shape, construct="a sequence or alternative path needs a list of at least two")
    return tuple(read_path(graph, member, shape, depth + 1) for member in members)

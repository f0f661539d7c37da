"""A second opinion on a validation: pyshacl, which shares no code with our engine, on the same files."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from stratagraph.ontology.errors import StratagraphError
from stratagraph.ontology.facts import Fact, Literal, Term
from stratagraph.ontology.namespaces import SKOLEM_BASE
from stratagraph.shapes.validate import read_files

if TYPE_CHECKING:
    import rdflib


class SecondOpinionFailed(StratagraphError, slug="second-opinion-failed", status=422):
    """pyshacl could not judge."""

    text = "pyshacl could not validate this: {problem}. Leave --engine out to have it judged by our own engine."

    problem: str


def validate_with_pyshacl(data_paths: Sequence[Path], shapes_paths: Sequence[Path]) -> tuple[bool, str]:
    """Return whether the data conform according to pyshacl, and its report in Turtle.

    Raises:
        MalformedRdf, UnknownSyntax, OSError: as ``validate`` does.
        SecondOpinionFailed: it refuses the shapes, or gives up.
    """
    import pyshacl  # with rdflib it takes a second to load, which who wants one opinion need not wait for

    data, shapes = _graph(read_files(data_paths)), _graph(read_files(shapes_paths))
    try:
        # Core alone, and nothing inferred: what our engine does.
        conforms, report, text = pyshacl.validate(data, shacl_graph=shapes, inference="none", advanced=False)
    except Exception as error:
        raise SecondOpinionFailed(problem=" ".join(str(error).split())) from error
    if not hasattr(report, "serialize"):  # it returns a failure in place of a report
        raise SecondOpinionFailed(problem=" ".join(text.split()))
    return bool(conforms), str(report.serialize(format="turtle"))


def _graph(facts: Iterable[Fact]) -> rdflib.Graph:
    import rdflib

    graph = rdflib.Graph()
    for fact in facts:
        graph.add((_node(fact.subject), rdflib.URIRef(fact.predicate), _node(fact.object)))
    return graph


def _node(term: Term) -> rdflib.term.IdentifiedNode | rdflib.Literal:
    import rdflib

    if isinstance(term, Literal):
        datatype = None if term.language else rdflib.URIRef(term.datatype)
        return rdflib.Literal(term.value, lang=term.language or None, datatype=datatype, normalize=False)
    # Blank nodes of files are named by us; what a shape says of blank nodes holds for them all the same.
    return rdflib.BNode(term.removeprefix(SKOLEM_BASE)) if term.startswith(SKOLEM_BASE) else rdflib.URIRef(term)

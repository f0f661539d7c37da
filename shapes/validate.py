"""Plain SHACL validation of files: data and shapes in any RDF syntax, the W3C report out."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from stratagraph.ontology.facts import Fact
from stratagraph.ontology.syntax.parsing import RdfSyntax, parse_rdf
from stratagraph.shapes.compiler import compile_shapes
from stratagraph.shapes.data_graph import DataGraph
from stratagraph.shapes.validation_report import ValidationReport


def validate(data_paths: Sequence[Path], shapes_paths: Sequence[Path]) -> ValidationReport:
    """Validate the union of the data files against the union of the shapes files.

    Raises:
        MalformedRdf: with file, line and column, for a file that cannot be read as its syntax.
        UnknownSyntax: for a file extension that stands for no RDF syntax.
        UnsupportedShape: for a construct beyond SHACL Core.
        MalformedShape: for a breach of SHACL's syntax rules.
        OSError: for a file that cannot be opened.
    """
    shapes = compile_shapes(read_files(shapes_paths))
    return shapes.validate(DataGraph(read_files(data_paths)))


def read_files(paths: Sequence[Path]) -> list[Fact]:
    """Read files into one graph; blank nodes of two files are never the same, of one file read twice they are."""
    facts: list[Fact] = []
    for path in paths:
        file = path.resolve()
        facts += parse_rdf(path.read_bytes(), RdfSyntax.of_file(path.name), file.as_uri(), str(path), salt=str(file))
    return facts

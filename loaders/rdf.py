"""RDF files as a source."""

from __future__ import annotations

from typing import Final
from urllib.parse import quote

from stratagraph.loaders.origins import Place
from stratagraph.ontology.facts import Fact, Iri
from stratagraph.ontology.syntax.parsing import RdfSyntax, parse_rdf

LINE_SYNTAXES: Final = (RdfSyntax.TURTLE, RdfSyntax.NTRIPLES)


def read_rdf(data: bytes, file: str, *, syntax: RdfSyntax, name: str = "") -> list[Fact]:
    """Parse one RDF document; an empty one states nothing.

    Relative IRIs are resolved against the document's name, by default the file's; a name that does not depend on where
    the file lies gives the same IRIs wherever it does.

    Raises:
        MalformedRdf: with file, line and column.
    """
    return parse_rdf(data, format=syntax, base=_base(name or file), file=file)


def find_place(
    data: bytes, file: str, syntax: RdfSyntax, fact: Fact | None, subject: Iri, *, name: str = ""
) -> Place | None:
    """Find the line that states a fact, else the first line about its subject.

    Only Turtle and N-Triples tell lines; the fast parser tells none, so the file is read again by rdflib's.
    """
    if syntax not in LINE_SYNTAXES:
        return Place(file, 0)
    from stratagraph.loaders.lines import line_of  # rdflib takes longer to load than most files to be read

    line = line_of(data, _base(name or file), fact, subject)
    return Place(file, line) if line is not None else None


def _base(file: str) -> Iri:
    return f"file://{quote(file if file.startswith('/') else '/' + file)}"

"""RDF files as a source."""

from __future__ import annotations

import logging
from typing import Any, Final
from urllib.parse import quote

from rdflib import Graph, URIRef
from rdflib.plugins.parsers.notation3 import RDFSink, SinkParser

from stratagraph.loaders.origins import Place
from stratagraph.ontology.facts import Fact, Iri
from stratagraph.ontology.parsing import RdfSyntax, parse_rdf

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
    sink = _LineSink(fact, subject)
    parser = SinkParser(sink, baseURI=_base(name or file), turtle=True)
    sink.parser = parser
    logging.getLogger("rdflib.term").setLevel(logging.ERROR)
    try:
        parser.startDoc()
        parser.feed(data)
        parser.endDoc()
    except Exception:  # noqa: BLE001  what rdflib refuses here, the first parser has accepted: the file is enough
        return Place(file, 0)
    return Place(file, sink.exact or sink.first) if sink.exact or sink.first else None


class _LineSink(RDFSink):
    """Takes rdflib's statements one by one and remembers the line of the one that is looked for."""

    def __init__(self, fact: Fact | None, subject: Iri) -> None:
        super().__init__(Graph())
        self.parser: SinkParser | None = None
        self.wanted = fact
        self.subject = URIRef(subject)
        self.first = 0
        self.exact = 0

    def makeStatement(self, quadruple: Any, why: Any = None) -> None:  # noqa: ARG002, N802  rdflib's own names
        """Compare one statement with the wanted one."""
        _, predicate, subject, value = quadruple
        if subject != self.subject or self.parser is None:
            return
        line = self.parser.lines + 1
        self.first = self.first or line
        wanted = self.wanted
        if wanted is None or self.exact or str(predicate) != wanted.predicate:
            return
        text = wanted.object if isinstance(wanted.object, str) else wanted.object.value
        if str(value) == text:
            self.exact = line


def _base(file: str) -> Iri:
    return f"file://{quote(file if file.startswith('/') else '/' + file)}"

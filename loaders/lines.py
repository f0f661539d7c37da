"""The line of a Turtle file on which something is stated, as rdflib's parser counts them."""

from __future__ import annotations

import logging
from typing import Any

from rdflib import Graph, URIRef
from rdflib.plugins.parsers.notation3 import RDFSink, SinkParser

from stratagraph.ontology.facts import Fact, Iri


def line_of(data: bytes, base: Iri, fact: Fact | None, subject: Iri) -> int | None:
    """Return the line that states a fact, else the first about its subject; None where there is none, 0 if unknown."""
    sink = _LineSink(fact, subject)
    parser = SinkParser(sink, baseURI=base, turtle=True)
    sink.parser = parser
    # It warns of every literal without a value in Python; here only lines are asked for.
    logging.getLogger("rdflib.term").setLevel(logging.ERROR)
    try:
        parser.startDoc()
        parser.feed(data)
        parser.endDoc()
    except Exception:  # noqa: BLE001  what rdflib refuses here, the first parser has accepted: the file is enough
        return 0
    return sink.exact or sink.first or None


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
        # Counted from 0 there.
        line = self.parser.lines + 1
        self.first = self.first or line
        wanted = self.wanted
        if wanted is None or self.exact or str(predicate) != wanted.predicate:
            return
        text = wanted.object if isinstance(wanted.object, str) else wanted.object.value
        if str(value) == text:
            self.exact = line

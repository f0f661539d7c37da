"""The formats of answers, and how to count rows in what the engine's own writers produce."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final, Protocol

from pyoxigraph import QueryResultsFormat, RdfFormat, Triple, serialize

from stratagraph.ontology.namespaces import PREFIXES
from stratagraph.service.sparql.rdfxml_writer import rdf_xml

RESULTS: Final = {
    "application/sparql-results+json": QueryResultsFormat.JSON,
    "application/sparql-results+xml": QueryResultsFormat.XML,
    "text/csv": QueryResultsFormat.CSV,
    "text/tab-separated-values": QueryResultsFormat.TSV,
    "application/json": QueryResultsFormat.JSON,
    "application/xml": QueryResultsFormat.XML,
    "text/xml": QueryResultsFormat.XML,
}
"""Formats of SELECT and ASK, the default first; the last three are what clients say who mean the first two."""

GRAPHS: Final = {
    "text/turtle": RdfFormat.TURTLE,
    "application/n-triples": RdfFormat.N_TRIPLES,
    "application/rdf+xml": RdfFormat.RDF_XML,
    "application/ld+json": RdfFormat.JSON_LD,
    "application/trig": RdfFormat.TRIG,
    "application/n-quads": RdfFormat.N_QUADS,
}
"""Formats of CONSTRUCT and DESCRIBE, the default first; the last two hold the default graph alone here."""


class UnwritableRowError(ValueError):
    """A row that XML has no form for."""


class Sink(Protocol):
    """A binary file to write to."""

    def write(self, data: bytes, /) -> int:
        """Write, and return how many bytes."""

    def flush(self) -> None:
        """Let nothing wait."""


def write_graph(triples: Iterable[Triple], out: Sink, form: RdfFormat) -> None:
    """Write a graph in one of the formats of ``GRAPHS``.

    The engine's own RDF/XML has names without a local part, and characters that XML has not.

    Raises:
        UnwritableTripleError: for a triple that the format has no form for.
    """
    if form == RdfFormat.RDF_XML:
        for piece in rdf_xml(triples, PREFIXES):
            out.write(piece.encode())
        return
    prefixes = PREFIXES if form in {RdfFormat.TURTLE, RdfFormat.TRIG} else None
    serialize(triples, out, form, prefixes=prefixes)  # type: ignore[arg-type]  # it needs write and flush of IO[bytes], no more


class XmlSink:
    """Stands before the file that the engine writes rows in XML to: they come out well-formed, or not at all.

    The engine leaves characters as they are that XML has not, and line returns, which a reader takes for line feeds.
    """

    _FORBIDDEN: Final = re.compile(b"[\x00-\x08\x0b\x0c\x0e-\x1f]|\xef\xbf[\xbe\xbf]")
    _CONTROLS: Final = bytes(set(range(32)) - set(b"\t\n\r"))
    _BEFORE: Final = b"\xef\xbf"

    def __init__(self, out: Sink) -> None:
        self._out = out
        self._tail = b""

    def write(self, data: bytes, /) -> int:
        """Pass a piece on.

        Raises:
            UnwritableRowError: it holds a character that XML has not.
        """
        seen = self._tail + data
        # Nearly every piece is clean, which these two tell at a fraction of what the pattern costs.
        suspect = self._BEFORE in seen or len(seen.translate(None, self._CONTROLS)) < len(seen)
        if suspect and (found := self._FORBIDDEN.search(seen)):
            raise UnwritableRowError(f"a text holds the character U+{ord(found[0].decode()):04X}, which XML has not")
        self._tail = seen[-2:]
        self._out.write(data.replace(b"\r", b"&#13;"))
        return len(data)

    def flush(self) -> None:
        """Let nothing wait."""
        self._out.flush()


class RowCounter(Protocol):
    """Counts the rows in a stream of bytes."""

    least: int
    """Bytes that every row has."""

    def feed(self, data: bytes) -> int:
        """Take the next bytes and return how many rows have begun or ended so far."""


def row_counter(form: QueryResultsFormat) -> RowCounter:
    """Return a counter for the engine's writer of this format."""
    if form == QueryResultsFormat.JSON:
        return _JsonRows()
    if form == QueryResultsFormat.XML:
        return _XmlRows()
    return _CsvRows() if form == QueryResultsFormat.CSV else _TsvRows()


class _TsvRows:
    """Line ends inside values are escaped, and the first line is the header."""

    least = 1

    def __init__(self) -> None:
        self._rows = -1

    def feed(self, data: bytes) -> int:
        self._rows += data.count(b"\n")
        return self._rows


class _CsvRows:
    """Line ends count outside quotes; a doubled quote leaves and enters again."""

    least = 1

    def __init__(self) -> None:
        self._rows = -1
        self._quoted = False

    def feed(self, data: bytes) -> int:
        parts = data.split(b'"')
        self._rows += sum(part.count(b"\n") for part in parts[self._quoted :: 2])
        self._quoted ^= len(parts) % 2 == 0
        return self._rows


class _XmlRows:
    """An angle bracket inside a value is escaped, so a tag is always a tag."""

    _END: Final = b"</result>"
    least = len(_END)

    def __init__(self) -> None:
        self._rows = 0
        self._tail = b""

    def feed(self, data: bytes) -> int:
        data = self._tail + data
        self._rows += data.count(self._END)
        self._tail = data[1 - len(self._END) :]
        return self._rows


class _JsonRows:
    """Outside strings, ``},{`` stands between two rows and nowhere else."""

    _ESCAPED: Final = re.compile(rb"\\.", re.DOTALL)
    _BETWEEN: Final = b"},{"
    least = len(b"{}")

    def __init__(self) -> None:
        self._rows = 1
        self._quoted = False
        self._backslash = b""
        self._tail = b""

    def feed(self, data: bytes) -> int:
        data = self._ESCAPED.sub(b"", self._backslash + data)
        self._backslash = data[-1:] if data.endswith(b"\\") else b""
        parts = data.removesuffix(b"\\").split(b'"')
        # What stood between two pieces is marked by a quote, so that pieces never join into a separator.
        outside = self._tail + b'"'.join(parts[self._quoted :: 2])
        self._quoted ^= len(parts) % 2 == 0
        self._rows += outside.count(self._BETWEEN)
        self._tail = outside[1 - len(self._BETWEEN) :]
        return self._rows

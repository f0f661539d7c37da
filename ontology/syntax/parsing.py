"""RDF files of any syntax, trusted or not, read into facts with their lexical forms exactly as written."""

from __future__ import annotations

import io
import re
from collections.abc import Iterable, Sequence
from enum import StrEnum
from pathlib import PurePath
from typing import Final

import pyoxigraph as ox

from stratagraph.ontology.blanks import blank_names
from stratagraph.ontology.errors import StratagraphError
from stratagraph.ontology.facts import XSD_STRING, Fact, Iri, Literal, Term
from stratagraph.ontology.namespaces import ONTOLOGY_IRI, RDF
from stratagraph.ontology.syntax.nesting import DEPTH_LIMIT, too_deep


class MalformedRdf(StratagraphError, slug="malformed-rdf", status=400):
    """A file that is no RDF of its syntax, or holds what a fact cannot.

    Lines and columns count from 1; 0 where unknown.
    """

    text = "{file}:{line}:{column}: {reason}. Correct the file and send it again."

    file: str
    line: int
    column: int
    reason: str


class UnknownSyntax(StratagraphError, slug="unknown-rdf-syntax", status=415):
    """A file whose name does not say which RDF syntax it is in."""

    text = "{file} has no known RDF file extension. Name it with one of: {known}."

    file: str
    known: str


class RdfSyntax(StrEnum):
    """The RDF syntaxes that can be read."""

    TURTLE = "turtle"
    NTRIPLES = "ntriples"
    NQUADS = "nquads"
    TRIG = "trig"
    RDFXML = "rdfxml"
    JSONLD = "jsonld"

    @classmethod
    def of_file(cls, file: str) -> RdfSyntax:
        """Return the syntax that a file's extension stands for, or raise ``UnknownSyntax``."""
        try:
            return _EXTENSIONS[PurePath(file).suffix.lower()]
        except KeyError:
            raise UnknownSyntax(file=file, known=" ".join(_EXTENSIONS)) from None


_EXTENSIONS: Final = {
    ".ttl": RdfSyntax.TURTLE,
    ".nt": RdfSyntax.NTRIPLES,
    ".nq": RdfSyntax.NQUADS,
    ".trig": RdfSyntax.TRIG,
    ".rdf": RdfSyntax.RDFXML,
    ".owl": RdfSyntax.RDFXML,
    ".jsonld": RdfSyntax.JSONLD,
}
_FORMATS: Final = {
    RdfSyntax.TURTLE: ox.RdfFormat.TURTLE,
    RdfSyntax.NTRIPLES: ox.RdfFormat.N_TRIPLES,
    RdfSyntax.NQUADS: ox.RdfFormat.N_QUADS,
    RdfSyntax.TRIG: ox.RdfFormat.TRIG,
    RdfSyntax.JSONLD: ox.RdfFormat.JSON_LD,
}
_GRAMMARS: Final = {RdfSyntax.JSONLD: "json"}
_SELF_ENDING: Final = frozenset({RdfSyntax.RDFXML, RdfSyntax.JSONLD})
_LOOSE_END: Final = re.compile(rb"[^\s\"'<>()\[\]{};,.@]\.\Z")
_TAIL: Final = 8
"""Bytes at the end that are enough to look at."""
_BOM: Final = b"\xef\xbb\xbf"
_UTF16: Final = (b"\xff\xfe", b"\xfe\xff", b"<\x00", b"\x00<")
_POSITION: Final = re.compile(r"^Parser error at .*?: |\s*\(line \d+\)$")


def parse_rdf(data: bytes, format: str, base: Iri, file: str, *, salt: str = "") -> list[Fact]:  # noqa: A002 - the word users know
    """Read one document into its facts, in document order and without repeats.

    Args:
        data: the whole file; an empty one holds no facts.
        format: a value of ``RdfSyntax``.
        base: what relative IRIs are resolved against.
        file: the name that errors speak of.
        salt: blank nodes of documents read with different salts never coincide.

    Raises:
        MalformedRdf: on a syntax error, an entity declaration, nesting beyond ``DEPTH_LIMIT``, a named graph,
            or a triple term.
    """
    syntax = RdfSyntax(format)
    data = data.removeprefix(_BOM)
    if not data.strip():
        return []
    _guard(data, syntax, file)
    quads = _parse(data, syntax, base, file)
    _refuse_cut(data, syntax, base, file)
    return _facts(quads, file, salt)


def declared_prefixes(data: bytes, syntax: RdfSyntax = RdfSyntax.TURTLE) -> dict[str, Iri]:
    """Return the prefixes that a well-formed document declares, the last one of a name."""
    data = data.removeprefix(_BOM)
    if not data.strip():
        return {}
    if syntax is RdfSyntax.RDFXML:
        from stratagraph.ontology.syntax.rdfxml import prefixes_of_rdf_xml

        return prefixes_of_rdf_xml(data)
    parser = ox.parse(data, format=_FORMATS[syntax], base_iri=ONTOLOGY_IRI)
    for _ in parser:
        pass
    return dict(parser.prefixes)


def _guard(data: bytes, syntax: RdfSyntax, file: str) -> None:
    """Refuse what would end or exhaust the process before the parser can refuse it."""
    if syntax is RdfSyntax.RDFXML:
        if data.startswith(_UTF16):
            raise MalformedRdf(file=file, line=1, column=1, reason="only UTF-8 is read")
        return
    line_too_deep = too_deep(data, _GRAMMARS.get(syntax, "turtle"))
    if line_too_deep is not None:
        reason = f"nesting is deeper than {DEPTH_LIMIT} levels"
        raise MalformedRdf(file=file, line=line_too_deep, column=1, reason=reason)


def _parse(data: bytes, syntax: RdfSyntax, base: Iri, file: str) -> list[ox.Quad]:
    if syntax is RdfSyntax.RDFXML:
        from stratagraph.ontology.syntax.rdfxml import (  # few files need the whole grammar of XML
            RdfXmlError,
            read_rdf_xml,
        )

        try:
            return read_rdf_xml(data, base, DEPTH_LIMIT)
        except RdfXmlError as error:
            raise MalformedRdf(file=file, line=error.line, column=error.column, reason=error.reason) from None
    try:
        return list(ox.parse(data, format=_FORMATS[syntax], base_iri=base))
    except (SyntaxError, ValueError) as error:
        reason = _POSITION.sub("", str(error)).rstrip(".")
        # How the parser names its one way to load what a document points to.
        if "LoadDocumentCallback" in reason:
            reason = "remote contexts are not fetched; write the context into the file"
        line = getattr(error, "lineno", None) or _line_reached(data, syntax, base)
        column = getattr(error, "offset", None) or 1
        raise MalformedRdf(file=file, line=line, column=column, reason=reason) from None


def _refuse_cut(data: bytes, syntax: RdfSyntax, base: Iri, file: str) -> None:
    """Refuse a document that ends where the end may be one only because the rest is missing.

    ``1.5 .`` and ``ex:b.c .`` end well when they are cut behind the full stop, and mean something else. A document that
    is cut between two statements is one like any other; XML and JSON end only once.
    """
    if syntax in _SELF_ENDING or _LOOSE_END.search(data[-_TAIL:]) is None:
        return
    try:
        list(ox.parse(data[:-1], format=_FORMATS[syntax], base_iri=base))
    except (SyntaxError, ValueError):
        reason = "it ends in a full stop right behind a name or a number, where it may have been cut; end the last line"
        raise MalformedRdf(file=file, line=data.count(b"\n") + 1, column=1, reason=reason) from None


class _LineByLine(io.BytesIO):
    """A file that hands out one line per read, so that a failing parser shows how far it came."""

    def read(self, size: int | None = -1, /) -> bytes:  # noqa: ARG002 - the signature is the base class's
        return self.readline()


def _line_reached(data: bytes, syntax: RdfSyntax, base: Iri) -> int:
    """Parse again to find the line of an error that came without one."""
    lines = _LineByLine(data)
    try:
        for _ in ox.parse(lines, format=_FORMATS[syntax], base_iri=base):
            pass
    except (SyntaxError, ValueError):
        return data.count(b"\n", 0, max(0, lines.tell() - 1)) + 1
    return 1


def _facts(quads: Sequence[ox.Quad], file: str, salt: str) -> list[Fact]:
    blanks: dict[str, str] = {}
    # To look at the nodes of each quad takes four times as long as to write them all.
    if b"_:" in (ox.serialize(quads, format=ox.RdfFormat.N_QUADS) or b""):
        # Each edge once: a statement that is repeated must not change a name.
        blanks = blank_names(dict.fromkeys(_blank_edges(quads)), salt=salt)
    terms: dict[object, Term] = {}
    facts: dict[Fact, None] = {}
    for quad in quads:
        if not isinstance(quad.graph_name, ox.DefaultGraph):
            raise _unsupported(file, f"the named graph {quad.graph_name}", "only the default graph is read")
        subject, predicate = _node(quad.subject, blanks, file), quad.predicate.value
        facts[Fact._make((subject, predicate, _term(quad.object, blanks, terms, file)))] = None
    return list(facts)


def _blank_edges(quads: Iterable[ox.Quad]) -> Iterable[tuple[str, str, str]]:
    """Yield the edges that touch a blank node; only they name it."""
    for quad in quads:
        if isinstance(quad.subject, ox.BlankNode) or isinstance(quad.object, ox.BlankNode):
            yield str(quad.subject), quad.predicate.value, str(quad.object)


def _node(node: object, blanks: dict[str, str], file: str) -> Iri:
    if isinstance(node, ox.NamedNode):
        return node.value
    if isinstance(node, ox.BlankNode):
        return blanks[str(node)]
    raise _unsupported(file, "a triple term", "describe the statement with an rdf:Statement instead")


def _term(node: object, blanks: dict[str, str], terms: dict[object, Term], file: str) -> Term:
    if not isinstance(node, ox.Literal):
        return _node(node, blanks, file)
    known = terms.get(node)
    if known is None:
        if node.direction is not None:
            raise _unsupported(file, "a text with a base direction", "use a plain language tag")
        datatype = node.datatype.value
        if datatype == RDF.langString and not node.language:
            raise _unsupported(file, "a text of rdf:langString without a language", "give it a language tag")
        # One text for all: another one of the same characters takes memory, and longer to compare.
        datatype = XSD_STRING if datatype == XSD_STRING else datatype
        known = terms[node] = Literal(node.value, datatype, node.language or "")
    return known


def _unsupported(file: str, what: str, advice: str) -> MalformedRdf:
    return MalformedRdf(file=file, line=0, column=0, reason=f"it holds {what}, which is not supported: {advice}")

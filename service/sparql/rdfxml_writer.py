"""Graphs written as RDF/XML, one triple after the other, as well-formed XML or not at all."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from html import escape
from itertools import groupby
from operator import attrgetter
from typing import Final

from pyoxigraph import BlankNode, Literal, NamedNode, Triple

from stratagraph.ontology.namespaces import RDF, XSD
from stratagraph.shapes.characters import NAME, NAME_START, CharacterSet

_COLON: Final = CharacterSet(((ord(":"), ord(":")),))
_FORBIDDEN: Final = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]")
"""What XML 1.0 holds in no form."""
_RESERVED: Final = frozenset(
    map(
        RDF.term,
        (
            *("RDF", "ID", "about", "parseType", "resource", "nodeID", "datatype", "Description", "li"),
            *("aboutEach", "aboutEachPrefix", "bagID"),
        ),
    )
)
"""Names that mean something else to a reader of RDF/XML."""
_ESCAPES: Final = {"&": "&amp;", "<": "&lt;", ">": "&gt;", "\r": "&#13;"}


@cache
def _local() -> re.Pattern[str]:
    """Return the pattern of the longest end of an IRI that can be a local name of XML; few processes write XML."""
    return re.compile(f"{(NAME_START - _COLON).expression()}{(NAME - _COLON).expression()}*\\Z")


class UnwritableTripleError(ValueError):
    """A triple that RDF/XML has no form for."""


def rdf_xml(triples: Iterable[Triple], prefixes: Mapping[str, str]) -> Iterator[str]:
    """Yield the document in pieces; neighbours that share a subject share an element.

    Raises:
        UnwritableTripleError: for a predicate without a name that XML could take, or a character that it has not.
    """
    declared = {namespace: prefix for prefix, namespace in ({"rdf": RDF} | dict(prefixes)).items()}
    names = "".join(f"\n  xmlns:{prefix}={_quoted(namespace)}" for namespace, prefix in declared.items())
    yield f'<?xml version="1.0" encoding="UTF-8"?>\n<rdf:RDF{names}>\n'
    for subject, group in groupby(triples, key=attrgetter("subject")):
        yield f"  <rdf:Description {_naming(subject, 'about')}>\n"
        for triple in group:
            yield f"    {_property(triple.predicate.value, triple.object, declared)}\n"
        yield "  </rdf:Description>\n"
    yield "</rdf:RDF>\n"


def _naming(node: object, attribute: str) -> str:
    if isinstance(node, NamedNode):
        return f"rdf:{attribute}={_quoted(node.value)}"
    if isinstance(node, BlankNode):
        return f'rdf:nodeID="b{node.value}"'
    raise UnwritableTripleError("it holds a triple term")


def _property(predicate: str, value: object, declared: Mapping[str, str]) -> str:
    found = _local().search(predicate)
    if found is None or predicate in _RESERVED:
        raise UnwritableTripleError(f"the predicate <{predicate}> has no name that XML could take")
    namespace, local = predicate[: found.start()], found[0]
    prefix = declared.get(namespace)
    name = f"{prefix or 'ns'}:{local}"
    opening = name if prefix else f"{name} xmlns:ns={_quoted(namespace)}"
    if not isinstance(value, Literal):
        return f"<{opening} {_naming(value, 'resource')}/>"
    if value.language:
        opening += f' xml:lang="{value.language}"'
    elif value.datatype.value != XSD.string:
        opening += f" rdf:datatype={_quoted(value.datatype.value)}"
    return f"<{opening}>{_text(value.value)}</{name}>"


def _text(text: str) -> str:
    if found := _FORBIDDEN.search(text):
        raise UnwritableTripleError(f"a text holds the character U+{ord(found[0]):04X}, which XML has not")
    return re.sub("[&<>\r]", lambda special: _ESCAPES[special[0]], text)


def _quoted(text: str) -> str:
    """Return an attribute's value in quotes; the library for XML would load all of HTTP for it."""
    return f'"{escape(text)}"'

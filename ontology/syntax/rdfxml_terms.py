"""The names and terms of RDF/XML: what stands in the XML, and the term of RDF that it stands for."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Final, TypeAlias, TypeVar

import pyoxigraph as ox

from stratagraph.ontology.datatypes import has_form
from stratagraph.ontology.facts import TAGGED
from stratagraph.ontology.namespaces import RDF, XSD
from stratagraph.ontology.syntax.canonical import XmlName

_Made = TypeVar("_Made")
Node: TypeAlias = ox.NamedNode | ox.BlankNode
Attributes: TypeAlias = dict[XmlName, str]

_SYNTAX: Final = frozenset(
    map(
        RDF.term,
        ("RDF", "ID", "about", "parseType", "resource", "nodeID", "datatype", "annotation", "annotationNodeID"),
    )
)
"""Names that are RDF/XML's own, neither a class nor a property."""
_OLD: Final = frozenset(map(RDF.term, ("aboutEach", "aboutEachPrefix", "bagID")))
NO_NODE: Final = _SYNTAX | _OLD | {RDF.li}
NO_PROPERTY: Final = _SYNTAX | _OLD | {RDF.Description}
NO_ATTRIBUTE: Final = NO_NODE | NO_PROPERTY
SEPARATOR: Final = "\x01"
"""Stands between the parts of a name, and in no document."""
_UNQUALIFIED: Final = frozenset({"ID", "about", "resource", "parseType", "type"})
"""Attributes that old documents write without RDF's prefix."""


class GrammarFault(Exception):
    """What is wrong at the place that the parser has reached."""


# A document has a few names, each on a great many elements.
@lru_cache(maxsize=4096)
def name_of(written: str) -> XmlName:
    """Take a name of expat's apart: namespace, local name and prefix, of which the first or the last may be missing."""
    first, *rest = written.split(SEPARATOR)
    if not rest:
        return XmlName("", first, "")
    local, *prefix = rest
    return XmlName(first, local, "".join(prefix))


def qualified(name: XmlName) -> str:
    """Return the IRI of an attribute's name; a few of RDF's own may stand without their prefix."""
    if name.namespace:
        return name.iri
    if name.local in _UNQUALIFIED:
        return RDF.term(name.local)
    raise GrammarFault(f"the attribute {name.local} has no namespace")


def refuse_rest(rest: Mapping[str, str] | set[str], where: str) -> None:
    """Refuse attributes that are left once those that may stand here were taken."""
    for name in rest:
        raise GrammarFault(f"{name} cannot stand at {where}")


def checked(name: str, where: str) -> str:
    """Return a name that XML allows as one without a prefix."""
    if not has_form(name, XSD.NCName):
        raise GrammarFault(f"{where} is '{name}', which is no name of XML")
    return name


@lru_cache(maxsize=4096)
def named_node(iri: str) -> ox.NamedNode:
    """Return the node of an IRI that was resolved already."""
    return _made(lambda: ox.NamedNode(iri), f"<{iri}> is no absolute IRI")


def literal(text: str, datatype: str, language: str) -> ox.Literal:
    """Return a literal; a language counts only where there is no datatype."""
    if datatype and datatype not in TAGGED:
        return ox.Literal(text, datatype=named_node(datatype))
    if datatype == RDF.dirLangString:
        raise GrammarFault("it holds a text with a base direction, which is not supported: use a plain language tag")
    if language:
        return _made(lambda: ox.Literal(text, language=language), f"{language} is no language tag")
    if datatype:
        raise GrammarFault("a text of rdf:langString has no language")
    return ox.Literal(text)


def _made(make: Callable[[], _Made], fault: str) -> _Made:
    try:
        return make()
    except ValueError:
        raise GrammarFault(fault) from None

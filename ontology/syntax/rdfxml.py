"""RDF/XML, read by its grammar from the events of an XML parser that refuses whatever is not well-formed to its end."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from enum import Enum, auto
from typing import Any, Final
from xml.parsers import expat

import pyoxigraph as ox

from stratagraph.ontology.namespaces import ITS, RDF, XML
from stratagraph.ontology.syntax.canonical import CanonicalWriter, XmlName
from stratagraph.ontology.syntax.iris import resolve, without_fragment
from stratagraph.ontology.syntax.rdfxml_terms import (
    NO_ATTRIBUTE,
    NO_NODE,
    NO_PROPERTY,
    SEPARATOR,
    Attributes,
    GrammarFault,
    Node,
    checked,
    literal,
    name_of,
    named_node,
    qualified,
    refuse_rest,
)

_NO_DECLARATION: Final = "a document type or entity declaration is not accepted"
_UNREAD_ENCODING: Final = "its encoding is not read here: save it as UTF-8"
_DECLARATION: Final = re.compile(rb"<!(?![-[])")


class RdfXmlError(Exception):
    """A document that is no RDF/XML; the place counts from 1."""

    def __init__(self, reason: str, line: int, column: int) -> None:
        super().__init__(reason)
        self.reason = reason
        self.line = line
        self.column = column


class _Kind(Enum):
    """What may stand within an element."""

    DOCUMENT = auto()
    NODES = auto()
    COLLECTION = auto()
    PROPERTIES = auto()
    VALUE = auto()
    NOTHING = auto()
    XML = auto()


@dataclass(slots=True)
class _Frame:
    """An open element: what it means, and what is in force within it."""

    kind: _Kind
    base: str
    language: str
    subject: Node | None = None
    predicate: str = ""
    identity: str = ""
    """The IRI of the statement that the element makes, where it has one."""
    datatype: str = ""
    filled: bool = False
    items: int = 0
    text: list[str] = field(default_factory=list)
    members: list[Node] = field(default_factory=list)
    xml: CanonicalWriter | None = None


def read_rdf_xml(data: bytes, base: str, depth_limit: int) -> list[ox.Quad]:
    """Read one document.

    Raises:
        RdfXmlError: for XML that is not well-formed to its end, a document type, elements nested beyond the limit,
            or a breach of the grammar of RDF/XML.
    """
    reader = _Reader(base, depth_limit)
    parser = expat.ParserCreate(namespace_separator=SEPARATOR)
    parser.namespace_prefixes = True
    # Otherwise expat hands out a text in pieces, at every line end and entity.
    parser.buffer_text = True
    reader.listen(parser)
    try:
        parser.Parse(data, True)
    except GrammarFault as fault:
        raise RdfXmlError(str(fault), parser.CurrentLineNumber, parser.CurrentColumnNumber + 1) from None
    except expat.ExpatError as error:
        around = data[max(0, parser.ErrorByteIndex - 2) :][:4]
        declared = _DECLARATION.search(around) is not None
        reason = _NO_DECLARATION if declared else f"it is no well-formed XML: {expat.ErrorString(error.code)}"
        raise RdfXmlError(reason, error.lineno, error.offset + 1) from None
    except (LookupError, ValueError):
        # Python's own answer where it has no codec of that name, or none with a byte for each character.
        if reader.has_begun:
            raise
        raise RdfXmlError(_UNREAD_ENCODING, 1, 1) from None
    return reader.quads


def prefixes_of_rdf_xml(data: bytes) -> dict[str, str]:
    """Return the prefixes that a well-formed document declares on any of its elements, the last one of a name."""
    found: dict[str, str] = {}

    def declare(prefix: str | None, iri: str | None) -> None:
        if iri:  # an empty one takes a declaration back
            found[prefix or ""] = iri

    parser = expat.ParserCreate(namespace_separator=SEPARATOR)
    parser.StartNamespaceDeclHandler = declare
    parser.Parse(data, True)
    return found


class _Reader:
    """Turns the events of an XML parser into statements."""

    def __init__(self, base: str, depth_limit: int) -> None:
        self.quads: list[ox.Quad] = []
        # A base has no fragment (RFC 3986, section 5.1).
        self._open = [_Frame(_Kind.DOCUMENT, without_fragment(base), "")]
        self._depth_limit = depth_limit
        self._labels: dict[str, ox.BlankNode] = {}
        self._identities: set[str] = set()
        self._blanks = 0

    @property
    def has_begun(self) -> bool:
        """Tell whether an element was met."""
        return len(self._open) > 1

    def listen(self, parser: Any) -> None:
        """Take the parser's events."""
        parser.StartElementHandler = self._start
        parser.EndElementHandler = self._end
        parser.CharacterDataHandler = self._text
        parser.CommentHandler = self._comment
        parser.ProcessingInstructionHandler = self._instruction
        parser.StartDoctypeDeclHandler = self._refuse_declaration
        parser.EntityDeclHandler = self._refuse_declaration

    def _refuse_declaration(self, *_details: object) -> None:
        raise GrammarFault(_NO_DECLARATION)

    # Events

    def _start(self, written: str, given: dict[str, str]) -> None:
        above = self._open[-1]
        if len(self._open) > self._depth_limit:
            raise GrammarFault(f"nesting is deeper than {self._depth_limit} levels")
        name = name_of(written)
        attributes = {name_of(key): value for key, value in given.items()}
        if above.kind is _Kind.XML:
            self._writer().start(name, attributes)
            self._open.append(_Frame(_Kind.XML, above.base, above.language, xml=above.xml))
            return
        base, language = _scope(above, attributes)
        own = {qualified(key): value for key, value in attributes.items() if key.namespace != XML}
        if above.kind is _Kind.PROPERTIES:
            self._open.append(self._property(name.iri, own, above, _Frame(_Kind.VALUE, base, language)))
        elif above.kind is _Kind.DOCUMENT and name.iri == RDF.RDF:
            refuse_rest({key for key in own if key not in {RDF.version, ITS.version}}, "rdf:RDF")
            self._open.append(_Frame(_Kind.NODES, base, language))
        elif above.kind is _Kind.NOTHING:
            raise GrammarFault(f"{name.written} stands within a property that has its value in an attribute")
        else:
            self._open.append(self._node(name, own, above, _Frame(_Kind.PROPERTIES, base, language)))

    def _end(self, _name: str) -> None:
        frame = self._open.pop()
        if frame.kind is _Kind.XML:
            self._end_xml(frame)
        elif frame.kind is _Kind.COLLECTION:
            self._state_list(frame)
        elif frame.kind is _Kind.VALUE and not frame.filled:
            self._state(frame, self._literal("".join(frame.text), frame))

    def _text(self, text: str) -> None:
        frame = self._open[-1]
        if frame.kind is _Kind.XML:
            self._writer().text(text)
        elif frame.kind is _Kind.VALUE and not frame.filled:
            frame.text.append(text)
        elif text.strip(" \t\n\r"):
            raise GrammarFault("text stands where an element belongs")

    def _comment(self, text: str) -> None:
        if self._open[-1].kind is _Kind.XML:
            self._writer().comment(text)

    def _instruction(self, target: str, data: str) -> None:
        if self._open[-1].kind is _Kind.XML:
            self._writer().instruction(target, data)

    def _writer(self) -> CanonicalWriter:
        writer = self._open[-1].xml
        assert writer is not None, "an element within XML has its writer"
        return writer

    def _end_xml(self, frame: _Frame) -> None:
        assert frame.xml is not None, "an element within XML has its writer"
        if frame.predicate:
            value = ox.Literal(frame.xml.written(), datatype=ox.NamedNode(RDF.XMLLiteral))
            self._state(frame, value)
        else:
            frame.xml.end()

    # Elements

    def _node(self, name: XmlName, own: dict[str, str], above: _Frame, frame: _Frame) -> _Frame:
        """Read an element that stands for a node, and let the one around it take the node."""
        if name.iri in NO_NODE:
            raise GrammarFault(f"{name.written} cannot be a node")
        if above.filled or any(piece.strip(" \t\n\r") for piece in above.text) or above.datatype:
            raise GrammarFault(f"{name.written} stands beside another value of its property")
        subject = frame.subject = self._subject(own, frame)
        if above.kind is _Kind.VALUE:
            above.filled = True
            self._state(above, subject)
        elif above.kind is _Kind.COLLECTION:
            above.members.append(subject)
        if name.iri != RDF.Description:
            self._add(subject, RDF.type, named_node(name.iri))
        self._attributes(subject, own, frame)
        return frame

    def _subject(self, own: dict[str, str], frame: _Frame) -> Node:
        naming = [key for key in (RDF.ID, RDF.about, RDF.nodeID) if key in own]
        if len(naming) > 1:
            raise GrammarFault("a node has more than one of rdf:ID, rdf:about and rdf:nodeID")
        if RDF.ID in own:
            return named_node(self._identity(own.pop(RDF.ID), frame))
        if RDF.about in own:
            return named_node(resolve(own.pop(RDF.about), frame.base))
        return self._labelled(own.pop(RDF.nodeID)) if naming else self._blank()

    def _property(self, name: str, own: dict[str, str], above: _Frame, frame: _Frame) -> _Frame:
        """Read an element that stands for a property of the node around it."""
        # RDF/XML, section 2.15: rdf:li numbers itself within its node.
        if name == RDF.li:
            above.items += 1
            name = RDF.term(f"_{above.items}")
        if name in NO_PROPERTY:
            raise GrammarFault(f"rdf:{name.removeprefix(RDF)} cannot be a property")
        frame.subject, frame.predicate = above.subject, name
        if RDF.ID in own:
            frame.identity = self._identity(own.pop(RDF.ID), frame)
        if RDF.parseType in own:
            return self._parsed(own.pop(RDF.parseType), own, frame)
        if RDF.datatype in own:
            frame.datatype = resolve(own.pop(RDF.datatype), frame.base)
            refuse_rest(own, "a property with rdf:datatype")
        elif own:
            self._state_by_attributes(own, frame)
        return frame

    def _parsed(self, kind: str, own: dict[str, str], frame: _Frame) -> _Frame:
        """Read a property whose content is of a kind of its own; kinds that nobody knows are XML."""
        refuse_rest(own, "a property with rdf:parseType")
        if kind == "Triple":
            raise GrammarFault(
                "it holds a triple term, which is not supported: describe the statement with an rdf:Statement"
            )
        if kind == "Resource":
            node = self._blank()
            self._state(frame, node)
            return _Frame(_Kind.PROPERTIES, frame.base, frame.language, subject=node)
        frame.kind = _Kind.COLLECTION if kind == "Collection" else _Kind.XML
        frame.xml = CanonicalWriter() if frame.kind is _Kind.XML else None
        return frame

    def _state_by_attributes(self, own: dict[str, str], frame: _Frame) -> None:
        """State a property whose value is named, or described, by attributes."""
        if RDF.resource in own and RDF.nodeID in own:
            raise GrammarFault("a property has both rdf:resource and rdf:nodeID")
        value: Node
        if RDF.resource in own:
            value = named_node(resolve(own.pop(RDF.resource), frame.base))
        else:
            value = self._labelled(own.pop(RDF.nodeID)) if RDF.nodeID in own else self._blank()
        self._state(frame, value)
        self._attributes(value, own, frame)
        frame.kind = _Kind.NOTHING

    def _attributes(self, subject: Node, own: dict[str, str], frame: _Frame) -> None:
        """State what attributes say of a node."""
        for name, value in own.items():
            if name in NO_ATTRIBUTE or name.startswith(ITS):
                raise GrammarFault(f"{name} cannot stand here as an attribute")
            if name == RDF.type:
                self._add(subject, name, named_node(resolve(value, frame.base)))
            else:
                self._add(subject, name, literal(value, "", frame.language))

    # Statements

    def _state(self, frame: _Frame, value: Node | ox.Literal) -> None:
        """State a property's value, and describe the statement where it has a name."""
        assert frame.subject is not None, "a property has a node around it"
        self._add(frame.subject, frame.predicate, value)
        if frame.identity:
            statement = named_node(frame.identity)
            self._add(statement, RDF.type, named_node(RDF.Statement))
            self._add(statement, RDF.subject, frame.subject)
            self._add(statement, RDF.predicate, named_node(frame.predicate))
            self._add(statement, RDF.object, value)

    def _state_list(self, frame: _Frame) -> None:
        nodes: list[Node] = [*(self._blank() for _ in frame.members), named_node(RDF.nil)]
        self._state(frame, nodes[0])
        for node, following, member in zip(nodes, nodes[1:], frame.members, strict=False):
            self._add(node, RDF.first, member)
            self._add(node, RDF.rest, following)

    def _literal(self, text: str, frame: _Frame) -> ox.Literal:
        return literal(text, frame.datatype, frame.language)

    def _add(self, subject: Node, predicate: str, value: Node | ox.Literal) -> None:
        self.quads.append(ox.Quad(subject, named_node(predicate), value))

    def _identity(self, name: str, frame: _Frame) -> str:
        identity = resolve("#" + checked(name, "rdf:ID"), frame.base)
        if identity in self._identities:
            raise GrammarFault(f"rdf:ID {name} stands twice")
        self._identities.add(identity)
        return identity

    def _labelled(self, label: str) -> ox.BlankNode:
        checked(label, "rdf:nodeID")
        if label not in self._labels:
            self._labels[label] = self._blank()
        return self._labels[label]

    def _blank(self) -> ox.BlankNode:
        self._blanks += 1
        return ox.BlankNode(f"b{self._blanks}")


def _scope(above: _Frame, attributes: Attributes) -> tuple[str, str]:
    """Return the base and the language that are in force from an element on."""
    base, language = above.base, above.language
    for name, value in attributes.items():
        if name.namespace == XML and name.local == "base":
            base = without_fragment(resolve(value, above.base))
        elif name.namespace == XML and name.local == "lang":
            language = value
    return base, language

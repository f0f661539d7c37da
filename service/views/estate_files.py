"""The estate as files for tools that know no RDF: GraphML with nodes and edges, CSV with a row per statement.

Both hold what somebody states: not what follows from it, and not the ontology, but for the terms that things lead to.
They are written as they are read; in memory are the things that lie beside the estate, and some cards.
"""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from functools import lru_cache
from hashlib import sha256
from itertools import chain
from typing import BinaryIO, Final, NamedTuple
from xml.sax.saxutils import XMLGenerator
from xml.sax.xmlreader import AttributesImpl

import pyoxigraph as ox

from stratagraph.ontology.datatypes import NUMBERS
from stratagraph.ontology.facts import Iri
from stratagraph.ontology.namespaces import ONTOLOGY_IRI, RDF, RDFS, SG, SKOS, XSD, compact, local_name
from stratagraph.queries.csv_rows import write_delimited

COLUMNS: Final = (
    "subject",
    "subjectLabel",
    "subjectKind",
    "predicate",
    "object",
    "objectLabel",
    "objectKind",
    "datatype",
    "language",
    "sources",
    "firstSeen",
)
Inside = frozenset[ox.NamedNode] | None
"""The members of the system that is written; None for the whole estate."""
_DEFAULT: Final = ox.DefaultGraph()
_FORBIDDEN: Final = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""Characters that no XML 1.0 document may hold, even escaped."""
_NAMED: Final = frozenset({SG.term("name"), RDFS.label})
_SEPARATOR: Final = " | "
_NODE_KEYS: Final = {"iri": "string", "label": "string", "name": "string", "kind": "string", "level": "string"}
_EDGE_KEYS: Final = {
    "relation": "string",
    "label": "string",
    "declared": "boolean",
    "observed": "boolean",
    "sources": "string",
    "firstSeen": "string",
}


class Card(NamedTuple):
    """What is shown of a thing."""

    label: str
    name: str
    kind: str
    level: str


class Claims(NamedTuple):
    """Who states what stands in a graph of claims, and how."""

    sources: str
    methods: frozenset[str]
    first_seen: str


class Estate:
    """Reads what somebody states of an estate, or of a system in it."""

    def __init__(self, store: ox.Store, inside: Inside, language: str) -> None:
        self._store = store
        self.inside = inside
        self._language = language.lower()
        self._above: dict[str, set[str]] = {}
        for quad in store.quads_for_pattern(None, ox.NamedNode(RDFS.subClassOf), None, _DEFAULT):
            if isinstance(quad.subject, ox.NamedNode) and isinstance(quad.object, ox.NamedNode):
                self._above.setdefault(quad.subject.value, set()).add(quad.object.value)
        self.card = lru_cache(maxsize=10_000)(self._card)
        self.claims = lru_cache(maxsize=10_000)(self._claims)
        self._kind = lru_cache(maxsize=10_000)(self._narrowest)

    def stated(self) -> Iterator[tuple[ox.Quad, Claims]]:
        """Yield what is stated, each triple once for each set of claims on it."""
        if self.inside is None:
            for graph in self._pairs(ox.NamedNode(RDF.type), ox.NamedNode(SG.ClaimSet)):
                claims = self.claims(graph)
                yield from ((quad, claims) for quad in self._store.quads_for_pattern(None, None, None, graph))
            return
        for node in sorted(self.inside, key=str):
            yield from self._claimed(self._store.quads_for_pattern(node, None, None, None))
            arriving = self._store.quads_for_pattern(None, None, node, None)
            yield from self._claimed(quad for quad in arriving if quad.subject not in self.inside)

    def stated_of(self, node: ox.NamedNode) -> Iterator[ox.Quad]:
        """Yield what is stated of a thing, each triple once for each set of claims on it."""
        yield from (quad for quad, _ in self._claimed(self._store.quads_for_pattern(node, None, None, None)))

    def stated_with(self, prop: ox.NamedNode, node: ox.NamedNode) -> Iterator[ox.Quad]:
        """Yield the statements that lead to a thing by a relation."""
        yield from (quad for quad, _ in self._claimed(self._store.quads_for_pattern(None, prop, node, None)))

    def _claimed(self, quads: Iterator[ox.Quad]) -> Iterator[tuple[ox.Quad, Claims]]:
        for quad in quads:
            if isinstance(quad.graph_name, ox.NamedNode) and (claims := self.claims(quad.graph_name)).sources:
                yield quad, claims

    def assets(self) -> Iterator[ox.NamedNode]:
        """Yield the assets that are written, each once."""
        if self.inside is not None:
            yield from sorted(self.inside, key=str)
            return
        found = self._pairs(ox.NamedNode(RDF.type), ox.NamedNode(SG.Asset))
        yield from (node for node in found if not node.value.startswith(ONTOLOGY_IRI))

    def is_asset(self, node: ox.NamedNode) -> bool:
        """Tell whether ``assets`` yields a thing."""
        if self.inside is not None:
            return node in self.inside
        is_one = ox.Quad(node, ox.NamedNode(RDF.type), ox.NamedNode(SG.Asset), _DEFAULT) in self._store
        return is_one and not node.value.startswith(ONTOLOGY_IRI)

    def attributes(self, node: ox.NamedNode) -> dict[Iri, list[ox.Literal]]:
        """Return the literals that are said of a thing."""
        found: dict[Iri, list[ox.Literal]] = {}
        for quad in self._store.quads_for_pattern(node, None, None, _DEFAULT):
            if isinstance(quad.object, ox.Literal):
                found.setdefault(quad.predicate.value, []).append(quad.object)
        return found

    def is_single(self, prop: Iri) -> bool:
        """Tell whether things have one value of an attribute at most."""
        return any(value.value == "true" for value in self._literals(ox.NamedNode(prop), SG.singleValued))

    def _pairs(self, prop: ox.NamedNode, value: ox.NamedNode) -> Iterator[ox.NamedNode]:
        for quad in self._store.quads_for_pattern(None, prop, value, _DEFAULT):
            if isinstance(quad.subject, ox.NamedNode):
                yield quad.subject

    def _literals(self, node: ox.NamedNode, prop: Iri) -> list[ox.Literal]:
        found = self._store.quads_for_pattern(node, ox.NamedNode(prop), None, _DEFAULT)
        return [quad.object for quad in found if isinstance(quad.object, ox.Literal)]

    def _card(self, node: ox.NamedNode) -> Card:
        types = (quad.object for quad in self._store.quads_for_pattern(node, ox.NamedNode(RDF.type), None, _DEFAULT))
        kind = self._kind(frozenset(cls.value for cls in types if isinstance(cls, ox.NamedNode)))
        name = next((each.value for each in self._literals(node, SG.term("name"))), "") or local_name(node.value)
        return Card(self._label(node) or name, name, local_name(kind), self._level(kind))

    def _label(self, node: ox.NamedNode) -> str:
        labels = {(each.language or "").lower(): each.value for each in self._literals(node, RDFS.label)}
        return next((labels[tag] for tag in (self._language, "", "en") if tag in labels), "")

    def _narrowest(self, types: frozenset[str]) -> str:
        """Return the class that no other lies below; ours before those of other vocabularies, then the first by IRI."""
        above = {cls for each in types for cls in self._lineage(each) if cls != each}
        return min(types - above or types, key=lambda cls: (not cls.startswith(SG), cls), default="")

    def _lineage(self, cls: str) -> set[str]:
        found, agenda = {cls}, [cls]
        while agenda:
            for other in self._above.get(agenda.pop(), ()):
                if other not in found:
                    found.add(other)
                    agenda.append(other)
        return found

    def _level(self, kind: str) -> str:
        for cls in sorted(self._lineage(kind)) if kind else ():
            for quad in self._store.quads_for_pattern(ox.NamedNode(cls), ox.NamedNode(SG.level), None, _DEFAULT):
                if isinstance(quad.object, ox.NamedNode):
                    notations = self._literals(quad.object, SKOS.notation)
                    return notations[0].value if notations else local_name(quad.object.value)
        return ""

    def _claims(self, graph: ox.NamedNode) -> Claims:
        sources, methods, seen = (
            sorted(each.value for each in self._literals(graph, prop)) for prop in (SG.source, SG.method, SG.firstSeen)
        )
        return Claims(_SEPARATOR.join(sources), frozenset(methods), seen[0] if seen else "")


# CSV -----------------------------------------------------------------------------------------------------------------


def write_csv(store: ox.Store, file: BinaryIO, inside: Inside, language: str) -> None:
    """Write a row per statement, under a heading; whatever a cell says, no spreadsheet runs it."""
    estate = Estate(store, inside, language)
    text = io.TextIOWrapper(file, encoding="utf-8", newline="", write_through=True)
    write_delimited(text, COLUMNS, (_row(estate, quad, claims) for quad, claims in estate.stated()))
    text.detach()


def _row(estate: Estate, quad: ox.Quad, claims: Claims) -> list[str]:
    assert isinstance(quad.subject, ox.NamedNode)  # blank nodes are skolemised before they get here
    subject = estate.card(quad.subject)
    row = [quad.subject.value, subject.label, subject.kind, compact(quad.predicate.value)]
    if isinstance(quad.object, ox.Literal):
        row += [quad.object.value, "", "", compact(quad.object.datatype.value), quad.object.language or ""]
    elif isinstance(quad.object, ox.NamedNode):
        card = estate.card(quad.object)
        row += [quad.object.value, card.label, card.kind, "", ""]
    return [*row, claims.sources, claims.first_seen]


# GraphML -------------------------------------------------------------------------------------------------------------


def write_graphml(store: ox.Store, file: BinaryIO, inside: Inside, language: str) -> None:
    """Write the assets, and what they lead to, as nodes and what is stated between them as edges."""
    estate = Estate(store, inside, language)
    beside = _beside(estate)
    # What is typed as numbers must be known before the first node is written.
    keys = _attribute_keys(estate, beside)
    xml = XMLGenerator(file, encoding="UTF-8", short_empty_elements=True)
    xml.startDocument()
    xml.startElement("graphml", AttributesImpl({"xmlns": "http://graphml.graphdrawing.org/xmlns"}))
    for kind, declared in (("node", _NODE_KEYS | dict(keys.values())), ("edge", _EDGE_KEYS)):
        for name, form in declared.items():
            told = {"id": f"{kind}-{name}", "for": kind, "attr.name": name, "attr.type": form}
            xml.startElement("key", AttributesImpl(told))
            xml.endElement("key")
    xml.startElement("graph", AttributesImpl({"id": "estate", "edgedefault": "directed"}))
    for node in chain(estate.assets(), beside):
        _write_node(xml, estate, node, keys)
    for place, (quad, claims) in enumerate(estate.stated()):
        if ends := _ends(quad):
            _write_edge(xml, place, ends, quad.predicate.value, claims)
    for element in ("graph", "graphml"):
        xml.endElement(element)
    xml.endDocument()


def _beside(estate: Estate) -> dict[ox.NamedNode, None]:
    """Return the things that are no assets, but that something is stated of, or that statements lead to."""
    beside: dict[ox.NamedNode, None] = {}
    for quad, _ in estate.stated():
        for end in _ends(quad) or (quad.subject,):
            if isinstance(end, ox.NamedNode) and not estate.is_asset(end):
                beside[end] = None
    return beside


def _ends(quad: ox.Quad) -> tuple[ox.NamedNode, ...]:
    """Return both ends of a relation; types are told as the kind of a node."""
    if quad.predicate.value == RDF.type or not isinstance(quad.object, ox.NamedNode):
        return ()
    return (quad.subject, quad.object) if isinstance(quad.subject, ox.NamedNode) else ()


def _attribute_keys(estate: Estate, beside: dict[ox.NamedNode, None]) -> dict[Iri, tuple[str, str]]:
    """Return the name and the type of each attribute that nodes have."""
    found: dict[Iri, str] = {}
    for node in chain(estate.assets(), beside):
        for prop, values in estate.attributes(node).items():
            forms = {_form(value) for value in values} | ({found[prop]} if prop in found else set())
            found[prop] = forms.pop() if len(forms) == 1 else "string"
    keys: dict[Iri, tuple[str, str]] = {}
    taken = {*_NODE_KEYS}
    for prop, form in sorted(found.items()):
        if prop in _NAMED:
            continue
        name = local_name(prop) if local_name(prop) not in taken else compact(prop)
        taken.add(name)
        keys[prop] = name, form if estate.is_single(prop) else "string"
    return keys


def _form(value: ox.Literal) -> str:
    datatype = value.datatype.value
    if datatype == XSD.boolean:
        return "boolean"
    return "double" if datatype in NUMBERS or datatype in {XSD.double, XSD.float} else "string"


def _write_node(xml: XMLGenerator, estate: Estate, node: ox.NamedNode, keys: dict[Iri, tuple[str, str]]) -> None:
    card = estate.card(node)
    xml.startElement("node", AttributesImpl({"id": _id(node)}))
    _write_data(xml, "node", {"iri": node.value, **card._asdict()})
    told = {}
    for prop, values in estate.attributes(node).items():
        if prop in keys:
            name, form = keys[prop]
            texts = sorted({value.value for value in values})
            # A key with a type takes one value; a second one is of sources that contradict each other.
            told[name] = _SEPARATOR.join(texts) if form == "string" else texts[0]
    _write_data(xml, "node", told)
    xml.endElement("node")


def _write_edge(xml: XMLGenerator, place: int, ends: tuple[ox.NamedNode, ...], relation: Iri, claims: Claims) -> None:
    start, end = map(_id, ends)
    xml.startElement("edge", AttributesImpl({"id": f"e{place}", "source": start, "target": end}))
    told = {
        "relation": compact(relation),
        "label": local_name(relation),
        "declared": _truth("declared" in claims.methods),
        "observed": _truth("observed" in claims.methods),
        "sources": claims.sources,
        "firstSeen": claims.first_seen,
    }
    _write_data(xml, "edge", told)
    xml.endElement("edge")


def _write_data(xml: XMLGenerator, kind: str, told: dict[str, str]) -> None:
    for name, value in told.items():
        if value:
            xml.startElement("data", AttributesImpl({"key": f"{kind}-{name}"}))
            xml.characters(_FORBIDDEN.sub("\ufffd", value))
            xml.endElement("data")


def _id(node: ox.NamedNode) -> str:
    """Return an id for XML, in which an IRI is none: the same for a thing wherever it stands, without a table."""
    return f"n{sha256(node.value.encode()).hexdigest()[:24]}"


def _truth(holds: bool) -> str:  # noqa: FBT001  it is the value itself
    return "true" if holds else "false"

"""The graph that tells of the others: the kinds and relations that there are, with how many, as VoID and SHACL say it.

It is kept with every change, in the transaction that moves the watermark, and names that sequence: it can't be stale.
The counts are those of the default graph. Nothing in the default graph speaks of it, and no dump holds it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from urllib.parse import quote

import pyoxigraph as ox

from stratagraph.ontology.facts import ChangeSet, Fact, Iri
from stratagraph.ontology.model import OntologyModel
from stratagraph.ontology.namespaces import OWL, RDF, RDFS, SCHEMA_BASE, SH, VOID, XSD, compact
from stratagraph.service.views.books import SCHEMA
from stratagraph.service.views.quad_edits import Block


class SchemaGraph:
    """The counts that a store tells, and what a change makes of them."""

    def __init__(self, store: ox.Store, model: OntologyModel) -> None:
        """Read what the store tells."""
        self._store = store
        self._model = model
        self._counts: Counter[Iri] = Counter()
        for of, number in ((VOID.term("class"), VOID.entities), (VOID.property, VOID.triples)):
            for node, term in self._values(of):
                for _, value in self._values(number, node):
                    self._counts[term] = int(value)
        self._moved: Counter[Iri] = Counter()

    def see(self, change: ChangeSet) -> None:
        """Take in what a change adds and removes."""
        self._moved.update(self._counted(change.added))
        self._moved.subtract(self._counted(change.removed))

    def settle(self, sequence: int) -> tuple[Block, Block]:
        """Return what to remove and what to add, for the graph to tell what holds at a sequence."""
        removed = [f"{SCHEMA} <{OWL.versionInfo}> {ox.Literal(text)}" for _, text in self._versions()]
        added = [f"{SCHEMA} <{OWL.versionInfo}> {ox.Literal(str(sequence))}"]
        added.append(f"{SCHEMA} <{RDF.type}> <{VOID.Dataset}>")
        for term, moved in self._moved.items():
            if moved:
                before, now = self._counts[term], self._counts[term] + moved
                removed += self._lines(term, before) if before else ()
                added += self._lines(term, now) if now else ()
                self._counts[term] = now
        self._moved.clear()
        return (SCHEMA.value, removed), (SCHEMA.value, added)

    def _counted(self, facts: Iterable[Fact]) -> Iterator[Iri]:
        """Yield the class or the relation that each fact counts for."""
        classes, relations = self._model.classes, self._model.relations
        for _, predicate, value in facts:
            if predicate == RDF.type:
                if value in classes:
                    yield str(value)
            elif predicate in relations:
                yield predicate

    def _lines(self, term: Iri, count: int) -> Iterator[str]:
        """Yield what is said of a class or a relation that occurs."""
        node = f"<{node_of(term)}>"
        said = self._of_class(term, count) if term in self._model.classes else self._of_relation(term, count)
        for prop, value in said:
            yield f"{node} <{prop}> {value}"
        partition = VOID.classPartition if term in self._model.classes else VOID.propertyPartition
        yield f"{SCHEMA} <{partition}> {node}"

    def _of_class(self, cls: Iri, count: int) -> Iterator[tuple[Iri, str]]:
        yield RDF.type, f"<{SH.NodeShape}>"
        yield SH.targetClass, f"<{cls}>"
        yield VOID.term("class"), f"<{cls}>"
        yield VOID.entities, _number(count)
        yield RDFS.label, str(ox.Literal(self._model.label(cls), language="en"))
        for prop in sorted(p for p, info in self._model.relations.items() if cls in info.domain):
            yield SH.property, f"<{node_of(prop)}>"

    def _of_relation(self, relation: Iri, count: int) -> Iterator[tuple[Iri, str]]:
        yield RDF.type, f"<{SH.PropertyShape}>"
        yield SH.path, f"<{relation}>"
        yield VOID.property, f"<{relation}>"
        yield VOID.triples, _number(count)
        yield RDFS.label, str(ox.Literal(self._model.label(relation), language="en"))
        ends = self._model.relations[relation].range
        if len(ends) == 1:
            yield SH.term("class"), f"<{next(iter(ends))}>"

    def _versions(self) -> Iterator[tuple[str, str]]:
        return self._values(OWL.versionInfo, SCHEMA.value)

    def _values(self, prop: Iri, node: Iri | None = None) -> Iterator[tuple[str, str]]:
        subject = None if node is None else ox.NamedNode(node)
        for quad in self._store.quads_for_pattern(subject, ox.NamedNode(prop), None, SCHEMA):
            yield getattr(quad.subject, "value", ""), getattr(quad.object, "value", "")


def node_of(term: Iri) -> Iri:
    """Return the node that tells of a class or a relation."""
    return SCHEMA_BASE + quote(compact(term), safe=":")


def _number(count: int) -> str:
    return str(ox.Literal(str(count), datatype=ox.NamedNode(XSD.integer)))

"""What goes into a bill of materials of an estate: its systems, agents, models, data sets and tools, as stated."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Final, TypeVar

import pyoxigraph as ox

from stratagraph.ontology.facts import Iri
from stratagraph.ontology.namespaces import ONTOLOGY_IRI, OWL, RDF, SG, local_name
from stratagraph.service.views.estate_files import Estate

_DEFAULT: Final = ox.DefaultGraph()
_TYPE: Final = ox.NamedNode(RDF.type)
SORTS: Final = (SG.BaseModel, SG.Dataset, SG.Tool, SG.LLMSystem, SG.Agent)
"""The classes whose things are parts of a bill."""
PARTIES: Final = frozenset({SG.providedBy, SG.ownedBy})
"""Relations whose other end is told by its name, and is no part."""
PRIMARY: Final = frozenset(
    {SG.usesModel, SG.usesTool, SG.dependsOn, SG.derivedFrom, SG.trainedWith, SG.mayUseTool, *PARTIES}
)
"""The relations that a bill has words for, and the parts that a system needs are found by."""


@dataclass(slots=True)
class StatedPart:
    """A thing with all that is stated of it: texts by attribute, other parts and parties by relation."""

    node: ox.NamedNode
    sort: Iri
    kind: str
    name: str
    attributes: dict[Iri, list[ox.Literal]] = field(default_factory=dict)
    relations: dict[Iri, list[ox.NamedNode]] = field(default_factory=dict)

    def first(self, attribute: Iri) -> str:
        """Return the value of an attribute, the first of several."""
        return next((value.value for value in self.attributes.get(attribute, ())), "")


class Parts:
    """Finds the parts of a bill, of the whole estate or of a system with all that it needs."""

    def __init__(self, store: ox.Store, language: str) -> None:
        """Read a store."""
        self.store = store
        self.estate = Estate(store, None, language)
        self._turned = dict(self._inverses())

    def _inverses(self) -> Iterator[tuple[Iri, Iri]]:
        """Yield the relations that say one of the primary ones the other way round."""
        for quad in self.store.quads_for_pattern(None, ox.NamedNode(OWL.inverseOf), None, _DEFAULT):
            if isinstance(quad.subject, ox.NamedNode) and isinstance(quad.object, ox.NamedNode):
                for one, other in ((quad.subject, quad.object), (quad.object, quad.subject)):
                    if other.value in PRIMARY:
                        yield one.value, other.value

    def find(self, members: Iterable[ox.NamedNode] | None) -> dict[ox.NamedNode, StatedPart]:
        """Return the parts in the order of their IRIs: all, or some with those that they need at any distance."""
        found: dict[ox.NamedNode, StatedPart] = {}
        agenda = list(self.estate.assets() if members is None else members)
        while agenda:
            node = agenda.pop()
            if node in found or not (sort := self._sort(node)):
                continue
            part = found[node] = self._part(node, sort)
            agenda += [other for relation in PRIMARY for other in part.relations.get(relation, ())]
        return {node: found[node] for node in sorted(found, key=str)}

    def _sort(self, node: ox.NamedNode) -> Iri | None:
        if node.value.startswith(ONTOLOGY_IRI):
            return None
        return next((sort for sort in SORTS if self._is(node, sort)), None)

    def _is(self, node: ox.NamedNode, cls: Iri) -> bool:
        return ox.Quad(node, _TYPE, ox.NamedNode(cls), _DEFAULT) in self.store

    def _part(self, node: ox.NamedNode, sort: Iri) -> StatedPart:
        card = self.estate.card(node)
        part = StatedPart(node, sort, card.kind, card.name)
        for quad in self.estate.stated_of(node):
            relation = quad.predicate.value
            if isinstance(quad.object, ox.Literal):
                _add(part.attributes, relation, quad.object)
            elif isinstance(quad.object, ox.NamedNode) and relation not in self._turned and relation != RDF.type:
                _add(part.relations, relation, quad.object)
        for inverse, relation in self._turned.items():
            for quad in self.estate.stated_with(ox.NamedNode(inverse), node):
                if isinstance(quad.subject, ox.NamedNode):
                    _add(part.relations, relation, quad.subject)
        for texts in part.attributes.values():
            texts.sort(key=str)
        for nodes in part.relations.values():
            nodes.sort(key=str)
        return part

    def party(self, node: ox.NamedNode) -> tuple[str, str]:
        """Return the class and the name of an organisation."""
        card = self.estate.card(node)
        return card.kind, card.name

    def figures(self, node: ox.NamedNode) -> Iterator[tuple[str, str, str]]:
        """Yield metric, value and part of the cases of what evaluations found of a model."""
        for run in self.store.quads_for_pattern(None, ox.NamedNode(SG.evaluatedAsset), node, _DEFAULT):
            for result in self.store.quads_for_pattern(run.subject, ox.NamedNode(SG.hasResult), None, _DEFAULT):
                if isinstance(result.object, ox.NamedNode):
                    yield from self._figure(result.object)

    def _figure(self, result: ox.NamedNode) -> Iterator[tuple[str, str, str]]:
        said = self.estate.attributes(result)
        scores, parts = said.get(SG.score, ()), said.get(SG.ofPart, ())
        for metric in self.store.quads_for_pattern(result, ox.NamedNode(SG.ofMetric), None, _DEFAULT):
            if isinstance(metric.object, ox.NamedNode):
                for score in scores:
                    yield self.estate.card(metric.object).name, score.value, parts[0].value if parts else ""


_Value = TypeVar("_Value")


def _add(held: dict[Iri, list[_Value]], name: Iri, value: _Value) -> None:
    values = held.setdefault(name, [])
    if value not in values:
        values.append(value)


def is_ours(iri: Iri) -> bool:
    """Tell whether a term is one of the core ontology, which a reader elsewhere knows by its name alone."""
    return iri == SG.term(local_name(iri))

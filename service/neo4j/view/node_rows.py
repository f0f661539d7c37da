"""Nodes as they are written: their labels, their properties, and the level that an asset lies on."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, NamedTuple, TypeAlias
from urllib.parse import unquote

from stratagraph.ontology.facts import Fact, Iri, Literal, Observation, Sighting
from stratagraph.ontology.identity import observation_iri, scope_iri
from stratagraph.ontology.model import OntologyModel
from stratagraph.ontology.namespaces import OWL, RDF, RDFS, SG, SKOS, compact, expand
from stratagraph.service.neo4j.mapping.graph_labels import Labels
from stratagraph.service.neo4j.mapping.graph_names import (
    ASSET,
    KEY,
    LABEL,
    LEVEL_NUMBER,
    MARKER,
    OWL_TYPES,
    TERM,
    Names,
)
from stratagraph.service.neo4j.view.graph_edits import GraphEdits
from stratagraph.service.neo4j.view.neo4j_literals import Form, held, plain, shown
from stratagraph.service.views.nodes import observation_facts, scope_facts

Properties: TypeAlias = dict[str, Any]
_WORDS_OF_OWL: Final = (OWL, RDF, RDFS)
_NO_LABELS: Final[frozenset[str]] = frozenset()


@dataclass(frozen=True, slots=True)
class Standing:
    """A node as it stands in the database, by the end of its element id."""

    number: str
    labels: frozenset[str] = _NO_LABELS
    properties: Mapping[str, Any] = field(default_factory=dict)


class NodeRow(NamedTuple):
    """A node with its labels, the properties to set, the labels to take away, and its level before and after."""

    iri: Iri
    labels: frozenset[str]
    properties: Properties
    lost: frozenset[str] = _NO_LABELS
    level_before: Iri | None = None
    level: Iri | None = None


class _Place(NamedTuple):
    """Where the values of an attribute in a language are kept."""

    key: str
    form: Form
    language: str


class NodeMaker:
    """Makes the rows of nodes."""

    def __init__(self, model: OntologyModel, names: Names, labels: Labels) -> None:
        self._model = model
        self._names = names
        self._labels = labels
        self._places: dict[tuple[Iri, str], _Place] = {}
        self._called_by = self._label_keys()

    def rows(self, edits: GraphEdits, standing: Mapping[Iri, Standing]) -> Iterable[NodeRow]:
        """Yield the rows of the nodes of which types or literals change, given those of them that stand already."""
        told: dict[Iri, tuple[list[tuple[Iri, bool]], dict[_Place, list[tuple[Literal, bool]]]]] = {}
        for (subject, predicate, value), holds in edits.facts.items():
            entry = told.get(subject)
            if entry is None:
                entry = told[subject] = [], {}
            if isinstance(value, Literal):
                entry[1].setdefault(self._place(predicate, value.language), []).append((value, holds))
            else:
                entry[0].append((value, holds))
        for iri, (types, literals) in told.items():
            before = standing.get(iri)
            yield self._changed(iri, types, literals, before) if before else self._new(iri, types, literals)

    def bare(self, iri: Iri) -> NodeRow:
        """Return the row of a node of which nothing is known but what the ontology says."""
        types = {above for cls in self._model.graph.iris(iri, RDF.type) for above in self._model.ancestors(cls)}
        return self._finished(iri, types, {})

    def observation(self, seen: Observation) -> NodeRow:
        """Return the row of the newest observation of a subject and metric."""
        row = self._about(observation_iri(seen.subject, seen.metric), observation_facts(seen))
        row.properties[LABEL] = self._model.label(seen.metric)
        return row

    def scope(self, seen: Sighting) -> NodeRow:
        """Return the row of a scope."""
        row = self._about(scope_iri(seen.source, seen.scope), scope_facts(seen))
        row.properties[LABEL] = seen.scope
        return row

    def statement(self, iri: Iri, properties: Properties) -> NodeRow:
        """Return the row of the node of a relation that something was observed on."""
        label = properties.get(LABEL) or called(iri)
        return NodeRow(iri, frozenset({self._names.label(SG.Statement)}), {**properties, **_kept(iri), LABEL: label})

    def _about(self, node: Iri, facts: Iterable[Fact]) -> NodeRow:
        types: list[tuple[Iri, bool]] = []
        literals: dict[_Place, list[tuple[Literal, bool]]] = {}
        for fact in facts:
            if isinstance(fact.object, Literal):
                literals.setdefault(self._place(fact.predicate, ""), []).append((fact.object, True))
            elif fact.predicate == RDF.type:
                types.append((fact.object, True))
        return self._new(node, types, literals)

    def _new(
        self, iri: Iri, types: list[tuple[Iri, bool]], literals: Mapping[_Place, list[tuple[Literal, bool]]]
    ) -> NodeRow:
        properties: Properties = {}
        for place, changes in literals.items():
            values = {literal for literal, holds in changes if holds}
            text = plain(values, place.form)
            if text is not None:
                properties[place.key] = [text] if place.form.many else text
            else:
                properties.update(shown(place.key, values, place.form))
        return self._finished(iri, {cls for cls, holds in types if holds}, properties)

    def _finished(self, iri: Iri, types: set[Iri], properties: Properties) -> NodeRow:
        labels = self._labels.labels(iri, types)
        level = self._add_known(iri, types, labels, properties)
        properties[LABEL] = self._called(iri, properties)
        properties |= _kept(iri)
        held_ = {key: value for key, value in properties.items() if value is not None}
        return NodeRow(iri, labels, held_, level=level)

    def _add_known(self, iri: Iri, types: set[Iri], labels: frozenset[str], properties: Properties) -> Iri | None:
        """Add what follows from the types; return the level."""
        if TERM in labels:
            properties[OWL_TYPES] = sorted(compact(cls) for cls in types if cls.startswith(_WORDS_OF_OWL))
        level = self._labels.level(iri, types) if ASSET in labels else None
        if level is not None:
            properties[LEVEL_NUMBER] = level.number
        return level.iri if level else None

    def _changed(
        self,
        iri: Iri,
        types: list[tuple[Iri, bool]],
        literals: Mapping[_Place, list[tuple[Literal, bool]]],
        before: Standing,
    ) -> NodeRow:
        self._labels.meet(cls for cls, _ in types if not cls.startswith(_WORDS_OF_OWL))
        had = self._labels.types(before.labels)
        had |= {expand(name) or name for name in before.properties.get(OWL_TYPES, ())}
        now = set(had)
        for cls, holds in types:
            (now.add if holds else now.discard)(cls)
        properties: Properties = {}
        for place, changes in literals.items():
            values = held(place.key, before.properties, place.form, place.language)
            properties.update(shown(place.key, _after(values, changes), place.form))
        labels, was = self._labels.labels(iri, now), self._labels.level(iri, had) if ASSET in before.labels else None
        properties |= {key: None for key, label in ((OWL_TYPES, TERM), (LEVEL_NUMBER, ASSET)) if label in before.labels}
        level = self._add_known(iri, now, labels, properties)
        properties[LABEL] = self._called(iri, {**before.properties, **properties})
        changed = {key: value for key, value in properties.items() if value != before.properties.get(key)}
        return NodeRow(iri, labels, changed, before.labels - labels, was.iri if was else None, level)

    def _place(self, attribute: Iri, language: str) -> _Place:
        place = self._places.get((attribute, language))
        if place is None:
            form = Form(self._names.datatype(attribute), self._names.is_list(attribute), self._names.is_text(attribute))
            place = _Place(self._names.key(attribute, language), form, language.lower())
            self._places[attribute, language] = place
        return place

    def _label_keys(self) -> tuple[str, ...]:
        """Return the keys that tell what a thing is called, in the order in which they are asked."""
        tagged = [self._names.key(prop, "en") for prop in (RDFS.label, SKOS.prefLabel)]
        return *tagged, self._names.key(RDFS.label), self._names.key(SKOS.prefLabel)

    def _called(self, iri: Iri, properties: Mapping[str, Any]) -> str:
        for key in self._called_by:
            if text := _first(properties.get(key)):
                return text
        for start in ("label_", "prefLabel_"):
            for key in sorted(key for key in properties if key.startswith(start)):
                if text := _first(properties[key]):
                    return text
        return _first(properties.get(self._names.key(SG.name))) or called(iri)


def _kept(iri: Iri) -> Properties:
    return {KEY: iri, MARKER: True}


def _first(value: Any) -> str:
    if isinstance(value, list):
        return str(value[0]) if value else ""
    return str(value) if value is not None else ""


def _after(values: set[Literal], changes: Iterable[tuple[Literal, bool]]) -> set[Literal]:
    for literal, holds in changes:
        known = Literal(literal.value, language=literal.language.lower()) if literal.language else literal
        (values.add if holds else values.discard)(known)
    return values


def called(iri: Iri) -> str:
    """Return the end of an IRI as a person would read it; the IRI itself where it has none."""
    end = iri.rstrip("/#").replace("#", "/").rpartition("/")[2]
    return unquote(end) or iri

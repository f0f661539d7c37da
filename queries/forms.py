"""What things of a class may say: the parts of the key, the attributes and the relations, as the gate accepts them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from stratagraph.ontology.facts import XSD_STRING, Iri, Literal
from stratagraph.ontology.model import OntologyModel, load_model
from stratagraph.ontology.namespaces import RDF, SH, SKOS, compact
from stratagraph.shapes.constraints import MinCount
from stratagraph.shapes.datashapes import ASSETS, DOCUMENTATION, shipped_shapes
from stratagraph.shapes.fact_vocabulary import PredicateRule, read_vocabulary
from stratagraph.shapes.paths import Alternative, Path, Predicate


@dataclass(frozen=True, slots=True, kw_only=True)
class Field:
    """An attribute or a relation of a class.

    An attribute has a datatype and maybe an example. A relation leads to things of ``classes``: to assets of
    ``kinds``, the nearest first, or to the ontology's own ``values``.
    """

    iri: Iri
    datatype: Iri | None = None
    single: bool = False
    example: str = ""
    classes: tuple[Iri, ...] = ()
    kinds: tuple[Iri, ...] = ()
    values: tuple[Iri, ...] = ()
    inverse: Iri | None = None

    def document(self, model: OntologyModel, lang: str) -> dict[str, Any]:
        """Return the field as JSON."""
        definitions = model.definitions.get(self.iri, {})
        document: dict[str, Any] = {
            "name": compact(self.iri),
            "label": model.label(self.iri, lang),
            "definition": definitions.get(lang.lower()) or definitions.get("en", ""),
        }
        if self.datatype:
            return document | {"datatype": compact(self.datatype), "single": self.single}
        return document | {
            "range": [compact(cls) for cls in self.classes],
            "values": [compact(value) for value in self.values],
            "inverse": compact(self.inverse) if self.inverse else None,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Form:
    """Everything that things of a class may say; the parts of the key stand apart, the first is required."""

    cls: Iri
    key: tuple[Field, ...]
    attributes: tuple[Field, ...]
    relations: tuple[Field, ...]
    expected: frozenset[Iri] = frozenset()
    """Attributes and relations whose absence the gate refuses or warns of, each by itself or one of several."""

    def document(self, model: OntologyModel, lang: str) -> dict[str, Any]:
        """Return the form as JSON."""
        return {
            "key": [compact(part.iri) for part in self.key],
            "attributes": [self._document(field, model, lang) for field in (*self.key, *self.attributes)],
            "relations": [self._document(field, model, lang) for field in self.relations],
        }

    def _document(self, field: Field, model: OntologyModel, lang: str) -> dict[str, Any]:
        return field.document(model, lang) | {"expected": field.iri in self.expected}


class Forms:
    """The forms of one ontology's classes."""

    def __init__(self, model: OntologyModel) -> None:
        """Read what the gate demands of every attribute and relation."""
        self.model = model
        self._rules = read_vocabulary(model).predicates
        core = load_model()
        # The core's properties without a domain are derived or describe; a user's own may be said of anything.
        self._anywhere = frozenset(self._rules) - core.relations.keys() - core.attributes.keys()
        self._derived = {manner.influence_property for manner in model.manners.values()}
        self._examples = {
            fact.subject: fact.object.value
            for fact in model.triples
            # An example in a language describes; one without is a value as it may be written.
            if fact.predicate == SKOS.example and isinstance(fact.object, Literal) and not fact.object.language
        }
        self._wanted: Mapping[Iri, list[tuple[Iri, ...]]] = defaultdict(list)
        for shape in (*shipped_shapes(ASSETS).targeted, *shipped_shapes(DOCUMENTATION).targeted):
            if any(isinstance(constraint, MinCount) for constraint in shape.constraints):
                for target in shape.targets:
                    if target.kind == SH.targetClass and (path := _predicates(shape.path)):
                        self._wanted[str(target.value)].append(path)
        self._individuals: Mapping[Iri, set[Iri]] = defaultdict(set)
        for fact in model.triples:
            if fact.predicate == RDF.type:
                for cls in model.ancestors(str(fact.object)):
                    self._individuals[cls].add(fact.subject)

    def of(self, cls: Iri) -> Form:
        """Return the form of a class; in it stands first what is expected."""
        info = self.model.classes[cls]
        rules = [rule for rule in self._rules.values() if self._fits(rule, info.ancestors)]
        key = [self._field(self._rules[part], cls) for part in info.key_properties if part in self._rules]
        named = {part.iri for part in key}
        fields = [self._field(rule, cls) for rule in rules if rule.iri not in named]
        paths = [path for wanted in info.ancestors for path in self._wanted.get(wanted, ())]
        # What only describes has no domain that would make it a field; that a class is to say it does.
        said = sorted({path[0] for path in paths if path[0] not in self._rules})
        fields += [
            Field(iri=iri, datatype=XSD_STRING, single=True, example=self._examples.get(iri, "")) for iri in said
        ]
        # A thing is named by the first part of its key: without it there is no IRI.
        expected = frozenset(iri for path in paths for iri in path) | set(info.key_properties[:1])
        fields.sort(key=lambda field: (field.iri not in expected, compact(field.iri).casefold()))
        return Form(
            cls=cls,
            key=tuple(key),
            attributes=tuple(field for field in fields if field.datatype),
            relations=tuple(field for field in fields if not field.datatype),
            expected=expected,
        )

    def _fits(self, rule: PredicateRule, ancestors: frozenset[Iri]) -> bool:
        if rule.iri in self._derived:
            return False
        if not rule.domains:
            return rule.iri in self._anywhere
        return all(not union.isdisjoint(ancestors) for union in rule.domains)

    def _field(self, rule: PredicateRule, cls: Iri) -> Field:
        if not rule.relation:
            return Field(
                iri=rule.iri,
                datatype=rule.datatypes[0] if rule.datatypes else XSD_STRING,
                single=rule.single,
                example=self._examples.get(rule.iri, ""),
            )
        classes = sorted({member for union in rule.ranges for member in union})
        kinds = self._kinds(rule, cls)
        values = {value for member in classes for value in self._individuals.get(member, ())}
        return Field(
            iri=rule.iri,
            classes=tuple(classes),
            kinds=kinds,
            # Where assets may be meant, the ontology's own values are not all that fit.
            values=() if kinds else tuple(sorted(values)),
            inverse=self.model.relations[rule.iri].inverse,
        )

    def _kinds(self, rule: PredicateRule, cls: Iri) -> tuple[Iri, ...]:
        """Return the classes with a key that a relation may lead to: those of its range, the class itself, others."""
        named = {member for union in rule.ranges for member in union}
        fitting = [
            iri
            for iri, info in self.model.classes.items()
            # A class without a key can't be named in an inventory.
            if info.key_properties and all(not union.isdisjoint(info.ancestors) for union in rule.ranges)
        ]
        return tuple(sorted(fitting, key=lambda iri: (iri not in named, iri != cls, iri)))


def _predicates(path: Path | None) -> tuple[Iri, ...]:
    """Return the properties that a path of one step consists of, the first one named first."""
    if isinstance(path, Predicate):
        return (path.iri,)
    if isinstance(path, Alternative):
        return tuple(iri for option in path.paths for iri in _predicates(option))
    return ()

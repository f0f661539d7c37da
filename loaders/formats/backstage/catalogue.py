"""Files of a Backstage catalogue, and answers of its API."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import ClassVar, Final

from stratagraph.loaders.formats.backstage.entities import (
    Entity,
    described,
    entities,
    entity_of,
    is_entity,
    is_foreign,
    known_kind,
    load_names,
)
from stratagraph.loaders.formats.backstage.entity_references import Reference, read_reference
from stratagraph.loaders.formats.description import Description
from stratagraph.loaders.formats.document import Document
from stratagraph.loaders.formats.fields import Fields, Ignored, tree
from stratagraph.loaders.kinds import Kind
from stratagraph.ontology.facts import Iri
from stratagraph.ontology.namespaces import RDFS, SG

OWNER: Final = "owner"
GROUP: Final = "group"
_USER: Final = "user"
_SCAFFOLDER: Final = "scaffolder."
"""Templates by which new components are made are no part of what there is."""


class Backstage:
    """Entities in one or several documents of a file."""

    kind: ClassVar[Kind] = Kind.BACKSTAGE

    def recognises(self, document: Document) -> bool:
        """Tell by the version, which names Backstage."""
        if load_names()["group"].encode() not in document.data:
            return False
        values = [value for value in document.values if value is not None]
        found = [value for value, _ in entities(document)]
        return (
            bool(values) and any(map(is_entity, found)) and all(is_entity(each) or is_foreign(each) for each in found)
        )

    def read(self, document: Document, description: Description) -> None:
        """State the assets that entities are, whose they are, and what they depend on.

        Raises:
            MalformedDocument: an entity has no name, or is of an unknown version.
        """
        found: list[tuple[Entity, Fields]] = []
        for value, at in entities(document):
            if is_foreign(value):
                if not value["apiVersion"].startswith(_SCAFFOLDER):
                    description.unread(f"kind: {value.get('kind')}")
                continue
            if not is_entity(value):
                description.fault(at, "an entity needs 'apiVersion: backstage.io/...' and 'kind'.")
            version = value["apiVersion"].removeprefix(load_names()["group"])
            if version not in load_names()["versions"]:
                known = ", ".join(load_names()["versions"])
                description.fault((*at, "apiVersion"), f"the version '{version}' is not known here; known are {known}.")
            entity = entity_of(value, at)
            if entity is None:
                description.fault((*at, "metadata"), "an entity needs a name: state metadata.name.")
            found.append((entity, Fields(description, value, at)))
        # Read once, however many files there are.
        all_known = document.together.known
        if self.kind not in all_known:
            all_known[self.kind] = described(other for other in document.others() if self.recognises(other))
        estate = {**all_known[self.kind], **described([document])}
        reader = _Reader(description, estate)
        for entity, fields in found:
            reader.state(entity, fields)
            fields.rest(_ignored())


class _Reader:
    """States entities; ``estate`` are all that are known, by their full references."""

    def __init__(self, description: Description, estate: Mapping[str, Entity]) -> None:
        self._description = description
        self._estate = estate

    def state(self, entity: Entity, fields: Fields) -> None:
        """State one entity: its asset, its owner and its relations."""
        metadata, spec = fields.fields("metadata"), fields.fields("spec")
        if not entity.cls:
            if not known_kind(entity.reference.kind):
                self._description.unread(f"kind: {fields.text('kind')}")
            fields.leave()
            return
        spec.raw("type")
        asset = self._asset(entity.reference, entity.cls, entity)
        metadata.raw("namespace")
        name = metadata.text("name")
        label = metadata.text("title") or spec.fields("profile").text("displayName") or name
        self._description.state(asset, RDFS.label, label, metadata.at)
        self._description.state(asset, SG.purpose, metadata.text("description"), metadata.place("description"))
        self._owner(entity, asset, spec)
        for field, told in load_names()["references"].items():
            for text, at in spec.texts(field):
                self._relate(entity, asset, SG.term(told["relation"]), (text, told["kind"]), at)

    def _asset(self, reference: Reference, cls: Iri, entity: Entity) -> Iri:
        return self._description.asset(cls, str(reference), at=(*entity.at, "metadata"))

    def _owner(self, entity: Entity, asset: Iri, spec: Fields) -> None:
        """State the group that owns an entity; a person is not kept."""
        owner = read_reference(spec.text(OWNER), kind=GROUP, namespace=entity.reference.namespace)
        if owner is None and spec.text(OWNER):
            # Not told what it is: it may be the address of a person.
            self._description.unread("spec.owner")
        if owner is None or owner.kind != GROUP:
            return
        at = spec.place(OWNER)
        self._description.state(asset, SG.responsible, str(owner), at)
        if str(owner) in self._estate:
            self._description.state(asset, SG.ownedBy, self._description.asset(SG.Team, str(owner), at=at), at)

    def _relate(
        self, entity: Entity, asset: Iri, relation: Iri, written: tuple[str, str], at: tuple[str | int, ...]
    ) -> None:
        """State a relation to an entity, and that a model or a tool among what is depended on is used."""
        reference = read_reference(written[0], kind=written[1], namespace=entity.reference.namespace)
        other = self._class_of(reference) if reference else ""
        if reference is not None and reference.kind == _USER:
            return
        if reference is None or not other:
            self._description.unread(f"spec.{at[-1] if isinstance(at[-1], str) else at[-2]}: {written[0]}")
            return
        state = self._description.state
        target = self._description.asset(other, str(reference), at=at)
        if relation == SG.usesTool and not self._fits(entity.cls, relation, subject=True):
            relation = SG.dependsOn
        if relation == SG.dependencyOf:
            # One relation, whichever of the two says so.
            state(target, SG.dependsOn, asset, at)
            self._use(target, other, asset, entity.cls, at)
            return
        if relation == SG.hasPart:
            state(target, SG.partOf, asset, at)
            return
        state(asset, relation, target, at)
        if relation == SG.dependsOn:
            self._use(asset, entity.cls, target, other, at)

    def _use(self, user: Iri, cls: Iri, used: Iri, other: Iri, at: tuple[str | int, ...]) -> None:
        for relation in (SG.usesModel, SG.usesTool):
            if self._fits(cls, relation, subject=True) and self._fits(other, relation, subject=False):
                self._description.state(user, relation, used, at)

    def _fits(self, cls: Iri, relation: Iri, *, subject: bool) -> bool:
        """Whether the ontology has a relation for things of a class, on one side of it."""
        ontology = self._description.ontology
        info = ontology.relations[relation]
        wanted = info.domain if subject else info.range
        return not ontology.ancestors(cls).isdisjoint(wanted)

    def _class_of(self, reference: Reference) -> Iri:
        """Return the class of what is referred to; of what nobody describes only where the kind alone tells it."""
        if (known := self._estate.get(str(reference))) is not None:
            return known.cls
        types = load_names()["classes"].get(reference.kind, {})
        return SG.term(types["*"]) if len(types) == 1 and types["*"] and reference.kind != GROUP else ""


@lru_cache(maxsize=1)
def _ignored() -> Ignored:
    return tree(load_names()["ignored"])


FORMAT: Final = Backstage()

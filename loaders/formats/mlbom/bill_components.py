"""Components and services of a bill: which of them are assets, what they say of themselves, what stands within them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

from stratagraph.loaders.formats.mlbom.model_cards import Cards
from stratagraph.loaders.formats.mlbom.own_properties import KIND, listed, property_of
from stratagraph.loaders.formats.mlbom.property_reader import PropertyReader
from stratagraph.loaders.formats.mlbom.stated_parts import Part, Parts
from stratagraph.loaders.formats.secrets import public_url
from stratagraph.ontology.namespaces import SG

if TYPE_CHECKING:
    from stratagraph.loaders.formats.fields import Fields
    from stratagraph.ontology.facts import Iri

_SYSTEMS: Final = frozenset({"application", "platform", "container"})


class Components:
    """Reads the components of one bill; cards, pedigrees and relations wait until all parts are known."""

    def __init__(self, bill: Fields, parts: Parts) -> None:
        """Read the components of a bill into these parts."""
        self.bill = bill
        self.parts = parts
        self.cards = Cards(parts)
        self.properties = PropertyReader(parts)
        self.told_cards: list[tuple[Part, Fields]] = []
        self.pedigrees: list[tuple[Part, Fields]] = []

    def finish(self) -> None:
        """State what could not be stated before all parts were known, for a card may name what comes further down."""
        for part, pedigree in self.pedigrees:
            self.pedigree(part, pedigree)
        for part, card in self.told_cards:
            self.cards.state(part, card)
        self.properties.relate()

    def component(self, fields: Fields, parent: Part | None = None, *, root: bool = False) -> Part | None:
        """State a component and those within it; None where it is no asset."""
        self.parts.described.add(str(fields.values.get("bom-ref")))
        kind = self.kind_of(fields, root=root)
        part = self.parts.part(fields, kind) if kind else None
        if part is None:
            fields.leave()
        else:
            self.describe(part, fields)
            if parent:
                self.contain(parent, part, fields)
        for inner in fields.each("components"):
            self.component(inner, part or parent)
        return part

    def kind_of(self, fields: Fields, *, root: bool = False) -> Iri | None:
        """Return the class of a component, None where it is none of ours: a library, a file."""
        if written := property_of(fields, KIND):
            kind = SG.term(written)
            info = self.parts.ontology.classes.get(kind)
            return kind if info and info.key_properties else None
        what = fields.text("type")
        if what == "machine-learning-model":
            pedigree = fields.values.get("pedigree")
            ancestors = listed(pedigree.get("ancestors")) if isinstance(pedigree, Mapping) else []
            return SG.FineTunedModel if any(each.get("type") == what for each in ancestors) else SG.BaseModel
        if what == "data":
            entries = {str(entry.get("type") or "") for entry in listed(fields.values.get("data"))} - {""}
            return SG.Dataset if not entries or "dataset" in entries else None
        return SG.LLMSystem if root and what in _SYSTEMS and self.has_models() else None

    def has_models(self) -> bool:
        """Whether there is anything beside the root that makes it a system of ours, and no other program."""
        values = self.bill.values
        return bool(values.get("services")) or any(_has_model(part) for part in listed(values.get("components")))

    def describe(self, part: Part, fields: Fields) -> None:
        """State what a component says of itself."""
        at = fields.at
        self.parts.once(part, SG.version, fields.text("version"), fields.place("version"))
        self.parts.description.state(part.iri, SG.purpose, fields.text("description"), at=at)
        self.parts.licence(part, fields)
        self.properties.read(part, fields)
        if not self.parts.provide(part, SG.Organisation, fields.fields("supplier")):
            self.parts.provide(part, SG.Organisation, fields.fields("manufacturer"))
        if "pedigree" in fields:
            self.pedigrees.append((part, fields.fields("pedigree")))
        for entry in fields.each("data"):
            self.cards.data(part, entry)
        if "modelCard" in fields:
            self.told_cards.append((part, fields.fields("modelCard")))

    def service(self, fields: Fields, parent: Part | None = None) -> None:
        """State a service, which others run and the system calls, and those within it."""
        kind = self.kind_of(fields) or SG.Tool
        part = self.parts.part(fields, kind)
        assert part is not None
        self.parts.once(part, SG.version, fields.text("version"), fields.place("version"))
        self.parts.description.state(part.iri, SG.purpose, fields.text("description"), at=fields.at)
        self.parts.licence(part, fields)
        self.properties.read(part, fields)
        self.parts.provide(part, SG.Provider, fields.fields("provider"))
        for url, at in fields.texts("endpoints"):
            self.parts.description.state(part.iri, SG.url, public_url(url), at=at)
        if parent:
            self.contain(parent, part, fields)
        for inner in fields.each("services"):
            self.service(inner, part)

    def contain(self, parent: Part, part: Part, fields: Fields) -> None:
        """State that a part stands within another one: a model that a system contains is one that it uses."""
        if self.parts.sort_of(part) == SG.BaseModel and self.parts.may_have(parent.kind, SG.usesModel):
            self.parts.relate(parent, SG.usesModel, part, fields.at)
        else:
            self.parts.relate(part, SG.partOf, parent, fields.at)

    def pedigree(self, part: Part, pedigree: Fields) -> None:
        """State what a part was made out of; variants are related in no known way."""
        for each in pedigree.each("ancestors"):
            if ancestor := self.kin(part, each):
                self.parts.relate(part, SG.derivedFrom, ancestor, each.at)
        for each in pedigree.each("descendants"):
            if descendant := self.kin(part, each):
                self.parts.relate(descendant, SG.derivedFrom, part, each.at)

    def kin(self, part: Part, fields: Fields) -> Part | None:
        """Return a relative of a model or a data set that is of the same sort."""
        found = self.component(fields)
        # Its own pedigree is told when its turn comes, at the end of the list that is being walked.
        return (
            found if found and found.iri != part.iri and self.parts.sort_of(found) == self.parts.sort_of(part) else None
        )


def _has_model(component: Mapping[str, Any]) -> bool:
    """Whether a component is a model or data, or has one within."""
    agenda = [component]
    while agenda:
        each = agenda.pop()
        if each.get("type") in {"machine-learning-model", "data"}:
            return True
        agenda += listed(each.get("components"))
    return False

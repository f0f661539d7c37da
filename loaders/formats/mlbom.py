"""CycloneDX ML-BOM, 1.4 to 1.7 in JSON and XML: models with their cards, data sets, services, and what needs what."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final

from stratagraph.loaders.file_faults import quote
from stratagraph.loaders.formats.card_figures import Figure, state_figures
from stratagraph.loaders.formats.core_yaml import Path
from stratagraph.loaders.formats.croissant import about_people
from stratagraph.loaders.formats.description import Description, shown
from stratagraph.loaders.formats.document import Document
from stratagraph.loaders.formats.fields import Fields
from stratagraph.loaders.formats.identities import dataset_name, repository_name
from stratagraph.loaders.formats.ignored_fields import ignored_fields
from stratagraph.loaders.formats.licences import all_of, state_licence
from stratagraph.loaders.formats.mlbom_xml import is_xml, read_xml
from stratagraph.loaders.formats.secrets import is_person, public_url
from stratagraph.loaders.kinds import Kind
from stratagraph.ontology.facts import Iri
from stratagraph.ontology.namespaces import MLBOM_PROPERTY, RDFS, SG, local_name

VERSIONS: Final = ("1.4", "1.5", "1.6", "1.7")
_KIND: Final = "kind"
"""The property by which our own export says of which class a component is; no type of CycloneDX does."""
_LABEL: Final = "label"
_PARTIES: Final = (SG.providedBy, SG.ownedBy)
_SYSTEMS: Final = frozenset({"application", "platform", "container"})
_LEARNING: Final = frozenset({"training", "fine-tuning"})


@dataclass(frozen=True, slots=True)
class Part:
    """A component or service that is an asset."""

    iri: Iri
    kind: Iri
    name: str


class MlBom:
    """The format."""

    kind = Kind.MLBOM
    suffixes = (".json", ".xml", ".cdx")

    def recognises(self, document: Document) -> bool:
        """Tell whether a document is a bill of materials of CycloneDX."""
        return is_xml(document) or any(_is_bom(value) for value in document.values)

    def read(self, document: Document, description: Description) -> None:
        """State what the bill says of models, data sets, services and the system.

        Raises:
            MalformedDocument: it is of a version without models, or contradicts itself.
        """
        value = read_xml(document) if is_xml(document) else document.json
        bill = Fields(description, value)
        version = bill.text("specVersion")
        if version not in VERSIONS:
            description.fault(
                bill.place("specVersion"),
                f"CycloneDX {version or 'without a version'} is not read, but {VERSIONS[0]} to {VERSIONS[-1]} are: "
                f"write it anew in one of these.",
            )
        _Bill(description, bill).state()
        bill.rest(ignored_fields("mlbom"))


def _is_bom(value: Any) -> bool:
    return isinstance(value, Mapping) and str(value.get("bomFormat", "")).lower() == "cyclonedx"


class _Bill:
    """One document: its parts by ``bom-ref``, which means something in this document only."""

    def __init__(self, description: Description, bill: Fields) -> None:
        self.description = description
        self.ontology = description.ontology
        self.bill = bill
        self.parts: dict[str, Part] = {}
        self.described: set[str] = set()
        """What the document calls its components, be they assets or not."""
        self.related: set[tuple[Iri, Iri]] = set()
        self.provided: set[Iri] = set()
        self.cards: list[tuple[Part, Fields]] = []
        self.relations: list[tuple[Part, Iri, str, Path]] = []
        self.pedigrees: list[tuple[Part, Fields]] = []
        self.told: set[tuple[Iri, Iri]] = set()

    def state(self) -> None:
        """State parts first, for a card may name what is described further down."""
        metadata = self.bill.fields("metadata")
        supplier = metadata.fields("supplier")
        root = self.component(metadata.fields("component"), root=True) if "component" in metadata else None
        for fields in self.bill.each("components"):
            self.component(fields)
        for fields in self.bill.each("services"):
            self.service(fields)
        if root and root.iri not in self.provided:
            self.provide(root, SG.Organisation, supplier)
        supplier.leave()
        for part, pedigree in self.pedigrees:
            self.pedigree(part, pedigree)
        for part, card in self.cards:
            self.card(part, card)
        for part, relation, value, at in self.relations:
            self.related_by_property(part, relation, value, at)
        self.dependencies()

    # Parts -----------------------------------------------------------------------------------------------------------

    def component(self, fields: Fields, parent: Part | None = None, *, root: bool = False) -> Part | None:
        """State a component and those within it; None where it is no asset."""
        self.described.add(str(fields.values.get("bom-ref")))
        kind = self.kind_of(fields, root=root)
        part = self.part(fields, kind) if kind else None
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
        if written := self.property_of(fields, _KIND):
            kind = SG.term(written)
            info = self.ontology.classes.get(kind)
            return kind if info and info.key_properties else None
        what = fields.text("type")
        if what == "machine-learning-model":
            pedigree = fields.values.get("pedigree")
            ancestors = _listed(pedigree.get("ancestors")) if isinstance(pedigree, Mapping) else []
            return SG.FineTunedModel if any(each.get("type") == what for each in ancestors) else SG.BaseModel
        if what == "data":
            entries = {str(entry.get("type") or "") for entry in _listed(fields.values.get("data"))} - {""}
            return SG.Dataset if not entries or "dataset" in entries else None
        return SG.LLMSystem if root and what in _SYSTEMS and self.has_models() else None

    def has_models(self) -> bool:
        """Whether there is anything beside the root that makes it a system of ours, and no other program."""
        values = self.bill.values
        return bool(values.get("services")) or any(_has_model(part) for part in _listed(values.get("components")))

    def part(self, fields: Fields, kind: Iri) -> Part | None:
        """State that a part is there, by its key, and what it is called by."""
        name, group = fields.text("name"), fields.text("group")
        if name and group:
            name = f"{group}/{name}"
        info = self.ontology.classes[kind]
        if SG.AIModel in info.ancestors or SG.BaseModel in info.ancestors:
            # A package URL names it as well, but a component without a name is not valid.
            purl, place = fields.text("purl"), _hub(fields)
            iri = self.description.model(
                name,
                kind=kind,
                purl=purl if name else None,
                repository=place if name and not purl else None,
                at=fields.at,
            )
        else:
            fields.text("purl")
            rest = [self.property_of(fields, local_name(key)) for key in info.key_properties[1:]]
            iri = self.description.asset(kind, name, *rest, at=fields.at)
        part = Part(iri, kind, name)
        if reference := fields.text("bom-ref"):
            known = self.parts.setdefault(reference, part)
            if known.iri != iri:
                self.description.fault(fields.place("bom-ref"), f"two parts have the bom-ref {quote(reference)}.")
        return part

    def describe(self, part: Part, fields: Fields) -> None:
        """State what a component says of itself."""
        at = fields.at
        self.once(part, SG.version, fields.text("version"), fields.place("version"))
        self.description.state(part.iri, SG.purpose, fields.text("description"), at=at)
        self.licence(part, fields)
        self.properties(part, fields)
        if not self.provide(part, SG.Organisation, fields.fields("supplier")):
            self.provide(part, SG.Organisation, fields.fields("manufacturer"))
        if "pedigree" in fields:
            self.pedigrees.append((part, fields.fields("pedigree")))
        for entry in fields.each("data"):
            self.data(part, entry)
        if "modelCard" in fields:
            self.cards.append((part, fields.fields("modelCard")))

    def service(self, fields: Fields, parent: Part | None = None) -> None:
        """State a service, which others run and the system calls, and those within it."""
        kind = self.kind_of(fields) or SG.Tool
        part = self.part(fields, kind)
        assert part is not None
        self.once(part, SG.version, fields.text("version"), fields.place("version"))
        self.description.state(part.iri, SG.purpose, fields.text("description"), at=fields.at)
        self.licence(part, fields)
        self.properties(part, fields)
        self.provide(part, SG.Provider, fields.fields("provider"))
        for url, at in fields.texts("endpoints"):
            self.description.state(part.iri, SG.url, public_url(url), at=at)
        if parent:
            self.contain(parent, part, fields)
        for inner in fields.each("services"):
            self.service(inner, part)

    # What parts say --------------------------------------------------------------------------------------------------

    def once(self, part: Part, predicate: Iri, value: str | None, at: Path) -> None:
        """State what an asset has one value of; where a bill names it again, the first one counts."""
        if value and (part.iri, predicate) not in self.told:
            self.told.add((part.iri, predicate))
            self.description.state(part.iri, predicate, value, at=at)

    def licence(self, part: Part, fields: Fields) -> None:
        """State the licence; of several the ones that the author declares, and all of them hold."""
        choices = fields.each("licenses")
        found: dict[str, None] = {}
        concluded: dict[str, None] = {}
        for choice in choices:
            inner = choice.fields("license")
            written = choice.text("expression") or inner.text("id") or inner.text("name")
            said = {choice.text("acknowledgement"), inner.text("acknowledgement")}
            (concluded if "concluded" in said else found)[written] = None
        names = all_of(found or concluded)
        if names and (part.iri, SG.license) not in self.told and self.may_have(part.kind, SG.license):
            self.told.add((part.iri, SG.license))
            state_licence(self.description, part.iri, names, at=fields.place("licenses"))

    def provide(self, part: Part, kind: Iri, organisation: Fields) -> bool:
        """State who supplies a part: an organisation by its name, never the persons to ask there."""
        name = organisation.text("name")
        if (part.iri, SG.providedBy) in self.told:
            return True
        if not name or is_person(name):
            return False
        supplier = self.description.asset(kind, name, at=organisation.at)
        self.description.state(part.iri, SG.providedBy, supplier, at=organisation.at)
        self.provided.add(part.iri)
        return True

    def properties(self, part: Part, fields: Fields) -> None:
        """State what our own export wrote down of an asset because CycloneDX has no word for it."""
        at = fields.place("properties")
        fields.raw("properties")
        for name, value in _properties(fields):
            term = SG.term(name)
            label, _, language = name.partition("@")
            if label == _LABEL:
                self.description.text(part.iri, RDFS.label, value, language, at=at)
            elif term in self.ontology.attributes:
                self.description.state(part.iri, term, value, at=at)
            elif term in self.ontology.relations:
                self.relations.append((part, term, value, at))
                if term in _PARTIES:
                    self.told.add((part.iri, term))

    def related_by_property(self, part: Part, relation: Iri, value: str, at: Path) -> None:
        """State a relation to another part, or to a party that is told by class and name."""
        kind, _, name = value.partition(" ")
        cls = SG.term(kind)
        if other := self.parts.get(value):
            self.relate(part, relation, other, at)
        elif relation in _PARTIES and name and cls in self.ontology.classes:
            self.description.state(part.iri, relation, self.description.asset(cls, name, at=at), at=at)
            self.provided.add(part.iri)

    def data(self, part: Part, entry: Fields) -> None:
        """State what an entry says of the data: how confidential, whether about people, whose."""
        at = entry.at
        entry.text("name")
        entry.text("type")
        self.once(part, SG.confidentiality, entry.text("classification"), at)
        about = about_people([text for text, _ in entry.texts("sensitiveData")])
        if about is not None and (part.iri, SG.personalData) not in self.told:
            self.told.add((part.iri, SG.personalData))
            self.description.state(part.iri, SG.personalData, about, at=at)
        for owner in entry.fields("governance").each("owners"):
            organisation = owner.fields("organization")
            name = organisation.text("name")
            if name and not is_person(name) and (part.iri, SG.ownedBy) not in self.told:
                iri = self.description.asset(SG.Organisation, name, at=organisation.at)
                self.description.state(part.iri, SG.ownedBy, iri, at=organisation.at)

    def pedigree(self, part: Part, pedigree: Fields) -> None:
        """State what a part was made out of; variants are related in no known way."""
        for each in pedigree.each("ancestors"):
            if ancestor := self.kin(part, each):
                self.relate(part, SG.derivedFrom, ancestor, each.at)
        for each in pedigree.each("descendants"):
            if descendant := self.kin(part, each):
                self.relate(descendant, SG.derivedFrom, part, each.at)

    def kin(self, part: Part, fields: Fields) -> Part | None:
        """Return a relative of a model or a data set that is of the same sort."""
        found = self.component(fields)
        # Its own pedigree is told when its turn comes, at the end of the list that is being walked.
        return found if found and found.iri != part.iri and self.sort_of(found) == self.sort_of(part) else None

    def card(self, part: Part, card: Fields) -> None:
        """State what a model's card says: its task, what it was trained with, its figures and limits."""
        state = self.description.state
        parameters = card.fields("modelParameters")
        state(part.iri, SG.purpose, parameters.text("task"), at=parameters.place("task"))
        for entry in parameters.each("datasets"):
            if used := self.dataset(entry):
                self.relate(part, SG.trainedWith, used, entry.at)
        figures = list(self.figures(card.fields("quantitativeAnalysis").each("performanceMetrics")))
        state_figures(self.description, part.iri, figures)
        considerations = card.fields("considerations")
        for text, at in considerations.texts("technicalLimitations"):
            state(part.iri, SG.limitation, text, at=at)
        consumed = considerations.fields("environmentalConsiderations").each("energyConsumptions")
        energy = [self.energy(each) for each in consumed]
        if known := [value for value in energy if value is not None]:
            state(part.iri, SG.trainingEnergy, sum(known, Decimal()), at=considerations.at)

    @staticmethod
    def energy(consumed: Fields) -> Decimal | None:
        """Return what learning took, in kWh; other activities are of other things."""
        cost = consumed.fields("activityEnergyCost")
        value, unit = cost.number("value"), cost.text("unit")
        return value if consumed.text("activity") in _LEARNING and unit == "kWh" else None

    def dataset(self, entry: Fields) -> Part | None:
        """Return the data set that a card names, by reference or in place; None where it is none, or elsewhere."""
        if reference := entry.text("ref"):
            part = self.parts.get(reference)
            if part is None and reference not in self.described:
                # Of another bill, or a slip of the pen.
                self.description.unread(shown(entry.place("ref")))
            return part if part and self.sort_of(part) == SG.Dataset else None
        name = entry.text("name")
        if not name or entry.text("type") not in {"", "dataset"}:
            return None
        part = Part(self.description.asset(SG.Dataset, name, at=entry.at), SG.Dataset, name)
        self.data(part, entry)
        return part

    def figures(self, metrics: Iterable[Fields]) -> Iterator[Figure]:
        """Yield the figures of a card whose values are numbers, which are written as texts."""
        for metric in metrics:
            name, value = metric.text("type"), metric.number("value")
            part = metric.text("slice")
            if name and value is not None:
                yield Figure(metric=name, value=value, part=part, at=metric.at)

    # What needs what -------------------------------------------------------------------------------------------------

    def dependencies(self) -> None:
        """State what each part needs; what a library in between needs, its user needs too."""
        needs: dict[str, tuple[Fields, list[str]]] = {}
        for fields in self.bill.each("dependencies"):
            needs[fields.text("ref")] = fields, [reference for reference, _ in fields.texts("dependsOn")]
        for reference, (fields, _) in needs.items():
            if part := self.parts.get(reference):
                for other in self.needed(reference, needs):
                    self.need(part, other, fields.at)

    def needed(self, reference: str, needs: Mapping[str, tuple[Fields, list[str]]]) -> Iterator[Part]:
        """Yield the nearest parts that a part needs; needs may form a ring."""
        seen, agenda = {reference}, list(needs[reference][1])
        while agenda:
            each = agenda.pop(0)
            if each in seen:
                continue
            seen.add(each)
            if part := self.parts.get(each):
                yield part
            elif each in needs:
                agenda += needs[each][1]

    def need(self, part: Part, other: Part, at: Path) -> None:
        """State that a part needs another one, unless a card or a pedigree says more of the two."""
        if part.iri == other.iri or (part.iri, other.iri) in self.related:
            return
        uses = self.sort_of(other) == SG.BaseModel and self.may_have(part.kind, SG.usesModel)
        self.relate(part, SG.usesModel if uses else SG.dependsOn, other, at)

    def contain(self, parent: Part, part: Part, fields: Fields) -> None:
        """State that a part stands within another one: a model that a system contains is one that it uses."""
        if self.sort_of(part) == SG.BaseModel and self.may_have(parent.kind, SG.usesModel):
            self.relate(parent, SG.usesModel, part, fields.at)
        else:
            self.relate(part, SG.partOf, parent, fields.at)

    def relate(self, part: Part, relation: Iri, other: Part, at: Path) -> None:
        self.related.add((part.iri, other.iri))
        if relation == SG.partOf:
            # The whole needs its parts, which says no more of the two.
            self.related.add((other.iri, part.iri))
        self.description.state(part.iri, relation, other.iri, at=at)

    # What classes are ------------------------------------------------------------------------------------------------

    def sort_of(self, part: Part) -> Iri:
        """Return the class whose key a part has: a tuned model is of the sort of models."""
        return self.ontology.classes[part.kind].kind

    def may_have(self, kind: Iri, predicate: Iri) -> bool:
        info = self.ontology.relations.get(predicate) or self.ontology.attributes.get(predicate)
        return info is not None and not self.ontology.ancestors(kind).isdisjoint(info.domain)

    @staticmethod
    def property_of(fields: Fields, name: str) -> str:
        """Return the value of a property of ours, "" where there is none."""
        return next((value for found, value in _properties(fields) if found == name), "")


def _properties(fields: Fields) -> Iterator[tuple[str, str]]:
    """Yield the properties that our own export has written, without what their names begin with."""
    for each in _listed(fields.values.get("properties")):
        name, value = each.get("name"), each.get("value")
        if isinstance(name, str) and isinstance(value, str) and name.startswith(MLBOM_PROPERTY):
            yield name.removeprefix(MLBOM_PROPERTY), value


def _listed(value: Any) -> list[Any]:
    return [each for each in value if isinstance(each, Mapping)] if isinstance(value, list) else []


def _hub(fields: Fields) -> str:
    """Return the place on a hub that a model says it is at, which names it better than it does itself."""
    for each in _listed(fields.values.get("externalReferences")):
        url = each.get("url")
        if (
            isinstance(url, str)
            and repository_name(url) != public_url(url).rstrip("/")
            and dataset_name(url) == url.strip()
        ):
            return url
    return ""


def _has_model(component: Mapping[str, Any]) -> bool:
    """Whether a component is a model or data, or has one within."""
    agenda = [component]
    while agenda:
        each = agenda.pop()
        if each.get("type") in {"machine-learning-model", "data"}:
            return True
        agenda += _listed(each.get("components"))
    return False


FORMAT: Final = MlBom()

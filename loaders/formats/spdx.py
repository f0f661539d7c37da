"""SPDX 3 with the profiles AI and Dataset: models, data sets, the system they are in, who supplied them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Any, Final

from stratagraph.loaders.file_faults import quote
from stratagraph.loaders.formats.card_figures import Figure, evaluation_of, state_figures
from stratagraph.loaders.formats.core_yaml import Path
from stratagraph.loaders.formats.description import Description
from stratagraph.loaders.formats.document import Document
from stratagraph.loaders.formats.fields import Fields, below
from stratagraph.loaders.formats.identities import bare_package, repository_name
from stratagraph.loaders.formats.ignored_fields import ignored_fields
from stratagraph.loaders.formats.licences import all_of, state_licence
from stratagraph.loaders.formats.secrets import public_url
from stratagraph.loaders.kinds import Kind
from stratagraph.ontology.facts import Iri
from stratagraph.ontology.namespaces import SG

_CONTEXT: Final = re.compile(r"spdx\.org/rdf/3\.|spdx[\w./-]*context\.json")
_LICENCES: Final = "spdx.org/licenses/"
_LEARNING: Final = ("ai_trainingEnergyConsumption", "ai_finetuningEnergyConsumption")
_HOURS: Final = {"kilowatthour": Decimal(1), "megajoule": Decimal(10) / Decimal(36)}
"""Kilowatt hours in a unit of energy, in lower case."""
_PEOPLE: Final = {"yes": True, "no": False}
_DERIVED: Final = {"descendantOf": False, "ancestorOf": True}
"""Relationships that say what was made of what, and whether they run from the older one."""
_SAYING_NOTHING: Final = frozenset({"hasDeclaredLicense", "hasConcludedLicense", "describes", "other"})
_INLINE: Final = ("element", "rootElement", "from", "to", "suppliedBy", "originatedBy")
"""Where an element may stand in place of its name."""
_TERMS: Final = re.compile(r"spdx\.org/rdf/3[\w.]*/terms/(\w+)/$")
_PROFILES: Final = {
    "Core": "",
    "AI": "ai_",
    "Dataset": "dataset_",
    "Software": "software_",
    "SimpleLicensing": "simplelicensing_",
    "ExpandedLicensing": "expandedlicensing_",
}
"""What the names of a profile begin with in SPDX's own context."""
_LICENSED: Final = ("hasDeclaredLicense", "hasConcludedLicense")


class Spdx:
    """The format. Its context lies in the network, so that a document is read by its own names and not as triples."""

    kind = Kind.SPDX

    def recognises(self, document: Document) -> bool:
        """Tell whether a document is one of SPDX, also of a version that is not read."""
        listed = [each for value in document.values for each in (value if isinstance(value, list) else [value])]
        ours = [isinstance(value, Mapping) and ("spdxVersion" in value or _is_third(value)) for value in listed]
        return any(ours) and all(of_ours or _is_element(value) for value, of_ours in zip(listed, ours, strict=True))

    def read(self, document: Document, description: Description) -> None:
        """State what the document says.

        Raises:
            MalformedDocument: it is of an older version, which knows no models.
        """
        value = document.values[0]
        # A list of elements is a graph of them.
        root = Fields(description, {"@graph": value} if isinstance(value, list) else spelled(value), (0,))
        if "spdxVersion" in root:
            version = root.text("spdxVersion")
            description.fault(
                root.place("spdxVersion"),
                f"{quote(version)} is not read, for models came with SPDX 3: write it anew as SPDX 3.0.1.",
            )
        known = ignored_fields("spdx")
        if "@graph" in root:
            found = _Elements(description, root.each("@graph"))
        else:
            known = {**(below(known, "@graph") or {}), "@context": {}}
            found = _Elements(description, [root])
        found.state()
        for inner in found.within:
            inner.rest(below(ignored_fields("spdx"), "@graph") or {})
        root.rest(known)


def _is_element(value: Any) -> bool:
    """Whether a value may stand beside elements that say what they are."""
    return value is None or (isinstance(value, Mapping) and ("spdxId" in value or "@id" in value))


def _is_third(value: Mapping[str, Any]) -> bool:
    context = value.get("@context")
    contexts = context if isinstance(context, list) else [context]
    return any(_CONTEXT.search(text) for each in contexts for text in _addresses(each))


class _Elements:
    """The elements of one document, by what they call each other."""

    def __init__(self, description: Description, elements: list[Fields]) -> None:
        self.description = description
        self.ontology = description.ontology
        self.elements: dict[str, Fields] = {}
        self.relationships: list[Fields] = []
        self.assets: dict[str, tuple[Iri, Iri]] = {}
        """Of each element that is an asset: IRI and class."""
        self.roots: set[str] = set()
        self.licensed: set[Iri] = set()
        self.within: list[Fields] = []
        """Elements that stand where others are only named."""
        for fields in elements:
            self._index(fields)

    def _index(self, fields: Fields) -> None:
        identity = fields.text("spdxId") or fields.text("@id")
        what = _type(fields)
        if what.endswith("Relationship"):
            self.relationships.append(fields)
        elif identity:
            known = self.elements.get(identity, fields)
            # Where an element stands twice, the fuller one counts.
            self.elements[identity] = max(known, fields, key=lambda each: len(each.values))
            if known is not fields:
                (fields if self.elements[identity] is known else known).leave()
        for name in _INLINE:
            told = fields.values.get(name)
            for number, each in enumerate(told if isinstance(told, list) else [told]):
                if isinstance(each, Mapping) and (each.get("spdxId") or each.get("@id")) and len(each) > 1:
                    place = fields.place(name, number) if isinstance(told, list) else fields.place(name)
                    self.within.append(Fields(self.description, each, place))
                    self._index(self.within[-1])
        if what in {"SpdxDocument", "software_Sbom", "Bom", "Bundle"}:
            named = fields.raw("rootElement")
            self.roots |= {_reference(each) for each in (named if isinstance(named, list) else [named])} - {""}

    def state(self) -> None:
        """State assets first, then how they are related."""
        related = [(fields.text("relationshipType"), *self._ends(fields), fields) for fields in self.relationships]
        tuned = {
            name
            for kind, origin, ends, _ in related
            if kind in _DERIVED
            for name in (ends if _DERIVED[kind] else [origin])
        }
        users = {origin for kind, origin, _, _ in related if kind in {"dependsOn", "contains"}}
        for identity, fields in self.elements.items():
            kind = self._kind(identity, fields, tuned=identity in tuned, is_user=identity in users)
            if kind:
                self._asset(identity, kind, fields)
            else:
                fields.leave()
        for identity, (iri, kind) in self.assets.items():
            self._describe(iri, kind, self.elements[identity])
        for preferred in _LICENSED:
            for kind, origin, ends, fields in related:
                if kind == preferred:
                    self._licence(origin, ends, fields.at)
        for kind, origin, ends, fields in related:
            fields.leave()
            for end in ends:
                if not self._relate(kind, origin, end, fields.at):
                    self.description.unread(f"relationshipType: {kind}")

    def _ends(self, fields: Fields) -> tuple[str, list[str]]:
        origin = fields.raw("from")
        ends = fields.raw("to")
        return _reference(origin), [_reference(end) for end in (ends if isinstance(ends, list) else [ends])]

    # Assets -----------------------------------------------------------------------------------------------------------

    def _kind(self, identity: str, fields: Fields, *, tuned: bool, is_user: bool) -> Iri | None:
        """Return the class of an element, None where it is no asset: a file, a library, a person."""
        what, purpose = _type(fields), fields.text("software_primaryPurpose")
        if what == "ai_AIPackage" or (what == "software_Package" and purpose == "model"):
            return SG.FineTunedModel if tuned else SG.BaseModel
        if what == "dataset_DatasetPackage" or (what == "software_Package" and purpose == "data"):
            return SG.Dataset
        if what == "software_Package" and purpose in {"application", "platform", "container"}:
            return SG.LLMSystem if identity in self.roots or is_user else None
        return None

    def _asset(self, identity: str, kind: Iri, fields: Fields) -> None:
        name = fields.text("name")
        if SG.BaseModel in self.ontology.classes[kind].ancestors:
            package = fields.text("software_packageUrl") or _package(fields)
            place = fields.text("software_downloadLocation")
            iri = self.description.model(
                name, kind=kind, purl=package or None, repository=_hub(place) or None, at=fields.place("name")
            )
        else:
            iri = self.description.asset(kind, name, at=fields.place("name"))
            self.description.state(iri, SG.packageUrl, bare_package(fields.text("software_packageUrl")), at=fields.at)
        self.assets[identity] = iri, kind

    def _describe(self, iri: Iri, kind: Iri, fields: Fields) -> None:
        """State what a package says of itself."""
        state = self.description.state
        version = fields.text("software_packageVersion")
        state(iri, SG.version, version, at=fields.place("software_packageVersion"))
        state(iri, SG.purpose, fields.text("description"), at=fields.place("description"))
        for text, at in fields.texts("dataset_intendedUse"):
            state(iri, SG.purpose, text, at=at)
        if place := public_url(fields.text("software_downloadLocation")):
            state(iri, SG.repository, place, at=fields.place("software_downloadLocation"))
        for told in ("ai_useSensitivePersonalInformation", "dataset_hasSensitivePersonalInformation"):
            state(iri, SG.personalData, _PEOPLE.get(fields.text(told)), at=fields.place(told))
        state(iri, SG.confidentiality, fields.text("dataset_confidentialityLevel"), at=fields.at)
        state(iri, SG.safetyRisk, fields.text("ai_safetyRiskAssessment"), at=fields.place("ai_safetyRiskAssessment"))
        for told in ("ai_limitation", "dataset_knownBias"):
            for text, at in fields.texts(told):
                state(iri, SG.limitation, text, at=at)
        self._provided(iri, fields)
        if SG.BaseModel in self.ontology.classes[kind].ancestors:
            state(iri, SG.trainingEnergy, _energy(fields.fields("ai_energyConsumption")), at=fields.at)
            state_figures(self.description, iri, _figures(fields.each("ai_metric")), version)

    def _provided(self, iri: Iri, fields: Fields) -> None:
        """State who supplied a package, else who made it; persons are passed over."""
        made = fields.raw("originatedBy")
        for told in ([fields.raw("suppliedBy")], made if isinstance(made, list) else [made]):
            names = [name for each in told if (name := self._organisation(each))]
            for name in names:
                organisation = self.description.asset(SG.Organisation, name, at=fields.at)
                self.description.state(iri, SG.providedBy, organisation, at=fields.at)
            if names:
                return

    def _organisation(self, told: Any) -> str:
        """Return the name of an organisation that is named, or stands in place."""
        who = self.elements.get(_reference(told))
        if who:
            return who.text("name") if _type(who) == "Organization" else ""
        return str(told.get("name") or "") if isinstance(told, Mapping) and told.get("type") == "Organization" else ""

    # Relations --------------------------------------------------------------------------------------------------------

    def _licence(self, origin: str, ends: list[str], at: Path) -> None:
        """State a licence; what is declared goes before what somebody concluded."""
        if origin not in self.assets or self.assets[origin][0] in self.licensed:
            return
        written = [text for end in ends if (text := self._licence_text(end))]
        if written and SG.LLMSystem not in self.ontology.ancestors(self.assets[origin][1]):
            self.licensed.add(self.assets[origin][0])
            state_licence(self.description, self.assets[origin][0], all_of(written), at=at)

    def _licence_text(self, end: str) -> str:
        if _LICENCES in end:
            return end.partition(_LICENCES)[2]
        fields = self.elements.get(end)
        return (fields.text("simplelicensing_licenseExpression") or fields.text("name")) if fields else ""

    def _relate(self, kind: str, origin: str, end: str, at: Path) -> bool:
        """State a relation between two assets, in our direction; False where what it says is not understood."""
        if origin not in self.assets or end not in self.assets or origin == end:
            return True
        (subject, of), (target, to) = self.assets[origin], self.assets[end]
        state = self.description.state
        if kind in _DERIVED:
            older, newer = (subject, target) if _DERIVED[kind] else (target, subject)
            state(newer, SG.derivedFrom, older, at=at)
        elif kind == "trainedOn":
            state(subject, SG.trainedWith, target, at=at)
        elif kind == "testedOn":
            state(evaluation_of(self.description, subject, at), SG.evaluatedWith, target, at=at)
        elif kind in {"dependsOn", "contains", "hasPrerequisite"}:
            is_model = SG.BaseModel in self.ontology.classes[to].ancestors
            uses = is_model and of == SG.LLMSystem
            if uses:
                state(subject, SG.usesModel, target, at=at)
            elif kind == "contains":
                state(target, SG.partOf, subject, at=at)
            else:
                state(subject, SG.dependsOn, target, at=at)
        else:
            return kind in _SAYING_NOTHING
        return True


def spelled(value: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return a document by the names of SPDX's own context, where it has one in place with prefixes of its own."""
    context = value.get("@context")
    prefixes = {
        name: _PROFILES[found[1]]
        for each in (context if isinstance(context, list) else [context])
        if isinstance(each, Mapping)
        for name, address in each.items()
        if isinstance(address, str) and (found := _TERMS.search(address)) and found[1] in _PROFILES
    }
    return {"@context": context, **_renamed({**value, "@context": None}, prefixes)} if prefixes else value


def _renamed(value: Any, prefixes: Mapping[str, str]) -> Any:
    if isinstance(value, list):
        return [_renamed(each, prefixes) for each in value]
    if not isinstance(value, Mapping):
        return value
    return {_own_name(name, prefixes): _typed(name, _renamed(each, prefixes), prefixes) for name, each in value.items()}


def _own_name(name: str, prefixes: Mapping[str, str]) -> str:
    prefix, colon, rest = name.partition(":")
    return f"{prefixes[prefix]}{rest}" if colon and prefix in prefixes else name


def _typed(name: str, value: Any, prefixes: Mapping[str, str]) -> Any:
    return _own_name(value, prefixes) if name in {"type", "@type"} and isinstance(value, str) else value


def _addresses(context: Any) -> Iterator[str]:
    """Yield the addresses in a context: it is one, or says where the terms are that it has names for."""
    if isinstance(context, str):
        yield context
    elif isinstance(context, Mapping):
        yield from (each for each in context.values() if isinstance(each, str))


def _type(fields: Fields) -> str:
    """Return what an element is: by the context's names, or with a colon where a writer made its own."""
    written = fields.text("type") or fields.text("@type")
    return written.rpartition("/")[2].replace(":", "_")


def _reference(value: Any) -> str:
    """Return what an element is called that is named, or stands in place."""
    if isinstance(value, Mapping):
        return str(value.get("spdxId") or value.get("@id") or "")
    return value if isinstance(value, str) else ""


def _package(fields: Fields) -> str:
    """Return the package URL among the identifiers that others gave."""
    listed = fields.values.get("externalIdentifier")
    for each in listed if isinstance(listed, list) else ():
        if isinstance(each, Mapping) and each.get("externalIdentifierType") == "packageUrl":
            return str(each.get("identifier") or "")
    return ""


def _hub(place: str) -> str:
    """Return the place where a model was loaded from where its hub's name for it is in it."""
    return place if repository_name(place) != public_url(place).rstrip("/") else ""


def _energy(consumed: Fields) -> Decimal | None:
    """Return what learning took, in kWh: amounts are numbers or texts."""
    found: list[Decimal] = []
    for name in _LEARNING:
        for each in consumed.each(name):
            amount, unit = each.number("ai_energyQuantity"), each.text("ai_energyUnit").lower()
            if amount is not None and unit in _HOURS:
                found.append((amount * _HOURS[unit]).quantize(Decimal("1e-6")).normalize())
    return sum(found, Decimal()) if found else None


def _figures(entries: list[Fields]) -> Iterator[Figure]:
    for each in entries:
        name, value = each.text("key"), each.number("value")
        if name and value is not None:
            yield Figure(metric=name, value=value, at=each.at)


FORMAT: Final = Spdx()

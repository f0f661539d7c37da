"""The estate, or a system of it, as a CycloneDX ML-BOM: models with their cards, data sets, services, what needs what.

What CycloneDX has no word for is written as a property, so that reading the bill again states the same.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from typing import Any, BinaryIO, Final

import orjson
import pyoxigraph as ox

from stratagraph import __version__
from stratagraph.loaders.formats.identities import package_name
from stratagraph.loaders.formats.licences import identifiers
from stratagraph.ontology.facts import Iri
from stratagraph.ontology.json_text import json_bytes
from stratagraph.ontology.namespaces import MLBOM_PROPERTY, RDFS, SG, local_name
from stratagraph.service.views.bill_parts import PARTIES, Parts, StatedPart, is_ours
from stratagraph.service.views.parts import members

VERSION: Final = "1.6"
_TYPES: Final = {SG.BaseModel: "machine-learning-model", SG.Dataset: "data"}
_NEEDED: Final = (SG.usesModel, SG.usesTool, SG.dependsOn, SG.trainedWith)
"""Relations that are dependencies; of which kind, a property says where it does not follow from the two."""
_PEOPLE: Final = "personal data"
_NEVER: Final = frozenset('{}<>"\\^`| \n\t')
"""Characters that no URL has; a template has some."""
_PLAIN: Final = frozenset({SG.term("name"), SG.version, SG.license})


def write_mlbom(store: ox.Store, file: BinaryIO, system: Iri | None, language: str) -> None:
    """Write the bill of a system with all that it needs, or of the whole estate."""
    parts = Parts(store, language)
    root = ox.NamedNode(system) if system else None
    found = parts.find(None if system is None else members(store, system))
    bill = _Bill(parts, found)
    components = {node: bill.component(part) for node, part in found.items() if part.sort != SG.Tool}
    services = [bill.service(part) for part in found.values() if part.sort == SG.Tool]
    metadata: dict[str, Any] = {
        "tools": {"components": [{"type": "application", "name": "stratagraph", "version": __version__}]}
    }
    if root in components:
        metadata["component"] = components.pop(root)
    content = {
        "metadata": metadata,
        "components": list(components.values()),
        "services": services,
        "dependencies": list(bill.dependencies()),
    }
    # The same estate gives the same bill, byte by byte.
    serial = uuid.uuid5(uuid.NAMESPACE_URL, orjson.dumps(content).decode())
    head = {
        "$schema": f"http://cyclonedx.org/schema/bom-{VERSION}.schema.json",
        "bomFormat": "CycloneDX",
        "specVersion": VERSION,
        "serialNumber": f"urn:uuid:{serial}",
        "version": 1,
    }
    file.write(json_bytes(head | content))


class _Bill:
    """The parts of a bill in the words of CycloneDX."""

    def __init__(self, parts: Parts, found: dict[ox.NamedNode, StatedPart]) -> None:
        self.parts = parts
        self.found = found

    def component(self, part: StatedPart) -> dict[str, Any]:
        """Return a model, a data set, a system or an agent."""
        told = set(_PLAIN)
        value: dict[str, Any] = {"type": _TYPES.get(part.sort, "application"), **self.head(part, told)}
        if licence := part.first(SG.license):
            value["licenses"] = [_licence(licence)]
        supplier = next(iter(part.relations.get(SG.providedBy, ())), None)
        if supplier:
            value["supplier"] = {"name": self.parts.party(supplier)[1]}
        if ancestors := [self.ancestor(each) for each in self.kin(part)]:
            value["pedigree"] = {"ancestors": ancestors}
        if part.sort == SG.BaseModel and (card := self.card(part, told)):
            value["modelCard"] = card
        if part.sort == SG.Dataset:
            value["data"] = [self.data(part, told)]
        if part.sort != SG.BaseModel and (purpose := part.first(SG.purpose)):
            value["description"] = purpose
            told.add(SG.purpose)
        return value | self.rest(part, told)

    def service(self, part: StatedPart) -> dict[str, Any]:
        """Return a tool, which is called and not built in."""
        told = set(_PLAIN)
        value = self.head(part, told)
        if provider := next(iter(part.relations.get(SG.providedBy, ())), None):
            value["provider"] = {"name": self.parts.party(provider)[1]}
        if licence := part.first(SG.license):
            value["licenses"] = [_licence(licence)]
        urls = [url.value for url in part.attributes.get(SG.url, ()) if _is_url(url.value)]
        if urls and len(urls) == len(part.attributes[SG.url]):
            value["endpoints"] = urls
            told.add(SG.url)
        if purpose := part.first(SG.purpose):
            value["description"] = purpose
            told.add(SG.purpose)
        return value | self.rest(part, told)

    def head(self, part: StatedPart, told: set[Iri]) -> dict[str, Any]:
        """Return what a part is called."""
        value: dict[str, Any] = {"bom-ref": part.node.value}
        group, _, name = part.name.rpartition("/")
        if group and name:
            value["group"], value["name"] = group, name
        else:
            value["name"] = part.name
        if version := part.first(SG.version):
            value["version"] = version
        package = part.first(SG.packageUrl)
        # Read again, a package URL is the strongest key of a model: another name in it would make another model.
        if package and part.sort == SG.BaseModel and package_name(package) == part.name:
            value["purl"] = package
            told.add(SG.packageUrl)
        return value

    def kin(self, part: StatedPart) -> list[StatedPart]:
        """Return the models that a model was made of, the data sets of a data set."""
        origins = (self.found.get(node) for node in part.relations.get(SG.derivedFrom, ()))
        return [
            each for each in origins if each and each.sort == part.sort and each is not part and part.sort in _TYPES
        ]

    def ancestor(self, part: StatedPart) -> dict[str, Any]:
        """Return what stands in a pedigree for a part that is described in full elsewhere."""
        value = {"type": _TYPES[part.sort], **self.head(part, set())}
        del value["bom-ref"]
        return value | {"properties": [_property("kind", part.kind)]}

    def card(self, part: StatedPart, told: set[Iri]) -> dict[str, Any]:
        """Return the card of a model, empty where nothing of it is known."""
        parameters: dict[str, Any] = {}
        if purpose := part.first(SG.purpose):
            parameters["task"] = purpose
            told.add(SG.purpose)
        if data := [node.value for node in part.relations.get(SG.trainedWith, ()) if node in self.found]:
            parameters["datasets"] = [{"ref": node} for node in data]
        figures = [
            {"type": metric, "value": value} | ({"slice": cases} if cases else {})
            for metric, value, cases in sorted(set(self.parts.figures(part.node)))
        ]
        considerations: dict[str, Any] = {}
        if limits := part.attributes.get(SG.limitation):
            considerations["technicalLimitations"] = [limit.value for limit in limits]
            told.add(SG.limitation)
        if energy := _number(part.first(SG.trainingEnergy)):
            considerations["environmentalConsiderations"] = {"energyConsumptions": [energy]}
            told.add(SG.trainingEnergy)
        card = {
            "modelParameters": parameters,
            "quantitativeAnalysis": {"performanceMetrics": figures} if figures else {},
            "considerations": considerations,
        }
        return {name: value for name, value in card.items() if value}

    def data(self, part: StatedPart, told: set[Iri]) -> dict[str, Any]:
        """Return what is known of the content of a data set."""
        value: dict[str, Any] = {"type": "dataset", "name": part.name}
        if level := part.first(SG.confidentiality):
            value["classification"] = level
            told.add(SG.confidentiality)
        if part.first(SG.personalData) == "true":
            value["sensitiveData"] = [_PEOPLE]
            told.add(SG.personalData)
        owners = [self.parts.party(node) for node in part.relations.get(SG.ownedBy, ())]
        if owners:
            value["governance"] = {"owners": [{"organization": {"name": name}} for _, name in owners]}
        return value

    def rest(self, part: StatedPart, told: set[Iri]) -> dict[str, Any]:
        """Return as properties what has no place of its own: class, further attributes, relations."""
        properties = [_property("kind", part.kind)]
        for attribute, values in sorted(part.attributes.items()):
            further = values[1:] if attribute == SG.purpose and attribute in told else values
            if attribute in told and attribute != SG.purpose:
                continue
            if attribute == RDFS.label:
                properties += [
                    _property(f"label@{each.language}" if each.language else "label", each.value) for each in values
                ]
            elif is_ours(attribute):
                properties += [_property(local_name(attribute), each.value) for each in further]
        for relation, nodes in sorted(part.relations.items()):
            if is_ours(relation):
                properties += self.related(part, relation, nodes)
        return {"properties": properties}

    def related(self, part: StatedPart, relation: Iri, nodes: list[ox.NamedNode]) -> Iterator[dict[str, str]]:
        """Yield the relations that neither a dependency nor a card nor a pedigree says."""
        name = local_name(relation)
        if relation in PARTIES:
            kinds = [self.parts.party(node) for node in nodes]
            yield from (_property(name, f"{kind} {party}") for kind, party in kinds)
            return
        kin = {each.node for each in self.kin(part)}
        for node in nodes:
            other = self.found.get(node)
            if other is None or (relation == SG.derivedFrom and node in kin):
                continue
            model = other.sort == SG.BaseModel
            plain = relation == SG.usesModel if model else relation == SG.dependsOn
            if not (plain and part.sort in {SG.LLMSystem, SG.Agent}) and relation != SG.trainedWith:
                yield _property(name, node.value)

    def dependencies(self) -> Iterator[dict[str, Any]]:
        """Yield what each part needs, also nothing: a part that is left out here is one of which that is not known."""
        for node, part in self.found.items():
            needed = {
                other.value for relation in _NEEDED for other in part.relations.get(relation, ()) if other in self.found
            }
            yield {"ref": node.value, "dependsOn": sorted(needed - {node.value})}


def _property(name: str, value: str) -> dict[str, str]:
    return {"name": MLBOM_PROPERTY + name, "value": value}


def _licence(name: str) -> dict[str, Any]:
    if name in identifiers().values():
        return {"license": {"id": name}}
    words = name.replace("(", " ").replace(")", " ").split()
    if {"AND", "OR", "WITH"}.intersection(words):
        return {"expression": name}
    return {"license": {"name": name}}


def _number(text: str) -> dict[str, Any] | None:
    """Return energy as CycloneDX writes it; who provided it is not known here."""
    try:
        value = float(text)
    except ValueError:
        return None
    cost = {"value": int(value) if value.is_integer() else value, "unit": "kWh"}
    return {"activity": "training", "energyProviders": [], "activityEnergyCost": cost}


def _is_url(text: str) -> bool:
    return set(text).isdisjoint(_NEVER)

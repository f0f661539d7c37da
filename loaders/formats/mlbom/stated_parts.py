"""The parts of a bill that are assets, and what a bill says of each of them once."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from stratagraph.loaders.file_faults import quote
from stratagraph.loaders.formats.identities import dataset_name, repository_name
from stratagraph.loaders.formats.licences import all_of, state_licence
from stratagraph.loaders.formats.mlbom.own_properties import listed, property_of
from stratagraph.loaders.formats.secrets import is_person, public_url
from stratagraph.ontology.namespaces import SG, local_name

if TYPE_CHECKING:
    from stratagraph.loaders.formats.core_yaml import Path
    from stratagraph.loaders.formats.description import Description
    from stratagraph.loaders.formats.fields import Fields
    from stratagraph.ontology.facts import Iri


@dataclass(frozen=True, slots=True)
class Part:
    """A component or service that is an asset."""

    iri: Iri
    kind: Iri
    name: str


class Parts:
    """The parts by ``bom-ref``, which means something in this document only."""

    def __init__(self, description: Description) -> None:
        """Begin with none."""
        self.description = description
        self.ontology = description.ontology
        self.named: dict[str, Part] = {}
        self.described: set[str] = set()
        """What the document calls its components, be they assets or not."""
        self.related: set[tuple[Iri, Iri]] = set()
        """What a card or a pedigree, which say more than a dependency, has related."""
        self.provided: set[Iri] = set()
        self.told: set[tuple[Iri, Iri]] = set()
        """Of what an asset has one of, what was stated: where a bill names it again, the first one counts."""

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
            rest = [property_of(fields, local_name(key)) for key in info.key_properties[1:]]
            iri = self.description.asset(kind, name, *rest, at=fields.at)
        part = Part(iri, kind, name)
        if reference := fields.text("bom-ref"):
            known = self.named.setdefault(reference, part)
            if known.iri != iri:
                self.description.fault(fields.place("bom-ref"), f"two parts have the bom-ref {quote(reference)}.")
        return part

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

    def relate(self, part: Part, relation: Iri, other: Part, at: Path) -> None:
        """State a relation between two parts."""
        self.related.add((part.iri, other.iri))
        if relation == SG.partOf:
            # The whole needs its parts, which says no more of the two.
            self.related.add((other.iri, part.iri))
        self.description.state(part.iri, relation, other.iri, at=at)

    def sort_of(self, part: Part) -> Iri:
        """Return the class whose key a part has: a tuned model is of the sort of models."""
        return self.ontology.classes[part.kind].kind

    def may_have(self, kind: Iri, predicate: Iri) -> bool:
        """Whether the ontology has an attribute or a relation for a class."""
        info = self.ontology.relations.get(predicate) or self.ontology.attributes.get(predicate)
        return info is not None and not self.ontology.ancestors(kind).isdisjoint(info.domain)


def _hub(fields: Fields) -> str:
    """Return the place on a hub that a model says it is at, which names it better than it does itself."""
    for each in listed(fields.values.get("externalReferences")):
        url = each.get("url")
        if (
            isinstance(url, str)
            and repository_name(url) != public_url(url).rstrip("/")
            and dataset_name(url) == url.strip()
        ):
            return url
    return ""

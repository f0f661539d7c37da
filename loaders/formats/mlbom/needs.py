"""What needs what: dependencies between parts, through libraries that are none too."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

from stratagraph.loaders.formats.mlbom.stated_parts import Part, Parts
from stratagraph.ontology.namespaces import SG

if TYPE_CHECKING:
    from stratagraph.loaders.formats.core_yaml import Path
    from stratagraph.loaders.formats.fields import Fields


class Needs:
    """The dependencies of one bill."""

    def __init__(self, bill: Fields, parts: Parts) -> None:
        """Read the dependencies of a bill between these parts."""
        self.bill = bill
        self.parts = parts

    def state(self) -> None:
        """State what each part needs; what a library in between needs, its user needs too."""
        needs: dict[str, tuple[Fields, list[str]]] = {}
        for fields in self.bill.each("dependencies"):
            needs[fields.text("ref")] = fields, [reference for reference, _ in fields.texts("dependsOn")]
        for reference, (fields, _) in needs.items():
            if part := self.parts.named.get(reference):
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
            if part := self.parts.named.get(each):
                yield part
            elif each in needs:
                agenda += needs[each][1]

    def need(self, part: Part, other: Part, at: Path) -> None:
        """State that a part needs another one, unless a card or a pedigree says more of the two."""
        if part.iri == other.iri or (part.iri, other.iri) in self.parts.related:
            return
        uses = self.parts.sort_of(other) == SG.BaseModel and self.parts.may_have(part.kind, SG.usesModel)
        self.parts.relate(part, SG.usesModel if uses else SG.dependsOn, other, at)

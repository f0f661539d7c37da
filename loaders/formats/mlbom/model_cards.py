"""Cards of models, and what entries say of data: tasks, figures, limits, energy, whose and about whom they are."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from decimal import Decimal
from typing import TYPE_CHECKING, Final

from stratagraph.loaders.formats.card_figures import Figure, state_figures
from stratagraph.loaders.formats.croissant import about_people
from stratagraph.loaders.formats.description import shown
from stratagraph.loaders.formats.mlbom.stated_parts import Part, Parts
from stratagraph.loaders.formats.secrets import is_person
from stratagraph.ontology.namespaces import SG

if TYPE_CHECKING:
    from stratagraph.loaders.formats.fields import Fields

_LEARNING: Final = frozenset({"training", "fine-tuning"})


class Cards:
    """States what cards and entries of data say of parts."""

    def __init__(self, parts: Parts) -> None:
        """Speak of these parts."""
        self.parts = parts

    def state(self, part: Part, card: Fields) -> None:
        """State what a model's card says: its task, what it was trained with, its figures and limits."""
        state = self.parts.description.state
        parameters = card.fields("modelParameters")
        state(part.iri, SG.purpose, parameters.text("task"), at=parameters.place("task"))
        for entry in parameters.each("datasets"):
            if used := self.dataset(entry):
                self.parts.relate(part, SG.trainedWith, used, entry.at)
        figures = list(self.figures(card.fields("quantitativeAnalysis").each("performanceMetrics")))
        state_figures(self.parts.description, part.iri, figures)
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
            part = self.parts.named.get(reference)
            if part is None and reference not in self.parts.described:
                # Of another bill, or a slip of the pen.
                self.parts.description.unread(shown(entry.place("ref")))
            return part if part and self.parts.sort_of(part) == SG.Dataset else None
        name = entry.text("name")
        if not name or entry.text("type") not in {"", "dataset"}:
            return None
        part = Part(self.parts.description.asset(SG.Dataset, name, at=entry.at), SG.Dataset, name)
        self.data(part, entry)
        return part

    def data(self, part: Part, entry: Fields) -> None:
        """State what an entry says of the data: how confidential, whether about people, whose."""
        at = entry.at
        entry.text("name")
        entry.text("type")
        self.parts.once(part, SG.confidentiality, entry.text("classification"), at)
        about = about_people([text for text, _ in entry.texts("sensitiveData")])
        if about is not None and (part.iri, SG.personalData) not in self.parts.told:
            self.parts.told.add((part.iri, SG.personalData))
            self.parts.description.state(part.iri, SG.personalData, about, at=at)
        for owner in entry.fields("governance").each("owners"):
            organisation = owner.fields("organization")
            name = organisation.text("name")
            if name and not is_person(name) and (part.iri, SG.ownedBy) not in self.parts.told:
                iri = self.parts.description.asset(SG.Organisation, name, at=organisation.at)
                self.parts.description.state(part.iri, SG.ownedBy, iri, at=organisation.at)

    def figures(self, metrics: Iterable[Fields]) -> Iterator[Figure]:
        """Yield the figures of a card whose values are numbers, which are written as texts."""
        for metric in metrics:
            name, value = metric.text("type"), metric.number("value")
            part = metric.text("slice")
            if name and value is not None:
                yield Figure(metric=name, value=value, part=part, at=metric.at)

"""Why one asset influences another, as a sentence: the template of the relation that the hop rests on."""

from __future__ import annotations

from stratagraph.ontology.facts import Iri
from stratagraph.ontology.model import OntologyModel
from stratagraph.ontology.namespaces import SG
from stratagraph.queries.cards import Cards
from stratagraph.queries.impact.walk import Hop
from stratagraph.queries.messages import messages
from stratagraph.queries.remembered import Remembered


class Reasons:
    """Writes the reasons of one answer in one language; what many of them name is put into words once."""

    def __init__(self, model: OntologyModel, cards: Cards, language: str) -> None:
        self._model = model
        self._language = language
        self._texts = messages("impact", language)
        self._labels: Remembered[Iri, str] = Remembered(lambda asset: cards[asset].label(language))
        self._aspects: Remembered[Iri, str] = Remembered(
            lambda manner: aspect_name(model, model.manners[manner].aspect, language)
        )
        self._sentences = Remembered(self._sentences_of)

    def of(self, hop: Hop) -> str:
        """Return the sentence of the strongest fact that transmits it, in the language asked for or in English.

        A relation without a sentence of its own is told by its label.
        """
        labels, aspect = self._labels, self._aspects[hop.manner]
        for subject, predicate, value in hop.facts:
            if not isinstance(value, str):
                continue
            for forward, sentence in self._sentences[predicate, hop.manner]:
                if (subject, value) == (
                    (hop.influencer, hop.influenced) if forward else (hop.influenced, hop.influencer)
                ):
                    said = {"subject": labels[subject], "object": labels[value]}
                    if sentence:
                        return sentence.format(aspect=aspect, **said)
                    relation = self._model.label(predicate, self._language)
                    return self._texts["relation"].format(relation=relation, **self._ends(hop), **said)
        belongs = any(fact.predicate == SG.obligationOf for fact in hop.facts)
        return self._texts["obligation" if belongs else "hop"].format(**self._ends(hop))

    def _ends(self, hop: Hop) -> dict[str, str]:
        influencer, influenced = self._labels[hop.influencer], self._labels[hop.influenced]
        return {"influencer": influencer, "influenced": influenced, "aspect": self._aspects[hop.manner]}

    def _sentences_of(self, carried: tuple[Iri, Iri]) -> list[tuple[bool, str | None]]:
        """Return which way each transmission of a relation carries a manner, and the sentence that tells it."""
        predicate, manner = carried
        relation = self._model.relations.get(predicate)
        return [
            (each.forward, each.templates.get(self._language.lower()) or each.templates.get("en"))
            for each in (relation.transmissions if relation else ())
            if manner in each.manners
        ]


def aspect_name(model: OntologyModel, aspect: Iri, language: str) -> str:
    """Return an aspect's label as it stands inside a sentence."""
    return model.label(aspect, language).lower()

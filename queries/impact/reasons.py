"""Why one asset influences another, as a sentence: the template of the relation that the hop rests on."""

from __future__ import annotations

from stratagraph.ontology.facts import Fact, Iri
from stratagraph.ontology.model import OntologyModel
from stratagraph.ontology.namespaces import SG
from stratagraph.queries.cards import Cards
from stratagraph.queries.impact.walk import Hop
from stratagraph.queries.messages import messages


def reason(model: OntologyModel, cards: Cards, hop: Hop, language: str) -> str:
    """Return the sentence of the strongest fact that has one, in the language asked for or in English."""
    aspect = aspect_name(model, hop.aspect, language)
    for fact in hop.facts:
        template = _template(model, fact, hop, language.lower())
        if template and isinstance(fact.object, str):
            ends = {"subject": cards[fact.subject], "object": cards[fact.object]}
            return template.format(aspect=aspect, **{end: card.label(language) for end, card in ends.items()})
    belongs = any(fact.predicate == SG.obligationOf for fact in hop.facts)
    return messages("impact", language)["obligation" if belongs else "hop"].format(
        influencer=cards[hop.influencer].label(language),
        influenced=cards[hop.influenced].label(language),
        aspect=aspect,
    )


def aspect_name(model: OntologyModel, aspect: Iri, language: str) -> str:
    """Return an aspect's label as it stands inside a sentence."""
    return model.label(aspect, language).lower()


def _template(model: OntologyModel, fact: Fact, hop: Hop, tag: str) -> str | None:
    """Return the sentence of the transmission that carries the hop's aspect from the one end to the other."""
    relation = model.relations.get(fact.predicate)
    for transmission in relation.transmissions if relation else ():
        source, target = (fact.subject, fact.object) if transmission.forward else (fact.object, fact.subject)
        if (source, target) == (hop.influencer, hop.influenced) and hop.aspect in transmission.aspects:
            return transmission.templates.get(tag) or transmission.templates.get("en")
    return None

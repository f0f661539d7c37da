"""Why one asset influences another, as a sentence: the template of the relation that the hop rests on."""

from __future__ import annotations

from stratagraph.ontology.facts import Fact, Iri
from stratagraph.ontology.infos import Transmission
from stratagraph.ontology.model import OntologyModel
from stratagraph.ontology.namespaces import SG
from stratagraph.queries.cards import Cards
from stratagraph.queries.impact.walk import Hop
from stratagraph.queries.messages import messages


def reason(model: OntologyModel, cards: Cards, hop: Hop, language: str) -> str:
    """Return the sentence of the strongest fact that transmits it, in the language asked for or in English.

    A relation without a sentence of its own is told by its label.
    """
    aspect = aspect_name(model, hop.aspect, language)
    texts = messages("impact", language)
    ends = {
        "influencer": cards[hop.influencer].label(language),
        "influenced": cards[hop.influenced].label(language),
        "aspect": aspect,
    }
    for fact in hop.facts:
        transmission = _transmission(model, fact, hop)
        if transmission and isinstance(fact.object, str):
            said = {"subject": cards[fact.subject].label(language), "object": cards[fact.object].label(language)}
            template = transmission.templates.get(language.lower()) or transmission.templates.get("en")
            if template:
                return template.format(aspect=aspect, **said)
            return texts["relation"].format(relation=model.label(fact.predicate, language), **ends, **said)
    belongs = any(fact.predicate == SG.obligationOf for fact in hop.facts)
    return texts["obligation" if belongs else "hop"].format(**ends)


def aspect_name(model: OntologyModel, aspect: Iri, language: str) -> str:
    """Return an aspect's label as it stands inside a sentence."""
    return model.label(aspect, language).lower()


def _transmission(model: OntologyModel, fact: Fact, hop: Hop) -> Transmission | None:
    """Return the transmission that carries the hop's aspect from the one end of a fact to the other."""
    relation = model.relations.get(fact.predicate)
    for transmission in relation.transmissions if relation else ():
        source, target = (fact.subject, fact.object) if transmission.forward else (fact.object, fact.subject)
        if (source, target) == (hop.influencer, hop.influenced) and hop.aspect in transmission.aspects:
            return transmission
    return None

"""Why one asset influences another, as a sentence: the template of the relation that the hop rests on."""

from __future__ import annotations

from collections.abc import Iterator

from stratagraph.ontology.facts import Fact, Iri
from stratagraph.ontology.model import OntologyModel, Transmission
from stratagraph.queries.cards import Cards
from stratagraph.queries.messages import messages
from stratagraph.queries.walk import Hop


def reason(model: OntologyModel, cards: Cards, hop: Hop, language: str) -> str:
    """Return the sentence of the strongest fact that has one, in the language asked for or in English."""
    for fact in hop.facts:
        for subject, object_, transmission in _carriers(model, fact, hop):
            template = transmission.templates.get(language.lower()) or transmission.templates.get("en")
            if template:
                return template.format(
                    subject=cards[subject].label(language),
                    object=cards[object_].label(language),
                    aspect=aspect_name(model, hop.aspect, language),
                )
    return messages("impact", language)["hop"].format(
        influencer=cards[hop.influencer].label(language),
        influenced=cards[hop.influenced].label(language),
        aspect=aspect_name(model, hop.aspect, language),
    )


def aspect_name(model: OntologyModel, aspect: Iri, language: str) -> str:
    """Return an aspect's label as it stands inside a sentence."""
    return model.label(aspect, language).lower()


def _carriers(model: OntologyModel, fact: Fact, hop: Hop) -> Iterator[tuple[Iri, Iri, Transmission]]:
    """Yield the transmissions that carry the hop's aspect its way, with the subject and object they speak of."""
    if not isinstance(fact.object, str):
        return
    for subject, relation, object_ in _readings(model, fact.subject, fact.predicate, fact.object):
        for transmission in model.relations[relation].transmissions:
            source, target = (subject, object_) if transmission.forward else (object_, subject)
            if (source, target) == (hop.influencer, hop.influenced) and hop.aspect in transmission.aspects:
                yield subject, object_, transmission


def _readings(model: OntologyModel, subject: Iri, relation: Iri, object_: Iri) -> Iterator[tuple[Iri, Iri, Iri]]:
    """Yield the fact itself, what it says in more general words, and each of those read backwards."""
    if relation not in model.relations:
        return
    ancestors = model.relations[relation].ancestors & model.relations.keys()
    for name in sorted(ancestors, key=lambda a: (-len(model.relations[a].ancestors), a)):
        yield subject, name, object_
        inverse = model.relations[name].inverse
        if inverse in model.relations and inverse is not None:
            yield object_, inverse, subject

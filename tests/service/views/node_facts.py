"""The nodes of statements and influences fact by fact: the plain form of what the view writes as lines."""

from __future__ import annotations

from collections.abc import Iterator

from stratagraph.ontology.facts import Claim, Fact, Influence
from stratagraph.ontology.identity import influence_iri, statement_iri
from stratagraph.ontology.model import OntologyModel
from stratagraph.ontology.namespaces import RDF, SG
from stratagraph.service.views.nodes import attribution_properties, attributions_of, strength_facts


def statement_facts(fact: Fact, claims: tuple[Claim, ...]) -> Iterator[Fact]:
    """Yield the triples of a statement's node; none where nobody states it."""
    if not claims:
        return
    node = statement_iri(fact)
    yield Fact(node, RDF.subject, fact.subject)
    yield Fact(node, RDF.predicate, fact.predicate)
    yield Fact(node, RDF.object, fact.object)
    for prop, value in attribution_properties(attributions_of(claims)):
        yield Fact(node, prop, value)


def influence_facts(edge: Influence, model: OntologyModel) -> Iterator[Fact]:
    """Yield the triples of an influence's node."""
    node = influence_iri(edge.influencer, edge.influenced)
    yield Fact(node, RDF.type, SG.Influence)
    yield Fact(node, SG.influencer, edge.influencer)
    yield Fact(node, SG.influenced, edge.influenced)
    for prop, value in strength_facts(edge.strengths, edge.measured, model):
        yield Fact(node, prop, value)
    for reason in dict.fromkeys(fact for reasons in edge.reasons.values() for fact in reasons):
        yield Fact(node, SG.justifiedBy, statement_iri(reason))

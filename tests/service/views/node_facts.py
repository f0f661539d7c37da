"""The triples view as plain quads: what named graphs hold and what is said of them, the long way round."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TypeAlias

from stratagraph.ontology.facts import Attribution, Claim, Fact, Influence, Iri, Literal
from stratagraph.ontology.identity import claims_iri, influence_iri, scope_iri, shared_influence_iri, source_iri
from stratagraph.ontology.model import CORE_SOURCE, OntologyModel
from stratagraph.ontology.namespaces import PROV, RDF, SG, XSD
from stratagraph.ontology.terms import encode
from stratagraph.service.views.lexical import stored

Quad: TypeAlias = tuple[Iri, Fact]
"""A graph, empty for the default one, and a triple in it, as the store writes it."""


def quad(fact: Fact, graph: Iri = "") -> Quad:
    """Return a fact in a graph."""
    return graph, stored(fact)


def claim_quads(fact: Fact, claims: tuple[Claim, ...]) -> Iterator[Quad]:
    """Yield the triple in the graph of its claims, and what is said of that; none where only the ontology states it."""
    if {claim.source for claim in claims} <= {CORE_SOURCE}:
        return
    graph = claims_iri(Attribution(c.source, c.scope, c.method, c.first_seen) for c in claims)
    yield quad(fact, graph)
    first = min(claim.first_seen for claim in claims).replace(tzinfo=None).isoformat() + "Z"
    yield quad(Fact(graph, RDF.type, SG.ClaimSet))
    yield quad(Fact(graph, SG.firstSeen, Literal(first, XSD.dateTime)))
    yield quad(Fact(graph, PROV.generatedAtTime, Literal(first, XSD.dateTime)))
    for claim in claims:
        yield quad(Fact(graph, SG.source, Literal(claim.source)))
        yield quad(Fact(graph, SG.method, Literal(claim.method.value)))
        yield quad(Fact(graph, SG.seenIn, scope_iri(claim.source, claim.scope)))
        yield quad(Fact(graph, PROV.wasAttributedTo, source_iri(claim.source)))


def influence_quads(edge: Influence, model: OntologyModel) -> Iterator[Quad]:
    """Yield the pair in the graph of its influence, and what is said of that."""
    said = set(_said(edge, model))
    graph = influence_iri(edge.influencer, edge.influenced)
    if not edge.measured:
        graph = shared_influence_iri((prop, encode(value)) for prop, value in said)
    yield quad(Fact(edge.influencer, SG.affects, edge.influenced), graph)
    yield quad(Fact(graph, RDF.type, SG.Influence))
    for prop, value in said:
        yield quad(Fact(graph, prop, value))


def _said(edge: Influence, model: OntologyModel) -> Iterator[tuple[Iri, Iri | Literal]]:
    for manner, strength in edge.strengths.items():
        info = model.manners[manner]
        text = f"{strength:.4f}".rstrip("0").removesuffix(".")
        yield info.strength_property, Literal(text, XSD.decimal)
        yield info.measured_property, Literal("true" if manner in edge.measured else "false", XSD.boolean)
    for fact in _reasons(edge):
        # A reason leads from one of the two to the other.
        along = (fact.subject, fact.object) == (edge.influencer, edge.influenced)
        yield SG.alongRelation if along else SG.againstRelation, fact.predicate


def _reasons(edge: Influence) -> Iterable[Fact]:
    return (fact for reasons in edge.reasons.values() for fact in reasons)

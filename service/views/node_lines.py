"""What nodes and named graphs of the triples view say, as texts in the writing that the store keeps.

Nearly all triples of one run have the same claims, and most influences are like many others: those texts are made once.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache
from typing import Final, NamedTuple

from stratagraph.ontology.facts import XSD_STRING, Attribution, Claim, Fact, Iri, Term, attributions_of
from stratagraph.ontology.grouped import InfluenceTemplate
from stratagraph.ontology.identity import claims_iri, influence_iri, shared_influence_iri
from stratagraph.ontology.model import CORE_SOURCE, OntologyModel
from stratagraph.ontology.namespaces import RDF, SG
from stratagraph.ontology.terms import encode
from stratagraph.service.views.lexical import stored_term
from stratagraph.service.views.nodes import claim_set_properties, influence_properties

_IS_INFLUENCE: Final = (RDF.type, SG.Influence)


class GraphText(NamedTuple):
    """A named graph, and what the default graph says of it, one property in a line."""

    iri: Iri
    lines: tuple[str, ...]


def lines(facts: Iterable[Fact]) -> list[str]:
    """Return triples in N-Triples, without their full stops."""
    return [
        f"<{subject}> <{predicate}> <{value}>"
        if isinstance(value, str)  # most are: worth a way of their own
        else f"<{subject}> <{predicate}> {encode(stored_term(value) if value[1] != XSD_STRING else value)}"
        for subject, predicate, value in facts
    ]


def lines_of(facts: Iterable[Fact]) -> list[str]:
    """Return what facts about one node say of it."""
    return [_line(predicate, value) for _, predicate, value in facts]


@lru_cache(maxsize=8_192)
def _line(predicate: Iri, value: Term) -> str:
    """Return what a property says; of what telemetry writes each second most is the same as before or elsewhere."""
    return f"<{predicate}> {encode(stored_term(value))}"


def claims_graph(claims: tuple[Claim, ...]) -> GraphText | None:
    """Return the graph of what has these claims; None where nobody states it, or the ontology alone.

    The ontology is most of a small graph: a graph of its own would only say one thing of all of it.
    """
    return _claims_graph(attributions_of(claims))


@lru_cache(maxsize=4096)
def _claims_graph(attributions: tuple[Attribution, ...]) -> GraphText | None:
    if all(each.source == CORE_SOURCE for each in attributions):
        return None
    return GraphText(claims_iri(attributions), _written(claim_set_properties(attributions)))


class InfluenceGraphs:
    """The graphs of influences under one ontology: all pairs of which the same is declared share one."""

    def __init__(self, model: OntologyModel) -> None:
        """Take the ontology, which names the properties of strengths."""
        self._model = model
        self._shared = lru_cache(maxsize=4096)(self._make)

    def shared(self, template: InfluenceTemplate) -> GraphText | None:
        """Return the graph in which all pairs with this influence stand; None where each has one of its own."""
        return None if template.measured else self._shared(template.strengths, frozenset(template.relations))

    def own(self, template: InfluenceTemplate, influencer: Iri, influenced: Iri) -> GraphText:
        """Return the graph of a pair alone: a measured strength moves with every batch, and only it is written anew."""
        relations = frozenset(template.relations)
        said = influence_properties(dict(template.strengths), template.measured, relations, self._model)
        return GraphText(influence_iri(influencer, influenced), _written([_IS_INFLUENCE, *said]))

    def _make(self, strengths: tuple[tuple[Iri, float], ...], relations: frozenset[tuple[Iri, bool]]) -> GraphText:
        said = list(influence_properties(dict(strengths), frozenset(), relations, self._model))
        iri = shared_influence_iri((prop, encode(value)) for prop, value in said)
        return GraphText(iri, _written([_IS_INFLUENCE, *said]))


def _written(properties: Iterable[tuple[Iri, Term]]) -> tuple[str, ...]:
    return tuple(f"<{prop}> {encode(stored_term(value))}" for prop, value in properties)

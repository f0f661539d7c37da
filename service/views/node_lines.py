"""What a node of the triples view says, as texts of predicate and object in the writing that the store keeps.

Nearly all statements of one run say the same beside the statement itself, and most influences have the strengths of
many others: those texts are made once.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache
from typing import Final

from stratagraph.ontology.facts import Claim, Fact, Influence, Iri, Term
from stratagraph.ontology.identity import statement_iri
from stratagraph.ontology.model import CORE_SOURCE, OntologyModel
from stratagraph.ontology.namespaces import RDF, SG
from stratagraph.ontology.terms import encode
from stratagraph.service.views.lexical import stored, stored_term
from stratagraph.service.views.nodes import Attribution, attribution_properties, attributions_of, strength_facts

_SUBJECT, _PREDICATE, _OBJECT = (f"<{part}>" for part in (RDF.subject, RDF.predicate, RDF.object))
_IS_INFLUENCE: Final = f"<{RDF.type}> <{SG.Influence}>"
_INFLUENCER, _INFLUENCED, _JUSTIFIED = (f"<{part}>" for part in (SG.influencer, SG.influenced, SG.justifiedBy))


def line(fact: Fact) -> str:
    """Return a triple in N-Triples, without its full stop."""
    subject, predicate, value = fact
    if isinstance(value, str):  # most are: worth a way of their own
        return f"<{subject}> <{predicate}> <{value}>"
    return f"<{subject}> <{predicate}> {encode(stored_term(value))}"


def lines_of(facts: Iterable[Fact]) -> list[str]:
    """Return what facts about one node say of it."""
    return [f"<{fact.predicate}> {encode(stored(fact).object)}" for fact in facts]


def statement_lines(fact: Fact, claims: tuple[Claim, ...]) -> list[str]:
    """Return what the node of a statement says; nothing where nobody states it.

    A statement of the ontology alone gets no node: it would be most of a small graph, to say one thing of all of it.
    """
    if all(claim.source == CORE_SOURCE for claim in claims):
        return []
    subject, predicate, value = fact
    return [
        f"{_SUBJECT} <{subject}>",
        f"{_PREDICATE} <{predicate}>",
        f"{_OBJECT} <{value}>" if isinstance(value, str) else f"{_OBJECT} {encode(stored_term(value))}",
        *_attribution_lines(attributions_of(claims)),
    ]


class InfluenceLines:
    """What the nodes of influences say under one ontology."""

    def __init__(self, model: OntologyModel) -> None:
        """Take the ontology, which names the properties of strengths."""
        self._model = model
        self._strengths = lru_cache(maxsize=4096)(self._write_strengths)

    def __call__(self, edge: Influence) -> list[str]:
        """Return what the node of an influence says."""
        reasons = dict.fromkeys(fact for reasons in edge.reasons.values() for fact in reasons)
        return [
            _IS_INFLUENCE,
            f"{_INFLUENCER} <{edge.influencer}>",
            f"{_INFLUENCED} <{edge.influenced}>",
            *self._strengths(tuple(edge.strengths.items()), edge.measured),
            *(f"{_JUSTIFIED} <{statement_iri(reason)}>" for reason in reasons),
        ]

    def _write_strengths(self, strengths: tuple[tuple[Iri, float], ...], measured: frozenset[Iri]) -> tuple[str, ...]:
        return _written(strength_facts(dict(strengths), measured, self._model))


@lru_cache(maxsize=4096)
def _attribution_lines(attributions: tuple[Attribution, ...]) -> tuple[str, ...]:
    return _written(attribution_properties(attributions))


def _written(properties: Iterable[tuple[Iri, Term]]) -> tuple[str, ...]:
    return tuple(f"<{prop}> {encode(stored_term(value))}" for prop, value in properties)

"""What the modules say, looked up by term: for the tests of reference knowledge."""

from __future__ import annotations

from collections import defaultdict
from decimal import Decimal

from stratagraph.ontology.facts import Iri, Literal, Term
from stratagraph.ontology.graph import Graph
from stratagraph.ontology.model import load_model
from stratagraph.ontology.namespaces import SG

MODEL = load_model()
GRAPH = Graph(MODEL.triples)

_SAID: dict[tuple[Iri, Iri], set[Term]] = defaultdict(set)
for _fact in MODEL.triples:
    _SAID[_fact.subject, _fact.predicate].add(_fact.object)


def said(subject: str, predicate: str) -> set[Term]:
    """Return everything that is said of a term of ours, both given by local name."""
    return set(_SAID.get((SG.term(subject), SG.term(predicate)), ()))


def names(subject: str, predicate: str) -> set[str]:
    """Return the local names of the terms of ours that are said of it."""
    return {term.removeprefix(SG) for term in said(subject, predicate) if isinstance(term, str)}


def words(subject: str, predicate: str) -> set[str]:
    """Return the texts that are said of it."""
    return {term.value for term in said(subject, predicate) if isinstance(term, Literal)}


def number(subject: str, predicate: str) -> Decimal:
    """Return the one number that is said of it."""
    (value,) = words(subject, predicate)
    return Decimal(value)


def instances(cls: str) -> set[str]:
    """Return the local names of the individuals stated to be of a class."""
    return {iri.removeprefix(SG) for iri in GRAPH.instances(SG.term(cls))}


def pointing(predicate: str, target: str) -> set[str]:
    """Return the local names of what points at a term."""
    return {iri.removeprefix(SG) for iri in GRAPH.subjects(SG.term(predicate), SG.term(target))}

"""A term that has gone out of use stays, and says what took its place."""

from __future__ import annotations

from collections.abc import Iterable

import pytest

from stratagraph.ontology.facts import Fact, Literal
from stratagraph.ontology.model import load_model
from stratagraph.ontology.namespaces import DCT, OWL, RDF, SG, VS, XSD

TRUE = Literal("true", XSD.boolean)
OLD, NEW = SG.term("OldTerm"), SG.term("NewTerm")
CONFORMING = (
    Fact(OLD, RDF.type, OWL.Class),
    Fact(OLD, OWL.deprecated, TRUE),
    Fact(OLD, DCT.isReplacedBy, NEW),
    Fact(OLD, VS.term_status, Literal("archaic")),
    Fact(NEW, RDF.type, OWL.Class),
)


def faults(facts: Iterable[Fact]) -> set[str]:
    """What is wrong with the deprecated terms among the facts."""
    stated = set(facts)
    deprecated = {fact.subject for fact in stated if fact.predicate == OWL.deprecated and fact.object == TRUE}
    typed = {fact.subject for fact in stated if fact.predicate == RDF.type}
    found = set()
    for term in deprecated:
        replacements = {f.object for f in stated if f.subject == term and f.predicate == DCT.isReplacedBy}
        if not replacements:
            found.add("no replacement")
        if not replacements <= typed:
            found.add("unknown replacement")
        if replacements & deprecated:
            found.add("replaced by a deprecated term")
        if Fact(term, VS.term_status, Literal("archaic")) not in stated:
            found.add("status is not archaic")
    archaic = {f.subject for f in stated if f.predicate == VS.term_status and f.object == Literal("archaic")}
    return found | ({"archaic but not deprecated"} if archaic - deprecated else set())


def test_the_ontology_keeps_to_it() -> None:
    assert faults(load_model().triples) == set()


def test_a_replaced_term_conforms() -> None:
    assert faults(CONFORMING) == set()


@pytest.mark.parametrize(
    ("missing", "fault"),
    [
        (1, "archaic but not deprecated"),
        (2, "no replacement"),
        (3, "status is not archaic"),
        (4, "unknown replacement"),
    ],
)
def test_each_missing_statement_is_a_fault(missing: int, fault: str) -> None:
    assert fault in faults(fact for position, fact in enumerate(CONFORMING) if position != missing)

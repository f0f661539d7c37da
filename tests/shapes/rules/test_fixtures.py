"""Every rule on its four fixtures, with pyshacl as the oracle, and with single facts taken away."""

from __future__ import annotations

import pyoxigraph as ox
import pyshacl
import pytest
import rdflib

from stratagraph.ontology.blanks import is_blank
from stratagraph.ontology.facts import Fact, Literal, Term
from stratagraph.ontology.model import load_model
from stratagraph.ontology.namespaces import RDF, SH, SKOLEM_BASE
from stratagraph.ontology.terms import to_ox
from stratagraph.queries.audit.evidence import look_up
from stratagraph.queries.audit.freshness import still_good
from stratagraph.queries.outcome import Outcome
from stratagraph.shapes.compiler import compile_shapes
from stratagraph.shapes.data_graph import DataGraph
from tests.shapes.rules.estate import Estate
from tests.shapes.rules.fixtures import KINDS, NOW, RULES, TARGET, day_of, facts_of, path_of, verdict_on

CASES = [(rule, kind) for rule in RULES for kind in KINDS]

OPTIONAL = {"windowStart", "measured", "unit", "smallProcessingAgent"}
"""Properties of passing fixtures that are shown as evidence but not asked for."""


@pytest.mark.parametrize(("rule", "kind"), CASES)
def test_a_fixture_gets_the_verdict_that_its_name_says(rule: str, kind: str) -> None:
    verdict = verdict_on(RULES[rule], facts_of(rule, kind), day_of(rule, kind))
    assert verdict.outcome == Outcome(kind.replace("-", "_")), verdict.reasons


@pytest.mark.parametrize(("rule", "kind"), CASES)
def test_every_verdict_gives_a_reason_in_both_languages(rule: str, kind: str) -> None:
    verdict = verdict_on(RULES[rule], facts_of(rule, kind), day_of(rule, kind))
    assert verdict.reasons
    assert all({"en", "pt-br"} <= reason.text.texts.keys() for reason in verdict.reasons)


@pytest.mark.parametrize(("rule", "kind"), CASES)
def test_pyshacl_agrees_on_every_fixture(rule: str, kind: str) -> None:
    facts = _looked_at(rule, kind)
    compiled = compile_shapes(RULES[rule].shapes)
    for shape in (RULES[rule].evidence_shape, RULES[rule].check_shape):
        ours = not compiled.check(DataGraph(facts), shape, [TARGET])
        shapes = [*RULES[rule].shapes, Fact(shape, SH.targetNode, TARGET)]
        theirs, _, text = pyshacl.validate(_rdflib(facts), shacl_graph=_rdflib(shapes))
        assert ours == theirs, text


@pytest.mark.parametrize("rule", RULES)
def test_taking_any_needed_fact_away_from_a_pass_leaves_no_pass(rule: str) -> None:
    """Exhaustive over the evidence: only facts that no check asks for may go."""
    facts = facts_of(rule, "pass")
    looked_at = [fact for fact in _looked_at(rule, "pass") if fact in facts and fact.predicate != RDF.type]
    assert len(looked_at) >= 1
    for fact in looked_at:
        if fact.predicate.rpartition("#")[2] in OPTIONAL:
            continue
        rest = [other for other in facts if other != fact]
        outcome = verdict_on(RULES[rule], rest, day_of(rule, "pass")).outcome
        assert outcome is not Outcome.PASS, fact


@pytest.mark.parametrize("rule", RULES)
def test_taking_facts_away_from_an_unknown_never_makes_a_pass(rule: str) -> None:
    facts = facts_of(rule, "unknown")
    for fact in facts:
        if fact.subject == TARGET and fact.predicate == RDF.type:
            continue
        rest = [other for other in facts if other != fact]
        assert verdict_on(RULES[rule], rest, day_of(rule, "unknown")).outcome is not Outcome.PASS, fact


@pytest.mark.parametrize("rule", RULES)
def test_a_bare_target_never_passes(rule: str) -> None:
    facts = [fact for fact in facts_of(rule, "pass") if fact.subject == TARGET and fact.predicate == RDF.type]
    assert verdict_on(RULES[rule], facts, day_of(rule, "pass")).outcome in {Outcome.UNKNOWN, Outcome.NOT_APPLICABLE}


def test_no_fixture_stands_without_a_rule() -> None:
    folders = {path.parent.name for path in path_of("x", "pass").parent.parent.glob("*/*.ttl")}
    assert folders == set(RULES)


def _looked_at(rule: str, kind: str) -> list[Fact]:
    facts = facts_of(rule, kind)
    found = look_up(Estate(facts), RULES[rule], [TARGET]).get(TARGET, ())
    good = still_good(found, TARGET, RULES[rule], NOW)
    types = (f.object for f in facts if f.subject == TARGET and f.predicate == RDF.type and isinstance(f.object, str))
    ancestors = {cls for own in types for cls in load_model().ancestors(own)}
    return [*sorted(good, key=repr), *(Fact(TARGET, RDF.type, cls) for cls in sorted(ancestors))]


def _rdflib(facts: list[Fact]) -> rdflib.Graph:
    """Copy facts to rdflib, blank nodes as such: SHACL reads a path at an IRI as a property."""
    triples = [ox.Triple(_blank(f.subject), ox.NamedNode(f.predicate), _node(f.object)) for f in facts]
    text = ox.serialize(triples, format=ox.RdfFormat.N_TRIPLES) or b""
    return rdflib.Graph().parse(data=text.decode(), format="nt")


def _blank(iri: str) -> ox.NamedNode | ox.BlankNode:
    return ox.BlankNode("b" + iri.removeprefix(SKOLEM_BASE).replace("-", "")) if is_blank(iri) else ox.NamedNode(iri)


def _node(term: Term) -> ox.NamedNode | ox.BlankNode | ox.Literal:
    return to_ox(term) if isinstance(term, Literal) else _blank(term)

"""What the local views of an engine say."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from stratagraph.ontology.facts import Fact, Iri
from stratagraph.ontology.namespaces import CLAIMS_BASE, INFLUENCE_BASE, SG, STATEMENT_BASE
from stratagraph.ontology.terms import from_ox
from stratagraph.service.engine.engine import Engine
from stratagraph.service.views.books import told
from stratagraph.service.views.quad_edits import DEFAULT
from stratagraph.service.views.triples import TriplesView
from tests.service.naive_ledger import Edges, Figures, Picture, about_nodes
from tests.service.views.node_facts import Quad
from tests.service.worlds import NODES

ASPECTS = {"Cost": SG.CostEffect, "Latency": SG.LatencyEffect}


def by_sparql(engine: Engine) -> Picture:
    """What the triples view says."""
    return Picture(
        facts=about_nodes(Fact(*row) for row in _rows(engine, "SELECT ?s ?p ?o { ?s ?p ?o }")),
        sources=_sources(engine),
        edges=_edges(engine),
        newest=_newest(engine),
    )


def by_adjacency(engine: Engine) -> tuple[Edges, ...]:
    """The edges that leave nodes, and those that reach them."""
    view = engine.adjacency
    out = [edge for node in NODES for edge in view.influences_from(node)]
    into = [edge for node in NODES for edge in view.influences_to(node)]
    return tuple(
        {
            (e.influencer, e.influenced): {a: (strength, a in e.measured) for a, strength in e.strengths.items()}
            for e in edges
        }
        for edges in (out, into)
    )


def quads(view: TriplesView) -> set[Quad]:
    """What stands in named graphs but the books, what is said of these, and the nodes of measured relations."""
    found = {
        (getattr(q.graph_name, "value", ""), Fact(str(from_ox(q.subject)), q.predicate.value, from_ox(q.object)))
        for q in told(view.store)
    }
    assert {(DEFAULT, fact) for graph, fact in found if graph} <= found, "every triple stands in the default graph too"
    return {
        (graph, fact)
        for graph, fact in found
        if graph or fact.subject.startswith((CLAIMS_BASE, INFLUENCE_BASE, STATEMENT_BASE))
    }


def _sources(engine: Engine) -> dict[Fact, frozenset[str]]:
    found: dict[Fact, set[str]] = {}
    for s, p, o, source in _rows(
        engine, "SELECT ?s ?p ?o ?source { GRAPH ?claims { ?s ?p ?o } ?claims sg:source ?source }"
    ):
        found.setdefault(Fact(s, p, o), set()).add(source.value)
    return {fact: frozenset(those) for fact, those in found.items()}


def _edges(engine: Engine) -> Edges:
    found: Edges = {}
    for name, aspect in ASPECTS.items():
        for a, b, strength, measured in _rows(
            engine,
            "SELECT ?a ?b ?strength ?measured { GRAPH ?i { ?a sg:affects ?b } ?i"
            f" sg:strength{name} ?strength ; sg:measured{name} ?measured }}",
        ):
            found.setdefault((a, b), {})[aspect] = float(strength.value), measured.value == "true"
    return found


def _newest(engine: Engine) -> dict[tuple[Iri, Iri], Figures]:
    rows = _rows(
        engine,
        "SELECT ?s ?m ?count ?sum ?min ?max { ?o sg:observedOn ?s ; sg:metric ?m ; sg:count ?count ; sg:sum ?sum ;"
        " sg:min ?min ; sg:max ?max }",
    )
    return {
        (s, m): (int(count.value), float(total.value), float(least.value), float(most.value))
        for s, m, count, total, least, most in rows
    }


def _rows(engine: Engine, query: str) -> Sequence[tuple[Any, ...]]:
    return [tuple(row.values()) for row in engine.triples.select(query)]

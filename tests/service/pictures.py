"""What the local views of an engine say."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from stratagraph.ontology.facts import Fact, Iri
from stratagraph.ontology.namespaces import SG
from stratagraph.service.engine.engine import Engine
from tests.service.naive_ledger import Edges, Figures, Picture, about_nodes
from tests.service.worlds import NODES

ASPECTS = {"Cost": SG.CostAspect, "Latency": SG.LatencyAspect}


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


def _sources(engine: Engine) -> dict[Fact, frozenset[str]]:
    found: dict[Fact, set[str]] = {}
    for s, p, o, source in _rows(
        engine, "SELECT ?s ?p ?o ?source { ?n rdf:subject ?s ; rdf:predicate ?p ; rdf:object ?o ; sg:source ?source }"
    ):
        found.setdefault(Fact(s, p, o), set()).add(source.value)
    return {fact: frozenset(those) for fact, those in found.items()}


def _edges(engine: Engine) -> Edges:
    found: Edges = {}
    for name, aspect in ASPECTS.items():
        for a, b, strength, measured in _rows(
            engine,
            "SELECT ?a ?b ?strength ?measured { ?i sg:influencer ?a ; sg:influenced ?b ;"
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

"""The example estate in plain stores, its influences derived by brute force."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache
from pathlib import Path

from stratagraph import ontology
from stratagraph.ontology.facts import Fact, Iri
from stratagraph.ontology.model import load_model
from stratagraph.ontology.namespaces import ASSET_BASE
from stratagraph.ontology.syntax.parsing import RdfSyntax, parse_rdf
from stratagraph.queries.impact.impact import Direction, Impact, impact
from stratagraph.queries.names import resolve_name
from tests.queries.plain import PlainAdjacency, PlainStore, influences

MODEL = load_model()
FILES = [Path(ontology.__file__).parent / "estates" / name for name in ("llmops.ttl", "llmops-assumed.ttl")]


@cache
def facts() -> tuple[Fact, ...]:
    stated = [
        fact
        for file in FILES
        for fact in parse_rdf(file.read_bytes(), RdfSyntax.TURTLE, ASSET_BASE, str(file), salt=file.name)
    ]
    return (*stated, *MODEL.triples)


@cache
def store() -> PlainStore:
    return PlainStore(MODEL, facts())


def ask(
    name: str, without: Iterable[Fact] = (), change: Iri | None = None, direction: Direction = Direction.DOWN
) -> Impact:
    """Ask for the impact of an asset in the estate, some facts taken out."""
    gone = set(without)
    adjacency = PlainAdjacency(influences(MODEL, [fact for fact in facts() if fact not in gone]))
    return impact(adjacency, store(), MODEL, resolve_name(store(), MODEL, name), change=change, direction=direction)

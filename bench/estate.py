"""An invented estate of any size, as N-Triples documents that the gate accepts: 15 facts an asset."""

from __future__ import annotations

import random
from collections.abc import Iterator
from typing import Final

from stratagraph.ontology.facts import Fact, Iri, Literal, Term
from stratagraph.ontology.namespaces import ASSET_BASE, RDF, SG, XSD
from stratagraph.ontology.terms import encode

FACTS_PER_ASSET: Final = 15
ASSETS_PER_DOCUMENT: Final = 1_000
KINDS: Final = ("LLMSystem", "Agent", "Prompt", "BaseModel", "Dataset", "ComputeCluster", "LLMSystem", "LLMSystem")
ATTRIBUTES: Final = ("version", "provider", "jurisdiction", "environment", "region", "responsible", "purpose")


def documents(assets: int) -> Iterator[bytes]:
    """Yield the documents of an estate; together they state ``15 * assets`` facts."""
    pick = random.Random(5)
    for first in range(0, assets, ASSETS_PER_DOCUMENT):
        numbers = range(first, min(first + ASSETS_PER_DOCUMENT, assets))
        lines = (line for number in numbers for line in map(_line, _facts(number, pick)))
        yield "".join(lines).encode()


def asset(number: int) -> Iri:
    """Return the IRI of the asset with a number."""
    return f"{ASSET_BASE}{KINDS[number % len(KINDS)]}/bench-{number}"


def _line(fact: Fact) -> str:
    return f"{encode(fact.subject)} {encode(fact.predicate)} {encode(fact.object)} .\n"


def _facts(number: int, pick: random.Random) -> list[Fact]:
    """Return the 15 facts of one asset; it only points at assets before it, which are there already."""
    kind, node = KINDS[number % len(KINDS)], asset(number)
    said: list[tuple[Iri, Term]] = [(RDF.type, SG.term(kind)), (SG.name, Literal(f"bench-{number}"))]
    said += [(SG.term(name), Literal(f"{name} {pick.randrange(2_000)}")) for name in ATTRIBUTES]
    said.append((SG.personalData, Literal(pick.choice(("true", "false")), XSD.boolean)))
    said += [(prop, other) for prop, other in _relations(number, kind, pick) if other != node]
    extra = (Literal(f"purpose {number}-{more}") for more in range(FACTS_PER_ASSET))
    facts = dict.fromkeys(Fact(node, prop, value) for prop, value in said)
    while len(facts) < FACTS_PER_ASSET:
        facts[Fact(node, SG.purpose, next(extra))] = None
    return list(facts)


def _relations(number: int, kind: str, pick: random.Random) -> Iterator[tuple[Iri, Iri]]:
    group = number - number % len(KINDS)
    if kind == "LLMSystem":
        yield SG.usesModel, asset(group + 3 if number > group + 3 else _earlier(number, 3, pick))
        yield SG.implementedIn, asset(_earlier(number, 5, pick))
    elif kind == "Agent":
        yield SG.usesModel, asset(_earlier(number, 3, pick))
    elif kind == "BaseModel":
        yield SG.trainedWith, asset(_earlier(number, 4, pick))
    if number >= len(KINDS):
        yield SG.dependsOn, asset(pick.randrange(number - number % len(KINDS)))
        # A tree of three levels: what is part of something is part of what that belongs to.
        yield SG.partOf, asset(number - number % (160 if number % 160 else 8_000))


def _earlier(number: int, place: int, pick: random.Random) -> int:
    """Return an asset of one kind from a group before, or, at the very start, from this one."""
    groups = number // len(KINDS)
    return (pick.randrange(groups) if groups else 0) * len(KINDS) + place

"""Conflicts: what sources say differently of an asset that has one value at a time, side by side with who says it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations, islice
from typing import Final

from stratagraph.ontology.facts import Fact, Iri, Literal, Term
from stratagraph.ontology.model import OntologyModel
from stratagraph.ontology.namespaces import SG
from stratagraph.ontology.terms import encode
from stratagraph.queries.provenance import Provenance
from stratagraph.queries.store_protocols import Pattern, TripleStore

_TRUE: Final = ("true", "1")
_CHUNK: Final = 200
"""Statements whose claims one query asks for."""
_CLAIMED: Final = """
SELECT ?subject ?predicate ?value ?claims WHERE {{
  VALUES (?subject ?predicate ?value) {{ {statements} }}
  GRAPH ?claims {{ ?subject ?predicate ?value }}
}}
"""


@dataclass(frozen=True, slots=True)
class Witness:
    """Who says a value, and since when."""

    source: str
    method: str
    first_seen: str


@dataclass(frozen=True, slots=True)
class Conflict:
    """An attribute of an asset with several values, each with its witnesses, the oldest first."""

    asset: Iri
    attribute: Iri
    values: Mapping[Term, tuple[Witness, ...]]


def conflicts(store: TripleStore, model: OntologyModel, *, most: int) -> tuple[list[Conflict], int]:
    """Return the first conflicts by asset and attribute, and how many there are.

    An attribute of one value is in conflict where it has two; one that its sources should agree on where two of them
    name no value in common.
    """
    agreed = {prop for prop, _ in model.graph.pairs(SG.agreedOn) if model.graph.value(prop, SG.agreedOn) in _TRUE}
    keys = {part for info in model.classes.values() for part in info.key_properties}
    single = [iri for iri, info in model.attributes.items() if info.single_valued and iri not in keys]
    single += [iri for iri, info in model.relations.items() if "functional" in info.characteristics]
    patterns: list[Pattern] = [(None, attribute, None) for attribute in sorted({*single, *agreed})]
    said: dict[tuple[Iri, Iri], set[Term]] = defaultdict(set)
    for facts in store.matching(patterns):
        for fact in facts:
            said[fact.subject, fact.predicate].add(fact.object)
    differing = sorted(key for key, values in said.items() if len(values) > 1)
    assets = {fact.subject for (facts,) in [store.matching([(None, SG.name, None)])] for fact in facts}
    # Figures and influences of the views have several values as well; only what sources say of assets can be mended.
    differing = [key for key in differing if key[0] in assets]
    doubtful = [key for key in differing if key[1] in agreed]
    judged = _witnesses(store, [Fact(*key, value) for key in doubtful for value in said[key]])
    settled = {key for key in doubtful if not _disagree(judged, [Fact(*key, value) for value in said[key]])}
    differing = [key for key in differing if key not in settled]
    shown = differing[:most]
    witnesses = _witnesses(store, [Fact(*key, value) for key in shown for value in said[key]])
    told = [Conflict(*key, {value: witnesses[Fact(*key, value)] for value in _ordered(said[key])}) for key in shown]
    return told, len(differing)


def _disagree(witnesses: Mapping[Fact, tuple[Witness, ...]], facts: Sequence[Fact]) -> bool:
    """Tell whether two sources of some facts state none in common."""
    stated: dict[str, set[Fact]] = defaultdict(set)
    for fact in facts:
        for witness in witnesses[fact]:
            stated[witness.source].add(fact)
    return any(one.isdisjoint(other) for one, other in combinations(stated.values(), 2))


def _ordered(values: set[Term]) -> list[Term]:
    return sorted(values, key=lambda value: value.value if isinstance(value, Literal) else value)


def _witnesses(store: TripleStore, facts: Sequence[Fact]) -> dict[Fact, tuple[Witness, ...]]:
    graphs: dict[Fact, list[Iri]] = defaultdict(list)
    waiting = iter(facts)
    while chunk := tuple(islice(waiting, _CHUNK)):
        statements = " ".join(f"({' '.join(map(encode, fact))})" for fact in chunk)
        for row in store.select(_CLAIMED.format(statements=statements)):
            subject, predicate, value, claims = (row[name] for name in ("subject", "predicate", "value", "claims"))
            if (
                isinstance(subject, str)
                and isinstance(predicate, str)
                and isinstance(claims, str)
                and value is not None
            ):
                graphs[Fact(subject, predicate, value)].append(claims)
    told = Provenance(store)
    told.fetch(graph for found in graphs.values() for graph in found)
    return {fact: tuple(sorted(_told_by(told, graphs[fact]), key=_age)) for fact in facts}


def _age(witness: Witness) -> tuple[str, str]:
    return witness.first_seen, witness.source


def _told_by(told: Provenance, graphs: Sequence[Iri]) -> set[Witness]:
    found = set()
    for said in told.told(graphs):
        first = min((_text(value) for value in said.get(SG.firstSeen, [])), default="")
        method = next((_text(value) for value in said.get(SG.method, [])), "")
        found |= {Witness(_text(source), method, first) for source in said[SG.source]}
    return found


def _text(term: Term) -> str:
    return term.value if isinstance(term, Literal) else term

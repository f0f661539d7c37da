"""Stable names for blank nodes, in time linear in the data.

A node's name is a hash of what is said of and through it, refined round by round as neighbours are told
apart. Full graph canonicalisation is exponential: eight blank nodes that all point at each other hold it up for
seconds, so it is no tool for files from outside. Nodes that stay alike after the last round are numbered in
document order, which keeps the promise that matters: the same file gives the same names.
"""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Final, TypeAlias

from stratagraph.ontology.namespaces import SKOLEM_BASE

ROUNDS: Final = 64
"""Refinement stops here though long lists of equal members would need more to be told apart."""

Edge: TypeAlias = tuple[str, str, str]
"""Subject, predicate, object as text that is unique per term; blank nodes start with ``_:``."""


def is_blank(iri: str) -> bool:
    """Say whether an IRI stands for a blank node of its source."""
    return iri.startswith(SKOLEM_BASE)


def blank_names(edges: Iterable[Edge], *, salt: str = "") -> dict[str, str]:
    """Return the skolem IRI of every blank node in the edges; ``salt`` keeps the nodes of two files apart."""
    surroundings = _surroundings(edges)
    colours = dict.fromkeys(surroundings, salt)
    alike = 0
    for _ in range(ROUNDS):
        colours = _refine(surroundings, colours)
        distinct = len(set(colours.values()))
        # Colours only part, and never come together: what did not part in one round never will.
        if distinct == alike:
            break
        alike = distinct
    return _numbered(colours)


def _surroundings(edges: Iterable[Edge]) -> dict[str, list[tuple[str, str, str]]]:
    """Return for each blank node, in document order, its edges as (direction, predicate, other end)."""
    found: dict[str, list[tuple[str, str, str]]] = defaultdict(list)
    for subject, predicate, target in edges:
        if subject.startswith("_:"):
            found[subject].append((">", predicate, target))
        if target.startswith("_:"):
            found[target].append(("<", predicate, subject))
    return found


def _refine(surroundings: Mapping[str, Sequence[Edge]], colours: Mapping[str, str]) -> dict[str, str]:
    """Hash every node's own colour with its edges, blank neighbours standing as their colours."""
    return {
        node: _digest(
            colours[node],
            # In whichever order the document states them.
            *sorted(f"{way} {predicate} {colours.get(other, other)}" for way, predicate, other in edges),
        )
        for node, edges in surroundings.items()
    }


def _digest(*parts: str) -> str:
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()


def _numbered(colours: Mapping[str, str]) -> dict[str, str]:
    """Make skolem IRIs of the colours; nodes of one colour are numbered from the second on."""
    seen: dict[str, int] = defaultdict(int)
    names = {}
    for node, colour in colours.items():
        number = seen[colour]
        seen[colour] += 1
        # 128 bits of the hash.
        names[node] = f"{SKOLEM_BASE}{colour[:32]}" + (f"-{number}" if number else "")
    return names

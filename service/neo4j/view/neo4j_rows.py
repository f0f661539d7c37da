"""Rows that statements write, by statement: nodes, and relationships by their type."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple, TypeAlias

from stratagraph.ontology.facts import Iri

Row: TypeAlias = dict[str, Any]
ByType: TypeAlias = dict[str, list[Row]]


class Tie(NamedTuple):
    """A relationship: from, type, to."""

    start: Iri
    type: str
    end: Iri


def _by_type() -> ByType:
    return defaultdict(list)


@dataclass(slots=True)
class Rows:
    """Rows to write, by statement."""

    nodes: list[Row] = field(default_factory=list)
    ties: ByType = field(default_factory=_by_type)
    told: ByType = field(default_factory=_by_type)
    """Relationships that also learn when they were first seen."""
    gone: ByType = field(default_factory=_by_type)
    idle: ByType = field(default_factory=_by_type)
    """Relationships to remove unless something still speaks for them."""
    unstated: list[Row] = field(default_factory=list)
    unseen: list[Row] = field(default_factory=list)
    """Observations to remove, what they were of, and the weight that a statement loses with them."""
    weights: list[Row] = field(default_factory=list)
    orphans: list[Row] = field(default_factory=list)

    def tie(self, ties: Mapping[Tie, Row]) -> None:
        """Add relationships with their properties."""
        for (start, kind, end), properties in ties.items():
            row = {"s": start, "o": end, "p": properties}
            # Moments go to the server by their number: see ``Step.parameters``.
            if properties.get("firstSeen") is not None:
                row["seen"] = properties.pop("firstSeen")
                self.told[kind].append(row)
            else:
                self.ties[kind].append(row)


def row_of(nodes: dict[Iri, Row], iri: Iri) -> Row:
    """Return the row of a node, with an empty one for a node that has none yet."""
    row = nodes.get(iri)
    if row is None:
        row = nodes[iri] = {"iri": iri, "add": [], "remove": [], "p": {}, "fresh": False}
    return row


def ends(tie: Tie) -> Row:
    """Return the row that names a relationship within its type."""
    return {"s": tie.start, "o": tie.end}

"""In which ways a database differs from what was written there, in words."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final, NamedTuple

import neo4j

from stratagraph.service.neo4j.mapping.graph_names import MARKER

CHANGED: Final = "changed"
"""The property of the watermark that names what a comparison found to differ."""
_OURS: Final = f"RETURN COUNT {{ (n) WHERE n.{MARKER} }} AS nodes, COUNT {{ (n)-->() WHERE n.{MARKER} }} AS ties"
STRANGERS: Final = f"MATCH (n) WHERE n.{MARKER} IS NULL RETURN labels(n) AS labels, elementId(n) AS id LIMIT 3"


class Said(NamedTuple):
    """What differs, in words, and whether building the graph anew mends it."""

    text: str = ""
    mendable: bool = False


_NOTHING: Final = Said()


@dataclass(slots=True)
class Differences:
    """Tells what differs. The whole database is gone through only when its counts are others than last time."""

    version: int
    """Of the mapping that is written here."""
    shared: bool = False
    """Whether nodes of others may stand there."""
    _known: tuple[object, ...] = ()
    _said: Said = _NOTHING

    def said(self, work: neo4j.ManagedTransaction, mark: Mapping[str, Any], nodes: int, relationships: int) -> Said:
        """Return what differs from what a watermark says, given the counts of everything; "" where nothing does."""
        changed = tuple(mark.get(CHANGED, ()))
        known = (
            mark.get("mappingVersion"),
            mark.get("nodes"),
            mark.get("relationships"),
            nodes,
            relationships,
            changed,
        )
        if known != self._known:
            self._said = self._compared(work, mark, nodes, relationships) if mark else _NOTHING
            self._known = known
        return self._said

    def _compared(
        self, work: neo4j.ManagedTransaction, mark: Mapping[str, Any], nodes: int, relationships: int
    ) -> Said:
        if mark.get("mappingVersion") != self.version:
            return Said(other_mapping(int(mark.get("mappingVersion", 0)), self.version), mendable=True)
        if "nodes" not in mark:
            return _NOTHING
        ours, ties = mark["nodes"], mark["relationships"]
        others = nodes - ours
        if mark.get(CHANGED):
            return Said(changed_things(mark[CHANGED]), mendable=True)
        if (nodes, relationships) == (ours, ties):
            return _NOTHING
        counted = work.run(_OURS).single(strict=True)
        nodes, relationships = counted["nodes"], counted["ties"]
        if (nodes, relationships) != (ours, ties):
            said = (
                f"Somebody else changed the graph: {ours} nodes and {ties} relationships were written, and there are "
                f"{nodes} and {relationships}. Mend it with 'stratagraph neo4j sync --repair'."
            )
            return Said(said, mendable=True)
        return _NOTHING if self.shared or not others else Said(self._strangers(work, others))

    @staticmethod
    def _strangers(work: neo4j.ManagedTransaction, count: int) -> str:
        examples = " and ".join(f"{name(record['labels'])} {record['id']}" for record in work.run(STRANGERS))
        return (
            f"Nodes that Stratagraph did not write stand in the database, {count} of them, for example {examples}: "
            "/cypher refuses to answer there. Remove them, or set STRATAGRAPH_CYPHER_SHARED=1."
        )


def changed_things(things: Iterable[str]) -> str:
    """Return in words that a comparison found things to differ."""
    said = "; ".join(things)
    return (
        f"Somebody else changed the graph. What differs from what was written: {said}. Mend it with 'stratagraph neo4j "
        "sync --repair'."
    )


def other_mapping(found: int, version: int) -> str:
    """Return in words that another mapping wrote a graph."""
    return (
        f"Another Stratagraph, or one with other settings, wrote the graph (mapping {found}, here it is {version}). It "
        "is rebuilt: by the service, or by 'stratagraph neo4j sync'."
    )


def name(labels: list[str]) -> str:
    """Return a node as a pattern of Cypher names it by its labels."""
    return f"({''.join(f':{label}' for label in labels)})"

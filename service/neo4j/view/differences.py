"""In which ways a database differs from what was written there, in words."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import neo4j

from stratagraph.service.neo4j.mapping.graph_names import MARKER

_OURS: Final = f"RETURN COUNT {{ (n) WHERE n.{MARKER} }} AS nodes, COUNT {{ (n)-->() WHERE n.{MARKER} }} AS ties"
STRANGERS: Final = f"MATCH (n) WHERE n.{MARKER} IS NULL RETURN labels(n) AS labels, elementId(n) AS id LIMIT 3"


@dataclass(slots=True)
class Differences:
    """Tells what differs. The whole database is gone through only when its counts are others than last time."""

    version: int
    """Of the mapping that is written here."""
    shared: bool = False
    """Whether nodes of others may stand there."""
    _known: tuple[object, ...] = ()
    _said: str = ""

    def said(self, work: neo4j.ManagedTransaction, mark: Mapping[str, Any], nodes: int, relationships: int) -> str:
        """Return what differs from what a watermark says, given the counts of everything; "" where nothing does."""
        known = (mark.get("mappingVersion"), mark.get("nodes"), mark.get("relationships"), nodes, relationships)
        if known != self._known:
            self._said = self._compared(work, mark, nodes, relationships) if mark else ""
            self._known = known
        return self._said

    def _compared(self, work: neo4j.ManagedTransaction, mark: Mapping[str, Any], nodes: int, relationships: int) -> str:
        if mark.get("mappingVersion") != self.version:
            return other_mapping(int(mark.get("mappingVersion", 0)), self.version)
        if "nodes" not in mark:
            return ""
        ours, ties = mark["nodes"], mark["relationships"]
        others = nodes - ours
        if (nodes, relationships) == (ours, ties):
            return ""
        counted = work.run(_OURS).single(strict=True)
        nodes, relationships = counted["nodes"], counted["ties"]
        if (nodes, relationships) != (ours, ties):
            return (
                f"Somebody else changed the graph: {ours} nodes and {ties} relationships were written, and there are "
                f"{nodes} and {relationships}. Mend it with 'stratagraph neo4j sync --repair'."
            )
        return "" if self.shared or not others else self._strangers(work, others)

    @staticmethod
    def _strangers(work: neo4j.ManagedTransaction, count: int) -> str:
        examples = " and ".join(f"{name(record['labels'])} {record['id']}" for record in work.run(STRANGERS))
        return (
            f"Nodes that Stratagraph did not write stand in the database, {count} of them, for example {examples}: "
            "/cypher refuses to answer there. Remove them, or set STRATAGRAPH_CYPHER_SHARED=1."
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

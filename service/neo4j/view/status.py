"""A look at the database: what it is, how far our graph has come there, whose nodes are in it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from stratagraph.ontology.namespaces import SG
from stratagraph.service.neo4j.connection import explain, open_driver
from stratagraph.service.neo4j.errors import NoNeo4j
from stratagraph.service.neo4j.mapping.graph_names import KEY, MARKER, WATERMARK
from stratagraph.service.neo4j.target import Neo4jTarget, find_target
from stratagraph.service.neo4j.view.cypher_texts import WATERMARK_DROP
from stratagraph.service.settings import Settings

MARK: Final = SG.term("view/watermark")
# Optional, so that an empty database answers a row as well.
STANDS_AT: Final = f"""
OPTIONAL MATCH (w:{WATERMARK} {{{KEY}: $iri, {MARKER}: true}})
RETURN coalesce(w.sequence, 0) AS sequence, COUNT {{ (n) }} AS all, coalesce(w.nodes, 0) AS ours, properties(w) AS mark,
    COUNT {{ ()-->() }} AS relationships
"""


STRANGERS: Final = f"MATCH (n) WHERE n.{MARKER} IS NULL RETURN labels(n) AS labels, elementId(n) AS id LIMIT 3"


def name(labels: list[str]) -> str:
    """Return a node as a pattern of Cypher names it by its labels."""
    return f"({''.join(f':{label}' for label in labels)})"


def changed_behind(mark: Mapping[str, Any], nodes: int, relationships: int) -> str:
    """Return in words by how much a database differs from what its watermark counted; "" where it need not."""
    if "nodes" not in mark:
        return ""
    ours, ties = mark["nodes"], mark["relationships"]
    # Beside the nodes of another application there may be any number of relationships.
    if nodes >= ours and (relationships == ties or (nodes > ours and relationships > ties)):
        return ""
    return (
        f"Somebody else changed the graph: {ours} nodes and {ties} relationships were written, and there are {nodes} "
        f"and {relationships}. Mend it with 'stratagraph neo4j sync --repair'."
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class DatabaseStatus:
    """What a look at the database told."""

    url: str
    version: str
    database: str
    sequence: int
    ours: int
    others: int
    remark: str
    """What differs from what was written there."""


def look(settings: Settings) -> DatabaseStatus:
    """Ask the database.

    Raises:
        StratagraphError: there is none, or it does not answer, or refuses us.
    """
    target = _target(settings)
    with open_driver(target) as driver, driver.session(database=target.database) as session, explain(target):
        found = session.run(STANDS_AT, iri=MARK).single(strict=True)
        return DatabaseStatus(
            url=target.url,
            version=driver.get_server_info().agent.rpartition("/")[2],
            database=target.database,
            sequence=found["sequence"],
            ours=found["ours"],
            others=max(0, found["all"] - found["ours"]),
            remark=changed_behind(found["mark"] or {}, found["all"], found["relationships"]),
        )


def forget(settings: Settings) -> None:
    """Remove the watermark: the next writer of the view builds it anew."""
    target = _target(settings)
    with open_driver(target) as driver, driver.session(database=target.database) as session, explain(target):
        session.run(WATERMARK_DROP, iri=MARK).consume()


def _target(settings: Settings) -> Neo4jTarget:
    target = find_target(settings)
    if target is None:
        raise NoNeo4j
    return target

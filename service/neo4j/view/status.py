"""A look at the database: what it is, how far our graph has come there, whose nodes are in it."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Final

import neo4j

from stratagraph.ontology.namespaces import SG
from stratagraph.service.neo4j.connection import explain, open_driver
from stratagraph.service.neo4j.errors import NoNeo4j
from stratagraph.service.neo4j.mapping.graph_names import KEY, MARKER, WATERMARK
from stratagraph.service.neo4j.mapping.version import mapping_version
from stratagraph.service.neo4j.target import Neo4jTarget, find_target
from stratagraph.service.neo4j.view.cypher_texts import WATERMARK_DROP, WATERMARK_READ
from stratagraph.service.neo4j.view.differences import Differences, Said
from stratagraph.service.settings import Settings

MARK: Final = SG.term("view/watermark")
WRITING: Final = 0.5
"""Seconds for which a transaction of a running service may be under way."""
# Optional, so that an empty database answers a row as well.
STANDS_AT: Final = f"""
OPTIONAL MATCH (w:{WATERMARK} {{{KEY}: $iri, {MARKER}: true}})
RETURN coalesce(w.sequence, 0) AS sequence, COUNT {{ (n) }} AS all, coalesce(w.nodes, 0) AS ours
"""


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
    mendable: bool
    """Whether building the graph anew mends that."""


def look(settings: Settings) -> DatabaseStatus:
    """Ask the database.

    Raises:
        StratagraphError: there is none, or it does not answer, or refuses us.
    """
    target = _target(settings)
    with open_driver(target) as driver, driver.session(database=target.database) as session, explain(target):
        found = session.run(STANDS_AT, iri=MARK).single(strict=True)
        said = _said(session, settings)
        return DatabaseStatus(
            url=target.url,
            version=driver.get_server_info().agent.rpartition("/")[2],
            database=target.database,
            sequence=found["sequence"],
            ours=found["ours"],
            others=max(0, found["all"] - found["ours"]),
            remark=said.text,
            mendable=said.mendable,
        )


def _said(session: neo4j.Session, settings: Settings) -> Said:
    def ask(work: neo4j.ManagedTransaction) -> Said:
        found = work.run(WATERMARK_READ, iri=MARK).single()
        version = mapping_version(ontology_terms=settings.neo4j_ontology_terms)
        differences = Differences(version, settings.cypher_shared)
        return differences.said(work, found["mark"], found["nodes"], found["relationships"]) if found else Said()

    if not session.execute_read(ask).text:
        return Said()
    # A service may write at this moment: what it counted and what there is are not read at one instant.
    time.sleep(WRITING)
    return session.execute_read(ask)


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

"""The Cypher that writes the view. Every statement takes rows, finds nodes by their number, and touches ours only."""

from __future__ import annotations

from typing import Final

from stratagraph.service.neo4j.mapping.graph_names import (
    ASSET,
    KEY,
    LABEL,
    MARKER,
    MEASURED,
    REASONS,
    RESOURCE,
    SOURCES,
    STRENGTH,
    TERM,
    WATERMARK,
)

KEYED: Final = (ASSET, RESOURCE, TERM, "Observation", "Scope", "Statement", WATERMARK)
"""Labels by which nodes are found: of each, the key is unique among ours. Terms of the vocabulary are few."""
FULL_TEXT: Final = "stratagraph_text"
CONSTRAINTS: Final = tuple(
    f"CREATE CONSTRAINT stratagraph_{label.lower()} IF NOT EXISTS "
    f"FOR (n:{label}) REQUIRE (n.{KEY}, n.{MARKER}) IS UNIQUE"
    for label in KEYED
)
FULL_TEXT_LABELS: Final = (
    f"SHOW FULLTEXT INDEXES YIELD name, labelsOrTypes WHERE name = '{FULL_TEXT}' RETURN labelsOrTypes"
)
FULL_TEXT_DROP: Final = f"DROP INDEX {FULL_TEXT} IF EXISTS"
OLD_CONSTRAINTS: Final = "DROP CONSTRAINT stratagraph_iri IF EXISTS"
"""What older mappings made."""
_OURS: Final = f"n.{MARKER} OR n:Stratagraph"
"""Older mappings had a label for ours."""


def full_text(labels: list[str]) -> str:
    """Return the statement that makes the index over what things are called."""
    return f"""
CREATE FULLTEXT INDEX {FULL_TEXT} IF NOT EXISTS
FOR (n:{"|".join(labels)}) ON EACH [n.name, n.{LABEL}, n.label_pt_br]
OPTIONS {{indexConfig: {{`fulltext.analyzer`: 'standard-folding'}}}}
"""


def present(labels: str) -> str:
    """Return the question for the nodes of an expression of labels."""
    return f"""
UNWIND $iris AS iri MATCH (n:{labels} {{{KEY}: iri, {MARKER}: true}})
RETURN iri, elementId(n) AS id, labels(n) AS labels, properties(n) AS properties
"""


PRESENT_BY_ID: Final = f"""
UNWIND $iris AS id MATCH (n) WHERE elementId(n) = id AND n.{MARKER}
RETURN n.{KEY} AS iri, id, labels(n) AS labels, properties(n) AS properties
"""


def vocabulary(labels: str) -> str:
    """Return the question for the numbers of all nodes of an expression of labels."""
    return f"MATCH (n:{labels}) WHERE n.{MARKER} AND NOT n:{ASSET} RETURN n.{KEY} AS iri, elementId(n) AS id"


# In parts: to delete a whole graph in one transaction takes more memory than the server may have. Relationships
# before nodes: a single node may have more of them than one transaction can delete.
WIPES: Final = (
    f"MATCH (n)-[r]->() WHERE {_OURS} CALL (r) {{ DELETE r }} IN TRANSACTIONS OF 10000 ROWS",
    f"MATCH (n) WHERE {_OURS} CALL (n) {{ DETACH DELETE n }} IN TRANSACTIONS OF 10000 ROWS",
)

# The plans are right for an empty database and for a full one: no planning anew while it grows.
_ONCE: Final = "CYPHER replan=skip"
CREATE: Final = f"""{_ONCE}
UNWIND $rows AS row CREATE (n:{{labels}}) SET n = row.p RETURN n.{KEY} AS iri, elementId(n) AS id
"""
CREATE_ANY: Final = f"""{_ONCE}
UNWIND $rows AS row CREATE (n:$(row.labels)) SET n = row.p RETURN n.{KEY} AS iri, elementId(n) AS id
"""
"""The same for labels of which there are few nodes each: to plan a statement takes longer than to write them."""
_NODE: Final = f"""{_ONCE}
UNWIND $rows AS row MATCH (n) WHERE elementId(n) = $base + row.n AND n.{MARKER}
"""
CHANGE: Final = _NODE + "SET n += row.p"
REPLACE: Final = _NODE + "SET n = row.p"
RELABEL: Final = _NODE + "SET n:$(row.add) REMOVE n:$(row.remove)"
# All that is left of it is its key and what it is called.
ORPHANS: Final = (
    _NODE + f"AND (n:{RESOURCE} OR n:Statement) AND size(keys(n)) = 3 AND size(labels(n)) = 1 "
    "AND NOT EXISTS { (n)--() } DELETE n"
)
GONE_NODES: Final = _NODE + "DETACH DELETE n"

_ENDS: Final = f"""{_ONCE}
UNWIND $rows AS row
MATCH (s) WHERE elementId(s) = $base + row.s AND s.{MARKER}
MATCH (o) WHERE elementId(o) = $base + row.o AND o.{MARKER}
"""
# A type in the text, not as a parameter: only then does the planner look at relationships of that type alone.
NEW_TIES: Final = _ENDS + "CREATE (s)-[r:{type}]->(o) SET r = $told[row.c]"
NEW_TIES_ANY: Final = _ENDS + "CREATE (s)-[r:$(row.type)]->(o) SET r = $told[row.c]"
NEW_BARE_TIES: Final = _ENDS + "CREATE (s)-[r:{type}]->(o)"
TIES: Final = _ENDS + "MERGE (s)-[r:{type}]->(o) SET r += $told[row.c]"
BARE_TIES: Final = _ENDS + "MERGE (s)-[r:{type}]->(o)"
WEIGHTS: Final = _ENDS + "MATCH (s)-[r:{type}]->(o) SET r += row.p"
GONE: Final = _ENDS + "MATCH (s)-[r:{type}]->(o) DELETE r"
UNSTATED: Final = (
    _ENDS + f"MATCH (s)-[r:{{type}}]->(o) SET r += row.p WITH r WHERE r.{SOURCES} IS NULL AND r.{STRENGTH} IS NULL "
    "DELETE r"
)
PRESENT_TIES: Final = _ENDS + "MATCH (s)-[r:{type}]->(o) RETURN row.i AS i, properties(r) AS p"
UNAFFECTED: Final = (
    _ENDS + f"MATCH (s)-[r:{{type}}]->(o) REMOVE r.{STRENGTH}, r.{MEASURED}, r.{REASONS} "
    f"WITH r WHERE r.{SOURCES} IS NULL DELETE r"
)


def new_influences(types: tuple[str, ...]) -> str:
    """Return the statement that tells influences in these types, between nodes that have none yet."""
    told = ", ".join(
        f"(s)-[:{name} {{{STRENGTH}: row.p[{place}][0], {MEASURED}: row.p[{place}][1], "
        f"{REASONS}: row.p[{place}][2]}}]->(o)"
        for place, name in enumerate(types)
    )
    return f"{_ENDS}CREATE {told}"


def influences(types: tuple[str, ...]) -> str:
    """Return the statement that tells influences in these types, whatever stands there."""
    merged = " ".join(f"MERGE (s)-[r{place}:{name}]->(o)" for place, name in enumerate(types))
    return f"{_ENDS}{merged} SET {_told(types)}"


def _told(types: tuple[str, ...]) -> str:
    return ", ".join(
        f"r{place}.{STRENGTH} = row.p[{place}][0], r{place}.{MEASURED} = row.p[{place}][1], "
        f"r{place}.{REASONS} = row.p[{place}][2]"
        for place in range(len(types))
    )


# Also that of older mappings: a graph that is there already is told from none.
WATERMARK_READ: Final = f"""
MATCH (w:{WATERMARK} {{{KEY}: $iri}}) WHERE w.{MARKER} OR w:Stratagraph
RETURN properties(w) AS mark, COUNT {{ (n) }} AS nodes, COUNT {{ ()-->() }} AS relationships
"""
WATERMARK_MOVE: Final = f"""
MATCH (w:{WATERMARK} {{{KEY}: $iri, {MARKER}: true}})
WHERE w.sequence = $sequence AND w.batchHash = $batch_hash
SET w += $mark
RETURN count(w) AS moved
"""
WATERMARK_SET: Final = f"MERGE (w:{WATERMARK} {{{KEY}: $iri, {MARKER}: true}}) SET w += $mark"
WATERMARK_DROP: Final = f"MATCH (w:{WATERMARK} {{{KEY}: $iri}}) WHERE w.{MARKER} DELETE w"
WATERMARK_NOTE: Final = f"MATCH (w:{WATERMARK} {{{KEY}: $iri, {MARKER}: true}}) SET w += $note"
COUNTED: Final = f"""
MATCH (w:{WATERMARK} {{{KEY}: $iri, {MARKER}: true}})
SET w.nodes = w.nodes + $nodes, w.relationships = w.relationships + $relationships
"""

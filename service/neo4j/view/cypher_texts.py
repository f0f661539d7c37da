"""The Cypher that writes the view. Every statement takes rows, touches marked nodes only, and can run twice."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, Final, NamedTuple

from stratagraph.ontology.facts import Iri
from stratagraph.service.neo4j.view.graph_edits import weight_key
from stratagraph.service.neo4j.view.neo4j_names import KEY, MARKER, WATERMARK
from stratagraph.service.neo4j.view.neo4j_rows import ByType, Row, Rows

ROWS: Final = 5_000
"""Most rows of one transaction, where rows are of ordinary size."""
BYTES_PER_ROW: Final = 2_000
"""A row with more text than this counts for several."""

# The index of the constraint is what every statement below finds its nodes by.
SCHEMA: Final = (
    f"CREATE CONSTRAINT stratagraph_iri IF NOT EXISTS FOR (n:{MARKER}) REQUIRE n.{KEY} IS UNIQUE",
    f"""
CREATE FULLTEXT INDEX stratagraph_text IF NOT EXISTS
FOR (n:{MARKER}) ON EACH [n.name, n.label, n.label_en, n.label_pt_br]
OPTIONS {{indexConfig: {{`fulltext.analyzer`: 'standard-folding'}}}}
""",
)

PRESENT: Final = (
    f"UNWIND $rows AS row MATCH (n:{MARKER} {{{KEY}: row.iri}}) RETURN n.{KEY} AS iri, properties(n) AS properties"
)
# In parts: to delete a whole graph in one transaction takes more memory than the server may have.
WIPE: Final = f"MATCH (n:{MARKER}) WITH n LIMIT $limit DETACH DELETE n RETURN count(*) AS gone"
# Relationships before nodes: a single node may have more of them than one transaction can delete.
WIPE_TIES: Final = f"MATCH (:{MARKER})-[r]-() WITH r LIMIT $limit DELETE r RETURN count(*) AS gone"

# The plans are right for an empty database and for a full one: no planning anew while it grows.
_ONCE: Final = "CYPHER replan=skip"
_NODES: Final = f"""{_ONCE}
UNWIND $rows AS row
MERGE (n:{MARKER} {{{KEY}: row.iri}})
SET n += row.p
SET n:$(row.add)
"""
_FRESH: Final = f"""{_ONCE}
UNWIND $rows AS row
MERGE (n:{MARKER} {{{KEY}: row.iri}})
SET n = row.p
SET n:$(row.add)
"""
_BARE: Final = f"""{_ONCE}
UNWIND $rows AS row
MERGE (:{MARKER} {{{KEY}: row.iri}})
"""
_UNLABEL: Final = f"""
UNWIND $rows AS row
MATCH (n:{MARKER} {{{KEY}: row.iri}})
REMOVE n:$(row.remove)
"""
# Every node has this label: without the hint, a plan made for an empty database may walk through all of them.
_ENDS: Final = f"""{_ONCE}
UNWIND $rows AS row
MATCH (s:{MARKER} {{{KEY}: row.s}}) USING INDEX s:{MARKER}({KEY})
MATCH (o:{MARKER} {{{KEY}: row.o}}) USING INDEX o:{MARKER}({KEY})
"""
# A type in the text, not as a parameter: only then does the planner look at relationships of that type alone.
_TIES: Final = _ENDS + "MERGE (s)-[r:`{type}`]->(o) SET r += row.p"
_TOLD: Final = _TIES + ", r.firstSeen = $moments[row.seen]"
_GONE: Final = _ENDS + "MATCH (s)-[r:`{type}`]->(o) DELETE r"
_IDLE: Final = _ENDS + "MATCH (s)-[r:`{type}`]->(o) WHERE r.sources IS NULL AND r.aspects IS NULL DELETE r"
_UNSEEN: Final = f"""
UNWIND $rows AS row
MATCH (n:{MARKER} {{{KEY}: row.iri}})
DETACH DELETE n
"""
_UNWEIGHED: Final = f"""
UNWIND $rows AS row
MATCH (n:{MARKER}:Statement {{{KEY}: row.of}})
SET n += row.p
WITH n WHERE n.type IS NULL AND NOT EXISTS {{ (:{MARKER}:Observation)-->(n) }}
REMOVE n:Statement
"""
_UNSTATED: Final = f"""
UNWIND $rows AS row
MATCH (n:{MARKER}:Statement {{{KEY}: row.iri}})
REMOVE n.subject, n.predicate, n.type, n.object
WITH n WHERE NOT EXISTS {{ (:{MARKER}:Observation)-->(n) }}
REMOVE n:Statement
"""
# All that is left of it is our marker and its IRI.
_ORPHANS: Final = f"""
UNWIND $rows AS row
MATCH (n:{MARKER} {{{KEY}: row.iri}})
WHERE size(labels(n)) = 1 AND size(keys(n)) = 1 AND NOT EXISTS {{ (n)--() }}
DELETE n
"""


class Step(NamedTuple):
    """One statement with its rows."""

    cypher: str
    rows: list[Row]

    def parameters(self) -> dict[str, Any]:
        """Return what the statement is sent with; a moment is sent once, for the driver takes long over each."""
        moments = dict.fromkeys(row["seen"] for row in self.rows if "seen" in row)
        places = {moment: place for place, moment in enumerate(moments)}
        rows = [{**row, "seen": places[row["seen"]]} for row in self.rows] if places else self.rows
        return {"rows": rows, "moments": list(moments)}


class Statements:
    """The statements that need the ontology's names."""

    def __init__(self, metrics: Iterable[Iri]) -> None:
        # Without any metric the statements below would be no Cypher.
        keys = sorted(map(weight_key, metrics)) or ["calls"]
        weighed = f"""
UNWIND $rows AS row
MATCH (t:{MARKER}:Statement {{{KEY}: row.iri}}) WHERE t.type IS NOT NULL
MATCH (s:{MARKER} {{{KEY}: t.subject}})
MATCH (o:{MARKER} {{{KEY}: t.object}})
MATCH (s)-[r:$(t.type)]->(o)
"""
        self._weigh = f"{weighed}SET r += t {{ {', '.join(f'.`{key}`' for key in keys)} }}"
        self._unweigh = f"{weighed}REMOVE {', '.join(f'r.`{key}`' for key in keys)}"

    def steps(self, rows: Rows) -> Iterator[Step]:
        """Yield what has to be done, in order; done twice it changes nothing."""
        fresh = [row for row in rows.nodes if row["fresh"]]
        # ``SET n =`` would take the IRI away.
        for row in fresh:
            row["p"][KEY] = row["iri"]
        told = [row for row in rows.nodes if not row["fresh"] and (row["p"] or row["add"])]
        yield Step(_BARE, [{"iri": row["iri"]} for row in rows.nodes if not (row["fresh"] or row["p"] or row["add"])])
        yield Step(_NODES, [_only(row, "iri", "p", "add") for row in told])
        yield Step(_FRESH, [_only(row, "iri", "p", "add") for row in fresh])
        yield Step(_UNLABEL, [_only(row, "iri", "remove") for row in rows.nodes if row["remove"]])
        yield from _by_type(_GONE, rows.gone)
        yield from _by_type(_TIES, rows.ties)
        yield from _by_type(_TOLD, rows.told)
        # Behind all that speaks for a relationship: only now it shows which have nothing left.
        yield from _by_type(_IDLE, rows.idle)
        yield Step(_UNSEEN, rows.unseen)
        yield Step(_UNWEIGHED, rows.unseen)
        yield Step(self._unweigh, rows.unstated)
        yield Step(_UNSTATED, rows.unstated)
        yield Step(self._weigh, rows.weights)
        # At the very end, when it is certain what each node has lost.
        yield Step(_ORPHANS, rows.orphans)


def _only(row: Row, *keys: str) -> Row:
    return {key: row[key] for key in keys}


def _by_type(template: str, types: ByType) -> Iterator[Step]:
    """Yield one step for each type of relationship."""
    for name, rows in types.items():
        # A name may hold a backtick; doubled, it ends no name.
        yield Step(template.replace("{type}", name.replace("`", "``")), rows)


def transactions(steps: Iterable[Step]) -> Iterator[list[Step]]:
    """Pack steps into transactions of bounded size, in order; at least one, for the watermark to go with."""
    packed: list[Step] = []
    size = 0
    for step in steps:
        chunk: list[Row] = []
        for row in step.rows:
            weight = _weight(row)
            if size + weight > ROWS and size:
                yield [*packed, Step(step.cypher, chunk)] if chunk else packed
                packed, chunk, size = [], [], 0
            chunk.append(row)
            size += weight
        if chunk:
            packed.append(Step(step.cypher, chunk))
    yield packed


def _weight(row: Row) -> int:
    size = 0
    properties: dict[str, Any] = row.get("p") or {}
    for value in properties.values():
        if isinstance(value, str):
            size += len(value)
        elif isinstance(value, list):
            for each in value:
                size += len(each) if isinstance(each, str) else 1
    return 1 + size // BYTES_PER_ROW


WATERMARK_READ: Final = f"MATCH (w:{MARKER}:{WATERMARK} {{{KEY}: $iri}}) RETURN properties(w) AS mark"
WATERMARK_MOVE: Final = f"""
MATCH (w:{MARKER}:{WATERMARK} {{{KEY}: $iri}})
WHERE w.sequence = $sequence AND w.batchHash = $batch_hash
SET w += $mark
RETURN count(w) AS moved
"""
WATERMARK_SET: Final = f"MERGE (w:{MARKER} {{{KEY}: $iri}}) SET w:{WATERMARK} SET w += $mark"
WATERMARK_DROP: Final = f"MATCH (w:{MARKER}:{WATERMARK} {{{KEY}: $iri}}) DELETE w"

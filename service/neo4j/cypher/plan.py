"""What a query would do, by the plan that the server makes of it before anything runs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from stratagraph.service.neo4j.cypher.errors import CypherRefused

ALLOWED: Final = frozenset(
    {
        "db.labels",
        "db.relationshipTypes",
        "db.propertyKeys",
        "db.schema.visualization",
        "db.schema.nodeTypeProperties",
        "db.schema.relTypeProperties",
        "db.index.fulltext.queryNodes",
        "db.index.fulltext.queryRelationships",
    }
)
"""Procedures that tell of the graph only."""
_READ: Final = "r"
# Neo4j's planner calls some statements of administration reads: they show users and settings, or end transactions.
_REFUSED: Final = ("LoadCSV", "Show", "Terminate", "Administration", "System", "Create", "Drop", "Alter", "Do", "Start")


def check_plan(plan: Mapping[str, Any] | None, kind: str | None) -> None:
    """Refuse a query whose plan does more than read the graph.

    Raises:
        CypherRefused: naming what it would do.
    """
    if kind != _READ or plan is None:
        raise CypherRefused(what="A statement that does not only read", advice="Data come in through the API")
    for step in _steps(plan):
        # Operators are written with the kind of database they run on: "Filter@neo4j".
        operator = str(step["operatorType"]).partition("@")[0]
        if operator.startswith("LoadCSV"):
            raise CypherRefused(what="LOAD CSV", advice="Pass the rows as a parameter")
        if operator == "ProcedureCall":
            _check_procedure(str(step.get("args", {}).get("Details", "")))
        elif operator.startswith(_REFUSED):
            raise CypherRefused(what=operator, advice="Administer the server with a client of its own")


def _check_procedure(details: str) -> None:
    name = details.partition("(")[0].strip()
    if name not in ALLOWED:
        allowed = ", ".join(sorted(ALLOWED))
        raise CypherRefused(what=f"The procedure {name or 'without a name'}", advice=f"Those allowed are {allowed}")


def _steps(plan: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    # A list, not recursion: the depth of a plan is the client's choice.
    waiting = [plan]
    while waiting:
        step = waiting.pop()
        yield step
        waiting.extend(step.get("children") or ())

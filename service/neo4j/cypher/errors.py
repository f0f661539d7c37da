"""What can go wrong with a Cypher query, each with the HTTP status that the endpoint answers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from stratagraph.ontology.errors import StratagraphError


@dataclass(kw_only=True)
class CypherRefused(StratagraphError):
    """The query does something that this endpoint never does."""

    slug: ClassVar[str] = "cypher-refused"
    status: ClassVar[int] = 400
    text: ClassVar[str] = "{what} is refused: this endpoint only reads the graph. {advice}."
    what: str
    advice: str


@dataclass(kw_only=True)
class CypherTooDeep(StratagraphError):
    """The query is nested deeper than the server's parser can take."""

    slug: ClassVar[str] = "cypher-too-deep"
    status: ClassVar[int] = 400
    text: ClassVar[str] = "The query nests brackets more than {limit} deep. Pass lists as parameters, or split it."
    limit: int


@dataclass(kw_only=True)
class CypherFailed(StratagraphError):
    """The server finds a fault in the query."""

    slug: ClassVar[str] = "cypher-failed"
    status: ClassVar[int] = 400
    text: ClassVar[str] = "Neo4j refuses the query ({code}): {detail}"
    code: str
    detail: str


@dataclass(kw_only=True)
class SharedDatabase(StratagraphError):
    """The database holds what is not ours to show."""

    slug: ClassVar[str] = "neo4j-shared"
    status: ClassVar[int] = 403
    text: ClassVar[str] = (
        "The database holds {count} nodes of another application, which any query could read. Give Stratagraph a "
        "database of its own, or set STRATAGRAPH_CYPHER_SHARED=1 if everybody who may query may read those too."
    )
    count: int

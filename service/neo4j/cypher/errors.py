"""What can go wrong with a Cypher query, each with the HTTP status that the endpoint answers."""

from __future__ import annotations

from stratagraph.ontology.errors import StratagraphError


class CypherRefused(StratagraphError, slug="cypher-refused", status=400):
    """The query does something that this endpoint never does."""

    text = "{what} is refused: this endpoint only reads the graph. {advice}."

    what: str
    advice: str


class CypherTooDeep(StratagraphError, slug="cypher-too-deep", status=400):
    """The query is nested deeper than the server's parser can take."""

    text = "The query nests brackets more than {limit} deep. Pass lists as parameters, or split it."

    limit: int


class CypherFailed(StratagraphError, slug="cypher-failed", status=400):
    """The server finds a fault in the query."""

    text = "Neo4j refuses the query ({code}): {detail}"

    code: str
    detail: str


class SharedDatabase(StratagraphError, slug="neo4j-shared", status=403):
    """The database holds what is not ours to show."""

    text = (
        "The database holds {count} nodes of another application, which any query could read, for example {examples}. "
        "Give Stratagraph a database of its own, or set STRATAGRAPH_CYPHER_SHARED=1 if everybody who may query may "
        "read those too."
    )

    count: int
    examples: str

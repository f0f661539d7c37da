"""What the service asks the process for Cypher, in a module of its own: asking needs no driver of Neo4j."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from stratagraph.service.neo4j.target import Neo4jTarget
from stratagraph.service.workers.frames import Say, pack


@dataclass(frozen=True, slots=True, kw_only=True)
class CypherQuestion:
    """One query as a worker gets it."""

    url: str
    user: str
    password: str
    database: str
    text: str
    parameters: dict[str, Any]
    rows: int
    answer_bytes: int
    memory_bytes: int
    seconds: float
    shared: bool

    def pack(self) -> bytes:
        """Return the frame that asks it."""
        return pack(Say.QUERY, asdict(self))

    @property
    def target(self) -> Neo4jTarget:
        """Where it goes."""
        return Neo4jTarget(url=self.url, user=self.user, password=self.password, database=self.database)

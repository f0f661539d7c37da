"""Which Neo4j: the one that the settings name, else the local one beside the data folder."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from stratagraph.service.neo4j.local_server import USER, LocalNeo4j
from stratagraph.service.settings import Settings


@dataclass(frozen=True, slots=True, kw_only=True)
class Neo4jTarget:
    """A database on a server, and who we are there."""

    url: str
    user: str
    password: str = field(repr=False)
    database: str = "neo4j"


def find_target(settings: Settings) -> Neo4jTarget | None:
    """Return the Neo4j that is configured or runs beside the data; None when there is neither."""
    if settings.neo4j_url:
        return Neo4jTarget(
            url=settings.neo4j_url,
            user=settings.neo4j_user,
            password=_password(settings),
            database=settings.neo4j_database,
        )
    return local_target(settings.data)


def local_target(data: Path) -> Neo4jTarget | None:
    """Return the local Neo4j of a data folder if it was started, whether or not it lives."""
    local = LocalNeo4j(data)
    record = local.record()
    if record is None:
        return None
    try:
        return Neo4jTarget(url=record.url, user=USER, password=local.password())
    except OSError:
        return None


def _password(settings: Settings) -> str:
    if settings.neo4j_password_file is not None:
        try:
            return settings.neo4j_password_file.read_text(encoding="utf-8").strip()
        # The server will refuse an empty password, and that error names this setting.
        except OSError:
            return ""
    return settings.neo4j_password.get_secret_value()

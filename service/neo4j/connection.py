"""Drivers, and the driver's errors in our words."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final

import neo4j
from neo4j.exceptions import AuthError, ConfigurationError, DriverError, Neo4jError

from stratagraph import __version__
from stratagraph.ontology.errors import StratagraphError
from stratagraph.service.neo4j.errors import Neo4jDatabaseMissing, Neo4jLogin, Neo4jUnavailable, OldNeo4j
from stratagraph.service.neo4j.target import Neo4jTarget

OLDEST: Final = (5, 26)
"""The first version that takes labels and relationship types from parameters."""
CONNECT_SECONDS: Final = 5.0
RETRY_SECONDS: Final = 15.0
_NO_DATABASE: Final = "Neo.ClientError.Database.DatabaseNotFound"
_NO_ACCESS: Final = frozenset(
    f"Neo.ClientError.Security.{name}" for name in ("Unauthorized", "Forbidden", "AuthenticationRateLimit")
)

OPTIONS: Final[dict[str, Any]] = {
    "user_agent": f"stratagraph/{__version__}",
    "connection_timeout": CONNECT_SECONDS,
    "connection_acquisition_timeout": 2 * CONNECT_SECONDS,
    "max_transaction_retry_time": RETRY_SECONDS,
    "keep_alive": True,
    "telemetry_disabled": True,
    # The server would send a warning for each label that a graph does not have yet.
    "notifications_min_severity": "OFF",
}


def open_driver(target: Neo4jTarget) -> neo4j.Driver:
    """Connect.

    Raises:
        StratagraphError: the server can't be reached, refuses us, lacks the database, or is too old.
    """
    with explain(target):
        driver = neo4j.GraphDatabase.driver(target.url, auth=(target.user, target.password), **OPTIONS)
    try:
        with explain(target):
            # The driver itself connects with the first statement only: a wrong password or database is to show here.
            check_version(target, driver.get_server_info().agent)
            with driver.session(database=target.database) as session:
                session.run("RETURN 1").consume()
    except BaseException:
        driver.close()
        raise
    return driver


def check_version(target: Neo4jTarget, agent: str) -> None:
    """Refuse a server that lacks what the view needs; ``agent`` is how it presents itself: Neo4j/5.26.0.

    Raises:
        OldNeo4j: naming the version that it has.
    """
    version = agent.rpartition("/")[2]
    # Aura calls itself 5.27-aura.
    numbers = [int(part) for part in version.split("-")[0].split(".")[:2] if part.isdecimal()]
    if numbers and tuple(numbers) < OLDEST:
        raise OldNeo4j(url=target.url, version=version, needed=".".join(map(str, OLDEST)))


@contextmanager
def explain(target: Neo4jTarget) -> Iterator[None]:
    """Raise the driver's errors as ours, where they tell of the server; the others pass."""
    try:
        yield
    except (Neo4jError, DriverError, ConfigurationError, OSError, ValueError) as error:
        known = in_our_words(error, target)
        if known is None:
            raise
        raise known from error


def in_our_words(error: Exception, target: Neo4jTarget) -> StratagraphError | None:
    """Return what an error of the driver means for whoever runs the service; None: it is about the statement."""
    if isinstance(error, AuthError) or (isinstance(error, Neo4jError) and error.code in _NO_ACCESS):
        return Neo4jLogin(url=target.url, user=target.user, reason=str(error.message))
    if isinstance(error, Neo4jError):
        if error.code == _NO_DATABASE:
            return Neo4jDatabaseMissing(url=target.url, database=target.database)
        transient = "DatabaseUnavailable" in str(error.code)
        return Neo4jUnavailable(url=target.url, reason=str(error.message)) if transient else None
    # Some value has no place in Cypher.
    if isinstance(error, ValueError) and not isinstance(error, ConfigurationError):
        return None
    return Neo4jUnavailable(url=target.url, reason=_first_line(error))


def _first_line(error: Exception) -> str:
    return str(error).partition("\n")[0] or type(error).__name__

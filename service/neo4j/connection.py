"""Drivers, and the driver's errors in our words."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final

import neo4j
from neo4j.exceptions import AuthError, ConfigurationError, DriverError, Neo4jError

from stratagraph import __version__
from stratagraph.ontology.errors import StratagraphError
from stratagraph.service.neo4j.errors import (
    Neo4jDatabaseMissing,
    Neo4jForbidden,
    Neo4jLogin,
    Neo4jSchema,
    Neo4jUnavailable,
    OldNeo4j,
)
from stratagraph.service.neo4j.target import Neo4jTarget

OLDEST: Final = (5, 26)
"""The first version that takes labels and relationship types from parameters."""
CONNECT_SECONDS: Final = 5.0
RETRY_SECONDS: Final = 15.0
_NO_DATABASE: Final = "Neo.ClientError.Database.DatabaseNotFound"
_SECURITY: Final = "Neo.ClientError.Security."
_FORBIDDEN: Final = frozenset(
    {
        f"{_SECURITY}Forbidden",
        "Neo.ClientError.General.ForbiddenOnReadOnlyDatabase",
        "Neo.ClientError.General.WriteOnReadOnlyAccessDatabase",
    }
)
_SCHEMA: Final = "Neo.ClientError.Schema."

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
def explain(target: Neo4jTarget, *, writes: bool = False) -> Iterator[None]:
    """Raise the driver's errors as ours, where they tell of the server; the others pass.

    ``writes``: the statements are those of the property graph itself, so that what is refused is refused to that.
    """
    try:
        yield
    except (Neo4jError, DriverError, ConfigurationError, OSError, ValueError) as error:
        known = in_our_words(error, target, writes=writes)
        if known is None:
            raise
        raise known from error


def in_our_words(error: Exception, target: Neo4jTarget, *, writes: bool = False) -> StratagraphError | None:
    """Return what an error of the driver means for whoever runs the service; None: it is about the statement."""
    if isinstance(error, Neo4jError):
        return (_of_writing(error, target) if writes else None) or _of_server(error, target)
    # Some value has no place in Cypher.
    if isinstance(error, ValueError) and not isinstance(error, ConfigurationError):
        return None
    return Neo4jUnavailable(url=target.url, reason=_first_line(error))


def _of_writing(error: Neo4jError, target: Neo4jTarget) -> StratagraphError | None:
    code, reason = str(error.code), str(error.message).rstrip(".")
    if code in _FORBIDDEN:
        return Neo4jForbidden(url=target.url, user=target.user, database=target.database, reason=reason)
    if code.startswith(_SCHEMA):
        return Neo4jSchema(url=target.url, database=target.database, reason=reason)
    return None


def _of_server(error: Neo4jError, target: Neo4jTarget) -> StratagraphError | None:
    code = str(error.code)
    if isinstance(error, AuthError) or code.startswith(_SECURITY):
        return Neo4jLogin(url=target.url, user=target.user, reason=str(error.message))
    if code == _NO_DATABASE:
        return Neo4jDatabaseMissing(url=target.url, database=target.database)
    return Neo4jUnavailable(url=target.url, reason=str(error.message)) if "DatabaseUnavailable" in code else None


def _first_line(error: Exception) -> str:
    return str(error).partition("\n")[0] or type(error).__name__

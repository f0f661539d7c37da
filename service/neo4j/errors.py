"""What can go wrong between Stratagraph and a Neo4j."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from stratagraph.ontology.errors import StratagraphError


@dataclass(kw_only=True)
class JavaMissing(StratagraphError):
    """No Java that can run the Neo4j asked for."""

    slug: ClassVar[str] = "java-missing"
    status: ClassVar[int] = 503
    text: ClassVar[str] = (
        "Neo4j {version} needs Java {needed} or newer, and {found}. Install one: on Debian "
        "'apt-get install default-jre-headless', or with pip 'stratagraph[java]', which brings a runtime along."
    )
    version: str
    needed: int
    found: str


@dataclass(kw_only=True)
class MavenMissing(StratagraphError):
    """No Maven to fetch Neo4j with."""

    slug: ClassVar[str] = "maven-missing"
    status: ClassVar[int] = 503
    text: ClassVar[str] = (
        "Neo4j is fetched with Maven, and 'mvn' is not on the PATH. Install it: on Debian 'apt-get install maven'; "
        "or use a Neo4j that runs already: set STRATAGRAPH_NEO4J_URL."
    )


@dataclass(kw_only=True)
class UnsupportedVersion(StratagraphError):
    """A Neo4j version that was never tried."""

    slug: ClassVar[str] = "neo4j-version"
    status: ClassVar[int] = 400
    text: ClassVar[str] = "Neo4j {version} is not one of the versions that can be started: {known}."
    version: str
    known: str


@dataclass(kw_only=True)
class FetchFailed(StratagraphError):
    """Maven could not fetch Neo4j."""

    slug: ClassVar[str] = "neo4j-fetch-failed"
    status: ClassVar[int] = 503
    text: ClassVar[str] = (
        "Maven could not fetch Neo4j {version}: {reason}. Check the network and Maven's settings.xml, and try again."
    )
    version: str
    reason: str


@dataclass(kw_only=True)
class StartFailed(StratagraphError):
    """A local Neo4j that did not come up."""

    slug: ClassVar[str] = "neo4j-start-failed"
    status: ClassVar[int] = 503
    text: ClassVar[str] = "Neo4j did not start: {reason}. The end of its log {log}:\n{tail}"
    reason: str
    log: str
    tail: str


@dataclass(kw_only=True)
class NoNeo4j(StratagraphError):
    """There is no Neo4j to ask."""

    slug: ClassVar[str] = "no-neo4j"
    status: ClassVar[int] = 503
    text: ClassVar[str] = (
        "No Neo4j is configured. Start a local one with 'stratagraph neo4j up{option}', or set STRATAGRAPH_NEO4J_URL; "
        "the service finds it by itself."
    )
    option: str = ""


@dataclass(kw_only=True)
class Neo4jUnavailable(StratagraphError):
    """Neo4j does not answer."""

    slug: ClassVar[str] = "neo4j-unavailable"
    status: ClassVar[int] = 503
    text: ClassVar[str] = (
        "Neo4j at {url} does not answer ({reason}). Start it, with 'stratagraph neo4j up' if it is a local one."
    )
    url: str
    reason: str


@dataclass(kw_only=True)
class Neo4jLogin(StratagraphError):
    """Neo4j refuses the user or the password."""

    slug: ClassVar[str] = "neo4j-login"
    status: ClassVar[int] = 503
    text: ClassVar[str] = (
        "Neo4j at {url} refuses the user '{user}': {reason}. Set STRATAGRAPH_NEO4J_USER and STRATAGRAPH_NEO4J_PASSWORD "
        "or STRATAGRAPH_NEO4J_PASSWORD_FILE."
    )
    url: str
    user: str
    reason: str


@dataclass(kw_only=True)
class Neo4jDatabaseMissing(StratagraphError):
    """The Neo4j server has no such database."""

    slug: ClassVar[str] = "neo4j-database"
    status: ClassVar[int] = 503
    text: ClassVar[str] = "Neo4j at {url} has no database '{database}'. Create it, or set STRATAGRAPH_NEO4J_DATABASE."
    url: str
    database: str


@dataclass(kw_only=True)
class OldNeo4j(StratagraphError):
    """A Neo4j that lacks what the view needs."""

    slug: ClassVar[str] = "neo4j-too-old"
    status: ClassVar[int] = 503
    text: ClassVar[str] = "Neo4j at {url} has version {version}; {needed} or newer is needed. Upgrade it."
    url: str
    version: str
    needed: str


@dataclass(kw_only=True)
class Neo4jNotBuilt(StratagraphError):
    """The graph in Neo4j is not whole yet, and no answer from it could be trusted."""

    slug: ClassVar[str] = "neo4j-not-built"
    status: ClassVar[int] = 503
    text: ClassVar[str] = (
        "The property graph in Neo4j at {url} is not whole: it is being built, which /health/ready tells, or nobody "
        "has built it. Ask again in a moment; without a running service, build it with 'stratagraph neo4j sync'."
    )
    url: str
    retry_after: int = 5

"""What can go wrong between Stratagraph and a Neo4j."""

from __future__ import annotations

from stratagraph.ontology.errors import StratagraphError


class Neo4jJavaMissing(StratagraphError, slug="neo4j-java-missing", status=503):
    """No Java that can run the Neo4j asked for."""

    text = (
        "Neo4j {version} needs Java {needed} or newer, and {found}. Install one: on Debian "
        "'apt-get install default-jre-headless', or with pip 'stratagraph[java]', which brings a runtime along."
    )

    version: str
    needed: int
    found: str


class MavenMissing(StratagraphError, slug="maven-missing", status=503):
    """No Maven to fetch Neo4j with."""

    text = (
        "Neo4j is fetched with Maven, and 'mvn' is not on the PATH. Install it: on Debian 'apt-get install maven'; "
        "or use a Neo4j that runs already: set STRATAGRAPH_NEO4J_URL."
    )


class UnsupportedVersion(StratagraphError, slug="neo4j-version", status=400):
    """A Neo4j version that was never tried."""

    text = "Neo4j {version} is not one of the versions that can be started: {known}."

    version: str
    known: str


class FetchFailed(StratagraphError, slug="neo4j-fetch-failed", status=503):
    """Maven could not fetch Neo4j."""

    text = "Maven could not fetch Neo4j {version}: {reason}. Check the network and Maven's settings.xml, and try again."

    version: str
    reason: str


class StartFailed(StratagraphError, slug="neo4j-start-failed", status=503):
    """A local Neo4j that did not come up."""

    text = "Neo4j did not start: {reason}. Its log {log} says:\n{tail}"

    reason: str
    log: str
    tail: str


class NoNeo4j(StratagraphError, slug="no-neo4j", status=503):
    """There is no Neo4j to ask."""

    text = (
        "No Neo4j is configured. Start a local one with 'stratagraph neo4j up{option}', or set STRATAGRAPH_NEO4J_URL; "
        "the service finds it by itself."
    )

    option: str = ""


class Neo4jUnavailable(StratagraphError, slug="neo4j-unavailable", status=503):
    """Neo4j does not answer."""

    text = "Neo4j at {url} does not answer ({reason}). Start it, with 'stratagraph neo4j up' if it is a local one."

    url: str
    reason: str


class Neo4jLogin(StratagraphError, slug="neo4j-login", status=503):
    """Neo4j refuses the user or the password."""

    text = (
        "Neo4j at {url} refuses the user '{user}': {reason}. Set STRATAGRAPH_NEO4J_USER and STRATAGRAPH_NEO4J_PASSWORD "
        "or STRATAGRAPH_NEO4J_PASSWORD_FILE."
    )

    url: str
    user: str
    reason: str


class Neo4jForbidden(StratagraphError, slug="neo4j-forbidden", status=503):
    """Neo4j does not let the user do what the property graph needs."""

    text = (
        "Neo4j at {url} does not let the user '{user}' do what the property graph needs: {reason}. Grant it the rights "
        "to read and write the database '{database}', to name new labels, types and properties, and to create "
        "constraints and indexes; or name another user with STRATAGRAPH_NEO4J_USER."
    )

    url: str
    user: str
    database: str
    reason: str


class Neo4jSchema(StratagraphError, slug="neo4j-schema", status=503):
    """A constraint or an index that the property graph needs can't be made beside what is there."""

    text = (
        "Neo4j at {url} can't make a constraint or an index that the property graph needs in the database "
        "'{database}': {reason}. Drop what is in the way, or set STRATAGRAPH_NEO4J_DATABASE to a database of its own."
    )

    url: str
    database: str
    reason: str


class Neo4jDatabaseMissing(StratagraphError, slug="neo4j-database", status=503):
    """The Neo4j server has no such database."""

    text = "Neo4j at {url} has no database '{database}'. Create it, or set STRATAGRAPH_NEO4J_DATABASE."

    url: str
    database: str


class OldNeo4j(StratagraphError, slug="neo4j-too-old", status=503):
    """A Neo4j that lacks what the view needs."""

    text = "Neo4j at {url} has version {version}; {needed} or newer is needed. Upgrade it."

    url: str
    version: str
    needed: str


class Neo4jNotBuilt(StratagraphError, slug="neo4j-not-built", status=503):
    """The graph in Neo4j is not whole yet, and no answer from it could be trusted."""

    text = (
        "The property graph in Neo4j at {url} is not whole: it is being built, which /health/ready tells, or nobody "
        "has built it. Ask again in a moment; without a running service, build it with 'stratagraph neo4j sync'."
    )

    url: str
    retry_after: int = 5

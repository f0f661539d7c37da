"""What the driver says, in our words."""

from __future__ import annotations

import pytest
from neo4j.exceptions import Neo4jError

from stratagraph.ontology.errors import StratagraphError
from stratagraph.service.neo4j.connection import in_our_words, open_driver
from stratagraph.service.neo4j.errors import Neo4jForbidden, Neo4jLogin, Neo4jSchema
from stratagraph.service.neo4j.target import Neo4jTarget
from stratagraph.service.neo4j.view import Neo4jView
from tests.service.neo4j.reading import query
from tests.service.worlds import world

WRONG = "another"
STALE = "to-be-changed"


@pytest.mark.neo4j
def test_a_password_is_told_to_be_wrong_however_often_it_is_tried(database: Neo4jTarget) -> None:
    for _ in range(5):  # after three the server refuses to look at it
        with pytest.raises(Neo4jLogin, match="STRATAGRAPH_NEO4J_PASSWORD"):
            open_driver(Neo4jTarget(url=database.url, user=database.user, password=WRONG))


TARGET = Neo4jTarget(url="bolt://127.0.0.1:7687", user="writer", password="", database="estate")
REFUSED = "Schema operation 'create_constraint' on database 'estate' is not allowed for user 'writer'."


@pytest.mark.parametrize(
    ("code", "kind", "words"),
    [
        # Community knows no rights that a user could lack: this is the code, which the driver makes an error of.
        ("Neo.ClientError.Security.Forbidden", Neo4jForbidden, "to create constraints and indexes"),
        ("Neo.ClientError.General.ForbiddenOnReadOnlyDatabase", Neo4jForbidden, "STRATAGRAPH_NEO4J_USER"),
        ("Neo.ClientError.General.WriteOnReadOnlyAccessDatabase", Neo4jForbidden, "STRATAGRAPH_NEO4J_USER"),
        ("Neo.ClientError.Schema.ConstraintCreationFailed", Neo4jSchema, "Drop what is in the way"),
        ("Neo.ClientError.Security.TokenExpired", Neo4jLogin, "STRATAGRAPH_NEO4J_PASSWORD"),
    ],
)
def test_what_a_writer_may_not_do_is_told_with_what_to_grant(
    code: str, kind: type[StratagraphError], words: str
) -> None:
    error = Neo4jError._basic_hydrate(neo4j_code=code, message=REFUSED)
    told = in_our_words(error, TARGET, writes=True)
    assert isinstance(told, kind)
    assert REFUSED.rstrip(".") in str(told)
    assert words in str(told)


def test_what_a_question_may_not_do_is_no_matter_of_the_writer() -> None:
    error = Neo4jError._basic_hydrate(neo4j_code="Neo.ClientError.Schema.IndexNotFound", message="")
    assert in_our_words(error, TARGET) is None


@pytest.mark.neo4j
def test_an_index_in_the_way_is_named(database: Neo4jTarget) -> None:
    query(database, "DROP CONSTRAINT stratagraph_asset IF EXISTS")
    query(database, "CREATE INDEX theirs FOR (n:Asset) ON (n.iri, n.stratagraph)")
    try:
        with pytest.raises(Neo4jSchema, match=r"stratagraph.*Drop what is in the way"):
            Neo4jView(database, world())
    finally:
        query(database, "DROP INDEX theirs")


@pytest.mark.neo4j
def test_a_password_that_has_to_be_changed_first_is_told(database: Neo4jTarget) -> None:
    query(database, "CREATE USER newcomer SET PASSWORD $stale CHANGE REQUIRED", stale=STALE)
    try:
        with pytest.raises(Neo4jLogin, match="must be changed"):
            open_driver(Neo4jTarget(url=database.url, user="newcomer", password=STALE))
    finally:
        query(database, "DROP USER newcomer")

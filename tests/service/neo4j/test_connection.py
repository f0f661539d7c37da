"""What the driver says, in our words."""

from __future__ import annotations

import pytest

from stratagraph.service.neo4j.connection import open_driver
from stratagraph.service.neo4j.errors import Neo4jLogin
from stratagraph.service.neo4j.target import Neo4jTarget

WRONG = "another"


@pytest.mark.neo4j
def test_a_password_is_told_to_be_wrong_however_often_it_is_tried(database: Neo4jTarget) -> None:
    for _ in range(5):  # after three the server refuses to look at it
        with pytest.raises(Neo4jLogin, match="STRATAGRAPH_NEO4J_PASSWORD"):
            open_driver(Neo4jTarget(url=database.url, user=database.user, password=WRONG))

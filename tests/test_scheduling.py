"""How tests are shared out: by file, and all that need a Neo4j, or a Kafka, to one process."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.conftest import ROOT
from tests.scheduling import GROUPS, TogetherByFile


@pytest.mark.parametrize(
    ("file", "scope"),
    [
        ("tests/service/neo4j/test_cypher.py", "neo4j"),
        ("tests/queries/test_competency_cypher.py", "neo4j"),
        ("tests/test_kafka.py", "kafka"),
        ("tests/service/test_bad_input.py", "tests/service/test_bad_input.py"),
    ],
)
def test_files_that_need_one_server_stay_together_and_others_by_themselves(file: str, scope: str) -> None:
    assert Path(ROOT / file).is_file()
    for name in ("test_one", "test_two[a::b]"):
        assert _scope(f"{file}::{name}") == scope


@pytest.mark.parametrize("group", GROUPS)
def test_every_test_that_needs_a_server_stays_with_the_others(request: pytest.FixtureRequest, group: str) -> None:
    """The scheduler reads files, pytest reads marks: of all tests of this run they must say the same."""
    marked = {item.nodeid for item in request.session.items if item.get_closest_marker(group)}
    together = {item.nodeid for item in request.session.items if _scope(item.nodeid) == group}
    assert marked <= together


def _scope(nodeid: str) -> str:
    return TogetherByFile._split_scope(None, nodeid)  # type: ignore[arg-type]  # it needs nothing of the scheduler

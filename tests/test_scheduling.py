"""How tests are shared out: by file, and all that need a Neo4j to one process."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.conftest import ROOT
from tests.scheduling import GROUP, TogetherByFile


@pytest.mark.parametrize(
    ("file", "scope"),
    [
        ("tests/service/neo4j/test_cypher.py", GROUP),
        ("tests/queries/test_competency_cypher.py", GROUP),
        ("tests/service/test_bad_input.py", "tests/service/test_bad_input.py"),
    ],
)
def test_files_that_need_a_neo4j_stay_together_and_others_by_themselves(file: str, scope: str) -> None:
    assert Path(ROOT / file).is_file()
    for name in ("test_one", "test_two[a::b]"):
        assert _scope(f"{file}::{name}") == scope


def test_every_test_that_needs_a_neo4j_stays_with_the_others(request: pytest.FixtureRequest) -> None:
    """The scheduler reads files, pytest reads marks: of all tests of this run they must say the same."""
    marked = {item.nodeid for item in request.session.items if item.get_closest_marker("neo4j")}
    together = {item.nodeid for item in request.session.items if _scope(item.nodeid) == GROUP}
    assert marked <= together


def _scope(nodeid: str) -> str:
    return TogetherByFile._split_scope(None, nodeid)  # type: ignore[arg-type]  # it needs nothing of the scheduler

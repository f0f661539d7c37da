"""How the tests are shared out between processes: a file's tests stay together, and so do all that need one server."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from xdist.scheduler import LoadScopeScheduling

GROUPS = ("neo4j", "kafka")
"""Marks of tests that need a server which takes long to start: one process starts one for all of them."""
_ROOT = Path(__file__).parents[1]


class TogetherByFile(LoadScopeScheduling):  # type: ignore[misc]  # its package publishes no types
    """Hands out whole files, for their tests share servers and graphs, and those that need a Neo4j (a Kafka) as one."""

    def _split_scope(self, nodeid: str) -> str:
        """Return what a test stays together with."""
        file = nodeid.split("::", 1)[0]
        return group_of(file) or file


@cache
def group_of(file: str) -> str | None:
    """Return the group of a file's tests; None where the file is a group of its own."""
    # Whoever shares the tests out gets their names only. The library's own way, a group that is appended to the name,
    # does nothing under pytest 9.2, which makes the name from another attribute.
    text = (_ROOT / file).read_text("utf-8")
    return next((group for group in GROUPS if f"pytest.mark.{group}" in text), None)

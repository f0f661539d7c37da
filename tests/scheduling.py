"""How the tests are shared out between processes: a file's tests stay together, and so do all that need a Neo4j."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from xdist.scheduler import LoadScopeScheduling

GROUP = "neo4j"
"""Files with tests that need a Neo4j: one process starts one server for all of them."""
_MARK = "pytest.mark.neo4j"
_ROOT = Path(__file__).parents[1]


class TogetherByFile(LoadScopeScheduling):  # type: ignore[misc]  # its package publishes no types
    """Hands out whole files, for their tests share servers and graphs, and those that need a Neo4j as one."""

    def _split_scope(self, nodeid: str) -> str:
        """Return what a test stays together with."""
        file = nodeid.split("::", 1)[0]
        return GROUP if _needs_neo4j(file) else file


@cache
def _needs_neo4j(file: str) -> bool:
    # Whoever shares the tests out gets their names only. The library's own way, a group that is appended to the name,
    # does nothing under pytest 9.2, which makes the name from another attribute.
    return _MARK in (_ROOT / file).read_text("utf-8")

"""How the tests are shared out between processes: a file's tests stay together, and so do all that need a Neo4j."""

from __future__ import annotations

from xdist.scheduler import LoadGroupScheduling

GROUP = "neo4j"
"""Tests that need a Neo4j: one process starts one server for all of them."""


class TogetherByFile(LoadGroupScheduling):  # type: ignore[misc]  # its package publishes no types
    """Hands out whole files, for their tests share servers and graphs, and what is marked as a group across files."""

    def _split_scope(self, nodeid: str) -> str:
        """Return what a test stays together with."""
        scope = str(super()._split_scope(nodeid))
        return scope.split("::", 1)[0] if scope == nodeid else scope

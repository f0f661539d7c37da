"""The worker process of SPARQL: beside what every worker does, it opens checkpoints of the triples."""

from __future__ import annotations

import asyncio
from typing import ClassVar

from stratagraph.ontology.errors import StratagraphError
from stratagraph.service.sparql.errors import GraphNotWritable, QuerySyntax, RowsNotWritable, UnknownFunction
from stratagraph.service.views.checkpoints import Checkpoint
from stratagraph.service.workers.frames import Say, pack
from stratagraph.service.workers.limits import QuerySettings
from stratagraph.service.workers.process import Worker


class SparqlWorker(Worker):
    """A process that holds at most one open checkpoint."""

    program: ClassVar[str] = "stratagraph.service.sparql.worker"
    language: ClassVar[str] = "SPARQL"

    def __init__(self, process: asyncio.subprocess.Process, settings: QuerySettings) -> None:
        super().__init__(process, settings)
        self.checkpoint: Checkpoint | None = None

    async def open(self, checkpoint: Checkpoint) -> None:
        """Let the process open a checkpoint in place of the one it has."""
        await self.send(pack(Say.OPEN, {"path": str(checkpoint.path)}))
        await self.hear()
        self.checkpoint = checkpoint

    def _fault(self, kind: str, detail: str) -> StratagraphError:
        if kind == "syntax":
            return QuerySyntax(detail=detail)
        if kind == "function":
            return UnknownFunction(detail=detail)
        if kind == "unwritable":
            return GraphNotWritable(detail=detail)
        if kind == "unwritable-row":
            return RowsNotWritable(detail=detail)
        return super()._fault(kind, detail)

"""Answers Cypher of strangers: guard, turn, process, deadline; a process starts with the first query that needs it."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from functools import partial
from typing import Any, ClassVar, Final

import orjson

from stratagraph.ontology.errors import StratagraphError
from stratagraph.service.neo4j import errors as neo4j_errors
from stratagraph.service.neo4j.cypher import errors as cypher_errors
from stratagraph.service.neo4j.cypher.guard import check
from stratagraph.service.neo4j.cypher.question import CypherQuestion
from stratagraph.service.neo4j.errors import NoNeo4j
from stratagraph.service.neo4j.target import Neo4jTarget
from stratagraph.service.workers.errors import DeadlineExceeded, EvaluationFailed, QueryTooLong
from stratagraph.service.workers.limits import QuerySettings
from stratagraph.service.workers.process import Worker
from stratagraph.service.workers.run import Run
from stratagraph.service.workers.turns import Turns

GRACE: Final = 0.5
"""Seconds that the server's own timeout gets before the connection is dropped."""
START_SECONDS: Final = 60.0
_KNOWN: Final[dict[str, type[StratagraphError]]] = {
    name: kind
    for module in (neo4j_errors, cypher_errors)
    for name, kind in vars(module).items()
    if isinstance(kind, type) and issubclass(kind, StratagraphError)
}


class CypherWorker(Worker):
    """A process that holds connections to Neo4j and answers one question at a time."""

    # The password reaches it with the question, not through its environment.
    program: ClassVar[str] = "stratagraph.service.neo4j.cypher.worker"
    language: ClassVar[str] = "Cypher"

    def _fault(self, kind: str, detail: str) -> StratagraphError:
        if kind == "late":
            return DeadlineExceeded(seconds=self._settings.query_seconds)
        if kind == "memory":
            # Nobody knows what such a process left half done: the next question gets another one.
            self.worn = True
            return self._out_of_memory()
        known = _KNOWN.get(kind)
        return known(**orjson.loads(detail)) if known else EvaluationFailed(detail=detail)


@dataclass(frozen=True, slots=True, kw_only=True)
class CypherRequest:
    """One query with its parameters; ``client`` is whoever shares one fair part of the workers."""

    text: str
    parameters: dict[str, Any]
    client: str = ""


class CypherAnswer:
    """An answer that has begun; must be closed, also when it was not read to its end."""

    def __init__(self, sequence: int, run: Run[CypherWorker]) -> None:
        self.sequence = sequence
        self._run = run

    async def pieces(self) -> AsyncIterator[bytes]:
        """Yield the JSON document piece by piece.

        Raises:
            StratagraphError: the answer was cut; what was sent is no complete document.
        """
        while (piece := await self._run.hear()) is not None:
            yield piece

    def close(self) -> None:
        """Free the worker; it is killed, and its connection dropped, when it was not done."""
        self._run.end()


class CypherPool:
    """Worker processes for Cypher; lives in one event loop until ``stop``."""

    def __init__(self, settings: QuerySettings, *, target: Callable[[], Neo4jTarget | None], shared: bool) -> None:
        self.settings = settings
        self._target = target
        self._shared = shared
        self._turns = Turns(settings)
        self._idle: list[CypherWorker] = []
        self._workers: set[CypherWorker] = set()
        self._chores: set[asyncio.Task[None]] = set()

    async def stop(self) -> None:
        """End every process, with whatever it is doing."""
        await asyncio.gather(*self._chores, return_exceptions=True)
        await asyncio.gather(*[worker.stop() for worker in self._workers])
        self._workers.clear()

    async def run(self, request: CypherRequest) -> CypherAnswer:
        """Start a query and return its answer as soon as the server has accepted it.

        Raises:
            StratagraphError: the query was refused or failed, or there is no Neo4j.
        """
        if len(request.text.encode()) > self.settings.query_bytes:
            raise QueryTooLong(limit=self.settings.query_bytes)
        check(request.text)
        # It reads files of the data folder.
        target = await asyncio.to_thread(self._target)
        if target is None:
            raise NoNeo4j
        # Behind all that needs no process, for turns are scarce.
        await self._turns.take(request.client)
        run = Run[CypherWorker](partial(self._give_back, request.client))
        try:
            wait = self.settings.query_seconds + GRACE
            await run.begin(await self.worker(), self._question(request, target), wait)
            first = await run.hear()
            sequence = int(orjson.loads(first or b"{}").get("sequence", 0))
        except BaseException:
            run.end()
            raise
        return CypherAnswer(sequence, run)

    def _question(self, request: CypherRequest, target: Neo4jTarget) -> CypherQuestion:
        return CypherQuestion(
            url=target.url,
            user=target.user,
            password=target.password,
            database=target.database,
            text=request.text,
            parameters=request.parameters,
            rows=self.settings.rows,
            answer_bytes=self.settings.answer_bytes,
            memory_bytes=self.settings.memory_bytes,
            seconds=self.settings.query_seconds,
            shared=self._shared,
        )

    async def worker(self) -> CypherWorker:
        """Return an idle process, or a new one: turns bound how many there are."""
        while self._idle:
            worker = self._idle.pop()
            if worker.alive:
                return worker
            self._stop(worker)
        worker = await CypherWorker.start(self.settings)
        self._workers.add(worker)
        try:
            async with asyncio.timeout(START_SECONDS):
                await worker.hear()  # it is ready: its start is no part of the query's time
        except BaseException:
            worker.kill()
            self._stop(worker)
            raise
        return worker

    def _give_back(self, client: str, worker: CypherWorker | None, *, well: bool) -> None:
        """End a turn; a process that is not well is ended."""
        self._turns.give_back(client)
        if worker is None:
            return
        if well and worker.alive and not worker.worn:
            self._idle.append(worker)
        else:
            worker.kill()
            self._stop(worker)

    def _stop(self, worker: CypherWorker) -> None:
        # A turn ends where nothing can be awaited.
        async def stop() -> None:
            await worker.stop()
            self._workers.discard(worker)

        task = asyncio.create_task(stop())
        self._chores.add(task)
        task.add_done_callback(self._chores.discard)


async def wait_for(sequence: Callable[[], int], wanted: int, seconds: float) -> bool:
    """Wait until the view has reached a sequence; return whether it came in time."""
    patience = time.monotonic() + seconds
    while sequence() < wanted:
        if time.monotonic() > patience:
            return False
        await asyncio.sleep(0.05)
    return True

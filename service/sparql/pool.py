"""Answers queries of strangers: guard, turn, worker, deadline; what a query breaks is replaced behind its back."""

from __future__ import annotations

import asyncio
import logging
import math
import time
from collections.abc import Callable, Coroutine
from functools import partial
from typing import Final

from stratagraph.ontology.errors import StratagraphError
from stratagraph.service.engine.arrivals import Arrivals
from stratagraph.service.sparql.answer import SparqlAnswer
from stratagraph.service.sparql.errors import FormNotAcceptable, NoPast
from stratagraph.service.sparql.formats import GRAPHS, RESULTS
from stratagraph.service.sparql.guard import QueryForm, check, stated_limit
from stratagraph.service.sparql.query_request import QueryRequest
from stratagraph.service.sparql.worker import SparqlQuestion
from stratagraph.service.sparql.worker_handle import SparqlWorker
from stratagraph.service.views.checkpoints import Checkpoint, CheckpointSource, PastSource
from stratagraph.service.workers.errors import NotYetThere, TooBusy
from stratagraph.service.workers.idle import Idle
from stratagraph.service.workers.limits import QuerySettings
from stratagraph.service.workers.run import Run
from stratagraph.service.workers.turns import Turns

log = logging.getLogger(__name__)

_LONG: Final = 16 << 10
"""Queries of more characters are checked in a thread, so that nobody waits for the guard."""
_POLL: Final = 0.05
_FOLLOWED: Final = 60.0
"""Seconds after a query during which checkpoints are made ahead of the next one."""


class QueryPool:
    """Worker processes for queries; lives in one event loop between ``start`` and ``stop``."""

    def __init__(
        self,
        checkpoints: CheckpointSource,
        settings: QuerySettings | None = None,
        past: PastSource | None = None,
        arrivals: Arrivals | None = None,
    ) -> None:
        self._arrivals = arrivals
        self.settings = settings or QuerySettings()
        self._checkpoints = checkpoints
        self._past = past
        self._turns = Turns(self.settings)
        self._idle = Idle[SparqlWorker]()
        self._places = 0
        """How many workers there are, or will be soon."""
        self._workers: set[SparqlWorker] = set()
        self._chores: set[asyncio.Task[None]] = set()
        self._replacing: set[asyncio.Task[None]] = set()
        self._running = False
        self._renewing: asyncio.Task[None] | None = None
        self._following: asyncio.Task[None] | None = None
        self._awaited = 0
        """How many queries wait for the next checkpoint."""
        self._asked = -math.inf
        """When the last query came."""

    async def start(self, *, ahead: bool = True) -> None:
        """Start the workers and let each open the newest checkpoint; or wait with each for a query that needs it."""
        self._running = True
        # Of the loop that runs now: a command that asks twice has one for each question.
        self._idle = Idle()
        self._renewing = self._following = None
        self._places = self.settings.workers if ahead else 0
        await asyncio.gather(*[self._start() for _ in range(self._places)])
        self._following = asyncio.create_task(self._follow())

    async def stop(self) -> None:
        """End every worker, with whatever it is doing."""
        self._running = False
        if self._following is not None:
            self._following.cancel()
        for task in self._replacing:
            task.cancel()  # nobody needs another worker: it takes seconds to come up
        lasting = [task for task in (self._following, self._renewing) if task is not None]
        await asyncio.gather(*lasting, *self._chores, *self._replacing, return_exceptions=True)
        await asyncio.gather(*[self._stop(worker) for worker in set(self._workers)])

    async def run(self, request: QueryRequest) -> SparqlAnswer:
        """Start a query and return its answer as soon as its first bytes are known to be good.

        Raises:
            StratagraphError: the query was refused, failed, or outgrew its share before that.
        """
        form = await self._check(request.text)
        question = self._question(request, form)
        if request.at_least is not None and request.as_of is None:
            await self._reach(request.at_least)
        await self._turns.take(request.client)
        run = Run[SparqlWorker](partial(self._give_back, request.client))
        try:
            checkpoint = await self._checkpoint(request)
            await run.begin(await self.worker(checkpoint), question, question.seconds)
            answer = SparqlAnswer(media_type=question.media_type, checkpoint=checkpoint, run=run)
            await self._fill(answer, limit=None if request.whole else self.settings.buffer_bytes)
        except BaseException:
            run.end()
            raise
        return answer

    async def _reach(self, wanted: int) -> None:
        """Wait for a sequence before a turn is taken: who waits must not keep those from being answered who do not."""
        if self._arrivals is None or await self._arrivals.reached(wanted, self.settings.at_least_seconds):
            return
        raise NotYetThere(sequence=self._arrivals.here, wanted=wanted, retry_after=1)

    async def _check(self, text: str) -> QueryForm | None:
        if len(text) > _LONG:
            return await asyncio.to_thread(check, text, self.settings)
        return check(text, self.settings)

    def _question(self, request: QueryRequest, form: QueryForm | None) -> SparqlQuestion:
        graph = form is not None and form.gives_triples
        media_type = request.graph_type if graph else request.results_type
        if media_type is None and form is None:
            media_type = next(iter(RESULTS))  # the parser will refuse it, and says why
        if media_type is None:
            raise FormNotAcceptable(offered=", ".join(GRAPHS if graph else RESULTS))
        return SparqlQuestion(
            text=request.text,
            media_type=media_type,
            default_graphs=request.default_graphs,
            named_graphs=request.named_graphs,
            rows=self.settings.rows,
            answer_bytes=self.settings.answer_bytes,
            memory_bytes=self.settings.memory_bytes,
            seconds=self.settings.query_seconds,
            bounded=self._is_bounded(request.text),
        )

    def _is_bounded(self, text: str) -> bool:
        limit = stated_limit(text) if len(text) <= _LONG else None
        return limit is not None and limit <= self.settings.rows

    async def _fill(self, answer: SparqlAnswer, *, limit: int | None) -> None:
        pieces: list[bytes] = []
        size = 0
        async for piece in answer.rest():
            pieces.append(piece)
            size += len(piece)
            if limit is not None and size >= limit:
                break
        answer.head = b"".join(pieces)
        if answer.complete:
            answer.close()

    async def _checkpoint(self, request: QueryRequest) -> Checkpoint:
        """Return the checkpoint that a request is about, in use."""
        if request.as_of is None:
            return await self._present(request.at_least)
        if self._past is None:
            raise NoPast
        return await self._lent(partial(self._past.checkpoint, request.as_of))

    async def _lent(self, make: Callable[[], Checkpoint]) -> Checkpoint:
        """Return a checkpoint, in use, that a thread finds or makes; given back where nobody waits for it any more."""
        making = asyncio.ensure_future(asyncio.to_thread(make))
        try:
            return await asyncio.shield(making)
        except asyncio.CancelledError:
            self.chore(self._release_when_made(making))
            raise

    async def _release_when_made(self, making: asyncio.Future[Checkpoint]) -> None:
        """Give back what came after nobody waited for it any more."""
        try:
            self.release(await making)
        except StratagraphError as error:
            log.info("nobody waited for a store of the past that could not be made: %s", error)
        except Exception:
            log.exception("nobody waited for a checkpoint that could not be made")

    async def _present(self, at_least: int | None) -> Checkpoint:
        """Return the newest checkpoint, in use, once it has the sequence asked for.

        One that is a little out of date is good enough for whoever asks for no sequence, while the next one is made.
        """
        self._asked = time.monotonic()
        patience = self._asked + self.settings.at_least_seconds
        if self._checkpoints.overdue():
            await self._renewed()
        while True:
            checkpoint = self._checkpoints.lend()
            if checkpoint is not None and (at_least is None or checkpoint.sequence >= at_least):
                return checkpoint
            if checkpoint is not None:
                self.release(checkpoint)
            if time.monotonic() > patience:
                there = 0 if checkpoint is None else checkpoint.sequence
                raise NotYetThere(sequence=there, wanted=at_least or 0, retry_after=1)
            if self._checkpoints.moved():
                await self._renewed()
            else:
                await asyncio.sleep(_POLL)

    async def _renewed(self) -> None:
        """Wait for the next checkpoint, which all requests that wait share; one that leaves does not end it."""
        self._awaited += 1
        try:
            await asyncio.shield(self._renewal())
        finally:
            self._awaited -= 1

    def _renewal(self) -> asyncio.Task[None]:
        if self._renewing is None or self._renewing.done():
            self._renewing = asyncio.create_task(self._renew())
        return self._renewing

    async def _follow(self) -> None:
        """Make a checkpoint soon after a commit, as long as queries come: the next one then finds it made."""
        while True:
            await asyncio.sleep(_POLL)
            if worker := self._idle.pick(lambda idle: self._is_retired(idle.checkpoint)):
                # With its process ends its hold on the files: it may wait long for a query that moves it on.
                self._replace(worker)
            if time.monotonic() - self._asked < _FOLLOWED and self._checkpoints.due():
                try:
                    await asyncio.shield(self._renewal())
                except Exception:
                    log.exception("no checkpoint could be made for SPARQL")
                    await asyncio.sleep(1)

    def _is_retired(self, checkpoint: Checkpoint | None) -> bool:
        """Whether a checkpoint holds what was redacted, so that even an idle worker must leave it."""
        past = self._past
        return self._checkpoints.is_retired(checkpoint) or (past is not None and past.is_retired(checkpoint))

    async def _renew(self) -> None:
        """Make a checkpoint, let idle workers open it, and only then make it the newest."""
        made = await asyncio.to_thread(self._checkpoints.make)
        try:
            # One worker stays as it is, for who asks meanwhile; and who waits for the checkpoint gets it at once.
            while len(self._idle) > 1 and not self._awaited and await self._open_ahead(made):
                pass
            before = self._checkpoints.publish(made)
            if before is not None:
                self.chore(self._remove(before))
        finally:
            self.release(made)

    async def _open_ahead(self, checkpoint: Checkpoint) -> bool:
        """Let the idle worker that waits longest open a checkpoint; return whether there was one that had another."""
        worker = self._idle.pick(lambda idle: idle.checkpoint != checkpoint, last=True)
        if worker is None:
            return False
        self._checkpoints.hold(checkpoint)
        try:
            await self._open(worker, checkpoint)
        except StratagraphError as error:
            log.warning("an idle SPARQL worker could not open the next checkpoint: %s", error)
        else:
            self._idle.put(worker)
        return True

    async def _open(self, worker: SparqlWorker, checkpoint: Checkpoint) -> None:
        """Let a worker open a checkpoint; takes the caller's use of it over. A worker that fails is replaced."""
        before = worker.checkpoint
        if before == checkpoint:
            self.release(checkpoint)
            return
        try:
            await worker.open(checkpoint)
        except BaseException:
            self.release(checkpoint)
            self._replace(worker)
            raise
        if before is not None:
            self.release(before)

    def release(self, checkpoint: Checkpoint) -> None:
        """Give one use of a checkpoint back; files are removed behind the query's back."""
        past = self._past
        if past is not None and past.owns(checkpoint):
            if self._running:
                self.chore(self._release_past(past, checkpoint))
            else:
                past.release(checkpoint)
        elif self._checkpoints.release(checkpoint):
            self.chore(self._remove(checkpoint))

    async def _release_past(self, past: PastSource, checkpoint: Checkpoint) -> None:
        await asyncio.to_thread(past.release, checkpoint)

    async def _remove(self, checkpoint: Checkpoint) -> None:
        await asyncio.to_thread(self._checkpoints.remove, checkpoint)

    async def worker(self, checkpoint: Checkpoint) -> SparqlWorker:
        """Return an idle worker that has the checkpoint open; takes the caller's use of it over."""
        try:
            worker = await self._idle_worker(checkpoint)
        except BaseException:
            self.release(checkpoint)
            raise
        # Nothing is awaited between getting the worker and an attempt that gives it back: a leaving client loses none.
        await self._open(worker, checkpoint)
        return worker

    async def _idle_worker(self, checkpoint: Checkpoint) -> SparqlWorker:
        if not self._idle and self._places < self.settings.workers:
            self._places += 1
            try:
                await self._start()
            except BaseException:  # the request has left: the next one may start a worker in this place
                self._places -= 1
                raise
        try:
            while True:
                worker = await self._idle.take(lambda idle: idle.checkpoint == checkpoint, self.settings.queue_seconds)
                if worker.alive:
                    return worker
                self._replace(worker)
        except TimeoutError:
            raise TooBusy(retry_after=1) from None

    def _give_back(self, client: str, worker: SparqlWorker | None, *, well: bool) -> None:
        """End a turn; a worker that is not well, or worn, is replaced."""
        self._turns.give_back(client)
        if worker is None:
            return
        if well and not worker.worn:
            self._idle.put(worker)
        else:
            worker.kill()
            self._replace(worker)

    def chore(self, work: Coroutine[None, None, None]) -> None:
        """Do something behind the back of the current query."""
        if not self._running:
            work.close()
            return
        self._begin(work, self._chores)

    def _begin(self, work: Coroutine[None, None, None], among: set[asyncio.Task[None]]) -> None:
        task = asyncio.create_task(work)
        among.add(task)
        task.add_done_callback(among.discard)

    def _replace(self, worker: SparqlWorker) -> None:
        """Let another worker come in the place of one, behind the back of the current query."""
        if self._running:
            self._begin(self._replaced(worker), self._replacing)

    async def _replaced(self, worker: SparqlWorker) -> None:
        await self._stop(worker)
        await self._start()

    async def _stop(self, worker: SparqlWorker) -> None:
        await worker.stop()
        self._workers.discard(worker)
        if worker.checkpoint is not None:
            self.release(worker.checkpoint)

    async def _start(self) -> None:
        """Start a worker and try until one works: without workers there is no service."""
        while self._running:
            worker = await self._started()
            if worker is not None:
                self._idle.put(worker)
                return
            await asyncio.sleep(1)

    async def _started(self) -> SparqlWorker | None:
        """Start a worker that has the newest checkpoint open; None where it could not."""
        checkpoint: Checkpoint | None = None
        worker: SparqlWorker | None = None
        try:
            checkpoint = newest = await self._lent(self._checkpoints.newest)
            worker = await SparqlWorker.start(self.settings)
            self._workers.add(worker)
            await worker.open(newest)
        except Exception:
            # Whatever it was, a full disk for one: a place that is left empty now would stay empty.
            log.exception("a new SPARQL worker could not open its checkpoint")
        except BaseException:
            self._give_up(worker, checkpoint)
            raise
        else:
            return worker
        self._give_up(worker, checkpoint)
        return None

    def _give_up(self, worker: SparqlWorker | None, checkpoint: Checkpoint | None) -> None:
        """Let go of a worker that did not get as far as to work, and of its checkpoint."""
        if checkpoint is not None:
            self.release(checkpoint)
        if worker is not None:
            worker.kill()
            self.chore(self._stop(worker))

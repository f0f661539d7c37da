"""Where rules are evaluated: in a process that can be killed, or in a thread of a command that ends soon anyway."""

from __future__ import annotations

import asyncio
import pickle
import threading
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import ClassVar, Final, Protocol

from anyio import to_thread

from stratagraph.queries.audit.compliance import evaluate
from stratagraph.queries.audit.verdicts import Audit
from stratagraph.queries.store_protocols import TripleStore
from stratagraph.service.auditing.errors import AuditsBusy, AuditStopped, AuditTooLong
from stratagraph.service.auditing.work import Context, Work
from stratagraph.service.auditing.worker import AUDIT, RULE
from stratagraph.service.engine.audits import AuditQuestion
from stratagraph.service.waiting import NobodyWaits, in_thread
from stratagraph.service.workers.errors import DeadlineExceeded, TooBusy, WorkerDied
from stratagraph.service.workers.limits import QuerySettings
from stratagraph.service.workers.process import Worker
from stratagraph.service.workers.run import Run
from stratagraph.service.workers.turns import Turns
from stratagraph.shapes.rule import Rule

QUEUE: Final = 32
"""Audits of other days and frameworks that may wait; one client's may be half of them."""
BEFORE_THE_FIRST: Final = "the first rule"


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """What an audit is made of: a question, and the graph that holds the answer, held until it is released.

    ``folder`` may make a checkpoint first, and takes a while then, as ``release`` does.
    """

    question: AuditQuestion
    context: Context
    store: TripleStore
    folder: Callable[[], Path]
    release: Callable[[], None]
    moment: datetime


class Evaluator(Protocol):
    """Evaluates rules without holding up the event loop."""

    async def evaluate(self, subject: Subject, client: str) -> Audit:
        """Return the audit. Raises StratagraphError."""

    async def stop(self) -> None:
        """End what is under way."""


class AuditWorker(Worker):
    """A process that evaluates the rules it was told."""

    program: ClassVar[str] = "stratagraph.service.auditing.worker"
    language: ClassVar[str] = "audit"
    context: Context | None = None


class InAProcess:
    """One process, started with the first audit and kept: it evaluates one after the other, client by client."""

    def __init__(self, seconds: float) -> None:
        self._settings = QuerySettings(workers=1, queue=QUEUE, queue_seconds=seconds, query_seconds=seconds)
        self._turns = Turns(self._settings)
        self._worker: AuditWorker | None = None
        self._chores: set[asyncio.Task[None]] = set()

    async def evaluate(self, subject: Subject, client: str) -> Audit:
        """Wait for the turn and let the process evaluate; it is killed when it is late. Raises StratagraphError."""
        folder = await in_thread(subject.folder)
        try:
            await self._turns.take(client)
        except TooBusy as error:
            raise AuditsBusy(retry_after=error.retry_after) from None
        run = Run[AuditWorker](partial(self._give_back, client))
        rule = BEFORE_THE_FIRST
        pieces: list[bytes] = []
        try:
            worker = await self._started(subject.context)
            await run.begin(worker, self._work(subject, folder), self._settings.query_seconds)
            while (piece := await run.hear()) is not None:
                if piece[:1] == RULE:
                    rule = piece[1:].decode()
                else:
                    assert piece[:1] == AUDIT  # there is nothing else
                    pieces.append(piece[1:])
        except DeadlineExceeded as error:
            raise AuditTooLong(seconds=error.seconds, rule=rule) from None
        except WorkerDied as error:
            raise AuditStopped(cause=error.cause, rule=rule) from None
        finally:
            run.end()
        # From our own process, through a pipe of ours. In a thread: thousands of verdicts take a while to read.
        audit = await to_thread.run_sync(lambda: pickle.loads(b"".join(pieces)))  # noqa: S301
        assert isinstance(audit, Audit)
        return audit

    async def stop(self) -> None:
        """End the process, with whatever it is doing."""
        if self._worker is not None:
            await self._worker.stop()
            self._worker = None
        await asyncio.gather(*self._chores, return_exceptions=True)

    async def _started(self, context: Context) -> AuditWorker:
        """Return the process, told of the ontology and the rules."""
        worker = self._worker
        if worker is None or not worker.alive:
            worker = self._worker = await AuditWorker.start(self._settings)
        if worker.context is not context:
            await worker.send(await to_thread.run_sync(context.pack))
            worker.context = context
        return worker

    def _work(self, subject: Subject, folder: Path) -> Work:
        asked = subject.question
        return Work(
            folder=str(folder),
            sequence=asked.sequence,
            on=asked.on,
            framework=asked.framework,
            moment=subject.moment,
            seconds=self._settings.query_seconds,
        )

    def _give_back(self, client: str, worker: AuditWorker | None, *, well: bool) -> None:
        """End a turn; a process that is not well, or has grown, makes room for another one."""
        self._turns.give_back(client)
        if worker is None or (well and not worker.worn):
            return
        worker.kill()
        if self._worker is worker:
            self._worker = None
        task = asyncio.create_task(worker.stop())
        self._chores.add(task)
        task.add_done_callback(self._chores.discard)


class InAThread:
    """A thread for each audit, for a command that asks once: starting a process would take longer than the rules do.

    A thread can't be killed: late, it is left behind, and ends with the command.
    """

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds

    async def evaluate(self, subject: Subject, client: str) -> Audit:  # noqa: ARG002  one who asks waits for nobody
        """Evaluate, and give up when it is late. Raises StratagraphError."""
        loop = asyncio.get_running_loop()
        done: asyncio.Future[Audit] = loop.create_future()
        rules = [BEFORE_THE_FIRST]
        left = threading.Event()

        def watch(rule: Rule) -> None:
            if left.is_set():
                raise NobodyWaits
            rules.append(rule.id)

        def work() -> None:
            try:
                audit = evaluate(
                    subject.store,
                    subject.context.model,
                    subject.context.rules,
                    on=subject.question.on,
                    framework=subject.question.framework,
                    now=subject.moment,
                    watch=watch,
                )
            except Exception as error:  # noqa: BLE001  whatever it is, the caller that waits gets it
                tell(done.set_exception, error)
            else:
                tell(done.set_result, audit)

        def tell(how: Callable[..., None], what: object) -> None:
            if not loop.is_closed():
                loop.call_soon_threadsafe(lambda: None if done.done() else how(what))

        threading.Thread(target=work, name="audit", daemon=True).start()
        try:
            async with asyncio.timeout(self._seconds):
                return await done
        except TimeoutError:
            raise AuditTooLong(seconds=self._seconds, rule=rules[-1]) from None
        finally:
            left.set()

    async def stop(self) -> None:
        """Leave behind what is under way."""

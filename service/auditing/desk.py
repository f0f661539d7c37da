"""Where audits are asked for: one evaluation for all that ask the same at once; waiting takes no thread."""

from __future__ import annotations

import asyncio
import logging
import time
from collections import Counter
from collections.abc import Awaitable, Callable
from contextlib import AbstractContextManager, ExitStack
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Final, Generic, Protocol, TypeVar

from stratagraph.ontology.errors import StratagraphError
from stratagraph.queries.audit.verdicts import Audit
from stratagraph.service.auditing.evaluators import Evaluator, InAProcess, InAThread, Subject
from stratagraph.service.auditing.work import Context
from stratagraph.service.engine.audits import AuditQuestion
from stratagraph.service.engine.engine import Engine
from stratagraph.service.past.past_stores import Past, Pasts
from stratagraph.service.views.snapshots import Snapshot
from stratagraph.service.waiting import in_thread, let_go

if TYPE_CHECKING:
    from stratagraph.ontology.model import OntologyModel
    from stratagraph.queries.store_protocols import TripleStore

log = logging.getLogger(__name__)

BACKGROUND: Final = "the service"
"""Who asks for the audits that nobody waits for."""
AFTER_FAILURE: Final = 60.0
"""Seconds until an audit that nobody waits for is tried again after it failed."""

_T = TypeVar("_T")


class Places(Protocol):
    """Where a store of the past is made: it takes long, and not many at once may."""

    async def run(self, client: str, work: Callable[[], _T]) -> _T:
        """Wait for a place, and do the work there."""


class GraphOfThen(Protocol):
    """A graph as it was known at a moment."""

    @property
    def triples(self) -> TripleStore:
        """What the rules look at."""

    @property
    def model(self) -> OntologyModel:
        """The ontology that it is read by."""

    @property
    def past(self) -> Past | None:
        """The temporary store that it stands in."""

    @property
    def time(self) -> datetime:
        """The moment asked about."""


_G = TypeVar("_G", bound=GraphOfThen)


@dataclass(frozen=True, slots=True)
class _Asked(Generic[_T]):
    """A question with its graph held, or with its answer, and what was read of the same graph on the way."""

    subject: Subject
    known: Audit | None
    read: _T


class AuditDesk:
    """Answers questions for audits, of the present and of the past; lives in one event loop."""

    def __init__(self, engine: Engine, pasts: Pasts, places: Places) -> None:
        """Evaluate in threads until ``start`` says otherwise; stores of the past are made in places."""
        self._engine = engine
        self._pasts = pasts
        self._places = places
        self._contexts: dict[str, Context] = {}
        self._evaluator: Evaluator = InAThread(engine.settings.audit_seconds)
        self._running: dict[AuditQuestion, asyncio.Task[Audit]] = {}
        self._waiting: Counter[asyncio.Task[Audit]] = Counter()
        self._left: set[asyncio.Task[Audit]] = set()
        self._renewal: asyncio.Task[None] | None = None
        self._rests_until = 0.0
        self._lasting = False

    def start(self, *, lasting: bool) -> None:
        """Have audits evaluated in a process from now on, where the service stays long enough for that to pay."""
        seconds = self._engine.settings.audit_seconds
        self._lasting = lasting
        self._evaluator = InAProcess(seconds) if lasting else InAThread(seconds)

    async def stop(self) -> None:
        """End what is under way, and tell all that wait for it."""
        await self._evaluator.stop()
        under_way = [*self._running.values(), *self._left, *filter(None, (self._renewal,))]
        for task in under_way:
            task.cancel()
        await asyncio.gather(*under_way, return_exceptions=True)
        # A task that was ended before it began has cleared nothing up.
        self._renewal = None
        self._running.clear()

    async def present(
        self, client: str, read: Callable[[Snapshot], _T], *, on: date | None = None, framework: str | None = None
    ) -> tuple[Audit, _T]:
        """Return the audit of the newest sequence, and what ``read`` finds in that very snapshot.

        Raises:
            StratagraphError: there is no such framework, or the evaluation failed; or what ``read`` raises.
        """
        asked = await _held(lambda stack: self._of_the_present(stack, read, on, framework), in_thread)
        return await self._answer(asked, client), asked.read

    async def past(
        self,
        client: str,
        enter: Callable[[], AbstractContextManager[_G]],
        *,
        on: date | None = None,
        framework: str | None = None,
    ) -> tuple[Audit, _G]:
        """Return the audit of what was known at a moment, judged as of then, and that graph to tell of.

        Raises:
            StratagraphError: there is no such framework or moment, or the evaluation failed.
        """
        in_place = partial(self._places.run, client)
        asked = await _held(lambda stack: self._of_the_past(stack, enter, on, framework), in_place)
        audit = await self._answer(asked, client)
        # It is judged as it would have been then; that this is done now is no part of it.
        return replace(audit, time=datetime.now(UTC)), asked.read

    def last(self) -> Audit | None:
        """Return the last audit of all frameworks for its day, as long as no verdict of it has run out."""
        return self._engine.audits.last

    def renew(self) -> bool:
        """See to it that the audit of today and the newest sequence is there soon; return whether one is coming.

        Nobody waits for it, so a command that ends soon makes none. It rests as long as it worked: an estate that
        changes all the time must not keep a processor busy with being judged.
        """
        if self._lasting and self._renewal is None and time.monotonic() >= self._rests_until:
            self._renewal = asyncio.get_running_loop().create_task(self._renew())
        return self._renewal is not None

    async def _renew(self) -> None:
        began = time.monotonic()
        try:
            await self.present(BACKGROUND, lambda _: None)
        except StratagraphError as error:
            log.warning("no audit could be made: %s", error)
            self._rests_until = time.monotonic() + AFTER_FAILURE
        else:
            self._rests_until = 2 * time.monotonic() - began
        finally:
            self._renewal = None

    async def _answer(self, asked: _Asked[_T], client: str) -> Audit:
        """Return what is known, else what is being evaluated, else begin to."""
        question = asked.subject.question
        if asked.known is not None:
            await let_go(asked.subject.release)
            return asked.known
        running = self._running.get(question)
        joins = running is not None
        if running is None:
            running = self._running[question] = asyncio.create_task(self._evaluate(asked.subject, client))
            running.add_done_callback(lambda task: self._over(question, task))
        # Counted before anything else is waited for: who joins must not be left by the last of the others.
        self._waiting[running] += 1
        try:
            if joins:
                await let_go(asked.subject.release)
            # Shielded: when one caller leaves, the others go on waiting for the same.
            return await asyncio.shield(running)
        finally:
            self._waiting[running] -= 1
            if not self._waiting[running]:
                del self._waiting[running]
                self._leave(question, running)

    def _leave(self, question: AuditQuestion, running: asyncio.Task[Audit]) -> None:
        """End what the last one who waited for it has left, before anybody joins it."""
        if running.done():
            return
        self._over(question, running)
        self._left.add(running)
        running.add_done_callback(self._left.discard)
        running.cancel()

    async def _evaluate(self, subject: Subject, client: str) -> Audit:
        try:
            audit = await self._evaluator.evaluate(subject, client)
        finally:
            await let_go(subject.release)
        self._engine.audits.keep(subject.question, audit)
        return audit

    def _over(self, question: AuditQuestion, task: asyncio.Task[Audit]) -> None:
        if self._running.get(question) is task:
            del self._running[question]
        if task.done() and not task.cancelled():
            task.exception()  # looked at, though everybody who waited may have left

    # In threads: opening a snapshot takes milliseconds, reading the rules or making a store of the past longer ------

    def _of_the_present(
        self, stack: ExitStack, read: Callable[[Snapshot], _T], on: date | None, framework: str | None
    ) -> _Asked[_T]:
        engine = self._engine
        snapshot = stack.enter_context(engine.reading())
        question = engine.audits.question(snapshot, on=on, framework=framework)
        subject = Subject(
            question=question,
            context=self._context(engine.model),
            store=snapshot.triples,
            folder=lambda: engine.snapshots.checkpoint(snapshot),
            release=stack.close,
            moment=datetime.now(UTC),
        )
        return _Asked(subject, engine.audits.known(question), read(snapshot))

    def _of_the_past(
        self,
        stack: ExitStack,
        enter: Callable[[], AbstractContextManager[_G]],
        on: date | None,
        framework: str | None,
    ) -> _Asked[_G]:
        graph = stack.enter_context(enter())
        past = graph.past
        assert past is not None  # a moment was asked about
        question = AuditQuestion(
            sequence=past.standing.sequence,
            epoch=past.standing.redacted,  # what was erased since must not be told by what is kept
            on=on or graph.time.date(),
            framework=self._engine.audits.framework(framework),
            moment=graph.time,
        )

        def folder() -> Path:
            checkpoint = self._pasts.checkpoint(past.standing.sequence)
            stack.callback(self._pasts.release, checkpoint)
            return checkpoint.path

        subject = Subject(
            question=question,
            context=self._context(graph.model),
            store=graph.triples,
            folder=folder,
            release=stack.close,
            moment=graph.time,
        )
        return _Asked(subject, self._engine.audits.known(question), graph)

    def _context(self, model: OntologyModel) -> Context:
        """Return the one context of an ontology, by which the process knows whether it was told already."""
        if model.hash not in self._contexts:
            present = self._contexts.get(self._engine.model.hash)
            # That of the present, and of the past the last one: an ontology takes some megabytes.
            self._contexts = {self._engine.model.hash: present} if present else {}
            self._contexts[model.hash] = Context(model=model, rules=self._engine.rules)
        return self._contexts[model.hash]


async def _held(
    hold: Callable[[ExitStack], _Asked[_T]], run: Callable[[Callable[[], _Asked[_T]]], Awaitable[_Asked[_T]]]
) -> _Asked[_T]:
    """Hold a graph in a thread; whatever comes in between, nothing stays held."""
    stack = ExitStack()
    try:
        return await run(partial(hold, stack))
    except BaseException:
        # The thread is over, also when who asked has left meanwhile.
        await let_go(stack.close)
        raise

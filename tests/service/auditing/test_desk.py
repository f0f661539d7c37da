"""Audits are evaluated once for all who ask, in a process that can be killed, and what is evaluated holds nobody up."""

from __future__ import annotations

import asyncio
import os
import pickle
import signal
import time
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from stratagraph.ontology.facts import Batch, Method, Scope
from stratagraph.queries.audit.verdicts import Audit
from stratagraph.service.auditing import desk as desks
from stratagraph.service.auditing import evaluators
from stratagraph.service.auditing.desk import AuditDesk
from stratagraph.service.auditing.errors import AuditsBusy, AuditStopped, AuditTooLong
from stratagraph.service.auditing.evaluators import InAProcess, InAThread
from stratagraph.service.engine.engine import Engine
from stratagraph.service.http.graphs import graphs
from stratagraph.service.http.places import Places
from stratagraph.service.past.past_stores import Pasts
from stratagraph.service.settings import Settings
from stratagraph.service.views.snapshots import Snapshot
from stratagraph.service.workers.run import Run
from stratagraph.shapes.packs import load_rules
from tests.opened import Opened
from tests.queries.audit.verdict_cases import LGPD, PERSONAL, facts

ENDLESS = "SELECT ?target ?reason { ?a ?b ?c . ?d ?e ?f . ?g ?h ?i . ?j ?k ?l FILTER(?a != ?a || ?target = ?l) }"


class House:
    """An engine with its desk."""

    def __init__(self, engine: Engine, folder: Path) -> None:
        self.engine = engine
        self.pasts = Pasts(engine.ledger, engine.model, folder / "pasts")
        self.desk = AuditDesk(engine, self.pasts, Places(2))

    def run(self, scene: Callable[[AuditDesk], Awaitable[Any]], *, lasting: bool = True) -> Any:
        async def scenery() -> Any:
            self.desk.start(lasting=lasting)
            try:
                return await asyncio.wait_for(scene(self.desk), 60)
            finally:
                await self.desk.stop()

        return asyncio.run(scenery())

    async def ask(self, client: str = "a", **options: Any) -> Audit:
        return (await self.desk.present(client, lambda _: None, **options))[0]

    def evaluator(self) -> InAProcess:
        assert isinstance(self.desk._evaluator, InAProcess)
        return self.desk._evaluator

    def rules(self, *, endless: bool = False) -> str:
        """Have two rules only, of which the second never ends; return its name."""
        first, second = load_rules()[:2]
        self.engine.__dict__["rules"] = (first, replace(second, applicability=ENDLESS) if endless else second)
        return second.id


async def until(comes: Callable[[], bool]) -> None:
    """Let others work until something has come about."""
    while not comes():  # noqa: ASYNC110  nothing announces it
        await asyncio.sleep(0.01)


@pytest.fixture(name="house")
def _house(tmp_path: Path, opened: Opened) -> Iterator[House]:
    with Engine(Settings(data=opened(tmp_path / "data"), audit_seconds=30)) as engine:
        scope = Scope(name="all", complete=True, stated=tuple(facts(LGPD + PERSONAL)))
        engine.commit(Batch(source="s", run="1", method=Method.DECLARED, scopes=(scope,), observations=()))
        house = House(engine, tmp_path)
        yield house
        house.pasts.close()


def test_the_process_judges_as_this_one_does(house: House) -> None:
    here = house.engine.audit()
    house.engine.audits._kept.clear()

    async def scene(_: AuditDesk) -> Audit:
        return await house.ask()

    there = house.run(scene)
    assert isinstance(there, Audit)
    told = replace(there, time=here.time, good_until=here.good_until)
    assert told == replace(here, allow_empty=told.allow_empty)
    assert house.engine.audits.last is there


def test_all_who_ask_the_same_get_one_evaluation(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    house.rules()
    asked: list[object] = []
    work = InAProcess.evaluate

    async def counted(self: InAProcess, subject: Any, client: str) -> Audit:
        asked.append(subject.question)
        return await work(self, subject, client)

    monkeypatch.setattr(InAProcess, "evaluate", counted)

    async def scene(_: AuditDesk) -> None:
        found = await asyncio.gather(*[house.ask(str(number)) for number in range(20)])
        assert all(audit is found[0] for audit in found)
        assert await house.ask() is found[0]
        assert len(asked) == 1

    house.run(scene)
    with house.engine.reading() as snapshot:
        assert snapshot.pins == 1, "nobody holds it any more"


def test_a_rule_that_never_ends_is_stopped_and_named(house: House) -> None:
    name = house.rules(endless=True)

    async def scene(_: AuditDesk) -> None:
        house.desk._evaluator = InAProcess(8.0)  # in which a process has to start and to judge the first rule
        with pytest.raises(AuditTooLong) as late:
            await house.ask()
        assert late.value.rule == name
        # The next one gets a new process.
        house.rules()
        house.desk._contexts.clear()
        house.evaluator()._settings = replace(house.evaluator()._settings, query_seconds=60.0)
        assert (await house.ask()).verdicts

    house.run(scene)


def test_a_command_gives_up_as_well(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    def slow(*_: Any, watch: Callable[[Any], None], **__: Any) -> None:
        watch(house.engine.rules[1])
        time.sleep(0.3)

    monkeypatch.setattr(evaluators, "evaluate", slow)

    async def scene(_: AuditDesk) -> None:
        house.desk._evaluator = InAThread(0.05)
        with pytest.raises(AuditTooLong) as late:
            await house.ask()
        assert late.value.rule == house.engine.rules[1].id

    house.run(scene, lasting=False)


def test_a_process_that_is_killed_costs_its_audit_alone(house: House) -> None:
    house.rules(endless=True)

    async def scene(_: AuditDesk) -> None:
        asking = asyncio.create_task(house.ask())
        await until(lambda: house.evaluator()._worker is not None)
        worker = house.evaluator()._worker
        assert worker is not None
        os.kill(worker.pid, signal.SIGKILL)
        with pytest.raises(AuditStopped, match="SIGKILL"):
            await asking
        house.rules()
        house.desk._contexts.clear()
        assert (await house.ask()).verdicts

    house.run(scene)
    with house.engine.reading() as snapshot:
        assert snapshot.pins == 1


def test_what_everybody_left_is_ended_and_holds_up_nobody(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    house.rules(endless=True)
    asked: list[object] = []
    begin = Run.begin

    async def counted(self: Any, worker: Any, question: Any, seconds: float) -> None:
        asked.append(question)
        await begin(self, worker, question, seconds)

    monkeypatch.setattr(Run, "begin", counted)

    async def scene(desk: AuditDesk) -> None:
        days = [datetime(2026, 1, day, tzinfo=UTC).date() for day in range(1, 13)]
        leaving = [asyncio.create_task(house.ask(on=day)) for day in days]
        stays = asyncio.create_task(house.ask("b", on=days[0]))
        await until(lambda: len(asked) == 1 and 2 in desk._waiting.values())
        for task in leaving:
            task.cancel()
        await asyncio.gather(*leaving, return_exceptions=True)
        assert list(desk._waiting.values()) == [1], "one still waits"
        assert not stays.done()
        stays.cancel()
        await until(lambda: not desk._running and not desk._left)
        house.rules()
        desk._contexts.clear()
        assert (await house.ask("b")).verdicts
        assert len(asked) == 2, "what nobody waits for is not begun"

    house.run(scene)
    with house.engine.reading() as snapshot:
        assert snapshot.pins == 1, "nobody holds it any more"


def test_too_many_other_questions_are_refused(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    house.rules(endless=True)
    monkeypatch.setattr(evaluators, "QUEUE", 2)

    async def scene(_: AuditDesk) -> None:
        asking = [asyncio.create_task(house.ask(on=datetime(2026, 1, day, tzinfo=UTC).date())) for day in range(1, 6)]
        done, _pending = await asyncio.wait(asking, return_when=asyncio.FIRST_COMPLETED)
        assert isinstance(done.pop().exception(), AuditsBusy)
        await house.desk.stop()
        await asyncio.gather(*asking, return_exceptions=True)

    house.run(scene)


def test_the_past_is_judged_by_the_process_too(house: House) -> None:
    house.rules()
    engine = house.engine
    then = engine.audit()
    scope = Scope(name="all", complete=True, stated=())
    engine.commit(Batch(source="s", run="2", method=Method.DECLARED, scopes=(scope,), observations=()))
    enter = graphs(engine, house.pasts)

    async def scene(desk: AuditDesk) -> None:
        audit, graph = await desk.past("a", lambda: enter(str(then.sequence)))
        assert audit.sequence == then.sequence
        assert [(v.target, v.outcome) for v in audit.verdicts] == [(v.target, v.outcome) for v in then.verdicts]
        assert graph.past is not None
        again, _ = await desk.past("b", lambda: enter(str(then.sequence)))
        assert again.verdicts is audit.verdicts, "what is judged as of then stays judged"

    house.run(scene)
    assert {store.uses for store in house.pasts._stores.values()} == {0}, "nobody holds it any more"


def test_levels_get_an_audit_without_asking_for_one(house: House) -> None:
    house.rules()

    async def scene(desk: AuditDesk) -> None:
        assert desk.last() is None
        assert desk.renew()
        assert desk.renew(), "one at a time"
        await until(lambda: desk._renewal is None)
        last = desk.last()
        assert last is not None
        assert last.sequence == house.engine.sequence
        assert not desk.renew(), "it rests as long as it worked"

    house.run(scene)


def test_an_audit_that_fails_in_the_background_is_not_tried_again_at_once(
    house: House, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    async def fail(*_: Any) -> Audit:
        raise AuditTooLong(seconds=1, rule="x")

    monkeypatch.setattr(InAProcess, "evaluate", fail)

    async def scene(desk: AuditDesk) -> None:
        assert desk.renew()
        await until(lambda: desk._renewal is None)
        assert not desk.renew()

    house.run(scene)
    assert "no audit could be made" in caplog.text
    assert desks.AFTER_FAILURE > 1


def test_the_ontology_travels_whole(house: House) -> None:
    model = pickle.loads(pickle.dumps(house.engine.model))  # noqa: S301  our own
    assert (model.hash, model.modules, model.triples) == (
        house.engine.model.hash,
        house.engine.model.modules,
        house.engine.model.triples,
    )


def test_whoever_is_cancelled_at_any_moment_leaves_no_graph_held(house: House) -> None:
    house.rules()

    async def scene(desk: AuditDesk) -> None:
        await house.ask()  # from here on the answer is known, and the graph given back at once
        loop = asyncio.get_running_loop()
        asking: asyncio.Task[object]

        def cancel_after(turns: int) -> None:
            if turns:
                loop.call_soon(cancel_after, turns - 1)
            else:
                asking.cancel()

        def read(turns: int, _: Snapshot) -> None:
            loop.call_soon_threadsafe(cancel_after, turns)

        for number in range(60):
            turns = number % 15
            asking = asyncio.create_task(desk.present("a", partial(read, turns)))
            await asyncio.wait([asking])
            assert not house.engine.snapshots.reads_before(house.engine.sequence + 1), f"{turns} turns of the loop"

    house.run(scene, lasting=False)

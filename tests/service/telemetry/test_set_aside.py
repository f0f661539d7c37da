"""Telemetry that cannot be told is named and set aside; all the rest goes on, in this process and in the next."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from datetime import datetime
from pathlib import Path
from typing import Any, Final

import pytest
from opentelemetry.proto.trace.v1.trace_pb2 import Span

from stratagraph.loaders.genai.record import CallRecord
from stratagraph.loaders.genai.telling import Telling, tell
from stratagraph.loaders.metrics.contributions import Contribution, Contributions
from stratagraph.loaders.metrics.increments import Increment
from stratagraph.loaders.metrics.points import Series
from stratagraph.loaders.otlp import MediaType
from stratagraph.loaders.prices import NO_PRICES, PriceTable
from stratagraph.loaders.statements import Statements
from stratagraph.ontology.facts import Iri, Observation
from stratagraph.service.ledger.storage import StorageUnavailable
from stratagraph.service.telemetry.aggregator import Aggregator, Pace
from stratagraph.service.telemetry.metrics import Metrics
from stratagraph.service.telemetry.reader import Counts, Reader
from stratagraph.service.telemetry.receiver import Receiver
from stratagraph.service.telemetry.set_aside import SetAside
from stratagraph.service.telemetry.signals import Signal
from stratagraph.service.telemetry.traces import Traces
from tests.core import MODEL
from tests.loaders.metrics.sent import CALL, DELTA, DURATION, TOKENS, histogram, metric, number
from tests.loaders.metrics.sent import request as points_of
from tests.loaders.spans import chat, request, span
from tests.service.telemetry.test_aggregator import Ledger, calls

POISON: Final = (7).to_bytes(16)


class World:
    """One ledger and one spool; ``begin`` starts another process over them."""

    def __init__(self, folder: Path, *, prices: Callable[[], PriceTable] = lambda: NO_PRICES, past: Any = None) -> None:
        self.folder = folder
        self.ledger = Ledger()
        self.prices = prices
        self.past = past or (lambda *_: ())
        self.watched: list[Counts] = []
        self.begin()

    def begin(self) -> None:
        metrics = Metrics(model=MODEL, past=self.past)
        traces = Traces(model=MODEL, prices=self.prices, told=metrics.hear)
        readers: dict[Signal, Reader[Any, Any]] = {Signal.TRACES: traces, Signal.METRICS: metrics}
        self.aggregator = Aggregator(
            readers,
            self.ledger,
            self.folder / "spool",
            limit=1 << 24,
            pace=Pace(),
            watch=lambda _, counts: self.watched.append(counts),
        )
        self.receiver = Receiver(readers=readers, keep=self.aggregator.keep)

    def send(self, *traces: int) -> None:
        for one in traces:
            self.send_span(span(1, chat(model_of(one), input=10, output=5), trace=one.to_bytes(16)))

    def send_span(self, one: Span) -> None:
        self.receiver.receive(Signal.TRACES, request([one]).SerializeToString(), MediaType.PROTOBUF)

    def count(self, *metrics: Any) -> None:
        self.receiver.receive(Signal.METRICS, points_of(*metrics).SerializeToString(), MediaType.PROTOBUF)

    def tick(self) -> None:
        while self.aggregator._tried():
            pass

    @property
    def models(self) -> set[str]:
        return {name for name in calls(self.ledger) if name.startswith("model-")}

    @property
    def aside(self) -> list[SetAside]:
        return [one for counts in self.watched for one in counts.set_aside]


def model_of(trace: int) -> str:
    return f"model-{'abcdefghijklmnopqrstuvwxyz'[trace]}"


@pytest.fixture(name="world")
def _world(tmp_path: Path) -> World:
    return World(tmp_path)


@pytest.fixture(name="untellable")
def _untellable(monkeypatch: pytest.MonkeyPatch) -> None:
    """Make the telling of one trace fail, as a fault in our code would that only its spans meet."""

    def raising(records: Iterable[CallRecord]) -> Telling:
        listed = list(records)
        if any(record.trace == POISON for record in listed):
            raise ZeroDivisionError(listed[0].model)
        return tell(listed)

    monkeypatch.setattr("stratagraph.loaders.genai.story.tell", raising)


@pytest.fixture(name="unstatable")
def _unstatable(monkeypatch: pytest.MonkeyPatch) -> set[str]:
    """Make stating calls of some models fail."""
    known = Statements._model
    poison: set[str] = set()

    def model(self: Statements, record: CallRecord) -> Iri:
        if record.model in poison:
            raise KeyError(record.model)
        return known(self, record)

    monkeypatch.setattr(Statements, "_model", model)
    return poison


@pytest.mark.usefixtures("untellable")
def test_a_trace_that_cannot_be_told_is_named_and_all_others_are_told(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    world.send(1, 7, 2)
    world.tick()
    assert world.models == {model_of(1), model_of(2)}
    (aside,) = world.aside
    assert aside == SetAside(f"trace {POISON.hex()}", "ZeroDivisionError in raising", 1)
    assert model_of(7) not in aside.problem, "what was sent is no part of what is said of it"
    assert sum(counts.dropped for counts in world.watched) == 1
    assert f"trace {POISON.hex()}" in caplog.text
    assert (world.aggregator.backlog.requests, world.aggregator.backlog.incomplete) == (0, 0)


@pytest.mark.usefixtures("untellable")
def test_what_was_set_aside_is_not_tried_again_until_more_of_it_comes(world: World) -> None:
    world.send(7, 1)
    world.tick()
    world.tick()
    world.send(2)
    world.tick()
    assert len(world.aside) == 1
    world.send_span(span(2, chat("model-x", input=1, output=1), trace=POISON))
    world.send(3)
    world.tick()
    assert [one.size for one in world.aside] == [1, 1], "each span is counted once"
    assert world.models == {model_of(1), model_of(2), model_of(3)}


@pytest.mark.usefixtures("untellable")
def test_the_next_process_meets_it_again_and_goes_on(world: World) -> None:
    world.send(1, 7)
    world.tick()
    world.send(2)
    world.begin()
    world.tick()
    world.send(3)
    world.tick()
    assert calls(world.ledger)[model_of(1)] == 1
    assert world.models == {model_of(1), model_of(2), model_of(3)}


def test_traces_with_which_stating_fails_are_found_among_many(world: World, unstatable: set[str]) -> None:
    poison = {3, 4, 11, 19}
    unstatable.update(map(model_of, poison))
    world.send(*range(1, 20))
    world.tick()
    assert world.models == {model_of(one) for one in set(range(1, 20)) - poison}
    assert {one.what for one in world.aside} == {f"trace {one.to_bytes(16).hex()}" for one in poison}
    world.begin()
    world.send(20)
    world.tick()
    assert set(calls(world.ledger).values()) == {1, 16}, "nothing was told twice: 16 calls of the system"


def test_what_fails_whatever_is_told_is_tried_again_and_nothing_is_set_aside(tmp_path: Path) -> None:
    broken = True

    def prices() -> PriceTable:
        if broken:
            raise KeyError("price")
        return NO_PRICES

    world = World(tmp_path, prices=prices)
    world.send(1, 2)
    world.tick()
    assert (world.models, world.aside) == (set(), [])
    broken = False
    world.tick()
    assert (world.models, world.aside) == ({model_of(1), model_of(2)}, [])


def test_trouble_that_passes_sets_nothing_aside(
    world: World, unstatable: set[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    del unstatable
    with monkeypatch.context() as troubled:
        troubled.setattr(Statements, "_model", lambda *_: (_ for _ in ()).throw(OSError(5, "I/O error")))
        world.send(1)
        world.tick()
        assert (world.models, world.aside) == (set(), [])
    world.tick()
    assert (world.models, world.aside) == ({model_of(1)}, [])


def test_a_series_that_adds_up_to_nothing_is_named_and_the_others_count(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    known = Contributions.of

    def of(self: Contributions, increment: Increment[Series], heard: int) -> Iterable[Contribution]:
        if "output" in increment.series.labelled:
            raise TypeError(increment)
        return known(self, increment, heard)

    monkeypatch.setattr(Contributions, "of", of)
    kinds = [number(5, 1, {**CALL, "gen_ai.token.type": kind}) for kind in ("input", "output")]
    world.count(metric(DURATION, histogram([0.5], 1), mode=DELTA), metric(TOKENS, *kinds, unit="{token}", mode=DELTA))
    world.tick()
    (aside,) = world.aside
    assert aside.what == f"metric {TOKENS} of shop"
    assert calls(world.ledger)["gpt-5-mini-2026-01-15"] == 1


def test_points_wait_where_it_cannot_be_read_what_spans_told(tmp_path: Path) -> None:
    down = True

    def past(_: Iri, __: datetime, ___: datetime) -> Iterable[Observation]:
        if down:
            raise StorageUnavailable(problem="the disk is away")
        return ()

    world = World(tmp_path, past=past)
    world.count(metric(DURATION, histogram([0.5], 1), mode=DELTA))
    world.tick()
    assert not calls(world.ledger)
    down = False
    world.tick()
    assert calls(world.ledger)["gpt-5-mini-2026-01-15"] == 1


def test_a_request_waits_where_it_cannot_be_looked_up_what_was_told(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.send(1)
    with monkeypatch.context() as troubled:
        troubled.setattr(Traces, "take", lambda *_: (_ for _ in ()).throw(OSError(5, "I/O error")))
        world.tick()
        assert (world.models, world.aside) == (set(), [])
    world.tick()
    assert world.models == {model_of(1)}


@pytest.mark.parametrize("amount", [9e9 * 1.01, 9e15])
def test_more_money_than_can_be_counted_is_refused_at_the_door(world: World, amount: float) -> None:
    sent = points_of(metric("gen_ai.usage.cost", number(amount, 1), unit="USD", mode=DELTA))
    answer = world.receiver.receive(Signal.METRICS, sent.SerializeToString(), MediaType.PROTOBUF)
    assert "than can have been spent" in str(answer)
    world.count(metric("gen_ai.usage.cost", number(0.5, time.time() % 1 + 1), unit="USD", mode=DELTA))
    world.tick()
    assert world.ledger.batches

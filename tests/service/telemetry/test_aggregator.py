"""Telemetry through the spool: told once, whatever was cut off in the middle, and once nothing more is waited for."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterable
from pathlib import Path
from random import Random
from typing import Any, Final

import pytest
from opentelemetry.proto.trace.v1.trace_pb2 import Span

from stratagraph.loaders.otlp import MediaType
from stratagraph.ontology.facts import Batch
from stratagraph.ontology.namespaces import SG
from stratagraph.service.telemetry.aggregator import Aggregator, Pace
from stratagraph.service.telemetry.reader import Counts, Reader
from stratagraph.service.telemetry.receiver import Receiver
from stratagraph.service.telemetry.signals import Signal
from stratagraph.service.telemetry.traces import Traces
from tests.loaders.spans import agent, chat, request, span, tool
from tests.service.http.test_otlp import MODEL, Refused

SECOND: Final = 10**9


class Ledger:
    """Keeps batches with their marks, all of one or nothing; a commit may fail before it or after it."""

    def __init__(self) -> None:
        self.batches: list[Batch] = []
        self.kept: dict[str, dict[str, bytes]] = {}
        self.before: Exception | None = None
        self.after: Exception | None = None

    def commit(self, batch: Batch) -> object:
        if self.before:
            raise self.before
        known = batch.run in {each.run for each in self.batches}
        if not known:
            self.batches.append(batch)
        self.mark(batch.marks_owner, batch.marks)
        if self.after:
            raise self.after
        return batch.run

    def mark(self, owner: str, marks: Any) -> None:
        kept = self.kept.setdefault(owner, {})
        for name, value in marks.items():
            kept.pop(name, None)
            if value is not None:
                kept[name] = value

    def marks(self, owner: str) -> dict[str, bytes]:
        return dict(self.kept.get(owner, {}))

    @property
    def figures(self) -> Counter[tuple[str, str]]:
        """What all observations add up to, those that took something away among them."""
        found: Counter[tuple[str, str]] = Counter()
        for batch in self.batches:
            for seen in batch.observations:
                found[seen.subject, seen.metric] += seen.count
        return Counter({key: count for key, count in found.items() if count})


class Process:
    """A process life over one spool and one ledger: it is killed where nobody calls ``stop``."""

    def __init__(self, folder: Path, ledger: Ledger, *, lateness: float = 60.0, most: int = 50_000) -> None:
        self.watched: list[Counts] = []
        self.ahead = 0
        readers: dict[Signal, Reader[Any, Any]] = {Signal.TRACES: Traces(model=MODEL)}
        self.aggregator = Aggregator(
            readers,
            ledger,
            folder,
            limit=1 << 24,
            pace=Pace(lateness=lateness, most=most),
            watch=lambda _, counts: self.watched.append(counts),
            clock=lambda: time.time_ns() + self.ahead,
        )
        self.receiver = Receiver(readers=readers, keep=self.aggregator.keep)

    def send(self, *spans: Span) -> None:
        body = request(spans).SerializeToString()
        assert self.receiver.receive(Signal.TRACES, body, MediaType.PROTOBUF).ByteSize() == 0

    def tick(self) -> None:
        """What the thread does once a second."""
        while self.aggregator._tried():
            pass


@pytest.fixture(name="ledger")
def _ledger() -> Ledger:
    return Ledger()


@pytest.fixture(name="start")
def _start(tmp_path: Path, ledger: Ledger) -> Callable[..., Process]:
    return lambda **pace: Process(tmp_path / "spool", ledger, **pace)


def calls(ledger: Ledger) -> dict[str, int]:
    """The calls by the last part of what they are counted on."""
    return {
        subject.rpartition("/")[2]: count for (subject, metric), count in ledger.figures.items() if metric == SG.calls
    }


def whole(number: int) -> list[Span]:
    """An agent that calls a model and a tool, in a trace of its own."""
    trace = number.to_bytes(16)
    return [
        span(1, agent("boss"), trace=trace),
        span(2, chat("gpt-5-mini", input=10, output=5), parent=1, trace=trace),
        span(3, tool("drill"), parent=1, trace=trace),
    ]


def test_a_whole_trace_is_told_at_the_next_tick_and_one_without_its_root_waits(
    start: Callable[..., Process], ledger: Ledger
) -> None:
    process = start()
    process.send(*whole(1))
    process.send(*whole(2)[1:])
    assert process.aggregator.backlog.requests == 2
    process.tick()
    assert len(ledger.batches) == 1
    backlog = process.aggregator.backlog
    assert (backlog.requests, backlog.incomplete) == (0, 2)
    assert backlog.oldest > 0
    process.send(whole(2)[0])
    process.tick()
    assert process.aggregator.backlog.incomplete == 0
    told = ledger.figures
    alone = Ledger()
    other = Process(process.aggregator._folder.parent / "other", alone)
    other.send(*whole(1), *whole(2))
    other.aggregator.flush()
    assert told == alone.figures


def test_what_waits_longer_than_the_lateness_is_told_without_its_parents(
    start: Callable[..., Process], ledger: Ledger
) -> None:
    process = start(lateness=60)
    process.send(*whole(1)[1:])
    process.tick()
    assert not ledger.batches
    process.ahead = 61 * SECOND
    process.tick()
    assert len(ledger.batches) == 1
    process.send(whole(1)[0])
    process.tick()
    assert any(seen.count < 0 for seen in ledger.batches[1].observations), "the late parent corrects"


def test_a_new_process_does_not_tell_again_what_was_told_and_tells_what_was_not(
    start: Callable[..., Process], ledger: Ledger
) -> None:
    killed = start()
    killed.send(*whole(1))
    killed.send(*whole(2)[1:])
    killed.tick()
    killed.send(*whole(3))
    again = start()
    again.tick()
    again.send(whole(2)[0])
    again.send(*whole(1))
    again.tick()
    assert {name: count for name, count in calls(ledger).items() if name.startswith("gpt-5-mini")} == {"gpt-5-mini": 3}
    assert sum(counts.duplicates for counts in again.watched) == 3


def test_a_commit_whose_answer_was_lost_counts_once(start: Callable[..., Process], ledger: Ledger) -> None:
    process = start()
    process.send(*whole(1))
    ledger.after = Refused(chosen=503)
    process.tick()
    process.send(*whole(2))
    process.tick()
    ledger.after = None
    process.tick()
    assert calls(ledger)["gpt-5-mini"] == 2
    killed = start()
    ledger.after = Refused(chosen=503)
    killed.send(*whole(3))
    killed.tick()
    ledger.after = None
    start().tick()
    assert calls(ledger)["gpt-5-mini"] == 3


def test_what_cannot_be_committed_for_now_waits_and_is_said_once(
    start: Callable[..., Process], ledger: Ledger, caplog: pytest.LogCaptureFixture
) -> None:
    process = start()
    ledger.before = Refused(chosen=503)
    for number in (1, 2, 3):
        process.send(*whole(number))
        process.tick()
    assert process.aggregator.backlog.requests == 3
    ledger.before = None
    process.tick()
    assert (calls(ledger)["gpt-5-mini"], process.aggregator.backlog.requests) == (3, 0)
    assert [record.levelname for record in caplog.records] == ["ERROR", "WARNING"]


def test_a_batch_tells_no_more_spans_than_it_may(start: Callable[..., Process], ledger: Ledger) -> None:
    process = start(most=4)
    for number in range(1, 6):
        process.send(*whole(number))
    process.tick()
    assert len(ledger.batches) == 3
    assert calls(ledger)["gpt-5-mini"] == 5


def test_a_request_that_cannot_be_read_holds_up_nobody(
    start: Callable[..., Process], ledger: Ledger, caplog: pytest.LogCaptureFixture
) -> None:
    killed = start()
    killed.aggregator._spool.append(Signal.TRACES, time.time_ns(), b"no telemetry")
    killed.send(*whole(1))
    start().tick()
    assert calls(ledger)["gpt-5-mini"] == 1
    assert "request 8 of traces in the spool" in caplog.text


def test_nothing_stays_on_the_disk_once_nothing_is_needed(start: Callable[..., Process], ledger: Ledger) -> None:
    process = start()
    for number in range(1, 20):
        process.send(*whole(number))
    process.tick()
    assert process.aggregator.backlog.size > 1_000
    process.ahead = 121 * SECOND
    process.tick()
    assert process.aggregator.backlog.size < 100
    assert len(ledger.batches) == 1


@pytest.mark.parametrize("seed", range(40))
def test_cut_shuffled_and_killed_anywhere_it_comes_to_the_same(tmp_path: Path, seed: int) -> None:
    """The figures are those of one request in order, whatever came in which order, and however often it was killed."""
    chance = Random(seed)
    sent = [one for number in range(1, 6) for one in whole(number)]
    expected = Ledger()
    once = Process(tmp_path / "once", expected)
    once.send(*sent)
    once.aggregator.flush()

    ledger = Ledger()
    process = Process(tmp_path / "spool", ledger)
    chance.shuffle(sent)
    parts: Iterable[list[Span]] = [sent[at : at + 3] for at in range(0, len(sent), 3)]
    for part in parts:
        process.send(*part)
        ledger.before = Refused(chosen=503) if chance.random() < 0.3 else None
        ledger.after = Refused(chosen=503) if chance.random() < 0.3 else None
        if chance.random() < 0.6:
            process.tick()
        if chance.random() < 0.4:
            process = Process(tmp_path / "spool", ledger)
        if chance.random() < 0.2:
            process.send(*part)  # whose answer was lost
    ledger.before = ledger.after = None
    process = Process(tmp_path / "spool", ledger)
    process.aggregator.flush()
    assert ledger.figures == expected.figures

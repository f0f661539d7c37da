"""Two services that both believe to own a partition: whatever they do in whatever order, every message is told once."""

from __future__ import annotations

import random
from collections.abc import Callable
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from confluent_kafka import Consumer, Message, TopicPartition
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from stratagraph.service.engine.engine import Engine
from stratagraph.service.ledger.errors import MarksMoved
from stratagraph.service.reception import readers_of
from stratagraph.service.settings import load_settings
from stratagraph.service.telemetry.kafka.partition import Partition, Place, TopicCounts
from stratagraph.service.telemetry.reader import Counts
from stratagraph.service.telemetry.set_aside import SetAside
from stratagraph.service.telemetry.signals import Signal
from stratagraph.service.telemetry.traces import Traces
from tests.kafka import Broker
from tests.opened import Opened
from tests.service.telemetry.kafka.producing import Said, messages, produce, said, sample

pytestmark = pytest.mark.kafka


def written(kafka: Broker, topic: str) -> list[Message]:
    """The messages of a topic of one partition, as its consumers get them."""
    consumer = Consumer({"bootstrap.servers": kafka.address, "group.id": "test", "auto.offset.reset": "earliest"})
    _, behind = consumer.get_watermark_offsets(TopicPartition(topic, 0), timeout=60)
    consumer.assign([TopicPartition(topic, 0, 0)])
    read: list[Message] = []
    while len(read) < behind:
        read += consumer.consume(behind - len(read), 60)
    consumer.close()
    return read


def spans(read: list[Message]) -> list[int]:
    """How many spans each message has."""
    requests = [ExportTraceServiceRequest.FromString(message.value() or b"") for message in read]
    return [
        sum(len(scope.spans) for resource in request.resource_spans for scope in resource.scope_spans)
        for request in requests
    ]


class Owner:
    """A service that believes to own the partition, whatever others believe."""

    def __init__(self, engine: Engine, topic: str, read: list[Message]) -> None:
        self.messages = read
        self.accepted = 0
        self.asides: list[SetAside] = []
        self.partition = Partition(
            Place(group="test", topic=topic, number=0),
            lambda: readers_of(engine)[Signal.TRACES],
            engine,
            lateness=0,
            counts=TopicCounts(),
            watch=self._watch,
        )
        self.begin()

    def _watch(self, _: Signal, counts: Counts) -> None:
        self.accepted += counts.accepted
        self.asides += counts.set_aside

    def begin(self) -> None:
        self.partition.begin(0, len(self.messages))

    def read(self, most: int) -> None:
        for message in self.messages[self.partition.end :][:most]:
            self.partition.take(message)
        if self.partition.end == len(self.messages):
            self.partition.reach_end(self.partition.end)

    def read_to(self, offset: int) -> None:
        self.read(offset - self.partition.end)

    def tell(self) -> bool:
        """Tell; go on from where the other one is, where that was there first."""
        try:
            self.partition.tell()
        except MarksMoved:
            self.begin()
            return False
        return True


def test_who_has_lost_a_partition_can_tell_nothing_of_it_any_more(
    tmp_path: Path, opened: Opened, kafka: Broker, posted: Said
) -> None:
    topic = kafka.topic(1)
    produce(kafka, topic, messages(sample("porklog")))
    read = written(kafka, topic)
    with Engine(load_settings(data=opened(tmp_path))) as engine:
        zombie = Owner(engine, topic, read)
        zombie.read_to(10)
        assert zombie.tell()
        zombie.read_to(15)
        heir = Owner(engine, topic, read)
        assert heir.partition.told == 10
        heir.read_to(17)
        assert heir.tell()
        before = engine.ledger.sequence()
        assert not zombie.tell()
        assert engine.ledger.sequence() == before
        assert zombie.partition.told == 17
        zombie.read_to(len(read))
        assert zombie.tell()
        heir.read_to(20)
        assert not heir.tell()
        assert said(engine.ledger) == posted


@pytest.mark.parametrize("seed", range(3))
def test_two_owners_tell_everything_once_in_any_order(
    tmp_path: Path, opened: Opened, kafka: Broker, posted: Said, seed: int
) -> None:
    pick = random.Random(seed)
    topic = kafka.topic(1)
    produce(kafka, topic, messages(sample("porklog")))
    read = written(kafka, topic)
    with Engine(load_settings(data=opened(tmp_path))) as engine:
        owners = [Owner(engine, topic, read), Owner(engine, topic, read)]
        for _ in range(40):
            owner = pick.choice(owners)
            match pick.choice(("read", "read", "tell", "begin")):
                case "read":
                    owner.read(pick.randint(1, 6))
                case "tell":
                    owner.tell()
                case "begin":
                    owner.begin()
        for owner in (*owners, *owners):
            owner.read(len(read))
            owner.tell()
        assert said(engine.ledger) == posted
        assert engine.ledger.verify().ok


def test_a_topic_that_was_made_anew_is_read_from_its_beginning(
    tmp_path: Path, opened: Opened, kafka: Broker, caplog: pytest.LogCaptureFixture
) -> None:
    topic = kafka.topic(1)
    produce(kafka, topic, messages(sample("porklog")))
    read = written(kafka, topic)
    with Engine(load_settings(data=opened(tmp_path))) as engine:
        first = Owner(engine, topic, read)
        first.read(len(read))
        first.tell()
        anew = Owner(engine, topic, read[:5])
        assert anew.partition.end == 0
        assert "another topic" in caplog.text
        anew.read(5)
        assert anew.tell()
        assert Owner(engine, topic, read[:5]).partition.told == 5


def test_what_kafka_let_go_of_before_it_was_read_is_said_to_be_lost(
    tmp_path: Path, opened: Opened, kafka: Broker, caplog: pytest.LogCaptureFixture
) -> None:
    topic = kafka.topic(1)
    produce(kafka, topic, messages(sample("porklog")))
    read = written(kafka, topic)
    with Engine(load_settings(data=opened(tmp_path))) as engine:
        owner = Owner(engine, topic, read)
        owner.read_to(3)
        owner.tell()
        assert owner.partition.begin(8, len(read)) == 8
        assert "let go" in caplog.text
        owner.read_to(len(read))
        assert owner.tell()
        assert owner.accepted == sum(count for place, count in enumerate(spans(read)) if place < 3 or place >= 8)


@pytest.mark.parametrize("step", ["judge", "take"])
def test_a_message_that_cannot_be_taken_in_is_set_aside_by_name_and_those_behind_it_are_told(
    tmp_path: Path, opened: Opened, kafka: Broker, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    topic = kafka.topic(1)
    produce(kafka, topic, messages(sample("porklog")))
    read = written(kafka, topic)
    failing = _failing_at(3, step)
    monkeypatch.setattr(Traces, step, failing)
    with Engine(load_settings(data=opened(tmp_path))) as engine:
        owner = Owner(engine, topic, read)
        owner.read_to(len(read))
        assert owner.tell()
        assert [aside.what for aside in owner.asides] == [f"message 3 of {topic}/0"]
        assert owner.accepted == sum(spans(read)) - spans(read)[3]
        assert owner.partition.end == len(read)


def test_a_message_that_cannot_be_taken_in_for_now_is_read_again(
    tmp_path: Path, opened: Opened, kafka: Broker, monkeypatch: pytest.MonkeyPatch
) -> None:
    topic = kafka.topic(1)
    produce(kafka, topic, messages(sample("porklog")))
    read = written(kafka, topic)
    with Engine(load_settings(data=opened(tmp_path))) as engine:
        owner = Owner(engine, topic, read)
        with monkeypatch.context() as patched:
            patched.setattr(Traces, "take", _failing_at(3, "take", OSError("no space left")))
            with pytest.raises(OSError, match="no space left"):
                owner.read_to(len(read))
        owner.begin()
        owner.read_to(len(read))
        assert owner.tell()
        assert not owner.asides
        assert owner.partition.told == len(read)


def _failing_at(place: int, step: str, error: Exception | None = None) -> Callable[..., Any]:
    """Return a step of a reader that fails with one message, whichever way it comes."""
    real, turns = getattr(Traces, step), count()

    def failing(reader: Traces, *given: Any) -> Any:
        if next(turns) == place:
            raise error or ZeroDivisionError
        return real(reader, *given)

    return failing

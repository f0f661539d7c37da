"""Telemetry from a real Kafka says what the same telemetry says over HTTP, whoever of a group reads it, and once."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from stratagraph.service.engine.engine import Engine
from stratagraph.service.http.exposition import expose, registry
from stratagraph.service.otlp_kafka import kafka_consumer
from stratagraph.service.reception import Reception
from stratagraph.service.settings import load_settings
from stratagraph.service.telemetry.kafka.configuration import BadKafkaProperty
from stratagraph.service.telemetry.kafka.consumer import KafkaConsumer
from stratagraph.service.telemetry.signals import Signal
from tests.kafka import Broker
from tests.opened import Opened
from tests.service.telemetry.kafka.producing import (
    Keyed,
    Said,
    as_json,
    by_trace,
    messages,
    metrics,
    post,
    produce,
    said,
    sample,
)

pytestmark = pytest.mark.kafka
PATIENCE = 60.0


@contextmanager
def consuming(engine: Engine) -> Iterator[KafkaConsumer]:
    """Let an engine consume for the length of a block; at the end it leaves the group."""
    consumer = kafka_consumer(engine, Reception(engine))
    assert consumer is not None
    consumer.start()
    try:
        yield consumer
    finally:
        consumer.join()


def eventually(holds: Callable[[], bool], what: str) -> None:
    deadline = time.monotonic() + PATIENCE
    while not holds():
        assert time.monotonic() < deadline, what
        time.sleep(0.05)


def all_read(consumer: KafkaConsumer, topic: str, partitions: int = 4) -> bool:
    """Whether one consumer owns every partition, and has committed what is in it."""
    mine = [one for one in consumer.status if one.topic == topic]
    return len(mine) == partitions and all(one.lag == 0 and one.offset == one.told for one in mine)


def opened_engine(folder: Path, opened: Opened, kafka: Broker, topic: str, **more: Any) -> Engine:
    told: dict[str, Any] = {"kafka_brokers": kafka.address, "kafka_traces_topic": topic, "kafka_group": topic}
    return Engine(load_settings(data=opened(folder), telemetry_lateness_seconds=0, **(told | more)))


def test_one_consumer_says_what_posting_says(tmp_path: Path, opened: Opened, kafka: Broker, posted: Said) -> None:
    topic = kafka.topic()
    produce(kafka, topic, messages(sample("porklog")))
    with opened_engine(tmp_path, opened, kafka, topic) as engine, consuming(engine) as consumer:
        eventually(lambda: all_read(consumer, topic), "everything is read")
        assert said(engine.ledger) == posted
        assert engine.ledger.verify().ok


@pytest.mark.shared
def test_metrics_say_what_posting_says(tmp_path: Path, opened: Opened, kafka: Broker) -> None:
    """Of one resource, so in one partition; the topic of traces is not there."""
    topic = kafka.topic()
    produce(kafka, topic, [(b"resource", request.SerializeToString()) for request in metrics()])
    with Engine(load_settings(data=opened(tmp_path / "posted"))) as engine:
        post(engine, metrics(), Signal.METRICS)
        expected = said(engine.ledger)
    assert expected[1]
    more = {"kafka_traces_topic": f"{topic}-spans", "kafka_metrics_topic": topic}
    with opened_engine(tmp_path / "read", opened, kafka, topic, **more) as engine, consuming(engine) as consumer:
        eventually(lambda: all_read(consumer, topic), "everything is read")
        assert said(engine.ledger) == expected


def test_a_message_that_cannot_be_read_is_counted_and_holds_up_nobody(
    tmp_path: Path, opened: Opened, kafka: Broker, posted: Said, caplog: pytest.LogCaptureFixture
) -> None:
    topic = kafka.topic(partitions=1)
    written: list[Keyed] = [(key, as_json(part)) for request in sample("porklog") for key, part in by_trace(request)]
    bad: list[tuple[bytes | None, bytes | None]] = [
        (b"k", b"no telemetry"),
        (b"k", None),
        (b"k", b'{"resourceSpans": 1}'),
    ]
    produce(kafka, topic, [bad[0], *written[:9], *bad[1:], *written[9:], bad[0]], **{"compression.type": "zstd"})
    with opened_engine(tmp_path, opened, kafka, topic) as engine, consuming(engine) as consumer:
        eventually(lambda: all_read(consumer, topic, 1), "everything is read")
        assert said(engine.ledger) == posted
        told = next(one for one in engine.tally.consumed() if one.topic == topic)
        assert (told.topic, told.signal, told.messages, told.malformed) == (topic, "traces", len(written) + 4, 4)
        text = expose(registry(engine, Reception(engine)), "text/plain").body.decode()
        assert f'stratagraph_kafka_messages_total{{outcome="malformed",topic="{topic}"}} 4.0' in text
        assert f'stratagraph_kafka_lag_messages{{topic="{topic}"}} 0.0' in text
    places = [record.args for record in caplog.records if "left out" in record.message]
    assert [told[1] for told in places if isinstance(told, tuple)] == [0, 10, 11, len(written) + 3]


@pytest.mark.parametrize("properties", [{"group.id": "x"}, {"no.such.property": "1"}, {"session.timeout.ms": "long"}])
def test_properties_that_cannot_be_used_are_refused_at_the_start(
    tmp_path: Path, opened: Opened, properties: dict[str, str]
) -> None:
    settings = load_settings(data=opened(tmp_path), kafka_brokers="127.0.0.1:1", kafka_properties=properties)
    with Engine(settings) as engine, pytest.raises(BadKafkaProperty, match=next(iter(properties))):
        kafka_consumer(engine, Reception(engine))

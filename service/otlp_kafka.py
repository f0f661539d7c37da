"""Telemetry from Kafka beside what comes over HTTP and gRPC: into the same engine, by readers of its own."""

from __future__ import annotations

from importlib.util import find_spec
from typing import TYPE_CHECKING

from stratagraph.service.engine.engine import Engine
from stratagraph.service.engine.tally import ConsumedTopic, OwnedPartition
from stratagraph.service.reception import Reception, readers_of
from stratagraph.service.telemetry.kafka.configuration import KafkaClientMissing, KafkaConfiguration
from stratagraph.service.telemetry.signals import Signal
from stratagraph.service.telemetry.traces import NANOSECONDS

if TYPE_CHECKING:
    from stratagraph.service.telemetry.kafka.consumer import KafkaConsumer


def kafka_consumer(engine: Engine, reception: Reception) -> KafkaConsumer | None:
    """Return what consumes telemetry for an engine; None where no brokers are named.

    Raises:
        KafkaClientMissing, BadKafkaProperty: saying what to do.
    """
    settings = engine.settings
    if settings.kafka_brokers is None:
        return None
    if find_spec("confluent_kafka") is None:
        raise KafkaClientMissing
    from stratagraph.service.telemetry.kafka.consumer import KafkaConsumer

    configuration = KafkaConfiguration(
        brokers=settings.kafka_brokers,
        group=settings.kafka_group,
        # An event says more of a span, and the reader of a partition knows no spans but those of that partition.
        topics={topic: Signal(of) for topic, of in settings.kafka_topics.items() if of != Signal.LOGS},
        every=settings.telemetry_commit_seconds,
        most=settings.telemetry_commit_spans,
        lateness=int(settings.telemetry_lateness_seconds * NANOSECONDS),
        properties=settings.kafka_properties,
        most_bytes=settings.request_mib << 20,
    )
    consumer = KafkaConsumer(configuration, lambda signal: readers_of(engine)[signal], engine, reception.watch)
    engine.tally.consumed = lambda: _consumed(consumer)
    return consumer


def _consumed(consumer: KafkaConsumer) -> tuple[ConsumedTopic, ...]:
    """Return the topics as they are counted."""
    owned: dict[str, list[OwnedPartition]] = {topic: [] for topic in consumer.topics}
    for one in consumer.status:
        owned[one.topic].append(
            OwnedPartition(partition=one.partition, offset=one.offset, committed=one.told, lag=one.lag)
        )
    return tuple(
        ConsumedTopic(
            topic=topic,
            signal=consumer.signals[topic],
            partitions=tuple(sorted(owned[topic], key=lambda each: each.partition)),
            messages=counts.messages,
            malformed=counts.malformed,
            unkeyed=counts.unkeyed,
        )
        for topic, counts in sorted(consumer.topics.items())
    )

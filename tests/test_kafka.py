"""The broker that the tests run on: what one writes, however compressed, another reads."""

from __future__ import annotations

import pytest
from confluent_kafka import Consumer, Producer

from tests.kafka import Broker


@pytest.mark.kafka
def test_a_group_reads_what_producers_of_every_compression_write(kafka: Broker) -> None:
    topic = kafka.topic(partitions=2)
    written = set()
    for compression in ("none", "gzip", "snappy", "lz4", "zstd"):
        producer = Producer({"bootstrap.servers": kafka.address, "compression.type": compression})
        for number in range(20):
            text = f"{compression} {number} ".encode() * 50
            written.add(text)
            producer.produce(topic, text, key=str(number).encode())
        assert producer.flush(60) == 0
    told = {"bootstrap.servers": kafka.address, "group.id": topic, "auto.offset.reset": "earliest"}
    consumer = Consumer(told)
    consumer.subscribe([topic])
    read: set[bytes | None] = set()
    while read != written:
        for message in consumer.consume(100, 60):
            assert message.error() is None
            read.add(message.value())
    consumer.close()

"""What a consumer is told: where the brokers are, and whatever else its library can be told."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from stratagraph.ontology.errors import StratagraphError
from stratagraph.service.telemetry.signals import Signal

OURS: Final = frozenset(
    {
        "bootstrap.servers",
        "metadata.broker.list",
        "group.id",
        "enable.auto.commit",  # the ledger says what was read, and Kafka is only told
        "auto.commit.enable",
        "enable.auto.offset.store",
        "enable.partition.eof",  # it must be known when all was read
        "auto.offset.reset",  # a new group begins with the oldest message
        "partition.assignment.strategy",  # a partition that stays where it is must not be read again
        "group.protocol",
        "isolation.level",  # what a transaction took back must not be counted
    }
)
"""Properties that are none of the user's."""


class KafkaClientMissing(StratagraphError, slug="kafka-client-missing", status=503):
    """The library that talks to Kafka is not installed."""

    text = (
        "Telemetry from Kafka needs the package confluent-kafka, which is not installed. "
        "Install the extra: pip install 'stratagraph[kafka]'."
    )


class BadKafkaProperty(StratagraphError, slug="bad-kafka-property", status=400):
    """A property that the library does not take, or that is not to be set."""

    text = "The properties for Kafka can't be used: {reason}. Correct kafka_properties, or take that one out."

    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class KafkaConfiguration:
    """Which topics to read, where, as whom; ``properties`` are librdkafka's own, for TLS, SASL and the like.

    What was read is committed ``every`` so many seconds, or when ``most`` spans wait; a span waits for its parent for
    ``lateness`` nanoseconds.
    """

    brokers: str
    group: str
    topics: Mapping[str, Signal]
    lateness: int
    every: float = 1.0
    most: int = 50_000
    properties: Mapping[str, str] = field(default_factory=dict, repr=False)
    most_bytes: int = 64 << 20

    def said(self) -> dict[str, str | int | bool]:
        """Return it as the library takes it.

        Raises:
            BadKafkaProperty: a property is none of the user's.
        """
        for name in self.properties:
            if name in OURS:
                raise BadKafkaProperty(reason=f"the service itself sets {name!r}")
        return {
            "client.id": "stratagraph",
            "fetch.message.max.bytes": self.most_bytes,
            "log_level": 2,  # what concerns connections is told by errors that come to us
            **self.properties,
            "bootstrap.servers": self.brokers,
            "group.id": self.group,
            "enable.auto.commit": False,
            "enable.auto.offset.store": False,
            "enable.partition.eof": True,
            "auto.offset.reset": "earliest",
            "partition.assignment.strategy": "cooperative-sticky",
            "isolation.level": "read_committed",
        }

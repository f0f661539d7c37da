"""Reads telemetry from Kafka as one of a group: partitions come and go, and each is told exactly once."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from typing import Any, Final

from confluent_kafka import Consumer, KafkaError, KafkaException, Message, TopicPartition

from stratagraph.ontology.errors import StratagraphError
from stratagraph.service.ledger.errors import MarksMoved
from stratagraph.service.telemetry.kafka.configuration import BadKafkaProperty, KafkaConfiguration
from stratagraph.service.telemetry.kafka.partition import Books, Partition, Place, TopicCounts
from stratagraph.service.telemetry.reader import Counts, Reader
from stratagraph.service.telemetry.signals import Signal

log = logging.getLogger(__name__)

PAUSE: Final = 1.0
"""Seconds before something that failed is tried again."""
_WAIT: Final = 0.1
_ASK_SECONDS: Final = 10.0
"""How long a broker may take to say where a partition begins and ends."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PartitionStatus:
    """How far a partition is that this service owns: read to ``offset``, the ledger knows of what is before ``told``.

    ``lag`` is how many messages, at most, are still to be read.
    """

    topic: str
    partition: int
    offset: int
    told: int
    lag: int


class KafkaConsumer:
    """Consumes the topics of telemetry in a thread of its own, from ``start`` until ``stop``.

    ``readers`` makes the reader of a signal, one for each partition. ``watch`` sees what became of what was read.
    """

    def __init__(
        self,
        configuration: KafkaConfiguration,
        readers: Callable[[Signal], Reader[Any, Any]],
        books: Books,
        watch: Callable[[Signal, Counts], None],
    ) -> None:
        """Check the configuration; nobody is talked to before ``start``.

        Raises:
            BadKafkaProperty: the library does not take a property.
        """
        self._configuration = configuration
        self._readers = readers
        self._books = books
        self._watch = watch
        self._ending = threading.Event()
        self._thread = threading.Thread(target=self._run, name="kafka", daemon=True)
        self._partitions: dict[tuple[str, int], Partition] = {}
        self._status: tuple[PartitionStatus, ...] = ()
        self.signals = configuration.topics
        self.topics = {topic: TopicCounts() for topic in configuration.topics}
        self._trouble = ""
        self._made().close()

    def start(self) -> None:
        """Begin; returns at once."""
        self._thread.start()

    def stop(self) -> None:
        """Ask it to end: what can be told is committed, and the partitions go to the others of the group."""
        self._ending.set()

    def join(self) -> None:
        """Wait until it has ended."""
        self.stop()
        if self._thread.ident is not None:
            self._thread.join()

    @property
    def status(self) -> tuple[PartitionStatus, ...]:
        """The partitions that this service owns, as they were a second ago."""
        return self._status

    def _made(self) -> Consumer:
        said = self._configuration.said()
        try:
            return Consumer({**said, "error_cb": self._hear}, logger=log)
        except KafkaException as error:
            raise BadKafkaProperty(reason=error.args[0].str()) from None

    def _run(self) -> None:
        while not self._ending.is_set():
            try:
                self._serve(self._made())
            except (StratagraphError, KafkaException) as error:
                log.warning("reading from Kafka begins anew: %s", error)
            except Exception:
                log.exception("reading from Kafka begins anew")
            self._ending.wait(PAUSE)

    def _serve(self, consumer: Consumer) -> None:
        """Read as a member of the group, until told to end or something fails that only a new membership mends."""
        try:
            consumer.subscribe(
                list(self._configuration.topics), on_assign=self._get, on_revoke=self._give_back, on_lost=self._lose
            )
            due = time.monotonic() + self._configuration.every
            while not self._ending.is_set():
                self._read(consumer, due)
                self._tell(consumer)
                due = time.monotonic() + self._configuration.every
        finally:
            # Gives back what it owns, which is told then.
            consumer.close()
            self._partitions.clear()
            self._status = ()

    def _read(self, consumer: Consumer, due: float) -> None:
        """Take what there is, until what was taken is due to be told."""
        taken = 0
        while (left := due - time.monotonic()) > 0 and taken < self._configuration.most and not self._ending.is_set():
            # One by one: so none is at hand of a partition that was given back while others were waited for.
            message = consumer.poll(min(left, _WAIT))
            if message is not None:
                taken += self._take(message)

    def _take(self, message: Message) -> int:
        """Hand a message to its partition; return how many spans it had."""
        topic, number, error = message.topic(), message.partition(), message.error()
        partition = self._partitions.get((topic or "", -1 if number is None else number))
        if error is not None:
            offset = message.offset()
            if error.code() == KafkaError._PARTITION_EOF:  # noqa: SLF001  the library has no other name for it
                if partition is not None and offset is not None:
                    partition.reach_end(offset)
            else:
                self._hear(error)
        elif partition is not None:
            self._trouble = ""
            return partition.take(message)
        return 0

    def _tell(self, consumer: Consumer) -> None:
        """Commit what each partition can tell, and let Kafka know for whoever watches the group's lag."""
        moved = []
        for partition in list(self._partitions.values()):
            place = TopicPartition(partition.place.topic, partition.place.number)
            try:
                waited = partition.waiting
                if partition.tell():
                    moved.append(TopicPartition(place.topic, place.partition, partition.end))
                if waited:
                    consumer.resume([place])
            except MarksMoved as error:
                log.warning("%s", error)
                place.offset = partition.begin(*self._ends(consumer, place))
                consumer.seek(place)
            except StratagraphError as error:
                log.warning("telemetry from Kafka waits: %s", error)
                consumer.pause([place])
        if moved:
            with suppress(KafkaException):
                consumer.commit(offsets=moved, asynchronous=True)
        self._status = tuple(self._status_of(consumer, partition) for partition in self._partitions.values())

    def _get(self, consumer: Consumer, given: list[TopicPartition]) -> None:
        """Take over partitions, each where the ledger says that the one before got to."""
        for place in given:
            signal = self._configuration.topics[place.topic]
            known = consumer.list_topics(place.topic, timeout=_ASK_SECONDS).topics[place.topic]
            self.topics[place.topic].partitions = len(known.partitions or ())
            partition = Partition(
                Place(group=self._configuration.group, topic=place.topic, number=place.partition),
                partial(self._readers, signal),
                self._books,
                lateness=self._configuration.lateness,
                counts=self.topics[place.topic],
                watch=self._watch,
            )
            place.offset = partition.begin(*self._ends(consumer, place))
            self._partitions[place.topic, place.partition] = partition
        consumer.incremental_assign(given)

    def _give_back(self, consumer: Consumer, taken: list[TopicPartition]) -> None:
        """Tell what can be told of partitions that go to others; they read the rest again."""
        for place in taken:
            partition = self._partitions.pop((place.topic, place.partition), None)
            if partition is not None:
                with suppress(StratagraphError):
                    partition.tell()
        consumer.incremental_unassign(taken)

    def _lose(self, consumer: Consumer, taken: list[TopicPartition]) -> None:
        """Forget partitions that others may own already."""
        for place in taken:
            self._partitions.pop((place.topic, place.partition), None)
        consumer.incremental_unassign(taken)

    def _ends(self, consumer: Consumer, place: TopicPartition) -> tuple[int, int]:
        """Return the offset of a partition's first message, and the one behind its last."""
        ends = consumer.get_watermark_offsets(place, timeout=_ASK_SECONDS)
        if ends is None:
            raise KafkaException(KafkaError(KafkaError._TIMED_OUT))  # noqa: SLF001  as above
        return ends

    def _status_of(self, consumer: Consumer, partition: Partition) -> PartitionStatus:
        place = partition.place
        ends = consumer.get_watermark_offsets(TopicPartition(place.topic, place.number), cached=True)
        # What the library remembers is not right before it has fetched something.
        partition.behind = max(partition.behind, ends[1] if ends is not None else 0)
        return PartitionStatus(
            topic=place.topic,
            partition=place.number,
            offset=partition.end,
            told=partition.told,
            lag=max(0, partition.behind - partition.end),
        )

    def _hear(self, error: KafkaError) -> None:
        """Say what troubles the library, once until it goes on; only what it cannot mend itself ends the membership."""
        if error.fatal():
            raise KafkaException(error)
        text = error.str()
        if text != self._trouble:
            log.warning("Kafka: %s", text)
            self._trouble = text

"""One partition of a topic on its way into the ledger: its messages in order, each told exactly once.

Messages of one trace are in one partition, so nothing that is told depends on another one. The state of a reader goes
with the partition: what a service loses when it dies is read again by the next owner, from the offset that the reader's
marks name, and what was told before is not told again. The marks are written in the transaction of the batch.

**Fencing.** Kafka may give a partition to another service while this one still commits, for it was slow or cut off.
Each commit says which mark it goes on from, and the ledger refuses it where another stands there. Whoever is refused
begins anew from the marks; so nothing is told twice, whatever Kafka believes of who owns what.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final, Protocol
from uuid import uuid4

from confluent_kafka import TIMESTAMP_NOT_AVAILABLE, Message

from stratagraph.loaders.otlp_traces import SILENCE
from stratagraph.ontology.errors import StratagraphError
from stratagraph.ontology.facts import Batch, Method
from stratagraph.service.telemetry.kafka.payload import request_in
from stratagraph.service.telemetry.kafka.progress import MARK, Progress
from stratagraph.service.telemetry.reader import Counts, Reader, Settled
from stratagraph.service.telemetry.refusals import commit_acceptable, says_nothing
from stratagraph.service.telemetry.set_aside import is_passing, named
from stratagraph.service.telemetry.signals import Signal

log = logging.getLogger(__name__)

SECOND: Final = 10**9
"""In nanoseconds, as telemetry counts."""
AHEAD: Final = 5 * SECOND
"""A message whose time is further ahead of our clock was heard when it was read."""
_KEYED: Final = {
    Signal.TRACES: "partition_traces_by_id: true",
    Signal.METRICS: "partition_metrics_by_resource_attributes: true",
}
"""What the Collector's exporter is told to write keys."""


class Books(Protocol):
    """What keeps batches and marks: a ledger, by whatever leads to it."""

    def commit(self, batch: Batch) -> object:
        """Return once a batch is durable. Raises MarksMoved."""
        ...

    def mark(
        self, owner: str, marks: Mapping[str, bytes | None], expected: Mapping[str, bytes | None] | None = None
    ) -> None:
        """Keep marks that belong to no batch. Raises MarksMoved."""
        ...

    def marks(self, owner: str) -> dict[str, bytes]:
        """Return an owner's marks."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """A partition of a topic, as a group reads it."""

    group: str
    topic: str
    number: int

    @property
    def owner(self) -> str:
        """Whose marks say how far the group has come with it."""
        return f"kafka/{self.group}/{self.topic}/{self.number}"

    def __str__(self) -> str:
        """Return it as it stands in a log."""
        return f"{self.topic}/{self.number}"


@dataclass(slots=True)
class TopicCounts:
    """What was wrong with the messages of a topic since the start, in whatever partitions this service owned.

    ``unkeyed`` counts messages without a key in a topic of several ``partitions``: what belongs together may lie in
    different ones.
    """

    partitions: int = 1
    messages: int = 0
    malformed: int = 0
    unkeyed: int = 0


@dataclass(frozen=True, slots=True)
class _Told:
    """What was settled and is to be committed, as often as it takes."""

    settled: Settled
    progress: bytes
    run: str


class Partition:
    """What a service holds of a partition while it owns it; called from one thread."""

    def __init__(
        self,
        place: Place,
        reader: Callable[[], Reader[Any, Any]],
        books: Books,
        *,
        lateness: int,
        counts: TopicCounts,
        watch: Callable[[Signal, Counts], None],
    ) -> None:
        """Make a reader anew each time that it begins; what is late by ``lateness`` nanoseconds is not waited for."""
        self.place = place
        self.end = self.behind = 0
        self._counts = counts
        self._make = reader
        self._books = books
        self._lateness = lateness
        self._watch = watch

    def begin(self, first: int, behind: int) -> int:
        """Begin where the marks are; return the offset of the first message to be read.

        Kafka has the messages from ``first`` on, up to the one before ``behind``.
        """
        marks = self._books.marks(self.place.owner)
        self._standing = marks.pop(MARK, None)
        self._progress = Progress() if self._standing is None else Progress.read(self._standing)
        self._gone: dict[str, bytes | None] = {}
        if self._progress.end > behind:
            log.warning("%s ends at %d and was read to %d: it is another topic", self.place, behind, self._progress.end)
            self._progress = Progress(turn=self._progress.turn)
            self._gone, marks = dict.fromkeys(marks), {}
        self._reader = self._make()
        self._reader.restore(marks)
        self._told: _Told | None = None
        self._again = self._progress.end
        self._heard = dict(self._progress.heard)
        self._clock = 0
        self._at_end = False
        self.end = max(self._reader.held, self._progress.held)
        if self.end < first and self._standing is not None:
            log.warning("%s was read to %d and begins at %d: Kafka let go of the rest", self.place, self.end, first)
        self.end, self.behind = max(self.end, first), behind
        return self.end

    @property
    def signal(self) -> Signal:
        """What its messages tell of."""
        return self._reader.signal

    @property
    def told(self) -> int:
        """The offset up to which the ledger has what was read, or the marks to read it again."""
        return self._progress.end if self._told is None else self._again

    @property
    def waiting(self) -> bool:
        """Whether something is settled and could not be committed yet: then nothing more is to be taken."""
        return self._told is not None

    def reach_end(self, offset: int) -> None:
        """Learn that all that is in Kafka was read."""
        self._at_end = True
        self.end = max(self.end, offset)

    def take(self, message: Message) -> int:
        """Take in the next message; return how many spans, points or records it had.

        One that cannot be read is counted, and said where it stands; one that cannot be taken in is set aside by name.

        Raises:
            StratagraphError, OSError, MemoryError: it cannot be taken in now, but may be when it is read again.
        """
        offset = message.offset()
        assert offset is not None
        if offset < self.end:
            return 0  # it was on its way when the partition began anew
        again = offset < self._again
        self._at_end = False
        self.end = offset + 1
        heard = self._heard_at(message, offset)
        self._clock = max(self._clock, heard)
        try:
            request = request_in(message.value(), self._reader.request)
        except Exception as error:  # noqa: BLE001  a message that nobody can read must not hold up those behind it
            self._skip(offset, error, again=again)
            return 0
        try:
            judged = self._reader.judge(request, heard)
            if judged.found is not None:
                self._reader.take(judged.found, heard, offset, offset + 1)
        except Exception as error:
            if is_passing(error):
                raise  # the membership begins anew, and with it this message
            self._set_aside(offset, error, again=again)
            return 0
        if not again:
            self._counts.messages += 1
            self._watch(self.signal, judged.counts)
            if message.key() is None and self._counts.partitions > 1:
                self._say_unkeyed()
        return judged.counts.accepted

    def tell(self) -> bool:
        """Commit what can be told by now; return whether anything moved. It may be called again after any failure.

        Raises:
            MarksMoved: another service has gone on with the partition; ``begin`` reads how far it is.
            StratagraphError: it cannot be committed now.
        """
        if self._told is None:
            self._told = self._settled()
        if self._told is None:
            return False
        self._commit(self._told)
        self._told.settled.confirm()
        self._watch(self.signal, self._told.settled.counts)
        self._standing, self._told, self._gone = self._told.progress, None, {}
        return True

    def _heard_at(self, message: Message, offset: int) -> int:
        """Return when a message was heard: the same each time that it is read."""
        if (known := self._heard.get(offset)) is not None:
            return known
        kind, milliseconds = message.timestamp()
        heard = milliseconds * 1_000_000
        now = time.time_ns()
        if kind == TIMESTAMP_NOT_AVAILABLE or heard > now + AHEAD:
            heard = self._heard[offset] = now
        return heard

    def _skip(self, offset: int, error: Exception, *, again: bool) -> None:
        if again:
            return
        self._counts.messages += 1
        self._counts.malformed += 1
        expected = isinstance(error, StratagraphError)
        log.warning(
            "a message in Kafka is left out: %s, offset %d: %s", self.place, offset, error, exc_info=not expected
        )

    def _set_aside(self, offset: int, error: Exception, *, again: bool) -> None:
        if again:
            return
        self._counts.messages += 1
        aside = named(f"message {offset} of {self.place}", 1, error)
        self._watch(self.signal, Counts(dropped=1, set_aside=(aside,)))

    def _say_unkeyed(self) -> None:
        """Count a message that might lie in any partition; say so of the first, unless its signal does not mind."""
        if not self._counts.unkeyed and self.signal is not Signal.LOGS:
            log.warning(
                "topic %s has %d partitions and messages without a key: what belongs together is not told together. "
                "Let the exporter write %s.",
                self.place.topic,
                self._counts.partitions,
                _KEYED[self.signal],
            )
        self._counts.unkeyed += 1

    def _settled(self) -> _Told | None:
        """Return what is to be committed; None where nothing moved."""
        if self.end < self._again and not self._at_end:
            return None  # the reader does not hold yet what it held when the marks were written
        # While there is more to be read, time is what the messages say: a parent that lies behind is not late.
        now = time.time_ns() if self._at_end else self._clock
        settled = self._reader.settle(now, now - self._lateness)
        if self.end == self._progress.end and not (settled.observations or settled.marks or _stated(settled)):
            settled.confirm()
            return None
        held = self._reader.held
        self._heard = {offset: heard for offset, heard in self._heard.items() if offset >= held}
        self._progress = Progress(end=self.end, held=held, turn=self._progress.turn + 1, heard=self._heard)
        return _Told(settled, self._progress.written(), f"{self.place} {self.end} {uuid4().hex}")

    def _commit(self, told: _Told) -> None:
        marks = {**self._gone, **told.settled.marks, MARK: told.progress}
        expected = {MARK: self._standing}
        batch = Batch(
            source=told.settled.source,
            run=told.run,
            method=Method.OBSERVED,
            scopes=told.settled.scopes,
            observations=told.settled.observations,
            silence=SILENCE,
            marks=marks,
            marks_owner=self.place.owner,
            marks_expected=expected,
        )
        if not says_nothing(batch):
            # For good: the same would be refused at each try, and nothing behind it would be told.
            outcome = commit_acceptable(batch, self._books.commit)
            dropped = outcome.left_out if outcome.kept else told.settled.told
            if dropped:
                self._watch(self.signal, Counts(dropped=dropped))
            if outcome.kept:
                return
        self._books.mark(self.place.owner, marks, expected)


def _stated(settled: Settled) -> bool:
    return any(scope.stated or scope.withdrawn for scope in settled.scopes)

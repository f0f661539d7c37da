"""What a signal must offer to be received: judged at the door, taken in order at the drain, settled into a batch.

A request passes a reader twice. **At the door**, in the thread of the request and beside others, ``judge`` says what
is wrong with it and takes out what must not be kept; what it leaves goes into the spool, and the sender is answered.
**At the drain**, in the one thread of the aggregator, ``take`` gets what was found in each request in the order of the
spool, and ``settle`` says about once a second what can be told by now.

**Nothing counts twice.** What ``settle`` returns is committed in one transaction with its ``marks``; then ``confirm``
is called, and only then. Where the commit fails for now, the very same ``Settled`` is committed again, and nothing is
taken or settled in between. What was committed and not confirmed, for the process was killed, is in the marks.

**Recovery.** A new process calls ``restore`` once, with the marks that were written last. ``held`` is then the first
position that the reader wants to see again; every entry of its signal from there on comes through ``judge``, with the
time at which it was heard then, and ``take``, before the first ``settle``. The reader must come to hold what it held
when the marks were written, and what came later is told as if there had been no interruption. So judging is pure: the
same message, heard at the same time, is judged alike.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Generic, NamedTuple, Protocol, TypeVar

from google.protobuf.message import Message

from stratagraph.ontology.facts import Observation, Scope
from stratagraph.ontology.observations import SPANS
from stratagraph.ontology.sentences import SOURCE
from stratagraph.service.telemetry.set_aside import SetAside
from stratagraph.service.telemetry.signals import Signal

RequestT = TypeVar("RequestT", bound=Message)
FoundT = TypeVar("FoundT")


@dataclass(frozen=True, slots=True, kw_only=True)
class Counts:
    """What became of what came in: spans, data points or log records.

    ``duplicates`` and ``moved_back`` are among the accepted. ``overflow`` counts names beyond what one batch may add,
    ``unmapped`` attributes that the alias table lacks, by name. ``dropped`` was acknowledged, and the ledger's gate
    refused it for good, or it is ``set_aside``, for it could not be told.
    """

    accepted: int = 0
    rejected: int = 0
    duplicates: int = 0
    moved_back: int = 0
    overflow: int = 0
    dropped: int = 0
    unmapped: Mapping[str, int] = field(default_factory=dict)
    set_aside: tuple[SetAside, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged(Generic[FoundT]):
    """What a reader found in a request: the answer to its sender, and what is to be taken at the drain.

    ``found`` is None where there is nothing to keep: then nothing is spooled.
    """

    answer: Message
    found: FoundT | None
    counts: Counts = Counts()


class Entry(NamedTuple):
    """A request that was acknowledged, as it stands in the spool.

    ``position`` counts the bytes before it and never comes again; ``end`` is where the next one stands. ``heard`` is
    when it came, in nanoseconds since 1970. ``payload`` is the request as plain protobuf, empty where ``judged``, what
    was found in it, is in memory still.
    """

    position: int
    end: int
    signal: Signal
    heard: int
    payload: bytes
    judged: Judged[Any] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiting:
    """What a reader took and could not tell yet: how much, and since when, in nanoseconds since 1970."""

    count: int = 0
    since: int | None = None


def _nothing() -> None:
    """Have nothing to confirm."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Settled:
    """What a reader can tell by now: the part of a batch, and what a later process must know to go on from there.

    ``source`` is who says it in the ledger. ``marks`` are written in the transaction of the batch, or alone where there
    is nothing to commit: None deletes one, and a name that is not among them keeps its value. All readers share the
    names, so they begin with the signal.
    ``confirm`` is called once that is durable, or refused for good. ``told`` is how many things it tells, for the count
    of what is dropped where it is refused.
    """

    source: str = SPANS
    scopes: tuple[Scope, ...] = ()
    observations: tuple[Observation, ...] = ()
    marks: Mapping[str, bytes | None] = field(default_factory=dict)
    confirm: Callable[[], None] = _nothing
    told: int = 0
    counts: Counts = Counts()


class Reader(Protocol[RequestT, FoundT]):
    """Reads one signal. ``judge`` is called from any thread, everything else from one."""

    @property
    def signal(self) -> Signal:
        """The signal that it reads."""
        ...

    @property
    def request(self) -> type[RequestT]:
        """The protocol's request message."""
        ...

    def judge(self, message: RequestT, heard: int, language: str = SOURCE) -> Judged[FoundT]:
        """Say what is wrong with a request and what there is in it; take out of it, in place, what must not be kept.

        Raises StratagraphError where the whole of it is refused.
        """
        ...

    def take(self, found: FoundT, heard: int, position: int, end: int) -> None:
        """Take in what was found in the entry at a position; in their order, each once."""
        ...

    def settle(self, now: int, until: int | None) -> Settled:
        """Say what can be told at a time by now.

        What waits for something that may still come is told if it was heard at ``until`` or before; ``until`` is None
        where nothing more is waited for.
        """
        ...

    def restore(self, marks: Mapping[str, bytes]) -> None:
        """Begin where the process that wrote the marks was; with none of them, at the start."""
        ...

    @property
    def held(self) -> int:
        """The position from which on a later process would need to see the entries of this signal again.

        0 at the start; where all that was taken is told and confirmed, the ``end`` of the last entry.
        """
        ...

    @property
    def waiting(self) -> Waiting:
        """What waits for something that may still come."""
        ...

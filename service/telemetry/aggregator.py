"""From the spool to the ledger: what was acknowledged, read in order, settled by its readers, committed once a second.

One thread drains. What readers can tell by now becomes one batch, and the notes of how far they are (``marks``) go into
the same transaction. So a process that is killed leaves either both or none: the next one reads on from the marks, and
everything that was acknowledged counts once. Records leave the spool only when no reader would need them again.

A batch that cannot be committed for now is tried again as it is, and nothing is settled meanwhile: the spool grows, and
when it is full senders are told to come again. One that the gate refuses is dropped, counted and logged. A request or a
trace that nobody can read or tell is set aside, and named: what comes behind it does not wait.
"""

from __future__ import annotations

import logging
import struct
import threading
import time
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final, NamedTuple, Protocol

from google.protobuf.message import Message

from stratagraph.loaders.otlp_traces import SILENCE
from stratagraph.ontology.facts import Batch, Fact, Method, Scope
from stratagraph.service.logged_once import LoggedOnce
from stratagraph.service.telemetry.reader import Counts, Entry, Judged, Reader, Settled
from stratagraph.service.telemetry.refusals import Outcome, commit_acceptable, says_nothing
from stratagraph.service.telemetry.set_aside import is_passing, named
from stratagraph.service.telemetry.signals import Signal
from stratagraph.service.telemetry.spool import Spool

log = logging.getLogger(__name__)

NANOSECONDS: Final = 10**9
DRAINED: Final = "position"
"""The mark that says up to where the spool was drained when a batch was committed."""
_POSITION: Final = struct.Struct("<Q")


class Books(Protocol):
    """What batches are committed to, with the notes of how far their maker is."""

    def commit(self, batch: Batch) -> object:
        """Return once the batch and its marks are durable."""
        ...

    def mark(self, owner: str, marks: Mapping[str, bytes | None]) -> None:
        """Keep an owner's marks that belong to no batch."""
        ...

    def marks(self, owner: str) -> dict[str, bytes]:
        """Return an owner's marks."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Pace:
    """When what was received is committed: ``every`` so many seconds, or when ``most`` spans wait.

    A span whose parent is not there waits for it for ``lateness`` seconds.
    """

    every: float = 1.0
    most: int = 50_000
    lateness: float = 60.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Backlog:
    """What was acknowledged and is not committed yet.

    ``requests`` with ``spans`` wait for the next commit, of whatever signal; ``incomplete`` spans for others that may
    still come. ``oldest`` is how many seconds the oldest of all waits. ``size`` is what the spool takes on the disk.
    """

    size: int = 0
    limit: int = 0
    requests: int = 0
    spans: int = 0
    incomplete: int = 0
    oldest: float = 0.0


class _Pending(NamedTuple):
    """What was settled and is on its way into the ledger, a batch for each source."""

    batches: tuple[Batch, ...]
    settled: Mapping[Signal, Settled]
    requests: int
    spans: int


class Aggregator:
    """Drains the spool in a folder, once ``start`` was called; ``keep`` may be called from any thread.

    ``watch`` sees what became of what came in.
    """

    def __init__(
        self,
        readers: Mapping[Signal, Reader[Any, Any]],
        books: Books,
        folder: Path,
        *,
        limit: int,
        pace: Pace,
        watch: Callable[[Signal, Counts], None],
        clock: Callable[[], int] = time.time_ns,
    ) -> None:
        self._readers = readers
        self._books = books
        self._folder = folder
        self._limit = limit
        self._pace = pace
        self._watch = watch
        self._clock = clock
        self._opened: Spool | None = None
        self._opening = threading.Lock()
        self._draining = threading.RLock()
        self._counting = threading.Lock()
        self._requests = self._spans = self._incomplete = 0
        self._oldest: int | None = None
        self._since = self._clock()
        self._position = self._before = 0
        self._given: dict[Signal, int] = {}
        self._first: dict[Signal, int] = {}
        self._taken_requests = self._taken_spans = 0
        self._pending: _Pending | None = None
        self._log = LoggedOnce(log)
        self._wake = threading.Event()
        self._ending = False
        self._thread: threading.Thread | None = None

    @property
    def _spool(self) -> Spool:
        """The spool, opened by who needs it first. Raises OSError."""
        with self._opening:
            if self._opened is None:
                self._opened = Spool(self._folder, self._limit)
            return self._opened

    def keep(self, signal: Signal, heard: int, message: Message, judged: Judged[Any]) -> None:
        """Return once a request is durable. Raises StratagraphError, OSError."""
        self._spool.append(signal, heard, message.SerializeToString(), judged)
        with self._counting:
            self._requests += 1
            self._spans += judged.counts.accepted
            self._oldest = heard if self._oldest is None else self._oldest
            if self._spans >= self._pace.most:
                self._wake.set()

    def start(self) -> None:
        """Begin to commit, from where the process before ended."""
        self._thread = threading.Thread(target=self._run, name="telemetry", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Commit what waits for nothing more, and end; the rest is there for the next process."""
        self._ending = True
        self._wake.set()
        if self._thread is not None:
            self._thread.join()
        with self._opening:
            if self._opened is not None:
                self._opened.close()

    def flush(self) -> None:
        """Commit all that was acknowledged, whatever it waits for. Raises what keeps it from being committed."""
        with self._draining:
            while self._step(None):
                pass

    def step(self) -> bool:
        """Commit what can be told by now; return whether more is there. Raises what keeps it from being committed."""
        with self._draining:
            return self._step(self._until())

    @property
    def backlog(self) -> Backlog:
        """What waits now."""
        with self._counting:
            opened = self._opened
            # Of those that an earlier process took in and nobody has read yet it is not known how many there are.
            unread = not self._given if opened is None else self._position < opened.end
            unread = unread and self._thread is not None
            oldest = 0.0 if self._oldest is None else max(0.0, (self._clock() - self._oldest) / NANOSECONDS)
            return Backlog(
                size=opened.size if opened is not None else 0,
                limit=self._limit,
                requests=max(self._requests, int(unread)),
                spans=self._spans,
                incomplete=self._incomplete,
                oldest=oldest,
            )

    def _run(self) -> None:
        more = True
        while not self._ending:
            if not more:
                self._wake.wait(self._pace.every)
                self._wake.clear()
            more = self._tried()
        self._tried()

    def _tried(self) -> bool:
        """Go one step on; return whether there is more to do at once."""
        try:
            more = self.step()
        except Exception as error:  # noqa: BLE001  it is logged, once, and tried again
            self._log.error(error, "telemetry waits in the spool until it can be committed")
            return False
        if self._log.settle():
            log.warning("telemetry is committed again")
        return more and not self._ending

    def _until(self) -> int:
        """Return when that was heard which waits no longer; what an earlier process heard waits anew."""
        now, lateness = self._clock(), int(self._pace.lateness * NANOSECONDS)
        return now - lateness if now - self._since >= lateness else 0

    def _step(self, until: int | None) -> bool:
        """Drain, settle and commit once; return whether more is there. Raises where it could not be committed."""
        spool = self._spool
        if not self._given:
            self._restore(spool)
        if self._position < self._before:
            # All of it, before anything is settled: the readers must come to hold what they held then.
            self._drain(spool, self._before, most=None)
        if self._pending is None:
            self._drain(spool, spool.end)
            self._pending = self._settle(spool, until)
        self._commit(spool, self._pending)
        self._release(spool)
        return self._position < spool.end

    def _restore(self, spool: Spool) -> None:
        """Come to where the marks were written."""
        marks = self._books.marks(spool.identity)
        self._before = _POSITION.unpack(marks[DRAINED])[0] if DRAINED in marks else 0
        spool.reach(self._before)
        for signal, reader in self._readers.items():
            reader.restore(marks)
            self._first[signal] = reader.held
            self._given[signal] = 0
        self._position = min(self._first.values())

    def _drain(self, spool: Spool, end: int, most: int | None = 0) -> None:
        """Hand what stands before a position to its readers, up to as much as one batch may tell."""
        if self._position >= end:
            return
        most = self._pace.most if most == 0 else most
        for entry in spool.read(self._position):
            if entry.position >= end or (most is not None and self._taken_spans >= most):
                return
            self._take(entry)
            self._position = entry.end
        self._position = max(self._position, end)

    def _take(self, entry: Entry) -> None:
        """Hand an entry to its reader, judged again where what was found is not in memory any more."""
        reader = self._readers.get(entry.signal)
        if reader is None or entry.position < self._first[entry.signal]:
            return
        self._given[entry.signal] = entry.end
        try:
            judged = entry.judged
            if judged is None:
                judged = reader.judge(reader.request.FromString(entry.payload), entry.heard)
            if judged.found is not None:
                reader.take(judged.found, entry.heard, entry.position, entry.end)
        except Exception as error:
            if is_passing(error):
                raise
            # What cannot be read now cannot be read the next time, and must not keep everything behind it waiting.
            aside = named(f"request {entry.position} of {entry.signal} in the spool", 1, error)
            self._watch(entry.signal, Counts(dropped=1, set_aside=(aside,)))
            return
        self._taken_requests += 1
        self._taken_spans += judged.counts.accepted

    def _settle(self, spool: Spool, until: int | None) -> _Pending:
        """Ask every reader what it can tell, and make one batch of it for each source."""
        now = self._clock()
        settled = {signal: reader.settle(now, until) for signal, reader in self._readers.items()}
        run = f"{spool.identity}-{self._position}-{now}"
        sources = dict.fromkeys(each.source for each in settled.values())
        batches = tuple(
            self._batch(source, run, [each for each in settled.values() if each.source == source], spool.identity)
            for source in sources
        )
        requests, self._taken_requests = self._taken_requests, 0
        spans, self._taken_spans = self._taken_spans, 0
        return _Pending(batches, settled, requests, spans)

    def _batch(self, source: str, run: str, settled: Sequence[Settled], owner: str) -> Batch:
        """Return the batch of what readers tell as one source, with the marks of these: it stands by itself."""
        marks: dict[str, bytes | None] = {}
        for each in settled:
            marks |= each.marks
        if marks:
            marks[DRAINED] = _POSITION.pack(self._position)
        return Batch(
            source=source,
            run=run,
            method=Method.OBSERVED,
            scopes=_merged(scope for each in settled for scope in each.scopes),
            observations=tuple(seen for each in settled for seen in each.observations),
            silence=SILENCE,
            marks=marks,
            marks_owner=owner,
        )

    def _commit(self, spool: Spool, pending: _Pending) -> None:
        """Make what was settled durable, or find it refused for good. Raises where it is to be tried again."""
        outcomes = {}
        # Where a later one has to be tried again the earlier ones come again too, and are known by their run.
        for batch in pending.batches:
            outcome = Outcome(kept=False)
            if not says_nothing(batch):
                outcome = outcomes[batch.source] = commit_acceptable(batch, self._books.commit)
            if not outcome.kept and batch.marks:
                self._books.mark(spool.identity, batch.marks)
        for signal, settled in pending.settled.items():
            settled.confirm()
            told = outcomes.get(settled.source, Outcome(kept=True))
            counts = replace(settled.counts, dropped=settled.counts.dropped + told.left_out)
            self._watch(signal, counts if told.kept else Counts(dropped=settled.told))
        self._pending = None
        self._count(pending)

    def _count(self, pending: _Pending) -> None:
        """Know what waits still."""
        waiting = [reader.waiting for reader in self._readers.values()]
        since = [each.since for each in waiting if each.since is not None]
        with self._counting:
            self._requests = max(0, self._requests - pending.requests)
            self._spans = max(0, self._spans - pending.spans) if self._requests else 0
            self._incomplete = sum(each.count for each in waiting)
            self._oldest = min(since, default=self._clock() if self._requests else None)

    def _release(self, spool: Spool) -> None:
        """Let go of what no reader would need again."""
        floor = self._position
        for signal, reader in self._readers.items():
            # A reader that holds nothing would read on from the last entry of its signal, wherever that is.
            if reader.held < self._given[signal]:
                floor = min(floor, reader.held)
        spool.release(floor)


def _merged(scopes: Iterable[Scope]) -> tuple[Scope, ...]:
    """Return the scopes, those of one name made one: signals may speak of one service."""
    stated: dict[str, dict[Fact, None]] = defaultdict(dict)
    withdrawn: dict[str, dict[Fact, None]] = defaultdict(dict)
    for scope in scopes:
        stated[scope.name].update(dict.fromkeys(scope.stated))
        withdrawn[scope.name].update(dict.fromkeys(scope.withdrawn))
    return tuple(
        Scope(name=name, complete=False, stated=tuple(stated[name]), withdrawn=tuple(withdrawn[name]))
        for name in sorted(stated)
    )

"""Feeds a remote view from a thread of its own, so that no commit ever waits for it."""

from __future__ import annotations

import logging
import pickle
import tempfile
import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from enum import StrEnum
from math import ceil
from typing import IO, Final, Protocol

from stratagraph.ontology.errors import StratagraphError
from stratagraph.ontology.facts import ChangeSet
from stratagraph.service.views.view import Watermark

log = logging.getLogger(__name__)

QUEUED_CHANGES: Final = 10_000
QUEUED_ITEMS: Final = 200_000
"""Triples, claims and edges that may wait; a view that is further behind is rebuilt."""
TOGETHER: Final = 5_000
"""Triples, claims and edges that are applied together."""
LOOK: Final = 2.0
"""Seconds between looks at a view that has nothing to do: whether it is there, and as we left it."""
FEWEST: Final = 20
MOST: Final = 5_000
"""Things that are compared at one look, however many there are."""
BEGINNING: Final = (0, 0)
PAUSE: Final = 5.0
"""Longest pause before a view that failed is tried again."""


class RemoteView(Protocol):
    """What a projector needs of a view that lives elsewhere."""

    name: str
    mapping_version: int
    remark: str
    """What differs from what was written, as of the last look; mostly nothing."""

    @property
    def identity(self) -> str:
        """What tells this place from every other: two services that write one place have one lease."""

    def refresh(self) -> Watermark | None:
        """Ask the view how far it has come."""

    def apply_all(self, changes: list[ChangeSet]) -> None:
        """Apply change sets that follow each other."""

    def rebuild(self, snapshot: Iterable[ChangeSet]) -> None:
        """Throw everything away and take the present in."""

    def compare(self, present: ChangeSet) -> None:
        """Compare a part of the present, as of the watermark, with what stands there; ``remark`` says what differs."""

    def close(self) -> None:
        """Close the connections."""


class Present(Protocol):
    """What can be gone through in portions; where it changes in between, a thing may be passed over once."""

    def extent(self) -> int:
        """Return about how many things there are."""

    def portion(self, kind: int, passed: int, size: int) -> tuple[ChangeSet, tuple[int, int]]:
        """Return so many things of a kind, and where the next begin; after the last, that is the beginning."""


class Lease(Protocol):
    """What one of the processes that share a ledger holds, to write a view that they share too."""

    def held(self) -> bool:
        """Tell whether this process holds it now, taking it where nobody does."""

    def release(self) -> None:
        """Let another process have it."""


class State(StrEnum):
    """How a remote view is doing."""

    ABSENT = "absent"  # none is configured
    CURRENT = "current"
    BEHIND = "behind"
    REBUILDING = "rebuilding"
    DOWN = "down"


@dataclass(frozen=True, slots=True, kw_only=True)
class Status:
    """What is known about a remote view; ``problem`` says what to do while it is down."""

    name: str
    state: State
    sequence: int
    lag: int
    problem: str = ""


class Projector:
    """Keeps one remote view up with the deriver.

    ``connect`` returns the view, or None while none is configured. ``snapshot`` yields the present, and ``reading``
    holds it still. ``offer`` is called with every change set, in order, and never blocks. Of several services on one
    ledger only that one writes the view which holds its ``lease``; the others look how far it is, and keep ready what
    comes next.
    """

    def __init__(
        self,
        name: str,
        *,
        connect: Callable[[], RemoteView | None],
        snapshot: Callable[[], Iterable[ChangeSet]],
        reading: Callable[[], AbstractContextManager[None]],
        head: Callable[[], Watermark],
        lease: Callable[[RemoteView], Lease],
        present: Callable[[], Present],
        check_seconds: float,
        moved: Callable[[], None] = lambda: None,
    ) -> None:
        self.name = name
        self._connect = connect
        self._snapshot = snapshot
        self._reading = reading
        self._head = head
        self._moved = moved
        self._present = present
        self._check_seconds = check_seconds
        self._place = BEGINNING
        self._hurried = threading.Event()
        self._hurrying = False
        self._lease_of = lease
        self._lease: Lease | None = None
        self._view: RemoteView | None = None
        self._queue: deque[ChangeSet] = deque()
        self._queued = 0
        self._wake = threading.Condition()
        self._ends = False
        self._state = State.ABSENT
        self._problem = ""
        self._mark: Watermark | None = None
        self._hashes: dict[int, str] = {}
        self._thread = threading.Thread(target=self._run, name=f"projector-{name}", daemon=True)

    def start(self) -> None:
        """Begin to project."""
        head = self._head()
        self._hashes.setdefault(head.sequence, head.batch_hash)
        self._thread.start()

    def offer(self, change: ChangeSet) -> None:
        """Note the next change set; the oldest are forgotten when too many wait."""
        with self._wake:
            # Also while no view is there: a view that comes later
            # is judged by the hash of the sequence where it stands.
            self._hashes[change.sequence] = change.batch_hash
            self._hashes.pop(change.sequence - QUEUED_CHANGES, None)
            if self._state is State.ABSENT and self._view is None:
                return  # nobody is there to catch up
            self._queue.append(change)
            self._queued += size(change)
            # A single change may be larger than the bound. It stays: to apply it costs less than to rebuild.
            while len(self._queue) > QUEUED_CHANGES or (self._queued > QUEUED_ITEMS and len(self._queue) > 1):
                self._queued -= size(self._queue.popleft())
            self._wake.notify()

    def status(self) -> Status:
        """Return how the view is doing, without asking it."""
        sequence = self._mark.sequence if self._mark else 0
        lag = max(0, self._head().sequence - sequence) if self._state is not State.ABSENT else 0
        state = State.BEHIND if self._state is State.CURRENT and lag else self._state
        return Status(name=self.name, state=state, sequence=sequence, lag=lag, problem=self._problem)

    def hurry(self) -> None:
        """Compare the whole view at once, from the beginning."""
        self._hurried.set()

    @property
    def hurries(self) -> bool:
        """Whether it has not been gone through since."""
        return self._hurried.is_set()

    def close(self) -> None:
        """Stop after what is being written."""
        with self._wake:
            self._ends = True
            self._wake.notify()
        if self._thread.is_alive():
            # A server that hangs must not keep the service from ending.
            self._thread.join(timeout=30)

    # The thread ------------------------------------------------------------------------------------------------------

    def _run(self) -> None:
        pause = 0.0
        while not self._ended():
            try:
                busy = self._round()
                pause = 0.0 if busy else LOOK
            except Exception as error:  # noqa: BLE001  whatever the server says: the view is down, we are not
                self._fail(error)
                pause = min(PAUSE, pause * 2 or 0.5)
            if pause:
                self._rest(pause)
        self._disconnect()

    def _ended(self) -> bool:
        with self._wake:
            return self._ends

    def _rest(self, seconds: float) -> None:
        with self._wake:
            # Waiting changes shorten the rest of a view that is well;
            # one that is down is left alone until the pause is over.
            if not self._ends and not (self._queue and self._state is State.CURRENT):
                self._wake.wait(seconds)

    def _round(self) -> bool:
        """Do the next thing; return whether there may be more to do."""
        if self._view is None:
            self._view = self._connect()
            if self._view is None:
                self._forget()
                return False
            self._lease = self._lease_of(self._view)
        if self._lease is not None and not self._lease.held():
            self._watch(self._view)
            return False
        taken = self._take()
        if not taken:
            # Asked only when nothing waits: meanwhile somebody may have emptied or restored the database.
            self._mark = self._view.refresh()
        if not taken and not self._is_sound(self._mark):
            self._rebuild(self._view)
        elif taken:
            self._view.apply_all(taken)
            self._note(self._view.refresh() if self._mark is None else None, taken[-1])
        else:
            self._check(self._view)
        # Also a view that somebody else changed is asked, and says so.
        self._state, self._problem = State.CURRENT, self._view.remark
        self._moved()
        return bool(taken) or self.hurries

    def _check(self, view: RemoteView) -> None:
        """Compare the next things with the view: as many as it takes to go through all of them within the time set."""
        if self.hurries and not self._hurrying:
            self._place, self._hurrying = BEGINNING, True
        with self._reading():
            present = self._present()
            share = ceil(present.extent() * LOOK / self._check_seconds)
            size = MOST if self.hurries else min(MOST, max(FEWEST, share))
            some, following = present.portion(*self._place, size)
        # What is not written yet does not differ.
        if self._mark is None or some.sequence != self._mark.sequence:
            return
        view.compare(some)
        self._place = following
        if following == BEGINNING and self._hurrying:
            self._hurrying = False
            self._hurried.clear()

    def _watch(self, view: RemoteView) -> None:
        """See how far the view is that another process writes; what it has is needed here no more."""
        self._mark = view.refresh()
        self._drop(self._mark.sequence if self._mark else 0)
        self._state, self._problem = State.CURRENT, view.remark
        self._moved()

    def _drop(self, sequence: int) -> None:
        with self._wake:
            while self._queue and self._queue[0].sequence <= sequence:
                self._queued -= size(self._queue.popleft())

    def _note(self, mark: Watermark | None, last: ChangeSet) -> None:
        known = self._mark or mark
        if known is not None:
            self._mark = Watermark(
                sequence=last.sequence,
                batch_hash=last.batch_hash,
                ontology_hash=known.ontology_hash,
                mapping_version=known.mapping_version,
            )

    def _take(self) -> list[ChangeSet]:
        """Return the next change sets that follow the view's watermark; none when the view has to be looked at."""
        mark = self._mark
        taken: list[ChangeSet] = []
        amount = 0
        with self._wake:
            if mark is None:
                return taken
            while self._queue and self._queue[0].sequence <= mark.sequence:
                self._queued -= size(self._queue.popleft())
            while self._queue and self._queue[0].sequence == mark.sequence + 1 + len(taken) and amount < TOGETHER:
                taken.append(self._queue[0])
                amount += size(self._queue[0])
                self._queued -= size(self._queue.popleft())
        return taken

    def _is_sound(self, mark: Watermark | None) -> bool:
        """Tell whether the view stands at the head, or where the queue continues."""
        head = self._head()
        if mark is None or self._view is None:
            return False
        if (mark.ontology_hash, mark.mapping_version) != (head.ontology_hash, self._view.mapping_version):
            return False
        with self._wake:
            known = {head.sequence: head.batch_hash} | self._hashes
            if known.get(mark.sequence) != mark.batch_hash:
                return False
            return mark.sequence >= head.sequence or any(each.sequence == mark.sequence + 1 for each in self._queue)

    def _rebuild(self, view: RemoteView) -> None:
        # The view tells what it found, if that is why it is rebuilt: for example that another mapping wrote it.
        self._state, self._problem = State.REBUILDING, view.remark
        log.info("rebuilding the view %s%s", self.name, f": {view.remark}" if view.remark else "")
        with tempfile.TemporaryFile() as spool:
            # The present is written down first: commits wait for that, but never for the remote view.
            with self._reading():
                for change in self._snapshot():
                    pickle.dump(change, spool, protocol=pickle.HIGHEST_PROTOCOL)
            spool.seek(0)
            view.rebuild(_read(spool))
        self._mark = view.refresh()

    def _fail(self, error: Exception) -> None:
        problem = str(error) if isinstance(error, StratagraphError) else f"{type(error).__name__}: {error}"
        if problem != self._problem:
            log.warning("the view %s is down: %s", self.name, problem)
        self._state, self._problem = State.DOWN, problem
        self._mark = None  # what has become of the last transaction is not known
        self._disconnect()

    def _forget(self) -> None:
        self._state, self._problem, self._mark = State.ABSENT, "", None
        with self._wake:
            self._queue.clear()
            self._queued = 0

    def _disconnect(self) -> None:
        view, self._view = self._view, None
        lease, self._lease = self._lease, None
        if lease is not None:
            lease.release()
        if view is not None:
            view.close()


def size(change: ChangeSet) -> int:
    """Return how much a change set weighs in the queue."""
    counted = (change.added, change.removed, change.influences, change.claims_changed, change.observations)
    return 1 + sum(map(len, (*counted, change.observations_removed)))


def _read(spool: IO[bytes]) -> Iterator[ChangeSet]:
    while True:
        try:
            yield pickle.load(spool)  # noqa: S301  written by this very process, into a file without a name
        except EOFError:
            return

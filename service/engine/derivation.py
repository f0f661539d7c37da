"""What follows from the ledger in this process: the deriver, and the views that apply what it derives."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext

from stratagraph.ontology.facts import ChangeSet, LedgerChange
from stratagraph.ontology.model import CORE_SOURCE, OntologyModel
from stratagraph.service.deriver import Deriver
from stratagraph.service.deriver.supposition import Supposition
from stratagraph.service.engine.restoring import Restorer
from stratagraph.service.engine.sameness import Sameness
from stratagraph.service.ledger.dropping import REDACTION
from stratagraph.service.ledger.errors import HistoryErased
from stratagraph.service.ledger.ledger import Ledger
from stratagraph.service.logged_once import LoggedOnce
from stratagraph.service.views.local import LocalView
from stratagraph.service.views.view import View, Watermark

log = logging.getLogger(__name__)


class Derivation:
    """Keeps the deriver and every local view in step with the ledger, whatever fails on the way.

    By the time that anything here hears of a batch, it is committed: nothing that happens here can make that untrue, so
    nothing is raised. What fails is mended from the ledger: at once, else with the next batch, else by ``catch_up``,
    which a service calls again and again.

    Two locks, always taken in this order: the commit lock of who calls ``follow`` and ``catch_up``, so that one moves
    at a time; then ``lock``, held only while deriver and views move, which readers share.
    """

    def __init__(self, ledger: Ledger, model: OntologyModel, views: Sequence[View], restorer: Restorer) -> None:
        """Take the present in. Raises what hinders that."""
        self._ledger = ledger
        self._model = model
        self._restorer = restorer
        self._views = [LocalView(view, lambda: self.deriver.snapshot) for view in views]
        self._hearing: list[Callable[[ChangeSet], None]] = []
        self._missing: list[Callable[[], None]] = []
        self._moving: Callable[[], AbstractContextManager[None]] = nullcontext
        self._announce: Callable[[], None] = lambda: None
        self.lock = threading.RLock()
        # False from before a change is applied until it is: what broke off half-way is neither old nor new.
        self._sound = True
        self._log = LoggedOnce(log)
        self._set(restorer.restore(ledger))
        self.renewed = self.deriver.sequence
        """The sequence since which nothing here is of before a redaction; what was, was not opened at all."""

    def _set(self, deriver: Deriver) -> None:
        self.deriver = deriver
        self.sameness = Sameness(self._model, deriver)
        self._note()

    def _note(self) -> None:
        self.position = Watermark(
            sequence=self.deriver.sequence,
            batch_hash=self.deriver.batch_hash,
            ontology_hash=self._model.hash,
            mapping_version=0,  # each view has one of its own
        )

    def let_hear(self, hear: Callable[[ChangeSet], None], *, missed: Callable[[], None] | None = None) -> None:
        """Let somebody hear of every change set before the views show it, and, if asked, that some were missed."""
        self._hearing.append(hear)
        if missed is not None:
            self._missing.append(missed)

    def move_within(self, moving: Callable[[], AbstractContextManager[None]], announce: Callable[[], None]) -> None:
        """Let views change only within a block of ``moving``, and tell afterwards that they have."""
        self._moving, self._announce = moving, announce

    # Moving

    def follow(self, change: LedgerChange) -> None:
        """Take in what this process has just committed."""
        try:
            if self._sound and change.sequence == self.deriver.sequence + 1:
                # Not read back: a redaction's change cannot be, and what was committed is at hand.
                self._take(change)
            elif not self._sound or change.sequence > self.deriver.sequence:
                self.catch_up()  # others committed in between, or something failed before
        except Exception:
            # What is expected to fail was caught further down. The batch is committed all the same.
            log.exception("sequence %d was not taken in whole; deriving anew", change.sequence)
            self._sound = False

    def catch_up(self) -> None:
        """Take in what the ledger has and this has not, and mend what failed."""
        if self._sound:
            self._follow_ledger()
        if not self._sound:
            self._restore()
        if self._sound and self.ails:
            with self.lock, self._moving():
                for view in self._views:
                    view.mend()
            self._announce()

    def _follow_ledger(self) -> None:
        try:
            for change in self._ledger.changes(self.deriver.sequence):
                if change.sequence <= self.deriver.sequence:
                    continue  # one before it failed, and all was derived anew up to the end
                if change.run.startswith(f"{REDACTION}:"):
                    # The ledger tells what was redacted to the process alone that redacted it.
                    log.info("something was redacted at sequence %d; deriving anew", change.sequence)
                    self._sound = False
                    return
                if change.source == CORE_SOURCE:
                    log.warning("another service brought an ontology at sequence %d: let all use one", change.sequence)
                self._take(change)
                if not self._sound:
                    return
        except HistoryErased as error:
            log.info("what others committed cannot be followed, and is derived anew: %s", error)
            self._sound = False
        except Exception as error:  # noqa: BLE001  a server that is away comes back
            self._log.error(error, "the ledger can't be read now; it is read again")
        else:
            self._log.settle()

    def _take(self, change: LedgerChange) -> None:
        # The lock for each change alone: of many that others committed, readers need not wait for the last.
        with self.lock:
            try:
                self._sound = False
                derived = self.deriver.apply(change)
                self._sound = True
            except Exception as error:  # noqa: BLE001  whatever it is, the batch is committed
                self._log.error(error, "sequence %d is committed and can't be derived; deriving anew", change.sequence)
                self._restore()
            else:
                self._hand_on(derived)
        self._announce()

    def _hand_on(self, derived: ChangeSet) -> None:
        for hear in self._hearing:
            try:
                # Before the position and the views move: a reader that compares them finds the change in the queue.
                hear(derived)
            except Exception:
                log.exception("somebody did not hear of sequence %d, and will find out", derived.sequence)
                self._miss()
        self._note()
        with self._moving():
            for view in self._views:
                view.take(derived)

    def _miss(self) -> None:
        for missed in self._missing:
            missed()

    def _restore(self) -> None:
        """Derive the present from the ledger once more; views that could not follow are rebuilt."""
        with self.lock, self._moving():
            try:
                self._set(self._restorer.derive(self._ledger))
            except Exception as error:  # noqa: BLE001  as above; the next batch tries it again
                self._log.error(error, "the present can't be derived from the ledger now; it is tried again")
                return
            self._sound = True
            self._log.settle()
            self._miss()
            for view in self._views:
                view.settle(stands=self._restorer.stands(view.view, self.deriver))

    def renew(self) -> None:
        """Derive everything anew from the ledger, into files that hold nothing of before: something was redacted.

        The deriver is another one too, for this one remembers every term that it has met.
        """
        with self.lock, self._moving():
            self._sound = False  # should anything fail here, it is mended as after any other failure
            self._set(self._restorer.anew(self._ledger))
            self._sound = True
            self._miss()
            for view in self._views:
                view.renew()
            self.renewed = self.deriver.sequence
        self._announce()

    # Reading

    @property
    def ails(self) -> bool:
        """Whether something failed and is not mended yet."""
        return not self._sound or any(view.ails for view in self._views)

    @property
    def is_sound(self) -> bool:
        """Whether the deriver is what it says: at some sequence, wholly."""
        return self._sound

    def sequences(self) -> Mapping[str, int]:
        """Return the sequence that each local view has reached."""
        return {each.view.name: _sequence(each) for each in self._views}

    @contextmanager
    def supposing(self, change: LedgerChange) -> Iterator[Supposition]:
        """Let the deriver be as after a change for the length of a block; no view follows."""
        with self.lock:
            self._sound = False  # until it was taken back
            with self.deriver.supposing(change) as supposition:
                yield supposition
            self._sound = True


def _sequence(each: LocalView) -> int:
    mark = each.view.watermark()
    return mark.sequence if mark else 0

"""A view of this process, kept in step: a change that it cannot take now is kept for it, or makes it be rebuilt."""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Callable, Iterable
from typing import Final, Protocol

from stratagraph.ontology.facts import ChangeSet
from stratagraph.service.logged_once import LoggedOnce
from stratagraph.service.views.projector import QUEUED_ITEMS, size
from stratagraph.service.views.view import View

log = logging.getLogger(__name__)

KEPT: Final = QUEUED_ITEMS
"""Triples, claims and edges that are kept for a view that fails; one that is further behind is rebuilt."""


class Present(Protocol):
    """Tells the present, as change sets that only add."""

    def __call__(self, *, edges_only: bool = False) -> Iterable[ChangeSet]:
        """Yield it, or only its influence edges."""


class LocalView:
    """One view, and the changes that it has not taken yet. Nothing that the view raises gets past this.

    By the time that a view hears of a change, the ledger has it: there is nobody to tell that it failed, and nothing to
    take back. So a view that fails falls behind, is mended with the next change or by who calls ``mend``, and tells
    by its watermark how far it is meanwhile.
    """

    def __init__(self, view: View, snapshot: Callable[[], Present]) -> None:
        """Keep a view in step that stands at the present; ``snapshot`` returns what tells the present."""
        self.view = view
        self._snapshot = snapshot
        self._waiting: deque[ChangeSet] = deque()
        self._kept = 0
        self._lost = False  # whether changes are missing, so that only a rebuild helps
        self._log = LoggedOnce(log)

    @property
    def ails(self) -> bool:
        """Whether there is something that the view has not taken."""
        return bool(self._waiting) or self._lost

    def take(self, change: ChangeSet) -> None:
        """Let the view apply the next change, now or later."""
        if not self._lost:
            self._waiting.append(change)
            self._kept += size(change)
            if self._kept > KEPT and len(self._waiting) > 1:
                self.miss()
        self.mend()

    def miss(self) -> None:
        """Keep no changes for the view any more: it will be rebuilt."""
        self._lost = True
        self._waiting.clear()
        self._kept = 0

    def settle(self, *, stands: bool) -> None:
        """Go on from a present that was derived anew, where the view stands already or is rebuilt."""
        self.miss()
        self._lost = not stands
        self.mend()

    def renew(self) -> None:
        """Rebuild the view in files that hold nothing of before; where that fails, it is rebuilt later."""
        self.miss()
        try:
            self.view.renew(self._snapshot()(edges_only=self.view.edges_only))
            self._lost = False
        except Exception as error:
            self._fail(error)
            raise

    def mend(self) -> None:
        """Bring the view up to the present, by what waits for it, else by what it can be rebuilt from."""
        try:
            if not self._lost:
                self._apply()
        except Exception as error:  # noqa: BLE001  whatever it is, the ledger has the truth
            self._fail(error)
        if self.ails:
            self._repair()
        if not (self._waiting or self._lost) and self._log.settle():
            log.info("the view %s is in step again", self.view.name)

    def _repair(self) -> None:
        """Try once more on files that were opened anew, then from nothing; where even that fails, leave it for later.

        In this order, for what a full disk leaves can still be read and a rebuild begins by throwing it away.
        """
        try:
            self.view.reopen()
            try:
                if not self._lost:
                    self._apply()
            except Exception as error:  # noqa: BLE001  as above
                self._fail(error)
                self.miss()
            if self._lost:
                self._rebuild()
        except Exception as error:  # noqa: BLE001  as above
            self._fail(error)

    def _apply(self) -> None:
        while self._waiting:
            self.view.apply(self._waiting[0])
            self._kept -= size(self._waiting.popleft())

    def _rebuild(self) -> None:
        log.info("rebuilding the view %s", self.view.name)
        self.view.rebuild(self._snapshot()(edges_only=self.view.edges_only))
        self._lost = False

    def _fail(self, error: Exception) -> None:
        self._log.error(error, "the view %s failed; it is mended as soon as it can be", self.view.name)

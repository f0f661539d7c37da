"""The outline of the estate, kept until the graph moves on, and counted anew without holding up who writes."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from itertools import count
from typing import Final

from stratagraph.ontology.model import OntologyModel
from stratagraph.queries.schema.outline import Outline
from stratagraph.service.deriver import Deriver

QUICK: Final = 0.05
"""Seconds of counting that nobody minds waiting for."""
SHARE: Final = 20
"""An outline that takes longer is made anew behind who asks, and takes one in so many parts of the time at most."""
TRIES: Final = 3
"""How often counting begins anew because a change came in between; after that it goes on over what has changed."""

REST: Final = 0.002
"""Seconds between two slices, for whoever waits: a lock that is taken again at once is given to nobody else."""


class Outlining:
    """Counts what the estate consists of, once per sequence at most. No change waits for more than one slice of it."""

    def __init__(
        self, model: OntologyModel, deriver: Callable[[], Deriver], still: Callable[[], AbstractContextManager[None]]
    ) -> None:
        """Count what the deriver of the time holds; nothing moves within a block of ``still``."""
        self._model = model
        self._deriver = deriver
        self._still = still
        self._making = threading.Lock()
        self._known: Outline | None = None
        self._of: Deriver | None = None
        """The deriver whose outline is known: another one, after a redaction for instance, holds something else."""
        self._seconds = 0.0
        self._made = 0.0

    def begin(self) -> None:
        """Count behind, so that who asks first finds what was counted."""
        self._renew()

    def newest(self, at_least: int = 0) -> Outline:
        """Return the outline of a sequence that is at least the given one.

        Of a large estate it may be of a moment ago, and says so by its sequence; the next one is being made then.
        """
        known = self._known
        deriver = self._deriver()
        if known is not None and known.sequence >= at_least and self._of is deriver:
            if known.sequence == deriver.sequence:
                return known
            if self._seconds > QUICK:
                self._renew()
                return known
        with self._making:
            return self._counted(at_least)

    def _renew(self) -> None:
        """Begin to count anew, unless that is being done, or took place a moment ago."""
        if time.monotonic() - self._made < SHARE * self._seconds or not self._making.acquire(blocking=False):
            return
        # Released where the work is done: a lock may be released by another thread than took it.
        threading.Thread(target=self._renew_behind, name="outlining", daemon=True).start()

    def _renew_behind(self) -> None:
        try:
            self._counted(0)
        finally:
            self._making.release()

    def _counted(self, at_least: int) -> Outline:
        known, deriver = self._known, self._deriver()
        # Whoever waited for the lock finds what was made meanwhile.
        if known is not None and self._of is deriver and at_least <= known.sequence == deriver.sequence:
            return known
        begun = time.thread_time()
        made = next(filter(None, (self._count(moving=tried >= TRIES) for tried in count(1))))
        self._known, self._of = made
        self._seconds, self._made = time.thread_time() - begun, time.monotonic()
        return self._known

    def _count(self, *, moving: bool) -> tuple[Outline, Deriver] | None:
        """Count slice by slice; None where the deriver is another, or the graph moved on and is not to, in between."""
        deriver = self._deriver()
        sequence = deriver.sequence
        steps = deriver.outline(self._model)
        while True:
            with self._still():
                if self._deriver() is not deriver or (deriver.sequence != sequence and not moving):
                    return None
                if (outline := next(steps)) is not None:
                    return outline, deriver
            time.sleep(REST)

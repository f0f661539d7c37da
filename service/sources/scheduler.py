"""Runs each source when it is due, each in a thread of its own: none waits for another."""

from __future__ import annotations

import logging
import threading
import time
from datetime import UTC, datetime
from functools import partial
from typing import Final

from stratagraph.ontology.errors import StratagraphError
from stratagraph.service.logged_once import LoggedOnce
from stratagraph.service.sources.errors import SourceRunning, UnknownSource
from stratagraph.service.sources.schedule import jitter, next_run
from stratagraph.service.sources.source_readings import SourceReadings
from stratagraph.service.sources.source_register import LivingSource
from stratagraph.service.sources.source_runs import SourceRuns

log = logging.getLogger(__name__)

LOOK_SECONDS: Final = 1.0
"""Seconds between looks at what is due: a source is read once a second at most."""
PATIENCE: Final = 10.0
"""Seconds that ``stop`` waits for what has begun; nothing of it is committed afterwards."""


class Scheduler:
    """Looks what is due, from ``start`` until ``stop``, and has it stated how the sources are doing."""

    def __init__(self, runs: SourceRuns, readings: SourceReadings) -> None:
        self._runs = runs
        self._readings = readings
        self._ends = threading.Event()
        self._thread = threading.Thread(target=self._look_again, name="sources", daemon=True)
        self._threads: dict[str, threading.Thread] = {}
        self._due: dict[str, tuple[datetime, datetime]] = {}
        self._since: dict[str, datetime] = {}
        self._logs: dict[str, LoggedOnce] = {}

    def start(self) -> None:
        """Begin; returns at once."""
        self._thread.start()

    def stop(self) -> None:
        """End: what is being fetched is given up, what is being committed is done."""
        self._ends.set()
        self._runs.stopping.set()
        ends = time.monotonic() + PATIENCE
        if self._thread.ident is not None:
            self._thread.join(PATIENCE)
        for thread in list(self._threads.values()):
            thread.join(max(ends - time.monotonic(), 0))

    def _look_again(self) -> None:
        looking, stating = LoggedOnce(log), LoggedOnce(log)
        while not self._ends.wait(LOOK_SECONDS):
            try:
                self._look()
            except Exception as error:  # noqa: BLE001  the ledger may be away for a while
                looking.error(error, "what sources are due can't be told")
            else:
                looking.settle()
            try:
                self._readings.look()
            except Exception as error:  # noqa: BLE001  as above
                stating.error(error, "how the sources are doing can't be stated")
            else:
                stating.settle()

    def _look(self) -> None:
        """Start whatever is due and not running."""
        now = datetime.now(UTC)
        self._threads = {name: thread for name, thread in self._threads.items() if thread.is_alive()}
        for each in self._runs.register.all():
            name = each.source.name
            if name in self._threads or each.state.paused:
                continue
            due = self._due_of(each, now)
            if due is None or due > now:
                continue
            thread = threading.Thread(target=partial(self._run, name, now), name=f"source {name}", daemon=True)
            self._threads[name] = thread
            thread.start()

    def _due_of(self, each: LivingSource, now: datetime) -> datetime | None:
        """Return when a source is due, with the jitter that was drawn for that time."""
        since = self._since.setdefault(each.source.name, now)
        planned = next_run(each.source, each.state.started, now, since=since)
        if planned is None:
            return None
        if each.state.started is None and each.source.every is not None:
            return planned  # who has just added it waits to see it
        drawn = self._due.get(each.source.name)
        if drawn is None or drawn[0] != planned:
            drawn = self._due[each.source.name] = (planned, planned + jitter(each.source))
        return drawn[1]

    def _run(self, name: str, due: datetime) -> None:
        troubles = self._logs.setdefault(name, LoggedOnce(log))
        try:
            self._runs.run(name, due=due)
        except (SourceRunning, UnknownSource):
            return  # a person runs it, another service does, or it was removed meanwhile
        except StratagraphError as error:
            troubles.error(error, "the source %s was not taken in", name)
        except Exception as error:  # noqa: BLE001  the next run may go well
            if not self._ends.is_set():
                troubles.error(error, "the source %s was not taken in", name)
        else:
            troubles.settle()

"""How a command reaches the graph, and what it says of which graph that is."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from stratagraph.service import client
from stratagraph.service.cli.options import errors_in_words
from stratagraph.service.cli.tongue import note
from stratagraph.service.client import Absent, Client, running_demo
from stratagraph.service.engine.lockfile import running_service
from stratagraph.service.settings import DEMO_FOLDER, Settings, load_settings


@contextmanager
def connect(settings: Settings, absent: Absent = Absent.REFUSE, *, early: bool = False) -> Iterator[Client]:
    """Find the running service, else open the data; say so where a demo runs that the command does not ask."""
    _tell_apart(settings)
    begins = absent is Absent.MAKE and not settings.has_ledger
    with client.connect(settings, absent, early=early) as reached:
        yield reached
    if begins and settings.has_ledger and not settings.url:
        note(f"note: no service runs, and there was no ledger: one begins in {settings.data}")


@contextmanager
def client_of(
    data: Path | None, config: Path | None, ontology: Path | None, *, absent: Absent = Absent.REFUSE
) -> Iterator[Client]:
    """Give a client of what the options name; what can't be done is told as a sentence, and ends the command."""
    with errors_in_words(), connect(load_settings(config, data=data, ontology=ontology), absent) as client:
        yield client


def with_ledger(settings: Settings) -> Settings:
    """Return the settings of the ledger that a command opens by itself: the one that ``connect`` would ask about.

    Raises:
        NoLedger: there is none.
    """
    _tell_apart(settings)
    if not settings.has_ledger and running_demo(settings):
        settings = settings.model_copy(update={"data": settings.data / DEMO_FOLDER})
        note(f"note: this is the ledger of the demo that runs, in {settings.data}")
    settings.need_ledger()
    return settings


def _tell_apart(settings: Settings) -> None:
    """Name the demo to a person who has a graph that nobody serves, and may expect the demo's answers."""
    if settings.has_ledger and (demo := running_demo(settings)) and not running_service(settings.data):
        note(
            f"note: this is the graph in {settings.data}; a demo runs at {demo.url} with data of its own. "
            f"To use that one, set STRATAGRAPH_URL={demo.url}"
        )

"""Services that share a PostgreSQL ledger share its sources: one makes each run, and who dies is succeeded."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler
from itertools import count
from pathlib import Path
from threading import Event

import pytest

from stratagraph.ontology.namespaces import SG
from stratagraph.service.engine.engine import Engine
from stratagraph.service.sources.errors import SourceRunning
from stratagraph.service.sources.source import source_of
from stratagraph.service.sources.source_register import SourceRegister
from stratagraph.service.sources.source_runs import Ran, SourceRuns
from stratagraph.service.sources.source_state import Outcome
from tests.service.engine.mending import eventually, small_core
from tests.service.engine.test_sharing import Services
from tests.service.ledger.conftest import _postgresql  # noqa: F401  the fixture of a real server
from tests.service.ledger.postgresql import database
from tests.service.sources.websites import Website, answer, website
from tests.service.worlds import EX, NODES

pytestmark = pytest.mark.postgres
NUMBERS = count(1)
ROOT = Path(__file__).parents[3]
HELD = answer(f'<{NODES[0]}> a <{EX.Whole}> ; <{SG.name}> "{NODES[0]}" .', media_type="text/turtle")

WORKER = """
import sys
from datetime import datetime
from pathlib import Path
from stratagraph.service.sources.source_register import SourceRegister
from stratagraph.service.sources.source_runs import SourceRuns
from tests.service.engine.mending import small_core, small_engine

folder, url, due = sys.argv[1:]
with small_core(), small_engine(Path(folder), ledger_url=url) as engine:
    SourceRuns(engine, SourceRegister({}, engine, commands=False)).run("s", due=datetime.fromisoformat(due))
"""


class Shared:
    """A service in this process, and others in processes of their own, on one ledger with one source."""

    def __init__(self, services: Services, engine: Engine, site: Website) -> None:
        self._services = services
        self.engine = engine
        self.site = site
        self.runs = SourceRuns(engine, SourceRegister({}, engine, commands=False))
        self.runs.register.add(source_of("s", {"url": f"{site.url}/m.ttl", "every": "5m"}), replace=False)

    @contextmanager
    def another(self, due: datetime) -> Iterator[subprocess.Popen[bytes]]:
        """Let another service find that the source is due, for the length of a block."""
        words = [sys.executable, "-c", WORKER, str(self._services.place("other")), self._services.url, due.isoformat()]
        process = subprocess.Popen(words, cwd=ROOT, env={**os.environ, "PYTHONPATH": str(ROOT)})
        try:
            yield process
        finally:
            process.kill()
            process.wait()

    def batches(self) -> int:
        """Return how often the source was committed."""
        return len(list(self.engine.ledger.batches(limit=100, source="s")))


@pytest.fixture(name="shared")
def _shared(tmp_path: Path, postgresql: str) -> Iterator[Shared]:
    address = database(postgresql, f"sources{next(NUMBERS)}")
    with small_core(), Services(tmp_path, address) as services, website(HELD) as site:
        yield Shared(services, services.begin("one"), site)


def test_what_is_due_is_read_by_one_and_after_a_kill_by_the_other(shared: Shared) -> None:
    asked = Event()

    def hold(handler: BaseHTTPRequestHandler) -> None:
        asked.set()
        shared.site.let_go.wait()

    shared.site.behave = hold
    due = datetime.now(UTC)
    with shared.another(due) as other:
        assert asked.wait(60)
        with pytest.raises(SourceRunning):
            shared.runs.run("s", due=due)
        assert len(shared.site.asked) == 1
        other.kill()
        other.wait()
    assert shared.runs.register.get("s").state.outcome is Outcome.RUNNING  # as it was left
    shared.site.behave = HELD
    ran: list[Ran | None] = []

    def taken_over() -> bool:
        # The server takes the lease back when it notices that its holder has gone.
        try:
            ran.append(shared.runs.run("s", due=datetime.now(UTC)))
        except SourceRunning:
            return False
        return True

    eventually(taken_over)
    assert [each and each.committed is not None for each in ran] == [True]
    assert (len(shared.site.asked), shared.batches()) == (2, 1)
    assert shared.runs.register.get("s").state.runs == {Outcome.COMMITTED: 1}


def test_what_another_has_read_in_time_is_not_read_again(shared: Shared) -> None:
    due = datetime.now(UTC)
    with shared.another(due) as other:
        assert other.wait(60) == 0
    assert shared.runs.run("s", due=due) is None
    assert (len(shared.site.asked), shared.batches()) == (1, 1)

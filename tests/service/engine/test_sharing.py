"""Several services on one PostgreSQL ledger, each with a data folder of its own, follow each other."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from itertools import count
from pathlib import Path
from typing import Self

import psycopg
import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from stratagraph.service.engine.engine import Engine
from stratagraph.service.ledger.redaction import Sought
from stratagraph.shapes.finding import GateRefused
from tests.counting import COUNTED
from tests.service.engine.mending import assert_in_step, batch, eventually, small_core, small_engine
from tests.service.engine.test_resending import ABOUT_PART, USING, says
from tests.service.ledger.conftest import _postgresql  # noqa: F401  the fixture of a real server
from tests.service.ledger.postgresql import database
from tests.service.worlds import EX, NODES

pytestmark = pytest.mark.postgres
NUMBERS = count(1)
ROOT = Path(__file__).parents[3]


@pytest.fixture(name="small", autouse=True, scope="module")
def _small() -> Iterator[None]:
    with small_core():
        yield


@pytest.fixture(name="url")
def _url(postgresql: str) -> str:
    return database(postgresql, f"shared{next(NUMBERS)}")


class Services:
    """Services that share a ledger: each with a folder of its own, and the one signing key."""

    def __init__(self, folder: Path, url: str) -> None:
        self.folder = folder
        self.url = url
        self._open: dict[str, Engine] = {}

    def begin(self, name: str) -> Engine:
        """Open one more, or one again."""
        self._open[name] = small_engine(self.place(name), ledger_url=self.url)
        return self._open[name]

    def end(self, name: str) -> None:
        """Close one."""
        self._open.pop(name).close()

    def place(self, name: str) -> Path:
        """Return the folder of a service, with the key that the first one made."""
        place = self.folder / name
        place.mkdir(exist_ok=True)
        key = "ledger.sqlite.key"
        made = [each / key for each in self.folder.iterdir() if (each / key).exists()]
        if made and not (place / key).exists():
            shutil.copy2(made[0], place / key)
        return place

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        for name in list(self._open):
            self.end(name)


@pytest.fixture(name="services")
def _services(tmp_path: Path, url: str) -> Iterator[Services]:
    with Services(tmp_path, url) as services:
        yield services


def test_who_commits_takes_in_first_what_others_committed(services: Services, tmp_path: Path) -> None:
    one, other = services.begin("one"), services.begin("other")
    for number in range(1, 7):
        committed = (one, other)[number % 2].commit(batch(number, source="ab"[number % 2])).receipt
        assert committed.sequence == number + 1
        assert_in_step((one, other)[number % 2], tmp_path)
    one._committer.catch_up()
    assert_in_step(one, tmp_path)
    other._committer.catch_up()
    assert_in_step(other, tmp_path)


def test_who_commits_nothing_follows_too_and_who_waits_is_served(services: Services, tmp_path: Path) -> None:
    one, idle = services.begin("one"), services.begin("idle")
    idle.start()
    for number in range(1, 4):
        sequence = one.commit(batch(number)).receipt.sequence
        assert idle.wait_for(sequence, 60)
        assert_in_step(idle, tmp_path)


def test_a_run_of_another_service_is_recognised(services: Services) -> None:
    one, other = services.begin("one"), services.begin("other")
    first = one.commit(batch(1)).receipt
    again = other.commit(batch(1)).receipt
    assert (again.sequence, again.duplicate) == (first.sequence, True)


def test_the_gate_judges_by_what_is_true_when_the_batch_is_written(services: Services) -> None:
    """The other service has taken back what this one's batch needs, and nothing here has heard of it yet."""
    one, other = services.begin("one"), services.begin("other")
    one.commit(says("other", "1", *ABOUT_PART))
    other._committer.catch_up()
    one.commit(says("other", "2"))
    with pytest.raises(GateRefused):
        other.commit(says("me", "1", *USING))
    one.commit(says("other", "3", *ABOUT_PART))
    other.commit(says("me", "1", *USING))


def test_what_one_service_redacts_goes_from_every_other(services: Services, tmp_path: Path) -> None:
    one, other = services.begin("one"), services.begin("other")
    one.commit(batch(1, source="many", more=3))
    other._committer.catch_up()
    one.ledger.redact(
        Sought(subject=NODES[0], predicate=EX.says, value="1 and 2"),
        by="me",
        why="asked for",
        ontology_hash=one.model.hash,
    )
    one.commit(batch(2))
    for engine in (one, other):
        engine._committer.catch_up()
        assert_in_step(engine, tmp_path)
        assert not engine.triples.ask("ASK { ?s ?p '1 and 2' }")


def test_silence_is_closed_by_one_of_them(services: Services, tmp_path: Path) -> None:
    one, other = services.begin("one"), services.begin("other")
    one.commit(batch(1, silence=0))
    both = [threading.Thread(target=engine.housekeep) for engine in (one, other)]
    for thread in both:
        thread.start()
    for thread in both:
        thread.join()
    assert one.housekeeping.entries + other.housekeeping.entries == 1
    assert one.housekeeping.failures + other.housekeeping.failures == 0
    for engine in (one, other):
        engine._committer.catch_up()
        assert_in_step(engine, tmp_path)
    assert list(one.ledger.open_facts([NODES[0]])) == []


def test_services_that_open_and_commit_at_the_same_time_agree(services: Services, tmp_path: Path) -> None:
    services.begin("first")  # makes the key
    services.end("first")
    places = [services.place(str(number)) for number in range(3)]
    engines: list[Engine] = []

    def live(number: int) -> None:
        engine = small_engine(places[number], ledger_url=services.url)
        engines.append(engine)
        engine.start()
        for run in range(5):
            engine.commit(batch(100 * number + run, source=str(number)))

    threads = [threading.Thread(target=live, args=(number,)) for number in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    try:
        head = engines[0].ledger.sequence()
        assert head == 1 + 15
        for engine in engines:
            assert engine.wait_for(head, 60)
            assert_in_step(engine, tmp_path)
        assert engines[0].ledger.verify().ok
    finally:
        for engine in engines:
            engine.close()


def test_a_lease_has_one_holder_and_passes_on_when_that_is_gone(services: Services) -> None:
    one, other = services.begin("one"), services.begin("other")
    first, second, elsewhere = one.ledger.lease("a"), other.ledger.lease("a"), other.ledger.lease("b")
    assert first.held()
    assert first.held()
    assert not second.held()
    assert elsewhere.held()
    first.release()
    assert second.held()
    assert not first.held()
    # The holder's connection is cut off, as a server does that restarts.
    with one.ledger._database.session() as session:
        session.exec_driver_sql(
            "SELECT pg_terminate_backend(pid) FROM pg_locks WHERE locktype = 'advisory' AND granted"
        )
    eventually(first.held)
    assert not second.held()
    for lease in (first, second, elsewhere):
        lease.release()


def test_connections_that_the_server_has_dropped_cost_no_batch(services: Services, tmp_path: Path) -> None:
    """As after the server was restarted: whatever was open between two batches is gone."""
    one, other = services.begin("one"), services.begin("other")
    one.commit(batch(1))
    other._committer.catch_up()
    with psycopg.connect(services.url, autocommit=True) as session:
        session.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
            "WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )
    assert one.commit(batch(2)).receipt.sequence == 3
    other._committer.catch_up()
    assert_in_step(other, tmp_path)


STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("commit"), st.integers(0, 2)),
        st.tuples(st.just("commit"), st.integers(0, 2)),
        st.tuples(st.just("look"), st.integers(0, 2)),
        st.tuples(st.sampled_from(["restart", "crash"]), st.integers(0, 2)),
    ),
    min_size=4,
    max_size=12,
)


@pytest.mark.parametrize("members", [2, 3])
def test_random_histories_of_services_on_one_ledger(
    postgresql: str, members: int, request: pytest.FixtureRequest, record_property: Callable[[str, object], None]
) -> None:
    told: Counter[str] = Counter()

    @settings(max_examples=60 if request.config.getoption("--nightly") else 4, phases=[Phase.reuse, Phase.generate])
    @given(STEPS)
    def agree(steps: list[tuple[str, int]]) -> None:
        with tempfile.TemporaryDirectory() as place:
            folder = Path(place)
            with Services(folder, database(postgresql, f"shared{next(NUMBERS)}")) as services:
                engines = [services.begin(str(number)) for number in range(members)]
                for run, (what, which) in enumerate(steps):
                    told[what] += 1
                    engines[which % members] = happen(what, services, which % members, engines[which % members], run)
                for engine in engines:
                    engine._committer.catch_up()
                    assert_in_step(engine, folder)
                assert engines[0].ledger.verify().ok

    agree()
    record_property(COUNTED, ", ".join(f"{number} {what}" for what, number in told.items()))


def happen(what: str, services: Services, number: int, engine: Engine, run: int) -> Engine:
    """Let something happen to one of the services; return what it is from then on."""
    if what == "commit":
        engine.commit(batch(run, source="ab"[run % 2]))
        assert_in_step(engine, services.folder)
    elif what == "look":
        engine._committer.catch_up()
        assert_in_step(engine, services.folder)
    else:
        if what == "crash":
            # It committed, and died before its views heard of it.
            engine.ledger.commit(batch(run, source="c"), ontology_hash=engine.model.hash)
            engine._derivation._sound = False
        services.end(str(number))
        engine = services.begin(str(number))
        assert_in_step(engine, services.folder)
    return engine


WORKER = """
import json, sys, time
from pathlib import Path
from typing import Self
from stratagraph.service.engine import in_force
from tests.service.engine.mending import batch, shown, small_engine
from tests.service.happenings import small_ontology

in_force.load_extended = small_ontology
folder, url, name, runs = Path(sys.argv[1]), sys.argv[2], sys.argv[3], int(sys.argv[4])
with small_engine(folder, ledger_url=url) as engine:
    engine.start()
    for run in range(runs):
        engine.commit(batch(run, source=name))
        print(run, flush=True)
    for line in sys.stdin:
        assert engine.wait_for(int(line), 60)
        facts, _ = shown(engine, folder)
        print(json.dumps(sorted(facts)), flush=True)
"""


def start(services: Services, name: str, *, runs: int) -> subprocess.Popen[str]:
    """Start a process that commits and follows, and tells what it shows when it is given a sequence."""
    return subprocess.Popen(
        [sys.executable, "-c", WORKER, str(services.place(name)), services.url, name, str(runs)],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )


def test_of_three_processes_one_is_killed_and_comes_back(services: Services, tmp_path: Path) -> None:
    watching = services.begin("watching")
    processes = {name: start(services, name, runs=5) for name in "xyz"}
    try:
        killed = processes["z"]
        assert killed.stdout is not None
        for _ in range(3):
            killed.stdout.readline()
        os.kill(killed.pid, signal.SIGKILL)
        killed.wait()
        killed.stdout.close()
        assert killed.stdin is not None
        killed.stdin.close()
        processes["z"] = start(services, "z", runs=5)  # what it committed before is recognised
        for process in processes.values():
            assert process.stdout is not None
            assert [process.stdout.readline() for _ in range(5)] == [f"{run}\n" for run in range(5)]
        head = watching.ledger.sequence()
        assert head == 1 + 3 * 5
        watching._committer.catch_up()
        assert_in_step(watching, tmp_path)
        expected = json.loads(ask(processes["x"], head))
        assert expected
        for name in "yz":
            assert json.loads(ask(processes[name], head)) == expected
        assert watching.ledger.verify().ok
    finally:
        for process in processes.values():
            process.communicate(timeout=60)
    assert {process.returncode for process in processes.values()} == {0}


def ask(process: subprocess.Popen[str], sequence: int) -> str:
    assert process.stdin is not None
    assert process.stdout is not None
    process.stdin.write(f"{sequence}\n")
    process.stdin.flush()
    return process.stdout.readline()

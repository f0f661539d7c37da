"""The real server is killed at random points under load, and keeps everything that it acknowledged."""

from __future__ import annotations

import os
import random
import shutil
import signal
import subprocess
import threading
import time
from collections.abc import Callable
from pathlib import Path

import httpx
import pytest

from stratagraph.ontology.facts import Batch, Fact, Iri, Literal, Method, Scope
from stratagraph.ontology.identity import mint
from stratagraph.ontology.model import load_model
from stratagraph.ontology.namespaces import RDF, SG
from stratagraph.service.engine.engine import Engine
from stratagraph.service.http.wire import to_wire
from stratagraph.service.settings import TRIPLES_FOLDER, Settings
from tests.counting import COUNTED
from tests.opened import Opened
from tests.service.running import PROGRAM, Running, clean_environment, started

KILLS, NIGHTLY_KILLS = 5, 100
SENDERS = 2


def agent(number: int) -> Iri:
    return mint(load_model(), SG.Agent, {SG.name: f"agent {number}"})


def batch_of(number: int) -> Batch:
    """An agent that uses the one before; every third run closes what the two before it said."""
    mine, model = agent(number), mint(load_model(), SG.BaseModel, {SG.name: "model"})
    facts = (
        Fact(model, RDF.type, SG.BaseModel),
        Fact(model, SG.name, Literal("model")),
        Fact(mine, RDF.type, SG.Agent),
        Fact(mine, SG.name, Literal(f"agent {number}")),
        Fact(mine, SG.usesModel, model),
    )
    scope = Scope(name=f"s{number % SENDERS}", complete=number % 3 == 0, stated=facts)
    return Batch(source="load", run=str(number), method=Method.DECLARED, scopes=(scope,))


class Load:
    """Sends batches from several threads, and remembers the runs that were acknowledged."""

    def __init__(self) -> None:
        self.acknowledged: dict[int, str] = {}
        self._next = 0
        self._lock = threading.Lock()

    def start(self, running: Running) -> list[threading.Thread]:
        """Begin to send until the server is gone."""
        senders = [threading.Thread(target=self._send, args=(running.url,)) for _ in range(SENDERS)]
        for sender in senders:
            sender.start()
        return senders

    def _send(self, url: str) -> None:
        with httpx.Client(base_url=url, trust_env=False, timeout=60) as client:
            while True:
                with self._lock:
                    number, self._next = self._next, self._next + 1
                try:
                    answer = client.post("/api/batches", json=to_wire(batch_of(number)))
                except httpx.TransportError:
                    return
                assert answer.status_code == httpx.codes.CREATED, answer.text
                with self._lock:
                    self.acknowledged[int(answer.json()["sequence"])] = str(number)


@pytest.mark.long
@pytest.mark.timeout(3000)
def test_a_killed_server_loses_nothing_that_it_acknowledged(
    tmp_path: Path, opened: Opened, request: pytest.FixtureRequest, record_property: Callable[[str, object], None]
) -> None:
    pick = random.Random(11)
    load, data = Load(), opened(tmp_path / "data")
    kills = NIGHTLY_KILLS if request.config.getoption("--nightly") else KILLS
    for _ in range(kills):
        with started("serve", "--data", str(data), home=tmp_path) as running:
            before, senders = len(load.acknowledged), load.start(running)
            while len(load.acknowledged) == before:
                time.sleep(0.01)
            time.sleep(pick.uniform(0, 0.5))
            os.kill(running.process.pid, signal.SIGKILL)
            running.process.wait()
            for sender in senders:
                sender.join()
    assert len(load.acknowledged) >= kills
    record_property(COUNTED, f"{kills} kills, {len(load.acknowledged)} acknowledged batches")
    assert_nothing_is_missing(data, load.acknowledged, tmp_path)


OPENINGS, NIGHTLY_OPENINGS = 3, 40


@pytest.mark.timeout(1000)
def test_a_server_killed_while_it_opens_its_folder_opens_it_the_next_time(
    tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    pick, data = random.Random(12), tmp_path / "data"
    for _ in range(NIGHTLY_OPENINGS if request.config.getoption("--nightly") else OPENINGS):
        shutil.rmtree(data / TRIPLES_FOLDER, ignore_errors=True)  # there is always a view to be made anew
        kill_while_opening(data, tmp_path, after=pick.uniform(0.2, 4))
    with started("serve", "--data", str(data), home=tmp_path) as running:
        assert running.get("/health/ready").json()["status"] == "ready"
        answer = running.post("/api/batches", json=to_wire(batch_of(0)))
        assert answer.status_code == httpx.codes.CREATED, answer.text
    assert_nothing_is_missing(data, {int(answer.json()["sequence"]): "0"}, tmp_path)


def kill_while_opening(data: Path, home: Path, *, after: float) -> None:
    """Start the server on a folder and kill it, as a rule before it listens."""
    command = [*PROGRAM, "serve", "--data", str(data), "--port", "0"]
    process = subprocess.Popen(
        command, env=clean_environment(home), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        process.wait(timeout=after)
    except subprocess.TimeoutExpired:
        process.send_signal(signal.SIGKILL)
    assert process.wait() == -signal.SIGKILL, "it did not even begin to open the folder"


def assert_nothing_is_missing(data: Path, acknowledged: dict[int, str], folder: Path) -> None:
    """Look at what the last kill left, and again with every view made anew from the ledger."""
    with Engine(Settings(data=data)) as engine:
        stored = {record.sequence: record.run for record in engine.ledger.batches(limit=1_000_000, source="load")}
        assert acknowledged.items() <= stored.items()
        assert engine.ledger.verify().ok
        recovered = present(engine, folder / "recovered.nt")
        assert_views_agree(engine)
    shutil.rmtree(data / TRIPLES_FOLDER)
    with Engine(Settings(data=data)) as engine:
        assert present(engine, folder / "rebuilt.nt") ^ recovered == set()


def present(engine: Engine, path: Path) -> set[str]:
    engine.triples.dump(path)
    return set(path.read_text(encoding="utf-8").splitlines())


def assert_views_agree(engine: Engine) -> None:
    open_claims = [claim for claim in engine.ledger.open_claims() if claim.source == "load"]
    users = {claim.fact.subject for claim in open_claims if claim.fact.predicate == SG.usesModel}
    rows = engine.triples.select("SELECT ?a ?m { ?a a sg:Agent ; sg:usesModel ?m }")
    assert {row["a"] for row in rows} == users != set()
    edges = engine.triples.select("SELECT ?a ?b { GRAPH ?i { ?a sg:affects ?b } ?i a sg:Influence }")
    pairs = {(str(row["a"]), str(row["b"])) for row in edges}
    assert {b for _, b in pairs} >= users
    nodes = {node for pair in pairs for node in pair}
    walked = [edge for node in nodes for edge in engine.adjacency.influences_from(node)]
    assert {(edge.influencer, edge.influenced) for edge in walked} == pairs

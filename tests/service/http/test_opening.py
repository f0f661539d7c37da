"""A service that has just begun answers SPARQL from the triples as they stand, and lets all else wait for the rest."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from stratagraph.ontology.facts import Batch, Fact, Literal, Method, Scope
from stratagraph.ontology.namespaces import ASSET_BASE, RDF, SG
from stratagraph.service.engine.engine import Engine
from stratagraph.service.engine.opening import Stage
from stratagraph.service.engine.restoring import Restorer
from stratagraph.service.http import doors
from stratagraph.service.http.wire import to_wire
from stratagraph.service.server import Server, bind
from stratagraph.service.settings import ADJACENCY_FILE, DERIVER_FILE, TRIPLES_FOLDER, Settings
from tests.opened import Opened, served

BEGUN = f"{ASSET_BASE}Agent/begun"
COUNT = "SELECT (COUNT(*) AS ?n) { ?s a sg:Agent }"


def said(number: int) -> Batch:
    node = f"{ASSET_BASE}Agent/{number}"
    facts = (Fact(node, RDF.type, SG.Agent), Fact(node, SG.name, Literal(str(number))))
    return Batch(
        source="test",
        run=str(number),
        method=Method.DECLARED,
        scopes=(Scope(name=str(number), complete=True, stated=facts),),
    )


@pytest.fixture(name="folder")
def _folder(opened: Opened, tmp_path: Path) -> Path:
    """A folder with one agent, as a kill leaves it behind a second one that the views have not heard of."""
    folder = opened(tmp_path / "data")
    with Engine(Settings(data=folder)) as engine:
        engine.commit(said(1))
        engine.keep_state()
        engine.ledger.commit(said(2), ontology_hash=engine.model.hash)
    for file in (DERIVER_FILE, ADJACENCY_FILE):
        assert (folder / file).exists()
    return folder


@contextmanager
def half_open(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[Server, httpx.Client, threading.Event]]:
    """A service that takes in no more than the triples, until the event is set."""
    goes_on, restore = threading.Event(), Restorer.restore

    def later(self: Restorer, ledger: object) -> object:
        assert goes_on.wait(30)
        return restore(self, ledger)  # type: ignore[arg-type]  # whatever it was given

    monkeypatch.setattr(Restorer, "restore", later)
    with Engine(Settings(data=folder, port=0, query_workers=1), early=True) as engine:
        assert engine.opening.stage is Stage.TRIPLES
        try:
            with served(engine) as server, httpx.Client(base_url=server.url, trust_env=False, timeout=30) as client:
                try:
                    yield server, client, goes_on
                finally:
                    goes_on.set()
        finally:
            goes_on.set()


def agents(client: httpx.Client, **headers: str) -> tuple[int, str]:
    answer = client.get("/sparql", params={"query": COUNT}, headers={"Accept": "text/csv", **headers})
    return answer.status_code, answer.text.split()[-1]


def test_sparql_answers_first_and_all_else_waits(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with half_open(folder, monkeypatch) as (_, client, goes_on):
        answer = client.get("/sparql", params={"query": COUNT}, headers={"Accept": "text/csv"})
        assert answer.text.split()[-1] == "1", "the second agent is in the ledger alone"
        assert answer.headers["Stratagraph-Sequence"] == "2"
        assert client.get("/health/live").status_code == 200
        ready = client.get("/health/ready")
        assert (ready.status_code, ready.json()["status"], ready.json()["sequence"]) == (503, "opening", 2)
        assert ready.json()["views"] == {}
        found: dict[str, httpx.Response] = {}
        written = to_wire(said(3))

        def ask(path: str) -> None:
            with httpx.Client(base_url=str(client.base_url), trust_env=False, timeout=30) as own:
                if path == "/api/batches":
                    found[path] = own.post(path, json=written)
                elif path == "/sparql":
                    headers = {"Accept": "text/csv", "Stratagraph-At-Least": "3"}
                    found[path] = own.get(path, params={"query": COUNT}, headers=headers)
                else:
                    found[path] = own.get(path)

        asked = [threading.Thread(target=ask, args=(path,)) for path in ("/api/batches", "/api/assets", "/sparql", "/")]
        for each in asked:
            each.start()
        for each in asked:
            each.join(timeout=0.2)
        assert found == {}, "who asks for what is not there yet waits, and who reads what was written"
        goes_on.set()
        for each in asked:
            each.join()
        assert {path: answer.status_code for path, answer in found.items()} == {
            "/api/batches": 201,
            "/api/assets": 200,
            "/sparql": 200,
            "/": 200,
        }
        assert int(found["/sparql"].text.split()[-1]) >= 2
        assert agents(client, **{"Stratagraph-At-Least": "4"}) == (200, "3")
        assert client.get("/health/ready").json()["status"] == "ready"


def test_who_waits_for_long_is_told_to_come_again(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doors, "PATIENCE", 0.05)
    with half_open(folder, monkeypatch) as (_, client, _goes_on):
        refused = client.post("/api/batches", json=to_wire(said(3)))
        assert refused.status_code == 503
        assert refused.headers["Retry-After"] == "1"
        assert "again in 1 s" in refused.json()["detail"]
        assert refused.json()["type"].endswith("still-opening")
        spans = client.post("/v1/traces", content=b"", headers={"Content-Type": "application/x-protobuf"})
        assert spans.status_code == 503
        assert spans.headers["Retry-After"] == "1"
        assert b"again in 1 s" in spans.content, "header and text are one figure"
        assert spans.headers["Content-Type"] == "application/x-protobuf"
        assert client.get("/metrics").status_code == 503


def test_readiness_tells_what_is_still_being_restored(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (folder / DERIVER_FILE).unlink()
    (folder / ADJACENCY_FILE).unlink()
    told: list[dict[str, object]] = []
    with half_open(folder, monkeypatch) as (server, client, goes_on):
        derive, make = Restorer.derive, Restorer._make

        def deriving(self: Restorer, ledger: object) -> object:
            told.append(client.get("/health/ready").json())
            return derive(self, ledger)  # type: ignore[arg-type]  # whatever it was given

        def making(self: Restorer, *made: object) -> None:
            told.append(client.get("/health/ready").json())
            make(self, *made)  # type: ignore[arg-type]  # whatever it was given

        monkeypatch.setattr(Restorer, "derive", deriving)
        monkeypatch.setattr(Restorer, "_make", making)
        goes_on.set()
        assert client.get("/api/assets").status_code == 200
        assert [each["restoring"] for each in told] == [["deriver", "adjacency", "triples"], ["adjacency"]]
        assert "restoring" not in client.get("/health/ready").json()
        assert server.engine.opening.restoring == ()


def test_a_service_that_is_stopped_while_it_opens_ends(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for file in (DERIVER_FILE, ADJACENCY_FILE):
        (folder / file).unlink()  # so that there is something to break off
    with half_open(folder, monkeypatch) as (server, _, goes_on):
        server.stop()
        server.engine.opening.stop()  # as the server does, once its last answer is out
        goes_on.set()
    assert not server.engine.opening.is_whole
    with Engine(Settings(data=folder)) as again:
        assert again.sequence == 3


def test_what_hinders_the_opening_ends_the_service(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> None:
        raise ValueError("the ledger can't be read")

    monkeypatch.setattr(Restorer, "restore", fail)
    with Engine(Settings(data=folder, port=0, query_workers=1), early=True) as engine:
        server = Server(engine, bind(engine.settings))
        ended: list[BaseException] = []

        def run() -> None:
            try:
                server.run()
            except ValueError as error:
                ended.append(error)

        thread = threading.Thread(target=run)
        thread.start()
        thread.join(timeout=30)
        assert [str(error) for error in ended] == ["the ledger can't be read"]


@pytest.mark.parametrize("harm", ["half-way", "of another chain", "gone"])
def test_triples_that_do_not_stand_are_not_read_before_they_are_mended(
    folder: Path, monkeypatch: pytest.MonkeyPatch, harm: str
) -> None:
    if harm == "gone":
        (folder / TRIPLES_FOLDER).rename(folder / "away")
    elif harm == "half-way":
        monkeypatch.setattr("stratagraph.service.views.triples.is_half_way", lambda _: True)
    else:
        monkeypatch.setattr("stratagraph.service.engine.restoring.Restorer._stands_on", lambda *_: False)
    with Engine(Settings(data=folder), early=True) as engine:
        assert engine.opening.is_whole
        assert engine.sequence == 3

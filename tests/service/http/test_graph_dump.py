"""The whole graph over HTTP and by the command."""

from __future__ import annotations

import asyncio
import io
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pyoxigraph as ox
import pytest
import typer
from starlette.types import Message

from stratagraph.service.cli import export as command
from stratagraph.service.client import Client, Refused, local, remote
from stratagraph.service.http.app import create_app
from stratagraph.service.http.batches import Writer
from stratagraph.service.http.graph_dump import MEDIA_TYPES, MOST, GraphDumps, GraphForm
from stratagraph.service.http.pace import Pace
from stratagraph.service.http.parameters import EmptyParameter
from stratagraph.service.views.books import told
from stratagraph.service.views.dump import FORMATS
from tests.service.engine.mending import eventually
from tests.service.http.conftest import Site


@pytest.mark.parametrize("media_type", FORMATS)
def test_it_is_what_the_store_tells(site: Site, media_type: str) -> None:
    answer = site.get("/api/graph", headers={"Accept": media_type})
    assert answer.headers["content-type"].startswith(media_type)
    assert int(answer.headers["stratagraph-sequence"]) == site.engine.sequence
    found = set(ox.parse(answer.content, FORMATS[media_type], lenient=True))
    named = FORMATS[media_type].supports_datasets
    assert found == {quad for quad in told(site.engine.triples.store) if named or quad.graph_name == ox.DefaultGraph()}


@pytest.mark.parametrize("form", GraphForm)
def test_the_format_may_stand_in_the_address_and_the_system_beside_it(site: Site, form: GraphForm) -> None:
    whole = site.get("/api/graph", params={"format": form.value})
    part = site.get("/api/graph", params={"format": form.value, "system": "EduVest"})
    for answer in (whole, part):
        assert answer.headers["content-type"].startswith(MEDIA_TYPES[form])
        assert int(answer.headers["stratagraph-sequence"]) == site.engine.sequence
    assert 0 < len(part.content) < len(whole.content)


def test_what_is_unknown_is_told(site: Site) -> None:
    unknown = site.get("/api/graph", params={"system": "EduVst"})
    assert (unknown.status_code, unknown.json()["suggestions"]) == (404, ["EduVest"])
    assert site.get("/api/graph", params={"format": "xlsx"}).status_code == 422
    assert site.get("/api/graph", params={"system": "EduVest"}).status_code == 200, "its place was given back"


def test_the_export_command_writes_a_system(site: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STRATAGRAPH_URL", site.url)
    for form in command.Format:
        file = tmp_path / form.value
        command.export(form=form, system="EduVest", out=file)
        assert file.read_bytes() == site.get("/api/graph", params={"format": form.value, "system": "EduVest"}).content


@pytest.mark.parametrize("door", ["service", "here"])
@pytest.mark.parametrize("system", ["", " "])
def test_a_system_without_a_name_is_not_the_whole_graph(
    site: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, door: str, system: str
) -> None:
    if door == "here":
        with pytest.raises(EmptyParameter):
            Writer(site.engine).dump("text/csv", io.BytesIO(), system=system)
        return
    monkeypatch.setenv("STRATAGRAPH_URL", site.url)
    with pytest.raises(typer.Exit):
        command.export(system=system, out=tmp_path / "graph")


def test_another_format_is_refused(site: Site) -> None:
    assert site.get("/api/graph", headers={"Accept": "text/html"}).status_code == 406


def test_a_client_that_leaves_gives_its_place_back(site: Site) -> None:
    for _ in range(2 * MOST):
        with site.client.stream("GET", "/api/graph") as answer:
            next(answer.iter_bytes())
            assert answer.status_code == 200
        eventually(lambda: not site.engine.snapshots.reads_before(site.engine.sequence + 1))


@pytest.mark.parametrize("encoding", ["gzip", "identity"])
def test_head_tells_what_get_would_and_writes_nothing(
    site: Site, monkeypatch: pytest.MonkeyPatch, encoding: str
) -> None:
    asked = {"params": {"system": "EduVest"}, "headers": {"Accept-Encoding": encoding}}
    get = site.get("/api/graph", **asked)
    eventually(lambda: not site.engine.snapshots.reads_before(site.engine.sequence + 1))
    started: list[object] = []
    monkeypatch.setattr(asyncio, "create_subprocess_exec", lambda *command, **_: started.append(command))
    for _ in range(2 * MOST):
        head = site.send("HEAD", "/api/graph", **asked)
        assert (head.status_code, head.content) == (200, b"")
        assert {name: value for name, value in head.headers.items() if name != "date"} == {
            name: value for name, value in get.headers.items() if name not in {"date", "transfer-encoding"}
        }
    assert site.send("HEAD", "/api/graph", params={"system": "EduVst"}).status_code == 404
    assert not started
    assert not site.engine.snapshots.reads_before(site.engine.sequence + 1)


def test_more_at_once_than_may_be_are_told_to_come_again(site: Site) -> None:
    with ExitStack() as stack:
        for _ in range(MOST):
            stack.enter_context(site.client.stream("GET", "/api/graph"))
        answer = site.get("/api/graph")
        assert answer.status_code == 503
        assert answer.headers["retry-after"]
        assert site.get("/api/ledger").status_code == 200
    eventually(lambda: site.get("/api/graph").status_code == 200)


def test_clients_that_take_a_piece_a_minute_hold_no_place_for_long(
    site: Site, caplog: pytest.LogCaptureFixture
) -> None:
    async def slow(dumps: GraphDumps, clock: list[float]) -> list[Any]:
        dump = await dumps.begin("application/trig")
        sent: list[Any] = []

        async def send(message: Any) -> None:
            sent.append(message)
            clock[0] += 59

        async def stays() -> Message:
            return await asyncio.Future()

        await dump({"type": "http"}, stays, send)
        return sent

    async def scene() -> None:
        clock = [0.0]
        dumps = GraphDumps(site.engine, lambda: Pace(lambda: clock[0]))
        for sent in await asyncio.gather(*[slow(dumps, clock) for _ in range(MOST)]):
            assert sent[-1]["more_body"], "it was cut, so it has no end"
            assert len(sent) < 5
        assert (await dumps.head("application/trig")).status_code == 200, "the places are free again"

    asyncio.run(scene())
    assert [record.levelname for record in caplog.records if "too slowly" in record.message] == ["WARNING"] * MOST
    assert not site.engine.snapshots.reads_before(site.engine.sequence + 1)


@pytest.mark.parametrize("moment", ["before pin", "behind pin", "behind checkpoint"])
def test_whoever_is_cancelled_while_a_dump_begins_leaves_nothing_pinned(
    site: Site, monkeypatch: pytest.MonkeyPatch, moment: str
) -> None:
    snapshots = site.engine.snapshots
    where, name = moment.split()
    work = getattr(snapshots, name)

    async def scene() -> None:
        loop = asyncio.get_running_loop()
        asking: asyncio.Task[Any]

        async def leave() -> None:
            asking.cancel()

        def left(*given: Any) -> Any:
            if where == "before":
                asyncio.run_coroutine_threadsafe(leave(), loop).result(30)
            found = work(*given)
            if where == "behind":
                asyncio.run_coroutine_threadsafe(leave(), loop).result(30)
            return found

        monkeypatch.setattr(snapshots, name, left)
        dumps = GraphDumps(site.engine)
        for _ in range(60):
            asking = asyncio.create_task(dumps.begin("application/trig", system="EduVest"))
            with pytest.raises(asyncio.CancelledError):
                await asking
            assert not snapshots.reads_before(site.engine.sequence + 1)
        assert dumps._running == 0

    asyncio.run(scene())


@pytest.mark.parametrize("way", ["remote", "app", "here"])
def test_every_client_writes_the_same(site: Site, way: str) -> None:
    app = create_app(site.engine, guarded=False, lasting=False)
    clients: dict[str, Client] = {
        "remote": remote(site.url),
        "app": local(app),
        "here": local(app, Writer(site.engine)),
    }
    file = io.BytesIO()
    clients[way].dump("application/n-quads", file)
    assert len(file.getvalue().splitlines()) == len(list(told(site.engine.triples.store)))


def test_a_client_tells_of_a_refusal(site: Site) -> None:
    with pytest.raises(Refused, match="application/trig"):
        remote(site.url).dump("text/html", io.BytesIO())


def test_the_command_writes_a_file(site: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STRATAGRAPH_URL", site.url)
    command.export(form=command.Format.NQUADS, out=tmp_path / "graph.nq")
    assert (tmp_path / "graph.nq").read_bytes().count(b"\n") == len(list(told(site.engine.triples.store)))


def rows(site: Site, query: str, **dataset: str) -> list[dict[str, Any]]:
    params = {"query": query, **{name.replace("_", "-"): value for name, value in dataset.items()}}
    found: list[dict[str, Any]] = site.get("/sparql", params=params).json()["results"]["bindings"]
    return found


def test_the_protocol_shows_the_graphs_and_takes_them_for_a_dataset(site: Site) -> None:
    (found,) = rows(site, "SELECT ?g ?s { GRAPH ?g { ?s sg:usesModel ?o } ?g a sg:ClaimSet } LIMIT 1")
    graph = found["g"]["value"]
    held = rows(site, f"SELECT ?s ?p ?o {{ GRAPH <{graph}> {{ ?s ?p ?o }} }}")
    assert held
    # As default graph it is all that there is; as named graph it is the only one, beside an empty default graph.
    everything, named = "SELECT ?s ?p ?o { ?s ?p ?o }", "SELECT ?g ?s ?p ?o { GRAPH ?g { ?s ?p ?o } }"
    assert len(rows(site, everything, default_graph_uri=graph)) == len(held)
    assert rows(site, named, default_graph_uri=graph) == []
    assert {row["g"]["value"] for row in rows(site, named, named_graph_uri=graph)} == {graph}
    assert rows(site, everything, named_graph_uri=graph) == []
    assert len(rows(site, everything.replace("{", f"FROM <{graph}> {{", 1))) == len(held)

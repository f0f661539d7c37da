"""An answer is of one sequence, which its header says, and who writes learns the sequence of what they wrote."""

from __future__ import annotations

import asyncio
import itertools
import json
import re
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import orjson
import pytest

from stratagraph.ontology.facts import Batch, Fact, Literal, Method, Scope
from stratagraph.ontology.namespaces import RDF, SG
from stratagraph.service.engine.engine import Engine
from stratagraph.service.exchange import Exchange, exchange
from stratagraph.service.http.app import create_app
from stratagraph.service.http.wire import to_wire
from stratagraph.service.settings import Settings
from stratagraph.service.views import querying
from tests.opened import Opened

BASE: Final = "https://w3id.org/stratagraph/asset/"
PREFIXES: Final = "@prefix sg: <https://w3id.org/stratagraph/ns#> .\n"
MODELS: Final = "".join(
    f'<{BASE}BaseModel/{name}> a sg:BaseModel ; sg:name "{name}" ; sg:purpose "{{text}}" .\n' for name in ("a", "b")
)
AGENT: Final = (
    f'<{BASE}Agent/helper> a sg:Agent ; sg:name "helper" ; sg:purpose "{{text}}" ; '
    f"sg:usesModel <{BASE}BaseModel/{{model}}> .\n"
)
EXTRA: Final = f'<{BASE}Agent/helper-too> a sg:Agent ; sg:name "helper too" ; sg:usesModel <{BASE}BaseModel/b> .\n'
STATES: Final = (
    (MODELS + AGENT).format(text="first", model="a"),
    (MODELS + AGENT).format(text="second", model="b") + EXTRA,
)
ROUTES: Final = (
    "/api/assets?kind=Agent",
    "/api/assets/Agent/helper",
    "/api/levels",
    "/api/search?q=helper",
    "/api/impact?asset=b",
    "/api/metrics?asset=helper",
    "/api/compliance/audit",
    "/api/compliance/verdicts?level=L6",
)
_TIME: Final = re.compile(r"\d{4}-\d\d-\d\dT[\d:.]+(Z|\+00:00)?")
_PASSING: Final = re.compile(r'("?(sequence|hash|signature|head)"?:) ?("[^"]*"|\d+)')


class Site:
    """A service whose graph goes back and forth between two states, one with each commit."""

    def __init__(self, folder: Path) -> None:
        self.engine = Engine(Settings(data=folder))
        self.app = create_app(self.engine, guarded=False, lasting=False)
        self.states: dict[int, int] = {}
        self._turn = itertools.count()

    def commit(self) -> int:
        turn = next(self._turn) % 2
        done = self.send("POST", "/api/batches?source=s&scope=s&complete=true", PREFIXES + STATES[turn])
        assert done.status == 201, done.content
        sequence = int(header(done))
        self.states[sequence] = turn
        return sequence

    def send(self, method: str, path: str, body: str | None = None, media_type: str = "text/turtle") -> Exchange:
        headers = {"content-type": media_type} if body else {}

        return asyncio.run(exchange(self.app, method, path, body.encode() if body else None, headers))


@pytest.fixture(name="site", scope="module")
def _site(tmp_path_factory: pytest.TempPathFactory, opened: Opened) -> Iterator[Site]:
    site = Site(opened(tmp_path_factory.mktemp("data")))
    with site.engine:
        yield site


def header(answer: Exchange) -> str:
    return dict(answer.headers)["stratagraph-sequence"]


def said(answer: Exchange) -> str:
    """What an answer says, without what each commit of the same state makes anew."""
    assert answer.status == 200, answer.content
    return _PASSING.sub(r"\1", _TIME.sub("", answer.content.decode()))


def body_sequence(answer: Exchange) -> int | None:
    found = re.search(r'"sequence": ?(\d+)', answer.content.decode())
    return int(found[1]) if found else None


@pytest.mark.parametrize("path", ROUTES)
def test_commits_between_the_queries_of_an_answer_never_mix_in(
    site: Site, monkeypatch: pytest.MonkeyPatch, path: str
) -> None:
    quiet: dict[int, str] = {}
    for _ in STATES:
        sequence = site.commit()
        site.send("GET", path)
        quiet[site.states[sequence]] = said(site.send("GET", path))
    assert len(set(quiet.values())) == 2 or "metrics" in path, "the states can be told apart"
    site.commit()  # an audit of this sequence was not asked for yet
    select, asked = querying.select, itertools.count()
    # What may be the same asset is known of the newest sequence alone: that page has to find a quiet moment.
    most = 3 if path == ROUTES[1] else 12

    def select_between_commits(*arguments: Any) -> Any:
        number = next(asked)
        if number < most:
            with monkeypatch.context() as patched:
                patched.setattr(querying, "select", select)
                site.commit()
        found = select(*arguments)
        if number < most and number % 2:
            with monkeypatch.context() as patched:
                patched.setattr(querying, "select", select)
                site.commit()
        return found

    monkeypatch.setattr(querying, "select", select_between_commits)
    answer = site.send("GET", path)
    assert next(asked) > 1, "the answer takes a query at least"
    sequence = int(header(answer))
    assert body_sequence(answer) in {None, sequence}
    if path != "/api/levels":  # which shows verdicts of an earlier sequence, and says so
        assert said(answer) == quiet[site.states[sequence]]


def test_while_a_change_is_being_derived_an_asset_is_told_without_its_near_misses(site: Site) -> None:
    derives, is_derived = threading.Event(), threading.Event()

    def derive() -> None:
        with site.engine._still():
            derives.set()
            assert is_derived.wait(30)

    site.commit()
    path = "/api/assets/Agent/helper"
    quiet = json.loads(site.send("GET", path).content)
    writer = threading.Thread(target=derive)
    writer.start()
    try:
        assert derives.wait(30)
        answer = json.loads(site.send("GET", f"{path}?lang=pt-BR").content)
    finally:
        is_derived.set()
        writer.join()
    assert (answer["sequence"], answer["partial"]) == (quiet["sequence"], True)
    assert answer["partialReason"].startswith("O grafo")
    assert "partial" not in quiet


def test_a_batch_answers_by_its_own_sequence(site: Site) -> None:
    stated = (Fact(f"{BASE}Agent/other", RDF.type, SG.Agent), Fact(f"{BASE}Agent/other", SG.name, Literal("other")))
    scope = Scope(name="s", complete=True, stated=stated)
    batch = Batch(source="other", run="1", method=Method.DECLARED, scopes=(scope,), observations=())
    body = orjson.dumps(to_wire(batch)).decode()
    first = site.send("POST", "/api/batches", body, "application/json")
    assert int(header(first)) == body_sequence(first) == site.engine.ledger.sequence()
    site.commit()
    again = site.send("POST", "/api/batches", body, "application/json")
    assert orjson.loads(again.content)["duplicate"]
    assert header(again) == header(first), "a duplicate answers by the sequence it has"
    dry = site.send("POST", "/api/batches?dryRun=true", body.replace('"1"', '"2"'), "application/json")
    assert dry.status == 200
    assert int(header(dry)) == site.engine.sequence
    gone = site.send("DELETE", "/api/sources?source=other")
    assert int(header(gone)) == body_sequence(gone) == site.engine.ledger.sequence()


@pytest.mark.parametrize("path", ["/api/ledger", "/api/batches?limit=1"])
def test_what_the_ledger_says_is_of_the_sequence_that_it_shows(site: Site, path: str) -> None:
    site.commit()
    answer = site.send("GET", path)
    assert int(header(answer)) == body_sequence(answer) == site.engine.ledger.sequence()


def test_a_hundred_who_wait_take_no_thread(site: Site) -> None:
    """They would be more than twice as many as there are threads; the commit that they wait for needs one."""
    wanted = site.engine.ledger.sequence() + 1
    headers = {"stratagraph-at-least": str(wanted)}

    async def scene() -> list[Exchange]:
        async with site.app.router.lifespan_context(site.app):
            waiting = [
                asyncio.create_task(exchange(site.app, "GET", "/api/assets?limit=1", None, headers)) for _ in range(100)
            ]
            for _ in range(5):
                await asyncio.sleep(0)
            live = await exchange(site.app, "GET", "/health/live", None, {})
            light = await exchange(site.app, "GET", "/api/search?q=helper", None, {})
            assert (live.status, light.status) == (200, 200)
            assert not any(task.done() for task in waiting)
            committed = await exchange(
                site.app,
                "POST",
                "/api/batches?source=late&scope=s",
                f'{PREFIXES}<{BASE}Agent/late> a sg:Agent ; sg:name "late" .'.encode(),
                {"content-type": "text/turtle"},
            )
            assert committed.status == 201
            return await asyncio.gather(*waiting)

    for answer in asyncio.run(scene()):
        assert answer.status == 200
        assert int(header(answer)) >= wanted

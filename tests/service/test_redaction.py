"""Redaction as its users have it: no byte of the value is left in any file of the data folder, whoever reads meanwhile.

The oracle is plain: every file below the folder is read and searched, before and after.
"""

from __future__ import annotations

import json
import os
import sqlite3
import threading
import zlib
from collections.abc import Iterator
from contextlib import closing, suppress
from dataclasses import replace
from pathlib import Path

import httpx
import pytest

from stratagraph.ontology.facts import Batch, Fact, Literal, Method, Observation, Scope
from stratagraph.ontology.model import load_model
from stratagraph.ontology.namespaces import RDF, SG
from stratagraph.service.client import Client, Refused, local
from stratagraph.service.engine import erasure
from stratagraph.service.engine.engine import Engine
from stratagraph.service.http.app import create_app
from stratagraph.service.ledger import scrubbing
from stratagraph.service.ledger.redaction import Sought
from stratagraph.service.past.past_stores import Past, Pasts
from stratagraph.service.settings import load_settings
from tests.opened import Opened, served
from tests.service.cli.invoking import run
from tests.service.ledger.samples import observation
from tests.service.running import clean_environment

SECRET = "Maria-Geheim"  # noqa: S105  a name, and nobody's password
MARIA = f"https://example.org/person/{SECRET}"
OTHER = "https://example.org/organisation/other"
NAME = Fact(MARIA, SG.name, Literal(f"{SECRET} Silva"))
FACTS = (
    Fact(MARIA, RDF.type, SG.Organisation),
    NAME,
    Fact(OTHER, RDF.type, SG.Organisation),
    Fact(OTHER, SG.name, Literal("other")),
    Fact(OTHER, SG.changesApprovedBy, MARIA),
)
SEEN = replace(observation(1), subject=MARIA, metric=SG.callLatency, unit="s", sketch=b"")
NAMES = "SELECT ?name WHERE { ?s sg:name ?name FILTER (isIRI(?s) && CONTAINS(STR(?s), 'example.org')) }"
SPARQL = {"Content-Type": "application/sparql-query", "Accept": "text/csv"}


def batch(run_: str, *facts: Fact, observations: tuple[Observation, ...] = ()) -> Batch:
    scopes = (Scope(name="a", complete=True, stated=facts),)
    return Batch(source="s", run=run_, method=Method.DECLARED, scopes=scopes, observations=observations)


def holding(folder: Path) -> set[str]:
    """The files that hold the value: as it stands, or in a packed file."""
    found = set()
    # A service makes and removes checkpoints while we walk; os.walk passes over a folder that has just gone.
    for path in (Path(inside) / name for inside, _, names in os.walk(folder) for name in names):
        with suppress(FileNotFoundError):
            data = path.read_bytes()
            if SECRET.encode() in data or SECRET.encode() in unpacked(data):
                found.add(path.relative_to(folder).parts[0])
    return found


def unpacked(data: bytes) -> bytes:
    for start in (0, data.find(b"\n") + 1):
        try:
            return zlib.decompressobj(wbits=47).decompress(data[start:])
        except zlib.error:
            continue
    return b""


@pytest.fixture(autouse=True)
def _impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Who is waited for here comes only when the test lets them."""
    monkeypatch.setattr(erasure, "PATIENCE", 1.0)
    monkeypatch.setattr(scrubbing, "PATIENCE", 0.2)


@pytest.fixture(name="data")
def _data(tmp_path: Path, opened: Opened) -> Path:
    """A folder that knew the person earlier, and knows her now; closed and opened, so that everything is on disk."""
    folder = opened(tmp_path / "data")
    with Engine(load_settings(data=folder)) as engine:
        engine.commit(batch("1", *FACTS, observations=(SEEN,)))
        engine.commit(batch("2", *FACTS[2:4]))
        engine.commit(batch("3", *FACTS))
    assert {"ledger.sqlite", "triples"} <= holding(folder)
    return folder


def test_without_a_service_the_command_leaves_no_byte(data: Path, tmp_path: Path) -> None:
    environment = clean_environment(tmp_path / "home")
    here = ("--data", str(data))
    erase = ("ledger", "redact", "--subject", MARIA, "--reason", "request 7", "--by", "dpo")
    dry = run(*erase, "--dry-run", *here, environment=environment)
    assert dry.returncode == 0, dry.stderr
    assert f"{SECRET} Silva" in dry.stdout
    told = run(*erase, "--dry-run", "--lang", "pt-BR", *here, environment=environment).stdout
    assert "Apagaria 6 afirmações" in told
    assert "Cópias de segurança" in told
    assert holding(data)
    done = run(*erase, *here, environment=environment)
    assert done.returncode == 0, done.stderr
    assert "Erased 6 statements, 3 of them current" in done.stdout
    assert "the next run of 's'" in done.stdout
    assert "Not reached yet" not in done.stdout
    assert holding(data) == set()
    assert run("ledger", "verify", *here, environment=environment).returncode == 0
    listed = run("ledger", "redactions", *here, environment=environment)
    assert "6 statements erased by dpo, for request 7" in listed.stdout
    assert holding(data) == set()
    again = run(*erase, *here, environment=environment)
    assert again.returncode == 2
    assert "holds nothing of" in again.stderr


def test_a_text_that_quotes_the_value_is_left_to_be_redacted_too(data: Path, tmp_path: Path) -> None:
    quoting = f"Answers what {SECRET} Silva asks"
    with Engine(load_settings(data=data)) as engine:
        engine.commit(batch("4", *FACTS, Fact(OTHER, SG.purpose, Literal(quoting))))
    erase = ("ledger", "redact", "--subject", MARIA, "--reason", "request 7", "--dry-run", "--data", str(data))
    told = run(*erase, environment=clean_environment(tmp_path / "home")).stdout
    assert f'redact that statement too, with --subject {OTHER} --predicate sg:purpose: "{quoting}"' in told


@pytest.mark.parametrize("lang", ["en", "pt-BR"])
def test_a_reason_that_repeats_the_value_changes_nothing(data: Path, tmp_path: Path, lang: str) -> None:
    done = run(
        *("ledger", "redact", "--subject", MARIA, "--reason", f"about {SECRET} Silva", "--data", str(data)),
        *("--lang", lang),
        environment=clean_environment(tmp_path / "home"),
    )
    assert done.returncode == 2
    with Engine(load_settings(data=data)) as engine:
        assert engine.deriver.claims(NAME)


@pytest.fixture(name="service")
def _service(data: Path) -> Iterator[tuple[Engine, httpx.Client]]:
    """A service over the folder, whose workers and stores of the past have all been asked already."""
    with (
        Engine(load_settings(data=data, port=0, query_workers=2)) as engine,
        served(engine) as server,
        httpx.Client(base_url=server.url, trust_env=False, timeout=60) as client,
    ):
        for at in (None, 2, 3):
            answer = client.post("/sparql", params={} if at is None else {"as-of": at}, content=NAMES, headers=SPARQL)
            assert (SECRET in answer.text) is (at != 3)
        assert {"checkpoints", "pasts"} <= holding(data)
        yield engine, client


BODY = {"subject": MARIA, "reason": "request 7", "by": "dpo"}


def is_finished(client: httpx.Client) -> bool:
    """Whether nothing remains: a reader is waited for some seconds only, and the next look may have to finish it."""
    return any(client.get("/api/ledger/redactions").json()["remains"] == [] for _ in range(50))


def test_beside_a_service_no_byte_is_left_and_the_past_tells_it(
    service: tuple[Engine, httpx.Client], data: Path
) -> None:
    engine, client = service
    answer = client.post("/api/ledger/redactions", json=BODY)
    assert answer.status_code == httpx.codes.CREATED
    assert answer.json()["claims"] == 6
    assert is_finished(client)
    assert holding(data) == set()
    for at in (None, 2, 4):
        told = client.post("/sparql", params={} if at is None else {"as-of": at}, content=NAMES, headers=SPARQL)
        assert told.status_code == httpx.codes.OK
        assert SECRET not in told.text
        assert "other" in told.text
        assert ("redacted=3" in told.headers.get("Stratagraph-As-Of", "")) is (at in (2, 4))
    assert client.get("/api/assets").text.count(SECRET) == 0
    assert engine.ledger.verify().ok
    engine.commit(batch("4", *FACTS[2:4]))  # the service goes on
    assert holding(data) == set()


def test_whoever_reads_during_it_is_told_of_and_reached_afterwards(
    service: tuple[Engine, httpx.Client], data: Path
) -> None:
    engine, client = service
    snapshot = engine.snapshots.pin()
    with closing(sqlite3.connect(data / "ledger.sqlite")) as reader:
        reader.execute("BEGIN")
        reader.execute("SELECT count(*) FROM claims").fetchone()
        answer = client.post("/api/ledger/redactions", json=BODY).json()
        # On a busy machine a worker may not have left its checkpoint either.
        assert {left["place"] for left in answer["remains"]} - {"checkpoints"} == {"triples", "ledger"}
        assert all("read" in left["reason"] for left in answer["remains"])
        # The reader goes on with what it began with; whoever comes now sees nothing of it.
        assert any(row["s"] == MARIA for row in snapshot.triples.select("SELECT ?s WHERE { ?s sg:name ?n }"))
        assert SECRET not in client.post("/sparql", content=NAMES, headers=SPARQL).text
        assert holding(data)
    engine.snapshots.unpin(snapshot)
    assert is_finished(client)
    assert holding(data) == set()


def test_housekeeping_and_the_next_start_finish_what_was_held_up(data: Path) -> None:
    with Engine(load_settings(data=data)) as engine:
        snapshot = engine.snapshots.pin()
        _, remains = engine.redact(Sought(subject=MARIA), by="dpo", why="request 7")
        assert remains
        engine.snapshots.unpin(snapshot)
        engine.housekeep()
        assert not engine.erasure.is_due()
        assert holding(data) == set()


def test_a_kill_between_the_ledger_and_the_files_is_made_good_at_the_next_start(
    data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as dying, Engine(load_settings(data=data)) as engine:
        dying.setattr(engine._derivation, "renew", lambda: None)
        dying.setattr(engine.erasure, "sweep", tuple)
        dying.setattr(engine, "keep_state", lambda: None)
        engine.redact(Sought(subject=MARIA), by="dpo", why="request 7")
        assert "triples" in holding(data)
    with Engine(load_settings(data=data)) as engine:
        assert not engine.erasure.is_due()
        assert holding(data) == set()
        assert engine.ledger.verify().ok
        assert [row["n"] for row in engine.triples.select(f"SELECT ?n WHERE {{ <{OTHER}> sg:name ?n }}")]


def test_a_store_of_the_past_that_is_made_during_a_redaction_is_not_kept(
    data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever else asks about the past meanwhile sees the redaction first, and must not hide it from the maker."""
    with Engine(load_settings(data=data)) as engine:
        pasts = Pasts(engine.ledger, load_model(), data / "pasts")
        making, go_on = threading.Event(), threading.Event()
        make, made = pasts._make, 0

        def slowly(standing: object) -> object:
            nonlocal made
            made += 1
            store = make(standing)  # type: ignore[arg-type]
            making.set()
            assert go_on.wait(30)
            return store

        monkeypatch.setattr(pasts, "_make", slowly)
        kept: list[Past] = []

        def ask() -> None:
            with pasts.at(2) as past:
                kept.append(past)

        asking = threading.Thread(target=ask)
        asking.start()
        assert making.wait(30)
        engine.redact(Sought(subject=MARIA), by="dpo", why="request 7")
        pasts.forget_redacted()  # as another question does
        go_on.set()
        asking.join(30)
        assert made == 2
        assert kept[0].standing.redacted == 3
        assert holding(data) == set()
        pasts.close()


@pytest.fixture(name="quiet", scope="module")
def _quiet(tmp_path_factory: pytest.TempPathFactory, opened: Opened) -> Iterator[tuple[Engine, Client]]:
    """The routes over one folder, for what changes nothing."""
    with Engine(load_settings(data=opened(tmp_path_factory.mktemp("quiet")))) as engine:
        engine.commit(batch("1", *FACTS))
        yield engine, local(create_app(engine, lasting=False))


@pytest.mark.parametrize(
    ("body", "slug"),
    [
        ({"subject": "https://example.org/nobody", "reason": "x"}, "nothing-to-redact"),
        ({"subject": "urn:a b", "reason": "x"}, "nothing-to-redact"),
        ({"subject": "https://example.org/%zz", "reason": "x"}, "nothing-to-redact"),
        ({"subject": '<sg:"x>', "reason": "x"}, "nothing-to-redact"),
        ({"subject": MARIA, "predicate": "urn:a b", "reason": "x"}, "nothing-to-redact"),
        ({"subject": MARIA, "predicate": "changesApprovedBy", "object": "urn:a b", "reason": "x"}, "nothing-to-redact"),
        ({"subject": "no such asset", "reason": "x"}, "unknown-name"),
        ({"subject": MARIA, "object": "x", "reason": "x"}, "object-alone"),
        ({"subject": str(SG.Organisation), "reason": "x"}, "not-redactable"),
        ({"subject": MARIA}, "invalid-request"),
        ({"subject": MARIA, "reason": " "}, "invalid-request"),
        ({"subject": MARIA, "reason": "x" * 501}, "invalid-request"),
        ({"subject": MARIA, "reason": "x", "extra": 1}, "invalid-request"),
        ({"subject": MARIA, "predicate": "name", "object": "nobody", "reason": "x"}, "nothing-to-redact"),
    ],
    ids=json.dumps,
)
def test_what_cannot_be_redacted_is_refused(quiet: tuple[Engine, Client], body: dict[str, object], slug: str) -> None:
    engine, client = quiet
    before = engine.ledger.sequence()
    with pytest.raises(Refused) as refused:
        client.request("POST", "/api/ledger/redactions", json=body)
    assert refused.value.problem["type"].endswith(slug)
    assert engine.ledger.sequence() == before


@pytest.mark.parametrize(
    ("predicate", "value"),
    [("name", f"{SECRET} Silva"), ("sg:name", None), (str(SG.name), f"{SECRET} Silva"), ("sg:changesApprovedBy", None)],
)
def test_a_property_or_one_value_is_named_in_any_way(
    quiet: tuple[Engine, Client], predicate: str, value: str | None
) -> None:
    _, client = quiet
    subject = OTHER if predicate.endswith("By") else MARIA
    body = BODY | {"subject": subject, "predicate": predicate} | ({} if value is None else {"object": value})
    dry = client.request("POST", "/api/ledger/redactions", params={"dryRun": "true"}, json=body)
    assert dry.status == httpx.codes.OK
    assert [fact["object"] for fact in dry.json()["facts"]] == [MARIA if subject == OTHER else f"{SECRET} Silva"]

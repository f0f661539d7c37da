"""A run that says what the last one said, sent without its statements."""

from __future__ import annotations

from pathlib import Path

from stratagraph.ontology.facts import Batch, Documents, Fact, Literal, Method, Repetition, Scope
from stratagraph.ontology.namespaces import RDF, SG
from stratagraph.service.client import connect, local
from stratagraph.service.engine.engine import Engine
from stratagraph.service.http.app import create_app
from stratagraph.service.settings import Settings
from tests.opened import Opened

STATED = (Fact("https://x/one", RDF.type, SG.BaseModel), Fact("https://x/one", SG.name, Literal("one")))


def said(digest: str, run: str = "1") -> Batch:
    scope = Scope(name="f", complete=True, stated=STATED)
    documents = Documents(digest=digest, unread=5)
    return Batch(source="s", run=run, method=Method.DECLARED, scopes=(scope,), documents=documents)


def again(digest: str, run: str = "2") -> Repetition:
    return Repetition(source="s", run=run, scopes=("f",), digest=digest)


def test_over_the_wire_it_is_known_by_the_digest_of_its_documents(opened: Opened, tmp_path: Path) -> None:
    with Engine(Settings(data=opened(tmp_path))) as engine:
        client = local(create_app(engine, guarded=False, lasting=False))
        assert client.repeat(again("d")) is None
        first = client.commit(said("d"))
        answer = client.repeat(again("d"))
        assert answer is not None
        assert (answer["sequence"], answer["repeats"]) == (first["sequence"] + 1, first["sequence"])
        assert (answer["notUnderstoodCount"], answer["warningCount"]) == (5, first["warningCount"])
        assert client.repeat(again("e", "3")) is None
        assert engine.sequence == answer["sequence"]


def test_a_folder_that_is_opened_for_it_follows_when_it_is_asked(opened: Opened, tmp_path: Path) -> None:
    settings = Settings(data=opened(tmp_path))
    with connect(settings) as client:
        client.commit(said("d"))
    with connect(settings, early=True) as client:
        assert client.repeat(again("d")) is not None
    with connect(settings, early=True) as client:
        assert client.repeat(again("d", "3")) is not None
        assert client.request("GET", "/api/assets", params={"kind": "BaseModel"}).status == 200
    with Engine(settings) as engine:
        assert engine.sequence == engine.ledger.sequence()
        assert engine.triples.ask("ASK { <https://x/one> a sg:BaseModel }")
        assert engine.ledger.batches(limit=1)[0].run == "3"

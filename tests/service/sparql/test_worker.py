"""A worker process without the service: its network is closed, its memory capped, its deadline its own."""

from __future__ import annotations

import platform
import signal
import subprocess
import sys
from collections.abc import Iterator

import orjson
import pytest

from stratagraph.service.sparql.formats import RESULTS
from stratagraph.service.sparql.worker import SparqlQuestion
from stratagraph.service.workers.frames import Say, pack, read
from tests.service.sparql.conftest import Estate

SLOW = "SELECT (COUNT(*) AS ?n) { ?a ?b ?c . ?d ?e ?f . ?g ?h ?i . ?j ?k ?l }"


@pytest.fixture(name="process")
def _process(estate: Estate) -> Iterator[subprocess.Popen[bytes]]:
    command = [sys.executable, "-m", "stratagraph.service.sparql.worker"]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, stdin=pipe, stdout=pipe, stderr=subprocess.DEVNULL) as process:
        checkpoint = estate.checkpoints.newest()
        send(process, pack(Say.OPEN, {"path": str(checkpoint.path)}))
        assert hear(process)[0] is Say.READY
        yield process
        process.kill()
        estate.checkpoints.release(checkpoint)


def send(process: subprocess.Popen[bytes], frame: bytes) -> None:
    assert process.stdin is not None
    process.stdin.write(frame)
    process.stdin.flush()


def hear(process: subprocess.Popen[bytes]) -> tuple[Say, bytes]:
    assert process.stdout is not None
    frame = read(process.stdout)
    assert frame is not None
    return frame


def question(text: str, *, seconds: float = 30, media_type: str = "text/csv") -> bytes:
    return SparqlQuestion(
        text=text,
        media_type=media_type,
        default_graphs=None,
        named_graphs=None,
        rows=10,
        answer_bytes=1 << 20,
        memory_bytes=1 << 28,
        seconds=seconds,
    ).pack()


@pytest.mark.skipif(platform.system() != "Linux", reason="closing the network needs Linux")
def test_federation_fails_even_without_the_guard(process: subprocess.Popen[bytes]) -> None:
    send(process, question("ASK { SERVICE <http://127.0.0.1:9999/> { ?s ?p ?o } }"))
    say, body = hear(process)
    assert say is Say.FAULT
    assert "denied" in orjson.loads(body)["detail"]


def test_the_row_cap_is_exact_and_the_worker_goes_on(process: subprocess.Popen[bytes]) -> None:
    send(process, question("SELECT * { ?s ?p ?o } LIMIT 11"))
    assert orjson.loads(hear(process)[1])["kind"] == "rows"
    send(process, question("SELECT * { ?s ?p ?o } LIMIT 10"))
    assert [hear(process)[0] for _ in range(2)] == [Say.DATA, Say.END]


CAPPED = {
    "SELECT ?o { ?s ?p ?o } LIMIT 11": True,
    "SELECT ?x { VALUES ?x { 1 2 3 4 5 6 7 8 9 10 11 } }": True,
    "SELECT * { { SELECT ?s { ?s ?p ?o } LIMIT 5 } VALUES ?x { 1 2 3 } }": True,
    "SELECT ?none { ?s ?p ?o }": True,
    "SELECT (CONCAT('} LIMIT 5', STR(?o)) AS ?x) { ?s ?p ?o }": True,
    "SELECT (' LIMIT 5' AS ?x) { ?s ?p ?o }": True,
    "SELECT ?o { ?s ?p ?o } LIMIT 10": False,
    "SELECT ?x { VALUES ?x { 1 2 3 4 5 6 7 8 9 10 } }": False,
}


def test_no_answer_gets_past_the_row_cap(process: subprocess.Popen[bytes]) -> None:
    for media_type in RESULTS:
        for text, refused in CAPPED.items():
            send(process, question(text, media_type=media_type))
            frames = [hear(process)]
            while frames[-1][0] is Say.DATA:
                frames.append(hear(process))
            say, body = frames[-1]
            assert (say is Say.FAULT) == refused, (media_type, text)
            if refused:
                assert orjson.loads(body)["kind"] == "rows"


def test_a_prefix_is_known_however_it_is_spelled(process: subprocess.Popen[bytes]) -> None:
    for between in (" ", "\n# rdfs:\n", "<http://e/>/"):
        send(process, question(f"ASK {{ ?s {between}rdfs:label ?o . ?s rdfs:comment '\\u0041' }}"))
        assert [hear(process)[0] for _ in range(2)] == [Say.DATA, Say.END]


def test_a_worker_whose_service_is_gone_ends_by_itself(process: subprocess.Popen[bytes]) -> None:
    send(process, question(SLOW, seconds=-1.5))
    assert process.wait() == -signal.SIGALRM

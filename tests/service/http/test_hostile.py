"""Clients that mean harm, or break off: each alone pays for it, and a second client never notices."""

from __future__ import annotations

import json
import logging
import socket
import threading
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from pathlib import Path

import httpx
import pytest
from google.rpc.status_pb2 import Status  # type: ignore[import-untyped]  # another package's stubs hide its own

from stratagraph.service import server as serving
from stratagraph.service.engine.engine import Engine
from stratagraph.service.http import bodies, protocol
from stratagraph.service.http.heads import HEADER_BYTES
from stratagraph.service.server import Server
from stratagraph.service.settings import Settings
from tests.loaders.spans import chat, request, span
from tests.opened import Opened, served
from tests.service.http.conftest import Site
from tests.service.http.wires import connect, exchange, head, held, is_silent, rest, status

TRACES = {"Content-Type": "application/x-protobuf"}
SIZED, CHUNKED = "Content-Length: 5", "Transfer-Encoding: chunked"
MEDIA = {"/v1/traces": "application/x-protobuf", "/sparql": "application/sparql-query"}
PLACES = [
    "{0}: 1",
    "assets: [{{kind: {0}, name: a}}]",
    "assets: [{{kind: Agent, name: {0}}}]",
    "assets: [{{kind: Agent, name: a, {0}: b}}]",
    "assets: [{{kind: Agent, name: a, label: {{{0}: b}}}}]",
    "assets: [{{kind: Agent, name: a, usesModel: {0}}}]",
    "prefixes: {{{0}: 'http://x/'}}",
    "prefixes: {{a: {0}}}",
    "!<{0}> x",
    "- {0}",
]
IN_JSON = '{{"source": "s", "run": "r", "scopes": [{{"name": {0}, "stated": []}}]}}'
BODY = request([span(1, chat())]).SerializeToString()


@pytest.fixture(name="server", scope="module")
def _server(tmp_path_factory: pytest.TempPathFactory, opened: Opened) -> Iterator[Server]:
    settings = Settings(data=opened(tmp_path_factory.mktemp("hostile")), port=0)
    with Engine(settings) as engine, served(engine) as server:
        yield server


@pytest.fixture(name="site", scope="module")
def _site(server: Server) -> Iterator[Site]:
    with httpx.Client(base_url=server.url, trust_env=False, timeout=60) as client:
        yield Site(server.url, server.engine, server.app, client)


@pytest.fixture(autouse=True)
def _the_log_tells_of_no_failure(caplog: pytest.LogCaptureFixture) -> Iterator[None]:
    """What a client does is no failure of ours: no traceback is written for it."""
    with caplog.at_level(logging.WARNING):
        yield
        assert not [record.getMessage() for record in caplog.records if record.exc_info]


def notices_nothing(site: Site) -> None:
    """A second client is answered: by the loop, by a thread, by a query process, and when it writes."""
    assert site.get("/health/live").status_code == 200
    assert site.get("/api/ledger").status_code == 200
    assert site.get("/sparql?query=ASK%7B%7D").status_code == 200
    assert site.send("POST", "/v1/traces", content=BODY, headers=TRACES).status_code == 200


def test_answers_on_a_kept_connection_do_not_wait_for_the_client(server: Server) -> None:
    # The delay itself, 40 ms from about the second request on, depends on the client's kernel; its cause does not.
    with httpx.Client(base_url=server.url, trust_env=False) as client:
        before = server.connections()
        assert {client.get("/health/live").status_code for _ in range(30)} == {200}
        (kept,) = [each for each in server.connections() if each not in before]
        assert kept.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)


@pytest.mark.parametrize("path", ["/api/batches", "/v1/traces", "/sparql", "/cypher", "/health/live", "/nowhere"])
@pytest.mark.parametrize("lengths", [(SIZED, CHUNKED), (CHUNKED, SIZED)])
def test_a_request_with_two_lengths_is_answered_once_and_nothing_more_is_read(
    site: Site, path: str, lengths: tuple[str, str]
) -> None:
    smuggled = head("GET", "/health/live")
    answer = exchange(site.url, head("POST", path, *lengths) + b"0\r\n\r\n" + smuggled)
    assert refused(answer) == (400, "malformed-request")
    assert answer.count(b"HTTP/1.1 ") == 1
    notices_nothing(site)


@pytest.mark.parametrize(
    "headers",
    [
        (f"Accept: {'a/b;q=0.5,' * 5_000}",),
        (f"Cookie: {'x' * HEADER_BYTES}",),
        tuple(f"X-{number}: {number}" for number in range(5_000)),
        (f"Stratagraph-At-Least: {'9' * HEADER_BYTES}",),
    ],
)
@pytest.mark.parametrize("path", ["/api/levels", "/sparql?query=ASK%7B%7D", "/v1/traces", "/health/live"])
def test_headers_are_bounded(site: Site, path: str, headers: tuple[str, ...]) -> None:
    answer = exchange(site.url, head("GET", path, *headers))
    assert status(answer) == 431
    assert len(answer) < 2_000


@pytest.mark.parametrize("digits", [19, 30, 5_000])
@pytest.mark.parametrize("name", ["Stratagraph-At-Least", "Stratagraph-As-Of"])
@pytest.mark.parametrize("path", ["/api/levels", "/sparql?query=ASK%7B%7D", "/cypher"])
def test_a_number_too_long_to_be_a_sequence_is_refused(site: Site, path: str, name: str, digits: int) -> None:
    method, body = ("POST", {"query": "RETURN 1"}) if path == "/cypher" else ("GET", None)
    answer = site.send(method, path, headers={name: "9" * digits}, json=body)
    assert 400 <= answer.status_code < 500
    assert len(answer.content) < 2_000


def test_senders_that_promise_a_body_and_send_none_hold_no_place(site: Site) -> None:
    promised = head("POST", "/v1/traces", "Content-Type: application/x-protobuf", "Content-Length: 1000")
    with held(site.url, promised + b"\x0a", 40) as wires:
        notices_nothing(site)
        assert all(map(is_silent, wires))


@pytest.mark.parametrize("path", ["/v1/traces", "/api/batches", "/sparql", "/cypher"])
@pytest.mark.parametrize("begun", [b"", b"{"])
def test_a_body_that_does_not_come_is_given_up(
    site: Site, path: str, begun: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bodies, "GRACE", 0.2)
    media = MEDIA.get(path, "application/json")
    answer = exchange(site.url, head("POST", path, f"Content-Type: {media}", "Content-Length: 1000") + begun)
    # An exporter drops what gets 408, and comes again for 503.
    assert status(answer) == (503 if path == "/v1/traces" else 408)
    if path == "/v1/traces":
        assert Status.FromString(answer.partition(b"\r\n\r\n")[2]).message
    notices_nothing(site)


def test_a_body_that_trickles_is_given_up(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bodies, "GRACE", 0.3)
    stopped = threading.Event()
    with connect(site.url) as wire:
        wire.sendall(head("POST", "/api/batches", "Content-Type: application/json", "Content-Length: 100000"))

        def trickle() -> None:
            while not stopped.wait(0.05):
                try:
                    wire.sendall(b" ")
                except OSError:
                    return

        trickling = threading.Thread(target=trickle)
        trickling.start()
        try:
            assert status(wire.recv(65536)) == 408
        finally:
            stopped.set()
            trickling.join()


def test_a_body_that_comes_steadily_is_taken_however_long_that_is(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bodies, "GRACE", 0.5)
    monkeypatch.setattr(bodies, "SLOWEST", 1_000)
    batch = json.dumps({"source": "slow", "run": "1", "scopes": [{"name": "a" * 3_000}]}).encode()
    with connect(site.url) as wire:
        length = f"Content-Length: {len(batch)}"
        wire.sendall(head("POST", "/api/batches", "Content-Type: application/json", length, "Connection: close"))
        for start in range(0, len(batch), 300):
            wire.sendall(batch[start : start + 300])
            threading.Event().wait(0.1)
        assert status(rest(wire)) == 201


@pytest.mark.parametrize("path", ["/cypher", "/api/levels", "/nowhere"])
def test_a_body_larger_than_its_route_reads_is_not_taken_in(site: Site, path: str) -> None:
    large = b'{"query": "' + b"x" * (3 << 20) + b'"}'
    answer = site.send("POST", path, content=large, headers={"Content-Type": "application/json"})
    assert 400 <= answer.status_code < 502
    if path == "/cypher":
        assert answer.status_code == 413
    notices_nothing(site)


@pytest.mark.parametrize("path", ["/v1/traces", "/api/batches", "/sparql", "/cypher", "/api/levels"])
@pytest.mark.parametrize("sent", [b"", b"{", b'{"a": '])
def test_who_leaves_within_a_body_leaves_no_trace(site: Site, path: str, sent: bytes) -> None:
    media = "application/sparql-query" if path == "/sparql" else "application/json"
    for _ in range(5):
        with connect(site.url) as wire:
            wire.sendall(head("POST", path, f"Content-Type: {media}", "Content-Length: 99") + sent)
    notices_nothing(site)


def test_requests_that_wait_for_a_sequence_hold_nobody_up(site: Site) -> None:
    far = f"Stratagraph-At-Least: {10**17}"
    with held(site.url, head("GET", "/api/levels", far), 100) as wires:
        notices_nothing(site)
        assert all(map(is_silent, wires)), "nobody was answered before the second client"


@pytest.mark.parametrize("text", [r'"\ud800"', r'"x\udfff"', r'"\U00110000"', r'"\UFFFFFFFF"', r'"\UDEADBEEF"'])
@pytest.mark.parametrize("place", [*PLACES, IN_JSON])
def test_what_is_no_character_is_refused_wherever_it_stands(site: Site, place: str, text: str) -> None:
    media, params = ("application/json", {}) if place is IN_JSON else ("application/yaml", {"source": "s"})
    headers = {"Content-Type": media}
    answer = site.send("POST", "/api/batches", params=params, content=place.format(text), headers=headers)
    assert answer.status_code in {400, 422}, answer.text
    assert answer.json()["detail"]


@pytest.mark.parametrize(
    "asked",
    [
        r'{"query": "\ud800"}',
        r'{"query": "RETURN 1", "parameters": {"a": ["\udc00"]}}',
        r'{"query": "RETURN 1", "parameters": {"\ud800": 1}}',
        '{"query": "RETURN 1", "parameters": {"a": 99999999999999999999}}',
    ],
)
def test_what_cannot_be_sent_on_to_neo4j_is_refused(site: Site, asked: str) -> None:
    answer = site.send("POST", "/cypher", content=asked, headers={"Content-Type": "application/json"})
    assert answer.status_code == 422, answer.text


def test_a_request_that_outlasts_the_service_is_told_so(
    opened: Opened, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(serving, "LAST_SECONDS", 1)
    query = b"SELECT (COUNT(*) AS ?n) { ?a ?b ?c . ?d ?e ?f . ?g ?h ?i }"
    posted = head("POST", "/sparql", "Content-Type: application/sparql-query", f"Content-Length: {len(query)}") + query
    requests = {posted, head("GET", "/api/levels", "Stratagraph-At-Least: 99999")}
    with Engine(Settings(data=opened(tmp_path), port=0)) as engine, ExitStack() as open_ones:
        with served(engine) as server:
            wires = [open_ones.enter_context(connect(server.url)) for _ in requests]
            for wire, sent in zip(wires, requests, strict=True):
                wire.sendall(sent)
            while len(server.connections()) < len(wires):
                threading.Event().wait(0.01)
            # A later request that is answered shows that the earlier ones were taken up.
            assert httpx.get(f"{server.url}/health/live", trust_env=False).status_code == 200
        for wire in wires:
            answer = rest(wire)
            assert status(answer) == 503
            assert b"The service is stopping" in answer
            assert b"retry-after: " in answer.lower()


def refused(answer: bytes) -> tuple[int, str]:
    """The status and the kind of the one problem that is the answer, which is whole and the last of its connection."""
    top, _, body = answer.partition(b"\r\n\r\n")
    lines = top.decode("latin-1").lower().split("\r\n")
    assert {"content-type: application/problem+json", f"content-length: {len(body)}", "connection: close"} <= {*lines}
    told = json.loads(body)
    assert told["status"] == status(answer)
    assert told["detail"].count(". ") >= 1, "it says what to do next"
    return told["status"], told["type"].rpartition("/")[2]


MALFORMED = [
    b"GET / HTTP/1.1\r\nHost 127.0.0.1\r\n\r\n",
    b"GET / HTTP/1.1\r\nHost: a\r\n X: folded\r\nContent-Length: x\r\n\r\n",
    b"POST /api/batches HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\n",
    b"POST /api/batches HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n",
    b"POST /v1/traces HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nno-size\r\n",
    b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
    b"{}\r\n\r\n",
]


@pytest.mark.parametrize("sent", MALFORMED)
def test_what_the_parser_refuses_is_told_as_any_problem(site: Site, sent: bytes) -> None:
    assert refused(exchange(site.url, sent)) == (400, "malformed-request")
    notices_nothing(site)


@pytest.mark.parametrize("sent", MALFORMED)
def test_whole_requests_before_a_malformed_one_are_answered_and_nothing_follows(site: Site, sent: bytes) -> None:
    answer = exchange(site.url, head("GET", "/api/ledger") + head("GET", "/health/live") + sent)
    assert answer.count(b"HTTP/1.1 200") == 2
    assert b"live" in answer
    assert answer.count(b"HTTP/1.1 ") <= 3


@pytest.mark.parametrize("begun", [b"", b"\r\n", b"GET /health/live HTT", head("GET", "/health/live")[:-2]])
def test_a_head_that_does_not_come_is_given_up(site: Site, begun: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(protocol, "HEAD_SECONDS", 0.3)
    with held(site.url, begun, 30) as wires:
        notices_nothing(site)
        for wire in wires:
            assert refused(rest(wire)) == (408, "head-too-slow")


def test_a_head_that_does_not_come_on_a_kept_connection_is_given_up(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(protocol, "HEAD_SECONDS", 0.3)
    whole = head("GET", "/health/live")
    answer = exchange(site.url, whole + whole + b"GET /hea")
    assert answer.count(b"HTTP/1.1 200") == 2
    assert answer.count(b"HTTP/1.1 ") <= 3


@pytest.mark.parametrize("part", ["GET /health/live?", "GET /health/live HTTP/1.1\r\nHost: 127.0.0.1\r\nX-"])
def test_a_head_without_end_is_not_kept(site: Site, part: str) -> None:
    with connect(site.url) as wire:
        wire.sendall(part.encode())
        # The kernels on the way take some of it, whatever the service does: what counts is that it hangs up by itself.
        with suppress(OSError):
            for _ in range(4 * protocol.HEAD_BYTES >> 16):
                wire.sendall(b"x" * 65536)
            assert refused(rest(wire)) == (431, "head-too-long")
    notices_nothing(site)


@pytest.mark.parametrize(
    "line",
    [
        b"GET / HTTP/9.9",
        b"GET  / HTTP/1.1",
        b"G\x00T / HTTP/1.1",
        b"GET /\xff HTTP/1.1",
        b"GET http://[ HTTP/1.1",
        b"PRI * HTTP/2.0",
        b"CONNECT x:1 HTTP/1.1",
        b"GET * HTTP/1.1",
        b"OPTIONS * HTTP/1.1",
        b"GET //evil/ HTTP/1.1",
    ],
)
def test_a_head_that_is_none_gets_an_answer_and_harms_nobody(site: Site, line: bytes) -> None:
    answer = exchange(site.url, line + b"\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n")
    assert not answer or 200 <= status(answer) < 500
    notices_nothing(site)


@pytest.mark.parametrize(
    "field",
    [
        "Content-Length: 5\r\nContent-Length: 6",
        "Content-Length: +5",
        "Content-Length: -1",
        "Content-Length: 99999999999999999999",
        "Transfer-Encoding: xchunked",
        "Transfer-Encoding: gzip, chunked",
        "Transfer-Encoding: gzip\r\nTransfer-Encoding: chunked",
        "Transfer-Encoding: chunked, identity",
        "Transfer-Encoding : chunked",
        "Transfer-Encoding:\x0bchunked",
        " Content-Length: 5",
        "Upgrade: websocket\r\nConnection: Upgrade",
        "Expect: nonsense",
    ],
)
def test_a_doubtful_length_opens_no_second_request(site: Site, field: str) -> None:
    sent = head("POST", "/api/batches", field) + b"0\r\n\r\n" + head("GET", "/health/live")
    with connect(site.url) as wire:
        wire.sendall(sent)
        wire.shutdown(socket.SHUT_WR)
        answer = rest(wire)
    assert answer.count(b"HTTP/1.1 200") == 0 or field.startswith(("Upgrade", "Expect"))
    assert answer.count(b"HTTP/1.1 ") <= 1 or field.startswith(("Upgrade", "Expect"))
    notices_nothing(site)

"""``make soak``: hostile and normal clients mixed, on loopback and for a bounded time.

Usage: soak.py [SECONDS]        default 600
It ends with status 0 only if no normal client noticed anything, the ledger verifies, the views hold what the ledger
says, every worker and every turn is free, the memory came back, and the log has no traceback.
"""

from __future__ import annotations

import json
import random
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final
from urllib.parse import quote, urlsplit

import httpx
from measure import report
from peers import family

from stratagraph.ontology.namespaces import ASSET_BASE, RDF, SG
from stratagraph.service.engine.engine import Engine
from stratagraph.service.settings import Settings
from stratagraph.service.views.triples import TriplesView

SECONDS: Final = 600
PATIENCE: Final = 60.0
SETTLING: Final = 30.0
"""Seconds that the service gets to be at rest again: the longest deadline of a body, and some."""
HEAVY: Final = "SELECT * { ?a ?b ?c . ?d ?e ?f . ?g ?h ?i }"
STREAM: Final = "SELECT * { ?a ?b ?c . ?d ?e ?f }"
LOOK_UP: Final = "SELECT * { ?s ?p ?o } LIMIT 1"
MOST_GROWN: Final = 2.0
"""Times its size at the beginning that the service may have at the end."""


@dataclass
class Service:
    """The service under test, and what was seen of it."""

    url: str
    process: subprocess.Popen[str]
    log: list[str] = field(default_factory=list)
    asked: Counter[str] = field(default_factory=Counter)
    noticed: list[str] = field(default_factory=list)

    @property
    def place(self) -> tuple[str, int]:
        """Host and port."""
        parts = urlsplit(self.url)
        return str(parts.hostname), int(parts.port or 0)

    def connect(self, source: str = "127.0.0.1") -> socket.socket:
        """Open a connection from an address of this machine."""
        return socket.create_connection(self.place, timeout=PATIENCE, source_address=(source, 0))

    def memory_mib(self) -> float:
        """Return the resident memory of the service with its workers, what they share counted in parts."""
        lines = [line for pid in family(self.process.pid) for line in _rollup(pid) if line.startswith("Pss:")]
        return sum(int(line.split()[1]) for line in lines) / 1024


def _rollup(pid: int) -> list[str]:
    with suppress(OSError):  # a worker that was replaced meanwhile
        return Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    return []


@contextmanager
def serving(folder: Path) -> Iterator[Service]:
    """Run a service of its own."""
    command = [sys.executable, "-m", "stratagraph.service", "serve", "--data", str(folder), "--port", "0"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    assert process.stdout is not None
    url = next(word for line in process.stdout for word in line.split() if word.startswith("http://"))
    service = Service(url, process)
    reading = threading.Thread(target=lambda: service.log.extend(process.stdout or ()), daemon=True)
    reading.start()
    try:
        yield service
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait()
        reading.join()


# Normal clients: each gets what it asks for, or notices that something is wrong. ----------------------------------


def reader(service: Service, _dice: random.Random) -> None:
    """Read by a route, by the loop and by a query."""
    with httpx.Client(base_url=service.url, timeout=PATIENCE) as client:
        for path in ("/health/live", "/api/ledger", f"/sparql?query={quote(LOOK_UP)}"):
            _expect(service, client.get(path), 200)


def writer(service: Service, dice: random.Random) -> None:
    """Commit a fact, and read it at once by the sequence of the commit."""
    name = f"{dice.randrange(1 << 60):x}"
    node = f"<{ASSET_BASE}BaseModel/{name}>"
    stated = [[node, f"<{RDF.type}>", f"<{SG.BaseModel}>"], [node, f"<{SG.name}>", json.dumps(name)]]
    batch = {"source": "soak", "run": name, "scopes": [{"name": f"{dice.randrange(20)}", "stated": stated}]}
    with httpx.Client(base_url=service.url, timeout=PATIENCE) as client:
        answer = client.post("/api/batches", json=batch)
        _expect(service, answer, 201)
        wanted = {"Stratagraph-At-Least": answer.headers["Stratagraph-Sequence"]}
        seen = client.get(f"/sparql?query={quote(f'ASK {{ {node} ?p ?o }}')}", headers=wanted)
        _expect(service, seen, 200)
        if seen.status_code == httpx.codes.OK and not seen.json()["boolean"]:
            service.noticed.append("a writer did not read its own fact")


def sender(service: Service, dice: random.Random) -> None:
    """Send a span."""
    now = time.time_ns()
    attributes = {"gen_ai.operation.name": "chat", "gen_ai.request.model": f"m{dice.randrange(9)}"}
    span = {
        "traceId": f"{dice.randrange(1, 1 << 128):032x}",
        "spanId": f"{dice.randrange(1, 1 << 64):016x}",
        "name": "chat",
        "startTimeUnixNano": str(now - 120 * 10**9),
        "endTimeUnixNano": str(now - 119 * 10**9),
        "attributes": [{"key": key, "value": {"stringValue": value}} for key, value in attributes.items()],
    }
    sent = {"resourceSpans": [{"scopeSpans": [{"scope": {"name": "soak"}, "spans": [span]}]}]}
    _expect(service, httpx.post(f"{service.url}/v1/traces", json=sent, timeout=PATIENCE), 200)


def _expect(service: Service, answer: httpx.Response, status: int) -> None:
    if answer.status_code != status:
        service.noticed.append(f"{answer.request.url.path}: {answer.status_code} {answer.text[:200]}")


# Hostile clients ----------------------------------------------------------------------------------------------------


def leaver(service: Service, dice: random.Random) -> None:
    """Ask a query, and leave at some moment."""
    query = dice.choice([LOOK_UP, STREAM, HEAVY])
    with service.connect(f"127.0.0.{dice.randrange(10, 90)}") as wire:
        wire.sendall(_head("GET", f"/sparql?query={quote(query)}"))
        wire.settimeout(dice.choice([0.001, 0.05, 1.0]))
        with suppress(OSError):
            wire.recv(dice.choice([1, 65536]))


def stuck(service: Service, dice: random.Random) -> None:
    """Ask for much, and take nothing of it for longer than the deadline."""
    with service.connect(f"127.0.0.{dice.randrange(100, 110)}") as wire:
        wire.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        wire.sendall(_head("GET", f"/sparql?query={quote(STREAM)}"))
        time.sleep(12)


def promiser(service: Service, dice: random.Random) -> None:
    """Promise bodies, and send next to nothing."""
    path, media = dice.choice([("/v1/traces", "application/x-protobuf"), ("/api/batches", "application/json")])
    with ExitStack() as wires:
        for _ in range(20):
            wire = wires.enter_context(service.connect())
            wire.sendall(_head("POST", path, f"Content-Type: {media}", "Content-Length: 1000000") + b"{")
        time.sleep(dice.choice([0.1, 5, 25]))


def hoarder(service: Service, _dice: random.Random) -> None:
    """Hold large uploads open."""
    size = 8 << 20
    with ExitStack() as wires:
        for _ in range(10):
            wire = wires.enter_context(service.connect())
            wire.sendall(_head("POST", "/api/batches", "Content-Type: text/turtle", f"Content-Length: {size + 1}"))
            wire.sendall(b"#" * size)
        time.sleep(3)


def smuggler(service: Service, dice: random.Random) -> None:
    """Send heads that are doubtful, endless or far too long."""
    chunked = ("Content-Length: 5", "Transfer-Encoding: chunked")
    sent = dice.choice(
        [
            _head("POST", "/api/batches", *chunked) + b"0\r\n\r\n" + _head("GET", "/health/live"),
            _head("GET", "/", "X: " + "x" * 100_000),
            b"GET /" + b"a" * 2_000_000,
            b"\x00\xff" * 1000,
            _head("GET", "/api/levels", "Stratagraph-At-Least: " + "9" * 5000),
            _head("GET", "/api/levels", f"Stratagraph-At-Least: {10**17}"),
        ]
    )
    with service.connect() as wire:
        wire.settimeout(2)
        with suppress(OSError):
            wire.sendall(sent)
            while wire.recv(65536):
                pass


def vandal(service: Service, dice: random.Random) -> None:
    """Send documents that are broken, deep, or of the wrong kind."""
    documents = {
        "application/rdf+xml": [
            "<rdf:RDF",
            "<a>" * 9000,
            '<?xml version="1.0"?><!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>',
        ],
        "text/turtle": ["[" * 9000, "<a> <b> ", "<http://x/a> <http://x/b> " + '"' * 5 + " ."],
        "application/ld+json": ["[" * 9000, '{"@context": "http://x/"}', '{"@context": {"@vocab": 1}}'],
        "application/yaml": ['"\\ud800": 1', "a: &a [*a]", "- " * 9000, '"\\U00110000"'],
        "application/json": ["{" * 9000, '{"source": "\\ud800"}', "9" * 9000],
    }
    media = dice.choice(list(documents))
    headers = {"Content-Type": media}
    answer = httpx.post(
        f"{service.url}/api/batches", content=dice.choice(documents[media]), headers=headers, timeout=PATIENCE
    )
    if (
        answer.status_code >= httpx.codes.INTERNAL_SERVER_ERROR
        and answer.status_code != httpx.codes.SERVICE_UNAVAILABLE
    ):
        service.noticed.append(f"a document of {media} made {answer.status_code}")


def _head(method: str, path: str, *headers: str) -> bytes:
    return "\r\n".join([f"{method} {path} HTTP/1.1", "Host: 127.0.0.1", *headers, "", ""]).encode()


NORMAL: Final = (reader, reader, writer, sender)
HOSTILE: Final = (leaver, leaver, stuck, promiser, hoarder, smuggler, vandal)


def main(seconds: float) -> int:
    """Run everything; return the exit status."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name) / "data"
        with serving(folder) as service:
            for client in NORMAL:
                client(service, random.Random(0))
            before = service.memory_mib()
            _mix(service, seconds)
            time.sleep(SETTLING)
            _all_free(service)
            after = service.memory_mib()
        report("resident memory at the end", after, unit="MiB", baseline=before, goal=f"at most {MOST_GROWN:g} times")
        if after > before * MOST_GROWN:
            service.noticed.append(f"{after:.0f} MiB are resident, {before:.0f} were at the beginning")
        _sound(service, folder)
    for kind, times in sorted(service.asked.items()):
        report(f"requests, or groups of them, by a {kind}", times, unit="")
    for noticed, times in Counter(service.noticed).most_common(20):
        print(json.dumps({"noticed": noticed, "times": times}), flush=True)
    report("things that normal clients or checks noticed", len(service.noticed), unit="", goal="none")
    return 1 if service.noticed else 0


def _mix(service: Service, seconds: float) -> None:
    """Let all clients act until the time is over, each in a thread of its own."""
    until = time.monotonic() + seconds

    def act(client: Callable[[Service, random.Random], None], seed: int) -> None:
        dice = random.Random(seed)
        while time.monotonic() < until:
            service.asked[client.__name__] += 1
            try:
                client(service, dice)
            except (OSError, httpx.TransportError) as error:
                if client in NORMAL:
                    service.noticed.append(f"a {client.__name__}: {type(error).__name__}")
            time.sleep(dice.random() * 0.1)

    acting = [threading.Thread(target=act, args=pair) for pair in zip((*NORMAL, *HOSTILE), range(99), strict=False)]
    for thread in acting:
        thread.start()
    for thread in acting:
        thread.join()


def _all_free(service: Service) -> None:
    """Hold as many answers at once as there are workers, each for a client of its own address."""
    with ExitStack() as wires:
        for number in range(Settings().query_workers):
            wire = wires.enter_context(service.connect(f"127.0.0.{200 + number}"))
            wire.sendall(_head("GET", f"/sparql?query={quote(STREAM)}"))
            if not wire.recv(12).endswith(b"200"):
                service.noticed.append("a worker or a turn is not free")
    with httpx.Client(base_url=service.url, timeout=PATIENCE) as client:
        _expect(service, client.get("/health/ready"), 200)


def _sound(service: Service, folder: Path) -> None:
    """Check the log, the ledger, and what the views hold against what the ledger says."""
    if any("Traceback" in line for line in service.log):
        service.noticed.append("the log has a traceback")
    verify = [sys.executable, "-m", "stratagraph.service", "ledger", "verify", "--data", str(folder)]
    if subprocess.run(verify, capture_output=True, check=False).returncode:
        service.noticed.append("the ledger does not verify")
    with Engine(Settings(data=folder)) as engine, closing(TriplesView(None, engine.model)) as anew:
        anew.rebuild(engine.deriver.snapshot())
        dumps = []
        for view in (engine.triples, anew):
            path = folder / "dump.nt"
            view.dump(path)
            dumps.append(sorted(path.read_text().splitlines()))
        if dumps[0] != dumps[1]:
            service.noticed.append("the triples differ from what the ledger says")
        report("triples compared with those made anew", len(dumps[0]), unit="")


if __name__ == "__main__":
    sys.exit(main(float(sys.argv[1]) if sys.argv[1:] else SECONDS))

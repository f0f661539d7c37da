"""``make bench-sparql``: our SPARQL endpoint beside Oxigraph's server and Fuseki, on the same quads and in one run.

Usage: sparql.py [ASSETS [ROUNDS]]        default 20,000 and 40
Rounds are interleaved: whatever else the machine does meets each server alike.
"""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections import defaultdict
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing, contextmanager
from http.client import HTTPConnection
from pathlib import Path
from typing import Final
from urllib.parse import urlencode, urlsplit

import estate
import httpx
from measure import percentile, report, report_missing
from peers import Missing, Peer, fuseki, oxigraph, wait_until_answering
from pyoxigraph import RdfFormat, Store

from stratagraph.loaders import files
from stratagraph.loaders.scopes import SourceFile
from stratagraph.ontology.namespaces import SG
from stratagraph.service.engine.engine import Engine
from stratagraph.service.settings import TRIPLES_FOLDER, Settings

ASSETS: Final = 20_000
ROUNDS: Final = 40
CLIENTS: Final = 8
LOOK_UPS: Final = 300
WARM_UP: Final = 1_000
JSON: Final = {"Accept": "application/sparql-results+json"}
_SG: Final = f"PREFIX sg: <{SG}> "
_NODE: Final = f"<{estate.asset(40)}>"

QUERIES: Final = {
    "look-up by name": _SG + 'SELECT ?s WHERE { ?s sg:name "bench-77" }',
    "all of one asset": f"SELECT ?p ?o WHERE {{ {_NODE} ?p ?o }}",
    "two hops": _SG + f"SELECT ?b ?c WHERE {{ ?b sg:affects {_NODE} . ?c sg:affects ?b }} LIMIT 50",
    "count by kind": "SELECT ?k (COUNT(?s) AS ?n) WHERE { ?s a ?k } GROUP BY ?k",
    "absence": _SG + "SELECT (COUNT(?s) AS ?n) WHERE { ?s a sg:Agent . FILTER NOT EXISTS { ?s sg:usesModel ?m } }",
    "text": _SG + 'SELECT (COUNT(?s) AS ?n) WHERE { ?s sg:name ?name . FILTER(CONTAINS(?name, "99")) }',
    "5,000 triples": _SG + "CONSTRUCT { ?s sg:name ?n } WHERE { ?s sg:name ?n } LIMIT 5000",
}
ROWS: Final = "SELECT ?s ?p ?o WHERE { ?s ?p ?o } LIMIT 100000"


def main(assets: int, rounds: int) -> None:
    """Measure everything and print it."""
    with tempfile.TemporaryDirectory() as name, ExitStack() as running:
        folder = Path(name)
        quads = _prepare(assets, folder)
        ours = running.enter_context(_serving(folder))
        peers = [ours]
        for start in (oxigraph, fuseki):
            try:
                peers.append(running.enter_context(start(quads, folder)))
            except Missing as missing:
                report_missing(start.__name__, str(missing))
        _warm_up(peers)
        for query in QUERIES:
            _one_client(peers, query, rounds)
        _many_clients(peers)
        _large_answers(ours)
        _under_a_writer(ours)


def _prepare(assets: int, folder: Path) -> Path:
    """Load the estate; return the file of all its quads, which the peers load."""
    with Engine(Settings(data=folder / "data")) as engine:
        for number, document in enumerate(estate.documents(assets)):
            source = SourceFile(scope=f"{number}.nt", data=document)
            loaded = files.transform([source], model=engine.model, base=engine.settings.base, source="bench")
            engine.commit(loaded.batch)
    quads = folder / "all.nq"
    Store.read_only(str(folder / "data" / TRIPLES_FOLDER)).dump(str(quads), RdfFormat.N_QUADS)
    return quads


@contextmanager
def _serving(folder: Path) -> Iterator[Peer]:
    command = [sys.executable, "-m", "stratagraph.service", "serve", "--data", str(folder / "data"), "--port", "0"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    assert process.stdout is not None
    try:
        url = next(word for line in process.stdout for word in line.split() if word.startswith("http://"))
        # What it logs from now on is read too: a full pipe would stop it.
        threading.Thread(target=process.stdout.read, daemon=True).start()
        wait_until_answering(f"{url}/sparql", process)
        yield Peer("ours", f"{url}/sparql", process.pid)
    finally:
        process.send_signal(signal.SIGINT)
        process.wait()


def _warm_up(peers: list[Peer]) -> None:
    """Ask everything often enough for a Java runtime to have compiled what answers it."""
    for each in peers:
        with httpx.Client(headers=JSON, timeout=60) as connection:
            for name, query in QUERIES.items():
                for _ in range(WARM_UP if "look-up" in name else WARM_UP // 10):
                    _timed(connection, each.url, query)


def _one_client(peers: list[Peer], name: str, rounds: int) -> None:
    """Ask each server in turn over one kept connection; report median, p95 and processor time a query."""
    took: dict[str, list[float]] = defaultdict(list)
    spent: dict[str, float] = defaultdict(float)
    asked = 10
    with ExitStack() as connections:
        clients = {each: connections.enter_context(httpx.Client(headers=JSON, timeout=60)) for each in peers}
        for number in range(rounds + 1):
            for each in peers:
                before = each.seconds()
                times = [_timed(clients[each], each.url, QUERIES[name]) for _ in range(asked)]
                if number:  # the first round warms caches up
                    took[each.name] += times
                    spent[each.name] += each.seconds() - before
    for what, figures in (
        ("p50", {each: percentile(times, 0.5) * 1e3 for each, times in took.items()}),
        ("p95", {each: percentile(times, 0.95) * 1e3 for each, times in took.items()}),
        ("processor", {each: seconds / rounds / asked * 1e3 for each, seconds in spent.items()}),
    ):
        _compare(f"{name}, {what}", figures, "ms")


def _timed(client: httpx.Client, url: str, query: str) -> float:
    accept = {"Accept": "text/turtle"} if "CONSTRUCT" in query else JSON
    began = time.perf_counter()
    client.get(url, params={"query": query}, headers=accept).raise_for_status()
    return time.perf_counter() - began


def _compare(name: str, figures: dict[str, float], unit: str, goal: str = "") -> None:
    ours = figures.pop("ours")
    for peer, figure in figures.items() or {"alone": 0.0}.items():
        report(f"{name}, beside {peer}", ours, unit=unit, baseline=figure or None, goal=goal)


def _many_clients(peers: list[Peer]) -> None:
    """Let several processes of clients look things up at once: threads of one would only measure the client."""
    figures = {}
    for each in peers:
        command = [sys.executable, __file__, "client", each.url, str(LOOK_UPS)]
        began = time.perf_counter()
        clients = [subprocess.Popen(command, stdout=subprocess.PIPE) for _ in range(CLIENTS)]
        told = [json.loads(client.communicate()[0]) for client in clients]
        seconds = max(end for _, end in told) - min(begin for begin, _ in told)
        assert time.perf_counter() - began >= seconds
        figures[each.name] = CLIENTS * LOOK_UPS / seconds
    _compare("look-ups a second, eight clients", figures, "1/s", goal="at least half of Fuseki's")


def client(url: str, times: int) -> None:
    """Be one of several clients: look something up so often, and print when it began and ended."""
    place = urlsplit(url)
    address = f"{place.path}?{urlencode({'query': QUERIES['look-up by name']})}"
    # The plainest client there is: on few cores every client's own work is taken from the servers.
    with closing(HTTPConnection(place.netloc)) as connection:
        began = time.time()
        for _ in range(times):
            connection.request("GET", address, headers=JSON)
            answer = connection.getresponse()
            answer.read()
            assert answer.status == httpx.codes.OK
        sys.stdout.write(json.dumps([began, time.time()]))


def _large_answers(ours: Peer) -> None:
    """Ask for sixteen large answers at once, all of one address."""
    with httpx.Client(headers=JSON, timeout=120) as connection, ThreadPoolExecutor(16) as threads:
        asked = [threads.submit(connection.get, ours.url, params={"query": ROWS}) for _ in range(16)]
        statuses = [answer.result().status_code for answer in asked]
    refused = sum(status != httpx.codes.OK for status in statuses)
    report("refused of 16 answers of 100,000 rows", refused, unit="", goal="none", statuses=sorted(set(statuses)))


def _under_a_writer(ours: Peer) -> None:
    """Look up while ten facts a second are written."""
    stopped = threading.Event()

    def write() -> None:
        with httpx.Client(timeout=60) as connection:
            number = 0
            while not stopped.wait(0.1):
                number += 1
                fact = [_NODE, f"<{SG.purpose}>", f'"purpose {number}"']
                scope = {"name": f"{number % 50}", "stated": [fact]}
                batch = {"source": "writer", "run": str(number), "scopes": [scope]}
                connection.post(ours.url.replace("/sparql", "/api/batches"), json=batch).raise_for_status()

    writing = threading.Thread(target=write)
    writing.start()
    try:
        with httpx.Client(headers=JSON, timeout=60) as connection:
            times = []
            until = time.monotonic() + 15
            while time.monotonic() < until:
                times.append(_timed(connection, ours.url, QUERIES["look-up by name"]) * 1e3)
                time.sleep(0.005)
    finally:
        stopped.set()
        writing.join()
    for name, figure in (("p50", percentile(times, 0.5)), ("p95", percentile(times, 0.95)), ("longest", max(times))):
        report(f"look-up by name under a writer, {name}", figure, unit="ms", goal={"p95": "under 3 ms"}.get(name, ""))


if __name__ == "__main__":
    if sys.argv[1:2] == ["client"]:
        client(sys.argv[2], int(sys.argv[3]))
    else:
        numbers = [int(argument) for argument in sys.argv[1:]]
        main(*(numbers + [ASSETS, ROUNDS][len(numbers) :]))

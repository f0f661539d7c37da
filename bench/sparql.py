"""``make bench-sparql``: our SPARQL endpoint beside Oxigraph's server and Fuseki, on the same quads and in one run.

Usage: sparql.py [ASSETS [SECONDS]]       default 20,000, and 4 for each server and query
Rounds are interleaved: whatever else the machine does meets each server alike. The client is the plainest there is,
on a kept connection: on few cores all its own work is taken from the servers.
"""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter, defaultdict
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Final

import estate
from measure import percentile, report, report_missing
from peers import Asker, Missing, Peer, fuseki, oxigraph, wait_until_answering
from pyoxigraph import RdfFormat, Store
from sparql_queries import HEAVY, JSON, LIGHT, LOOK_UP, ROWS, Question

from stratagraph.loaders import files
from stratagraph.loaders.scopes import SourceFile
from stratagraph.ontology.namespaces import SG
from stratagraph.service.engine.engine import Engine
from stratagraph.service.settings import TRIPLES_FOLDER, Settings

ASSETS: Final = 20_000
SECONDS: Final = 4
CLIENTS: Final = 8
LOOK_UPS: Final = 300
LEAST_ROUNDS: Final = 5
WARM_SECONDS: Final = 60.0
"""Longest time for a server to become as fast as it gets: a Java runtime compiles what it does often."""
WINDOW: Final = 3.0
HEAVY_MS: Final = 10
CLOSE: Final = 1.15
"""How much more processor time than Oxigraph's server a query that reads much may take."""


def main(assets: int, seconds: int) -> None:
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
        for peer in peers:
            _warm_up(peer, assets)
        for question in LIGHT:
            _one_client(peers, question, assets, seconds)
        _summarise([_one_client(peers, question, assets, seconds) for question in HEAVY])
        _many_clients(peers, assets)
        _large_answers(ours)
        _under_a_writer(ours, assets)


def _prepare(assets: int, folder: Path) -> Path:
    """Load the estate; return the file of all its quads, which the peers load."""
    with Engine(Settings(data=folder / "data")) as engine:
        for number, document in enumerate(estate.documents(assets)):
            source = SourceFile(scope=f"{number}.nt", data=document)
            loaded = files.transform([source], model=engine.model, base=engine.settings.base, source="bench")
            engine.commit(loaded.batch)
        engine.housekeep()  # as a service does within five minutes: the others are put in order before they serve, too
    quads = folder / "all.nq"
    Store.read_only(str(folder / "data" / TRIPLES_FOLDER)).dump(str(quads), RdfFormat.N_QUADS)
    return quads


@contextmanager
def _serving(folder: Path) -> Iterator[Peer]:
    command = [sys.executable, "-m", "stratagraph.service", "serve", "--data", str(folder / "data"), "--port", "0"]
    # No answer is to be cut because the machine has other work: what is measured is what an answer takes.
    patient = {**os.environ, "STRATAGRAPH_QUERY_SECONDS": "60"}
    pipe = subprocess.PIPE
    process = subprocess.Popen(command, stdout=pipe, stderr=subprocess.STDOUT, text=True, env=patient)
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


def _warm_up(peer: Peer, assets: int) -> None:
    """Ask everything, and look up until that gets no faster."""
    pick = random.Random(1)
    with Asker(peer.url) as asker:
        for question in (*LIGHT, *HEAVY):
            until = time.monotonic() + 1
            for _ in range(LEAST_ROUNDS if question in HEAVY else LOOK_UPS):
                asker.ask(question.text(pick.randrange(assets)), question.accept)
                if time.monotonic() > until:
                    break
        before, deadline = float("inf"), time.monotonic() + WARM_SECONDS
        while time.monotonic() < deadline:
            until, times = time.monotonic() + WINDOW, []
            while time.monotonic() < until:
                times.append(asker.ask(LOOK_UP.text(pick.randrange(assets)), JSON))
            median = percentile(times, 0.5)
            if median > before * 0.95:
                break
            before = median


def _one_client(peers: list[Peer], question: Question, assets: int, seconds: float) -> dict[str, float]:
    """Ask each server in turn; report median, p95 and processor time a query; return the last, in ms."""
    took: dict[str, list[float]] = defaultdict(list)
    spent: Counter[str] = Counter()
    at_once = 20 if question in LIGHT else 1
    pick = random.Random(2)
    with ExitStack() as connections:
        askers = {peer: connections.enter_context(Asker(peer.url)) for peer in peers}
        for peer in peers:  # the first answer on a connection is no measure of the others
            askers[peer].ask(question.text(1), question.accept)
        until = time.monotonic() + seconds * len(peers)
        rounds = 0
        while rounds < LEAST_ROUNDS or time.monotonic() < until:
            rounds += 1
            texts = [question.text(pick.randrange(assets)) for _ in range(at_once)]
            for peer in peers:
                before = peer.seconds()
                took[peer.name] += [askers[peer].ask(text, question.accept) for text in texts]
                spent[peer.name] += peer.seconds() - before  # type: ignore[assignment]  # a Counter of seconds
    processor = {each: spent[each] / len(times) * 1e3 for each, times in took.items()}
    light = question is LOOK_UP
    for what, figures, goal in (
        ("p50", {each: percentile(times, 0.5) * 1e3 for each, times in took.items()}, "under 1 ms" if light else ""),
        ("p95", {each: percentile(times, 0.95) * 1e3 for each, times in took.items()}, "under 3 ms" if light else ""),
        ("processor", processor, "under 1 ms" if light else ""),
    ):
        _compare(f"{question.name}, {what}", figures, "ms", goal, rounds=rounds)
    return processor


def _summarise(processor: list[dict[str, float]]) -> None:
    """Say of how many of the queries that read much the processor time is what it should be."""
    for peer, factor, goal in (("Oxigraph server", CLOSE, "all"), ("Fuseki", 1.0, "two thirds")):
        told = [figures for figures in processor if peer in figures and max(figures.values()) > HEAVY_MS]
        well = sum(figures["ours"] <= figures[peer] * factor for figures in told)
        name = f"queries of over {HEAVY_MS} ms on at most {factor:g} of the processor time of {peer}"
        report(name, well, unit="queries", goal=goal, of=len(told))


def _compare(name: str, figures: dict[str, float], unit: str, goal: str = "", **more: object) -> None:
    for peer in [each for each in figures if each != "ours"] or ["nobody"]:
        report(f"{name}, beside {peer}", figures["ours"], unit=unit, baseline=figures.get(peer), goal=goal, **more)


def _many_clients(peers: list[Peer], assets: int) -> None:
    """Let several processes of clients look things up at once: threads of one would only measure the client."""
    figures = {}
    for peer in peers:
        command = [sys.executable, __file__, "client", peer.url, str(LOOK_UPS), str(assets)]
        clients = [subprocess.Popen(command, stdout=subprocess.PIPE) for _ in range(CLIENTS)]
        told = [json.loads(client.communicate()[0]) for client in clients]
        figures[peer.name] = CLIENTS * LOOK_UPS / (max(end for _, end in told) - min(begin for begin, _ in told))
    _compare("look-ups a second, eight clients", figures, "1/s", "at least half of Fuseki's")


def client(url: str, times: int, assets: int) -> None:
    """Be one of several clients: look something up so often, and print when it began and ended."""
    pick = random.Random()
    with Asker(url) as asker:
        began = time.time()
        for _ in range(times):
            asker.ask(LOOK_UP.text(pick.randrange(assets)), JSON)
        sys.stdout.write(json.dumps([began, time.time()]))


def _large_answers(ours: Peer) -> None:
    """Ask for sixteen large answers at once, all of one address: each may wait half a minute for its turn."""

    def ask(_: int) -> tuple[str, float]:
        with Asker(ours.url) as asker:
            began = time.perf_counter()
            return asker.status(ROWS.text(0), ROWS.accept), time.perf_counter() - began

    with ThreadPoolExecutor(16) as threads:
        answers = list(threads.map(ask, range(16)))
    statuses = Counter(status for status, _ in answers)
    longest = round(max(seconds for _, seconds in answers), 1)
    refused = len(answers) - statuses["200"]
    name = "refused of 16 answers of 100,000 rows"
    report(name, refused, unit="", goal="none", statuses=dict(statuses), longest_seconds=longest)


def _under_a_writer(ours: Peer, assets: int) -> None:
    """Look up while ten facts a second are written."""
    stopped = threading.Event()
    pick = random.Random(3)

    def write() -> None:
        with Asker(ours.url.replace("/sparql", "/api/batches")) as writer:
            number = 0
            while not stopped.wait(0.1):
                number += 1
                fact = [f"<{estate.asset(40)}>", f"<{SG.purpose}>", f'"purpose {number}"']
                scope = {"name": f"{number % 50}", "stated": [fact]}
                writer.post({"source": "writer", "run": str(number), "scopes": [scope]})

    writing = threading.Thread(target=write)
    writing.start()
    try:
        with Asker(ours.url) as asker:
            times = []
            until = time.monotonic() + 15
            while time.monotonic() < until:
                times.append(asker.ask(LOOK_UP.text(pick.randrange(assets)), JSON) * 1e3)
                time.sleep(0.005)
    finally:
        stopped.set()
        writing.join()
    for name, figure in (("p50", percentile(times, 0.5)), ("p95", percentile(times, 0.95)), ("longest", max(times))):
        report(f"look-up by name under a writer, {name}", figure, unit="ms", goal={"p95": "under 3 ms"}.get(name, ""))


if __name__ == "__main__":
    if sys.argv[1:2] == ["client"]:
        client(sys.argv[2], int(sys.argv[3]), int(sys.argv[4]))
    else:
        numbers = [int(argument) for argument in sys.argv[1:]]
        main(*(numbers + [ASSETS, SECONDS][len(numbers) :]))

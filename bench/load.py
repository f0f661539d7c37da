"""A service under load: commits, probes and light reads while 0, 10 and 50 others ask for impacts and audits.

The baseline is the same load on an earlier commit of this repository, checked out beside it (BASE names another one).
Both run on the libraries that are installed here. A request that takes longer than half a minute counts as that long.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date, timedelta
from functools import partial
from http.client import HTTPConnection, HTTPException
from itertools import count
from pathlib import Path
from typing import Final
from urllib.parse import quote, urlsplit

import estate
from measure import percentile, report

from stratagraph.ontology.namespaces import RDF, SG

HERE: Final = Path(__file__).parent.parent
BEFORE_READERS_LET_GO: Final = "56aa280"
"""The last commit whose readers held the writer's lock."""
READERS: Final = (0, 10, 50)
SECONDS: Final = 10.0
PATIENCE: Final = 30.0
PROBE_EVERY: Final = 0.05
BUSY: Final = 503
GOALS: Final = {"commit p99": "under 1 s", "liveness p99": "under 0.1 s"}


class Tree:
    """A state of the repository that can serve."""

    def __init__(self, name: str, path: str | None) -> None:
        self.name = name
        self.environment = {**os.environ, **({"PYTHONPATH": path} if path else {})}
        self.program = [sys.executable, "-m", "stratagraph.service"]

    def load(self, data: Path, documents: Path) -> None:
        """Fill a data folder."""
        command = [*self.program, "load", str(documents), "--data", str(data)]
        subprocess.run(command, env=self.environment, check=True, capture_output=True)

    @contextmanager
    def serving(self, data: Path) -> Iterator[str]:
        """Serve a data folder for the length of a block; yield the address."""
        command = [*self.program, "serve", "--data", str(data), "--port", "0"]
        quiet = subprocess.DEVNULL  # it logs each reader that was not done when it had to stop
        with subprocess.Popen(
            command, env=self.environment, stdout=subprocess.PIPE, stderr=quiet, text=True
        ) as service:
            assert service.stdout is not None
            try:
                yield service.stdout.readline().split()[-1]
            finally:
                service.terminate()
                try:
                    service.wait(PATIENCE)
                except subprocess.TimeoutExpired:
                    service.kill()  # the baseline may be stuck behind its readers


class Asker:
    """Sends one request after the other and keeps how long each took, by what it was."""

    def __init__(self, address: str) -> None:
        self._host = urlsplit(address).netloc
        self.took: dict[str, list[float]] = defaultdict(list)
        self.busy = 0
        self.over = threading.Event()

    def send(self, kind: str, method: str, path: str, body: bytes | None = None) -> int:
        """Send one request on a connection of its own; return the status, 0 where none came in time."""
        began = time.perf_counter()
        connection = HTTPConnection(self._host, timeout=PATIENCE)
        status = 0
        try:
            connection.request(method, path, body, {"Content-Type": "application/json"} if body else {})
            answer = connection.getresponse()
            answer.read()
            status = answer.status
        except (OSError, HTTPException):
            pass  # late, or the service is going away: its time counts
        finally:
            connection.close()
        self.took[kind].append(min(PATIENCE, time.perf_counter() - began))
        return status


def committing(asker: Asker) -> None:
    """Commit two facts at a time."""
    for number in count():
        node = f"https://example.org/load/{time.time_ns()}"
        stated = [[f"<{node}>", f"<{RDF.type}>", f"<{SG.Agent}>"], [f"<{node}>", f"<{SG.name}>", f'"load-{number}"']]
        scope = {"name": "s", "complete": True, "stated": stated}
        batch = {"source": "load", "run": node, "method": "declared", "scopes": [scope]}
        status = asker.send("commit", "POST", "/api/batches", json.dumps(batch).encode())
        assert status in {0, 201}, status
        if asker.over.is_set():
            return


def probing(asker: Asker) -> None:
    """Ask whether the service lives, as a supervisor does, only more often."""
    while not asker.over.is_set():
        asker.send("liveness", "GET", "/health/live")
        time.sleep(PROBE_EVERY)


def reading(asker: Asker) -> None:
    """Open a page about one asset after the other, and search."""
    for number in count():
        asker.send("light read", "GET", f"/api/assets/{quote(estate.asset(number % 50))}")
        asker.send("light read", "GET", f"/api/assets?limit=20&after={quote(estate.asset(number % 50))}")
        if asker.over.is_set():
            return


def straining(asker: Asker, place: int) -> None:
    """Ask for an impact and an audit of a day of one's own, in turns."""
    for number in count():
        day = date(2026, 1, 1) + timedelta(days=(place * 97 + number) % 330)
        asset = quote(estate.asset(3 + 8 * (number % 5)))
        paths = (f"/api/impact?asset={asset}&depth=6", f"/api/compliance/audit?on={day}")
        if asker.send("heavy read", "GET", paths[number % 2]) == BUSY:
            asker.busy += 1
            asker.over.wait(1.0)  # as the answer asks for, only sooner
        if asker.over.is_set():
            return


def strained(address: str, readers: int, seconds: float) -> dict[str, float]:
    """Put a service under load for a while; return the figures."""
    asker = Asker(address)
    work: list[Callable[[], None]] = [lambda: committing(asker), lambda: probing(asker), lambda: reading(asker)]
    work += [partial(straining, asker, place) for place in range(readers)]
    threads = [threading.Thread(target=each, daemon=True) for each in work]
    began = time.perf_counter()
    for thread in threads:
        thread.start()
    time.sleep(seconds)
    asker.over.set()
    for thread in threads[:3]:
        thread.join()
    passed = time.perf_counter() - began
    figures = {"commits a second": len(asker.took["commit"]) / passed}
    for kind in ("commit", "liveness", "light read"):
        figures[f"{kind} p50"] = percentile(asker.took[kind], 0.5)
        figures[f"{kind} p99"] = percentile(asker.took[kind], 0.99)
    if readers:
        figures["heavy reads a second"] = len(asker.took["heavy read"]) / passed
        figures["heavy reads told to come again"] = asker.busy
    return figures


def measured(tree: Tree, home: Path, assets: int, seconds: float) -> dict[int, dict[str, float]]:
    """Return the figures of a tree by number of heavy readers; each begins with a service of its own."""
    documents, data = home / "documents", home / tree.name
    if not documents.exists():
        documents.mkdir()
        for number, document in enumerate(estate.documents(assets)):
            (documents / f"{number}.nt").write_bytes(document)
    tree.load(data, documents)
    figures = {}
    for readers in READERS:
        with tree.serving(data) as address:
            Asker(address).send("warm", "GET", "/api/compliance/audit")  # reads the rules
            figures[readers] = strained(address, readers, seconds)
    return figures


@contextmanager
def earlier(commit: str, home: Path) -> Iterator[Tree]:
    """Check an earlier commit out, beside this tree."""
    folder = home / "earlier"
    git = ["git", "-C", str(HERE), "worktree"]
    subprocess.run([*git, "add", "--detach", str(folder), commit], check=True, capture_output=True)
    try:
        linker = folder / "scripts" / "links"
        if linker.exists():
            subprocess.run([str(linker)], cwd=folder, check=True, capture_output=True)
        yield Tree("baseline", str(folder / (".links" if linker.exists() else "src")))
    finally:
        subprocess.run([*git, "remove", "--force", str(folder)], check=True, capture_output=True)


def main() -> None:
    """Measure this tree and the earlier one, and print each figure beside the other."""
    assets = int(sys.argv[1]) if len(sys.argv) > 1 else 1_000
    seconds = float(os.environ.get("SECONDS_EACH", SECONDS))
    home = Path(tempfile.mkdtemp())
    try:
        ours = measured(Tree("ours", None), home, assets, seconds)
        with earlier(os.environ.get("BASE") or BEFORE_READERS_LET_GO, home) as tree:
            before = measured(tree, home, assets, seconds)
    finally:
        shutil.rmtree(home, ignore_errors=True)
    for readers, figures in ours.items():
        for name, value in figures.items():
            unit = "s" if name.endswith(("p50", "p99")) else "1/s" if name.endswith("second") else ""
            goal = GOALS.get(name, "") if readers else ""
            report(name, value, unit=unit, baseline=before[readers].get(name), goal=goal, heavy_readers=readers)


if __name__ == "__main__":
    main()

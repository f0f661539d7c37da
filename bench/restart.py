"""``make bench-restart``: what a start costs after an orderly end, after a kill, and from the ledger alone.

Usage: restart.py [ASSETS]        default 20,000, which is 300,000 facts

Each start is a process of its own, its imports aside; figures are medians of processor seconds, taken in turns. The old
way, of deriving everything from the ledger, is what a start costs where nothing was kept.
"""

from __future__ import annotations

import os
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.parse
import urllib.request
from collections import defaultdict
from pathlib import Path
from typing import Final

import estate
from measure import report

from stratagraph.loaders import files
from stratagraph.loaders.scopes import SourceFile
from stratagraph.service.engine.engine import Engine
from stratagraph.service.settings import STATE_FILES, Settings

ASSETS: Final = 20_000
ROUNDS: Final = 3
NOT_YET: Final = 503
PAUSE: Final = 0.02
UNIT: Final = "s of processor time"
IMPORTS: Final = """
import os, signal, sys, time
from pathlib import Path
from stratagraph.ontology.facts import Batch, Fact, Literal, Method, Scope
from stratagraph.ontology.namespaces import ASSET_BASE, RDF, SG
from stratagraph.service.engine.engine import Engine
from stratagraph.service.settings import Settings
began = time.process_time()
engine = Engine(Settings(data=Path(sys.argv[1])))
"""
OPENING: Final = f"""{IMPORTS}
peak = next(line for line in open("/proc/self/status") if line.startswith("VmHWM"))
print(time.process_time() - began, int(peak.split()[1]) / 1024)
os._exit(0)
"""
KILLED: Final = f"""{IMPORTS}
engine.keep_state()
node = f"{{ASSET_BASE}}Agent/behind"
facts = (Fact(node, RDF.type, SG.Agent), Fact(node, SG.name, Literal("behind")))
scopes = (Scope(name="behind", complete=True, stated=facts),)
batch = Batch(source="behind", run="1", method=Method.DECLARED, scopes=scopes)
engine.ledger.commit(batch, ontology_hash=engine.model.hash)
os.kill(os.getpid(), signal.SIGKILL)
"""
QUERY: Final = "SELECT ?p ?o { <%s> ?p ?o }" % estate.asset(3)  # noqa: UP031  braces are SPARQL's


def build(assets: int, folder: Path) -> None:
    """Import an estate and end in order."""
    with Engine(Settings(data=folder)) as engine:
        for number, document in enumerate(estate.documents(assets)):
            source = [SourceFile(scope=f"{number:04}.nt", data=document)]
            engine.commit(files.transform(source, model=engine.model, base=engine.settings.base, source="bench").batch)


def opening(folder: Path) -> tuple[float, float]:
    """Return the processor seconds and the peak memory, in MiB, of opening a folder, which stays as it is."""
    told = subprocess.run([sys.executable, "-c", OPENING, str(folder)], check=True, capture_output=True, text=True)
    seconds, peak = told.stdout.split()
    return float(seconds), float(peak)


def copied(folder: Path, name: str, *, kept: bool) -> Path:
    """Return a copy of a folder, with or without what was kept of the deriver."""
    into = folder.with_name(name)
    shutil.rmtree(into, ignore_errors=True)
    return shutil.copytree(folder, into, ignore=None if kept else shutil.ignore_patterns(*STATE_FILES))


def killed(folder: Path) -> Path:
    """Return a copy whose process was killed when the ledger had one more batch than the views."""
    into = copied(folder, "behind", kept=True)
    ended = subprocess.run([sys.executable, "-c", KILLED, str(into)], check=False)
    assert ended.returncode == -signal.SIGKILL
    return into


def first_answer(folder: Path) -> tuple[float, float, float]:
    """Return the seconds from the start of a service to its first answer over SPARQL, and until it is whole.

    The last figure is the processor time that all its processes had until that first answer.
    """
    began = time.perf_counter()
    command = [sys.executable, "-m", "stratagraph.service", "serve", "--data", str(folder), "--port", "0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, start_new_session=True) as service:
        assert service.stdout is not None
        try:
            url = service.stdout.readline().split()[-1]
            ask(f"{url}/sparql?query={urllib.parse.quote(QUERY)}")
            answered, cost = time.perf_counter() - began, of_session(service.pid)
            ask(f"{url}/health/ready")
            ready = time.perf_counter() - began
        finally:
            service.terminate()
    return answered, ready, cost


def of_session(leader: int) -> float:
    """Return the processor seconds that the processes of a session have had."""
    ticks = 0
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = stat.read_text(encoding="utf-8").rpartition(")")[2].split()
        except OSError:
            continue  # it has ended
        if int(fields[3]) == leader:
            ticks += int(fields[11]) + int(fields[12])
    return ticks / os.sysconf("SC_CLK_TCK")


def ask(url: str) -> None:
    """Get an answer, as soon as there is one."""
    answered = False
    while not answered:
        try:
            with urllib.request.urlopen(url, timeout=60) as answer:  # noqa: S310  our own address
                answered = bool(answer.read())
        except urllib.error.HTTPError as error:
            if error.code != NOT_YET:
                raise
            time.sleep(PAUSE)


def main() -> None:
    """Build an estate and start it in every way, in turns."""
    assets = int(sys.argv[1]) if len(sys.argv) > 1 and sys.argv[1] else ASSETS
    home = Path(tempfile.mkdtemp())
    try:
        folder = home / "data"
        build(assets, folder)
        seconds, peaks = defaultdict[str, list[float]](list), defaultdict[str, list[float]](list)
        answers: list[tuple[float, float, float]] = []
        for _ in range(ROUNDS):
            ways = {
                "clean": folder,
                "behind": killed(folder),
                "ledger": copied(folder, "bare", kept=False),
            }
            for way, each in ways.items():
                cost, peak = opening(each)
                seconds[way].append(cost)
                peaks[way].append(peak)
            answers.append(first_answer(folder))
        cost = {way: statistics.median(each) for way, each in seconds.items()}
        size = {"assets": assets, "facts": assets * estate.FACTS_PER_ASSET, "load": round(os.getloadavg()[0], 1)}
        goal = "at most 10 s at 1.5 M facts"
        for name, way, baseline, wanted in (
            ("start, all from the ledger", "ledger", None, "the old way"),
            ("start", "clean", "ledger", goal),
            ("start, one batch behind after a kill", "behind", "clean", "at most 1.2"),
        ):
            peak = round(max(peaks[way]))
            compared = cost[baseline] if baseline else None
            report(name, cost[way], baseline=compared, goal=wanted, unit=UNIT, peak_mib=peak, **size)
        first, whole, spent = (statistics.median(each) for each in zip(*answers, strict=True))
        told = "when everything is open"
        report("first SPARQL answer", first, baseline=whole, goal="at most 3", unit="s", baseline_is=told, **size)
        report("first SPARQL answer, processor time of all processes until then", spent, unit="s", **size)
        kept = sum(file.stat().st_size for name in STATE_FILES for file in folder.glob(name))
        report("bytes kept a fact", kept / size["facts"], unit="By")
    finally:
        shutil.rmtree(home)


if __name__ == "__main__":
    main()

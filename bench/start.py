"""What a command costs before it does anything: processor seconds of whole processes, the median of several.

The baseline is a program that does nothing but load the library for command lines: less than that no command can cost.
"""

from __future__ import annotations

import os
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from measure import report

RUNS = 5
PROGRAM = [sys.executable, "-m", "stratagraph.service"]
OPEN = "from stratagraph.service.engine import Engine\nfrom stratagraph.service.settings import load_settings\n"
GOALS = {"--version": 0.3, "--help": 0.3, "command beside a service": 0.6, "open an empty folder": 1.0, "reopen": 0.5}


def seconds(command: Sequence[str], **environment: str) -> float:
    """Processor seconds of one process and its children."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run(command, env=os.environ | environment, check=True, capture_output=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def opening(folder: Path) -> list[str]:
    """A process that opens and closes a data folder, and says nothing."""
    return [sys.executable, "-c", f"{OPEN}with Engine(load_settings(data={str(folder)!r})):\n    pass"]


def median(name: str, costs: Sequence[float], baseline: float) -> None:
    goal = f"under {GOALS[name]} s" if name in GOALS else ""
    report(name, statistics.median(costs), unit="s of processor time", baseline=baseline, goal=goal)


def main() -> None:
    """Measure each in turn."""
    bare = [sys.executable, "-c", "import typer"]
    baseline = statistics.median(seconds(bare) for _ in range(RUNS))
    with tempfile.TemporaryDirectory() as name:
        home = Path(name)
        cache = {"XDG_CACHE_HOME": str(home / "cache")}
        for option in ("--version", "--help"):
            median(option, [seconds([*PROGRAM, option]) for _ in range(RUNS)], baseline)
        report("first folder of a user", seconds(opening(home / "0"), **cache), unit="s of processor time")
        folders = [home / str(number) for number in range(1, RUNS + 1)]
        median("open an empty folder", [seconds(opening(folder), **cache) for folder in folders], baseline)
        median("reopen", [seconds(opening(folder), **cache) for folder in folders], baseline)
        _beside_a_service(home, cache, baseline)
        shutil.rmtree(home / "cache")


def _beside_a_service(home: Path, cache: dict[str, str], baseline: float) -> None:
    data = str(home / "1")
    served = [*PROGRAM, "serve", "--data", data, "--port", "0"]
    with subprocess.Popen(served, env=os.environ | cache, stdout=subprocess.PIPE, text=True) as service:
        assert service.stdout is not None
        service.stdout.readline()  # it says where it listens
        command = [*PROGRAM, "query", "ASK { ?s ?p ?o }", "--data", data]
        median("command beside a service", [seconds(command, **cache) for _ in range(RUNS)], baseline)
        service.terminate()


if __name__ == "__main__":
    main()

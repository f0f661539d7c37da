"""What a command costs before it does anything: processor seconds of whole processes, the median of several.

The baseline of each row is a program that does nothing but import the library for command lines: less than that no
command can cost. Of opening a data folder it also tells what remains without the imports, as a running process sees it.
The program's own modules are compiled beforehand, as an installation compiles them.
"""

from __future__ import annotations

import os
import resource
import shutil
import statistics
import subprocess
import sys
import sysconfig
import tempfile
from collections.abc import Sequence
from pathlib import Path

from measure import report

ROOT = Path(__file__).resolve().parent.parent
RUNS = 5
PROGRAM = [sys.executable, "-m", "stratagraph.service"]
IMPORTS = (
    "from stratagraph.service.engine.engine import Engine\nfrom stratagraph.service.settings import load_settings\n"
)
OPENING = """
import sys, time
for folder in sys.argv[1:]:
    began = time.process_time()
    with Engine(load_settings(data=folder)):
        pass
    print(time.process_time() - began)
"""
INVENTORY = "assets:\n  - kind: Agent\n    name: support\n"
GOALS = {
    "--version": 0.3,
    "--version, installed": 0.3,
    "--help": 0.3,
    "query beside a service": 0.6,
    "open an empty folder": 1.0,
    "open it again": 0.5,
}
UNIT = "s of processor time"


class Bench:
    """Measures in a home of its own, whose cache is empty at first."""

    def __init__(self, home: Path) -> None:
        self.home = home
        # An installation has compiled modules; without them each process compiles for a quarter of a second.
        kept = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
        self.environment = kept | {"XDG_CACHE_HOME": str(home / "cache"), "XDG_DATA_HOME": str(home / "share")}
        self.baseline = statistics.median(self.seconds([sys.executable, "-c", "import typer"]) for _ in range(RUNS))

    def seconds(self, command: Sequence[str]) -> float:
        """Processor seconds of one process and its children."""
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        done = subprocess.run(command, env=self.environment, check=False, capture_output=True)
        assert done.returncode in {0, 1}, done.stderr  # an audit ends with 1 where something fails
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime

    def median(self, name: str, *commands: Sequence[str]) -> None:
        """Report the median of the commands, or of one that is run several times."""
        costs = [self.seconds(command) for command in (commands if len(commands) > 1 else commands * RUNS)]
        goal = f"under {GOALS[name]} s" if name in GOALS else ""
        report(name, statistics.median(costs), unit=UNIT, baseline=self.baseline, goal=goal)

    def program(self) -> None:
        """The program itself; the first run compiles what no run before has compiled."""
        self.seconds([*PROGRAM, "--help"])
        for option in ("--version", "--help"):
            self.median(option, [*PROGRAM, option])

    def installed(self) -> None:
        """The program as a wheel: a checkout finds its folders by a hook on imports, an installation needs none."""
        wheels, venv = self.home / "wheels", self.home / "venv"
        quiet = [sys.executable, "-m", "pip", "--quiet", "--disable-pip-version-check"]
        source = self.home / "source"
        # Building leaves its own folders behind, which the checkout is spared.
        shutil.copytree(
            ROOT, source, symlinks=True, ignore=shutil.ignore_patterns(".*", "tests", "build", "*.egg-info")
        )
        subprocess.run(
            [*quiet, "wheel", "--no-deps", "--no-build-isolation", "--wheel-dir", str(wheels), str(source)], check=True
        )
        subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(venv)], check=True)
        python = str(venv / "bin" / "python")
        wheel = str(next(wheels.iterdir()))
        subprocess.run([*quiet, "--python", python, "install", "--no-deps", "--no-index", wheel], check=True)
        libraries = next(venv.glob("lib/*/site-packages")) / "libraries.pth"
        libraries.write_text(sysconfig.get_path("purelib") + "\n", encoding="utf-8")
        self.median("--version, installed", [python, "-m", "stratagraph.service", "--version"])

    def opening(self) -> None:
        """Opening and closing a data folder: the first ever, then new ones, then these again."""
        self.seconds([sys.executable, "-c", IMPORTS])
        self.median("import what opening needs", [sys.executable, "-c", IMPORTS])
        report("first folder of a user", self.seconds(self._opening("0")), unit=UNIT)
        folders = [str(number) for number in range(1, RUNS + 1)]
        self.median("open an empty folder", *map(self._opening, folders))
        self.median("open it again", *map(self._opening, folders))
        new = [f"warm{number}" for number in range(RUNS + 1)]
        for name, last in (
            ("open an empty folder, imports aside", new),
            ("open it again, imports aside", new[-1:] * 6),
        ):
            done = subprocess.run(
                self._opening(*last), env=self.environment, check=True, capture_output=True, text=True
            )
            costs = [float(line) for line in done.stdout.split()[1:]]  # the first also reads the core ontology
            report(name, statistics.median(costs), unit=UNIT)

    def _opening(self, *folders: str) -> list[str]:
        return [sys.executable, "-c", f"{IMPORTS}{OPENING}", *(str(self.home / folder) for folder in folders)]

    def alone(self) -> None:
        """Commands of who runs no service."""
        inventory = self.home / "inventory.yaml"
        inventory.write_text(INVENTORY, encoding="utf-8")
        loads = [[*PROGRAM, "load", str(inventory), "--data", str(self.home / f"load{each}")] for each in range(RUNS)]
        self.seconds([*PROGRAM, "load", str(inventory), "--data", str(self.home / "load")])
        self.median("load into a new folder, no service", *loads)
        data = ["--data", str(self.home / "load0")]
        self.median("show, no service", [*PROGRAM, "show", "support", *data])
        self.median("query, no service", [*PROGRAM, "query", "ASK { ?s ?p ?o }", *data])
        self.median("audit, no service", [*PROGRAM, "audit", "--allow-empty", "--out", str(self.home / "audit"), *data])

    def beside_a_service(self) -> None:
        """A command that asks a running service."""
        data = ["--data", str(self.home / "1")]
        served = [*PROGRAM, "serve", *data, "--port", "0"]
        with subprocess.Popen(served, env=self.environment, stdout=subprocess.PIPE, text=True) as service:
            assert service.stdout is not None
            service.stdout.readline()  # it says where it listens
            self.median("query beside a service", [*PROGRAM, "query", "ASK { ?s ?p ?o }", *data])
            service.terminate()


def main() -> None:
    """Measure each in turn."""
    home = Path(tempfile.mkdtemp())
    try:
        bench = Bench(home)
        bench.program()
        bench.installed()
        bench.opening()
        bench.alone()
        bench.beside_a_service()
    finally:
        shutil.rmtree(home)


if __name__ == "__main__":
    main()

"""The real program as a process: what the end-to-end tests drive over HTTP."""

from __future__ import annotations

import atexit
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from tempfile import mkdtemp
from typing import Any

import httpx

from stratagraph.ontology import kept
from stratagraph.ontology.cache import cache_folder
from stratagraph.service.engine import seed

PROGRAM = (sys.executable, "-m", "stratagraph.service")
DATA = "stratagraph"
"""The data folder of a newcomer, below their home."""
PATIENCE = 60.0
"""Seconds until a started service is taken to have failed; a bound, not a measurement."""


@dataclass(frozen=True)
class Running:
    """A service that runs in a process of its own."""

    process: subprocess.Popen[str]
    url: str
    folder: Path
    environment: Mapping[str, str]

    def command(self, *arguments: str, stdin: str | None = None) -> subprocess.CompletedProcess[str]:
        """Run a command of the program beside the service."""
        return run(*arguments, environment=self.environment, stdin=stdin)

    def get(self, path: str, **options: Any) -> httpx.Response:
        """Send a GET request."""
        return httpx.get(self.url + path, trust_env=False, timeout=PATIENCE, **options)

    def post(self, path: str, **options: Any) -> httpx.Response:
        """Send a POST request."""
        return httpx.post(self.url + path, trust_env=False, timeout=PATIENCE, **options)

    def wait_for_telemetry(self) -> None:
        """Wait until all telemetry that was acknowledged is committed, as who sends it can see."""
        deadline = time.monotonic() + PATIENCE
        while time.monotonic() < deadline:
            spool = self.get("/api/sources").json()["spool"]
            if spool["requests"] == spool["incomplete"] == 0:
                return
            time.sleep(0.05)
        raise AssertionError(spool)


def run(*arguments: str, environment: Mapping[str, str], stdin: str | None = None) -> subprocess.CompletedProcess[str]:
    """Run one command to its end."""
    return subprocess.run(
        [*PROGRAM, *arguments],
        env=dict(environment),
        input=stdin,
        stdin=subprocess.DEVNULL if stdin is None else None,
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )


def clean_environment(home: Path) -> dict[str, str]:
    """The environment of a newcomer: nothing of ours configured, a home of their own.

    The cache, whose content goes by the hash of what it was made from, is shared, and begins with what the tests' own
    process has made of the core: making it takes seconds.
    """
    others = {name: value for name, value in os.environ.items() if not name.startswith("STRATAGRAPH_")}
    # The port of OTLP/gRPC is one for all: services of other tests have it.
    return others | {"STRATAGRAPH_OTLP_GRPC": "0", "XDG_DATA_HOME": str(home), "XDG_CACHE_HOME": str(_cache())}


@cache
def _cache() -> Path:
    folder = Path(mkdtemp(prefix="stratagraph-cache-"))
    for part in (kept.FOLDER, seed.FOLDER):
        with suppress(OSError, shutil.Error):  # another process may be writing there
            shutil.copytree(cache_folder() / part, folder / "stratagraph" / part)
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return folder


@contextmanager
def started(*arguments: str, home: Path, settings: Mapping[str, str] | None = None) -> Iterator[Running]:
    """Start ``demo`` or ``serve`` on a free port; it is killed by process id at the end, if it still lives."""
    environment = clean_environment(home) | dict(settings or {})
    process = subprocess.Popen(
        [*PROGRAM, *arguments, "--port", "0"],
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    assert process.stdout is not None
    lines: list[str] = []
    try:
        for line in process.stdout:
            lines.append(line)
            found = re.search(r"http://127\.0\.0\.1:\d+", line)
            if found:
                break
        else:
            raise AssertionError("the service did not start:\n" + "".join(lines))
        running = Running(process, found.group(), home, environment)
        wait_until_live(running)
        yield running
    finally:
        stop(process)


def wait_until_live(running: Running) -> None:
    """Wait for the first answer."""
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        try:
            if running.get("/health/live").status_code == httpx.codes.OK:
                return
        except httpx.TransportError:
            time.sleep(0.05)
    raise AssertionError("the service does not answer")


def stop(process: subprocess.Popen[str]) -> None:
    """End a process by its id, first politely."""
    if process.poll() is None:
        process.send_signal(signal.SIGINT)
        try:
            process.wait(timeout=20)
        except subprocess.TimeoutExpired:
            process.kill()
    process.wait()
    if process.stdout is not None:
        process.stdout.close()

"""OpenTelemetry's Collector for the tests: built once from Go modules, run on the loopback, stopped by its starter."""

from __future__ import annotations

import fcntl
import os
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

import pytest

VERSION: Final = "v0.161.0"
MISSING: Final = "The Collector needs Go to be built; on Debian: sudo apt-get install golang"
SECONDS: Final = 120
"""How long it may take to listen on a machine that does much else."""
_MODULE: Final = "go.opentelemetry.io/collector"
_BUILDER: Final = f"""\
dist: {{name: otelcol, output_path: OUTPUT}}
receivers: [{{gomod: {_MODULE}/receiver/otlpreceiver {VERSION}}}]
processors: [{{gomod: {_MODULE}/processor/batchprocessor {VERSION}}}]
exporters:
  - {{gomod: {_MODULE}/exporter/otlpexporter {VERSION}}}
  - {{gomod: {_MODULE}/exporter/otlphttpexporter {VERSION}}}
"""
_CONFIGURATION: Final = """\
receivers:
  otlp: {{protocols: {{http: {{endpoint: "127.0.0.1:{port}"}}}}}}
processors:
  batch: {{timeout: 200ms, send_batch_size: 4, send_batch_max_size: 4}}
exporters:
  {exporter}: {{endpoint: "{endpoint}", tls: {{insecure: true}}}}
service:
  telemetry: {{metrics: {{level: none}}}}
  pipelines:
    traces: {{receivers: [otlp], processors: [batch], exporters: [{exporter}]}}
    metrics: {{receivers: [otlp], processors: [batch], exporters: [{exporter}]}}
    logs: {{receivers: [otlp], processors: [batch], exporters: [{exporter}]}}
"""
EXPORTERS: Final = {"http": "otlp_http", "grpc": "otlp_grpc"}


@contextmanager
def collector(folder: Path, protocol: str, endpoint: str) -> Iterator[str]:
    """Run a Collector that exports to an endpoint; its own one is given. At the end it sends what it has, and stops."""
    program = built()
    with _free_port() as port:
        said = _CONFIGURATION.format(port=port, exporter=EXPORTERS[protocol], endpoint=endpoint)
    configuration = folder / "collector.yaml"
    configuration.write_text(said, encoding="utf-8")
    log = folder / "collector.log"
    with log.open("wb") as written:
        process = subprocess.Popen([program, "--config", configuration], stdout=written, stderr=written)
    try:
        _wait(port, process, log)
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        try:
            process.wait(timeout=SECONDS)
        finally:
            process.kill()


def built() -> Path:
    """Return the program; Go makes it once, into the user's cache. Skips where there is no Go."""
    if shutil.which("go") is None:
        pytest.skip(MISSING)
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "stratagraph" / "collector"
    cache.mkdir(parents=True, exist_ok=True)
    place = cache / VERSION
    with (cache / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not place.exists():
            with tempfile.TemporaryDirectory(dir=cache) as made:
                _build(Path(made)).rename(place)
    return place


def _build(folder: Path) -> Path:
    """Build in a folder; return the program."""
    said = folder / "builder.yaml"
    said.write_text(_BUILDER.replace("OUTPUT", str(folder / "made")), encoding="utf-8")
    go = {**os.environ, "GOFLAGS": "-mod=mod", "GOBIN": str(folder)}
    commands: list[list[str | Path]] = [
        ["go", "install", f"{_MODULE}/cmd/builder@{VERSION}"],
        [folder / "builder", "--config", said],
    ]
    for command in commands:
        subprocess.run(command, check=True, capture_output=True, env=go, cwd=folder, timeout=3600)
    return folder / "made" / "otelcol"


def _wait(port: int, process: subprocess.Popen[bytes], log: Path) -> None:
    """Return once it listens; fail with the end of its log where it ended instead."""
    until = time.monotonic() + SECONDS
    while time.monotonic() < until and process.poll() is None:
        with suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
            return
        time.sleep(0.1)
    pytest.fail(f"the Collector does not listen: {log.read_text(encoding='utf-8')[-2000:]}")


@contextmanager
def _free_port() -> Iterator[int]:
    """Give a port that nobody listens on; it is free when the block ends."""
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        yield held.getsockname()[1]

"""The SPARQL servers that ours is measured beside: Oxigraph's own and Apache Jena Fuseki, where they can be had."""

from __future__ import annotations

import os
import re
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import httpx

START_SECONDS: Final = 120.0
FUSEKI: Final = {21: "6.2.0", 17: "5.6.0"}
"""Fuseki's version by the least version of Java that it needs."""
_ARTIFACT: Final = "org.apache.jena:jena-fuseki-server"
_CONFIGURATION: Final = """
PREFIX : <#>
PREFIX fuseki: <http://jena.apache.org/fuseki#>
PREFIX tdb2: <http://jena.apache.org/2016/tdb#>
:service a fuseki:Service ; fuseki:name "bench" ; fuseki:dataset :data ;
  fuseki:endpoint [ fuseki:operation fuseki:query ; fuseki:name "query" ] ,
                  [ fuseki:operation fuseki:gsp-rw ; fuseki:name "data" ] .
:data a tdb2:DatasetTDB2 ; tdb2:location "{folder}" .
"""


class Missing(Exception):
    """A peer that cannot be had here; the message says what is missing."""


@dataclass(frozen=True)
class Peer:
    """A server that answers queries at an address, and the process that it is, with those that it started."""

    name: str
    url: str
    pid: int

    def seconds(self) -> float:
        """Return the processor time that all its processes have used."""
        return sum(map(_seconds, family(self.pid)))


@contextmanager
def oxigraph(quads: Path, folder: Path) -> Iterator[Peer]:
    """Serve a file of N-Quads by Oxigraph's server. Raises Missing."""
    program = shutil.which("oxigraph") or shutil.which("oxigraph", path=str(Path(sys.executable).parent))
    if program is None:
        raise Missing("no oxigraph on the PATH: pip install oxigraph")
    place = ["--location", str(folder / "oxigraph")]
    subprocess.run([program, "load", *place, "--file", str(quads)], check=True, capture_output=True)
    subprocess.run([program, "optimize", *place], check=True, capture_output=True)
    port = _free_port()
    command = [program, "serve-read-only", *place, "--bind", f"127.0.0.1:{port}"]
    with _running("Oxigraph server", command, f"http://127.0.0.1:{port}/query", folder) as peer:
        yield peer


@contextmanager
def fuseki(quads: Path, folder: Path) -> Iterator[Peer]:
    """Serve a file of N-Quads by Fuseki over TDB2. Raises Missing."""
    java = shutil.which("java")
    if java is None:
        raise Missing("no java on the PATH")
    jar = _fuseki_jar(java, folder)
    configuration = folder / "fuseki.ttl"
    configuration.write_text(_CONFIGURATION.format(folder=folder / "tdb2"))
    port = _free_port()
    address = f"http://127.0.0.1:{port}/bench"
    command = [java, "-Xmx2g", "-jar", str(jar), "--localhost", "--port", str(port), "--config", str(configuration)]
    with _running("Fuseki", command, f"{address}/query", folder) as peer:
        with quads.open("rb") as data:
            httpx.post(
                f"{address}/data", content=data, headers={"Content-Type": "application/n-quads"}, timeout=600
            ).raise_for_status()
        yield peer


def _fuseki_jar(java: str, folder: Path) -> Path:
    if given := os.environ.get("FUSEKI_JAR"):
        return Path(given)
    maven = shutil.which("mvn")
    if maven is None:
        raise Missing("no FUSEKI_JAR, and no Maven on the PATH to fetch it with")
    told = subprocess.run([java, "-version"], capture_output=True, text=True, check=True).stderr
    major = re.search(r'version "(\d+)', told)
    versions = [version for least, version in FUSEKI.items() if major and int(major[1]) >= least]
    if not versions:
        raise Missing("Fuseki needs Java 17 or newer")
    command = [maven, "-q", "-B", "dependency:copy", f"-Dartifact={_ARTIFACT}:{versions[0]}"]
    fetched = subprocess.run([*command, f"-DoutputDirectory={folder}"], capture_output=True, text=True, check=False)
    if fetched.returncode:
        raise Missing(f"Maven could not fetch {_ARTIFACT}: {fetched.stdout.strip().splitlines()[:1]}")
    return folder / f"jena-fuseki-server-{versions[0]}.jar"


@contextmanager
def _running(name: str, command: list[str], url: str, folder: Path) -> Iterator[Peer]:
    environment = {**os.environ, "FUSEKI_BASE": str(folder / "fuseki-run")}
    with (folder / f"{name}.log").open("w") as log:
        process = subprocess.Popen(command, stdout=log, stderr=subprocess.STDOUT, env=environment)
    try:
        wait_until_answering(url, process)
        yield Peer(name, url, process.pid)
    finally:
        process.terminate()
        process.wait()


def wait_until_answering(url: str, process: subprocess.Popen[str] | subprocess.Popen[bytes]) -> None:
    """Wait for the first answer of an endpoint. Raises Missing."""
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        try:
            if httpx.get(url, params={"query": "ASK {}"}).status_code == httpx.codes.OK:
                return
        except httpx.TransportError:
            time.sleep(0.1)
    raise Missing(f"{url} does not answer")


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as free:
        return int(free.getsockname()[1])


def family(pid: int) -> list[int]:
    """Return a process and its descendants."""
    found = [pid]
    for task in Path(f"/proc/{pid}/task").glob("*/children"):
        found += [each for child in task.read_text().split() for each in family(int(child))]
    return found


def _seconds(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

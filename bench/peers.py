"""The SPARQL servers that ours is measured beside: Oxigraph's own and Apache Jena Fuseki, where they can be had."""

from __future__ import annotations

import json
import os
import re
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from http import HTTPStatus
from http.client import HTTPConnection, HTTPResponse, IncompleteRead, RemoteDisconnected
from pathlib import Path
from typing import Final, Self
from urllib.parse import urlencode, urlsplit

import httpx

START_SECONDS: Final = 120.0
OXIGRAPH: Final = "oxigraph==0.5.13"
"""The server of the very version that the engine is of."""
_COMPILER: Final = re.compile("C[12] Compiler")
"""Begins the names of a Java runtime's threads that compile."""
_SCHEDULED: Final = 2
"""Ends the number of a process's clock that counts what the kernel's scheduler gave it."""
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

_LOGGING: Final = """
status = error
appender.console.type = Console
appender.console.name = OUT
appender.console.layout.type = PatternLayout
rootLogger.level = WARN
rootLogger.appenderRef.stdout.ref = OUT
"""


class Refused(Exception):
    """An answer that no benchmark can go on with."""


class Missing(Exception):
    """A peer that cannot be had here; the message says what is missing."""


class Peer:
    """A server that answers queries at an address, and the process that it is, with those that it started."""

    def __init__(self, name: str, url: str, pid: int) -> None:
        self.name = name
        self.url = url
        self.pid = pid
        self._spent: dict[int, float] = {}

    def seconds(self) -> float:
        """Return the processor time that all its processes have used, those included that have ended since."""
        for pid in family(self.pid):
            # The clock of a whole process, to the nanosecond: it counts threads that are gone as well.
            with suppress(OSError):
                self._spent[pid] = time.clock_gettime((~pid << 3) | _SCHEDULED) - _compiling(pid)
        return sum(self._spent.values())


class Asker:
    """The plainest client there is: one kept connection that sends at once, and reads answers to their end."""

    def __init__(self, url: str) -> None:
        place = urlsplit(url)
        self._path = place.path
        self._connection = HTTPConnection(place.netloc, timeout=120)
        self._connect()

    def _connect(self) -> None:
        self._connection.close()
        self._connection.connect()
        self._connection.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def _answer(self, method: str, address: str, headers: dict[str, str], body: str | None = None) -> HTTPResponse:
        """Return an answer that is still to be read; a server may close what was idle while others were asked."""
        try:
            self._connection.request(method, address, body, headers)
            return self._connection.getresponse()
        except (RemoteDisconnected, ConnectionError):
            self._connect()
            self._connection.request(method, address, body, headers)
            return self._connection.getresponse()

    def ask(self, query: str, accept: str) -> float:
        """Ask a query; return the seconds until all of the answer is here."""
        address, headers = f"{self._path}?{urlencode({'query': query})}", {"Accept": accept}
        began = time.perf_counter()
        answer = self._answer("GET", address, headers)
        body = answer.read()
        took = time.perf_counter() - began
        if answer.status != HTTPStatus.OK:
            raise Refused(f"{answer.status} {body[:500]!r} to {query}")
        return took

    def status(self, query: str, accept: str) -> str:
        """Ask a query; return the status of the answer, or that it was cut."""
        address = f"{self._path}?{urlencode({'query': query})}"
        answer = self._answer("GET", address, {"Accept": accept})
        try:
            answer.read()
        except IncompleteRead:
            return "cut"
        return str(answer.status)

    def post(self, document: object) -> None:
        """Post a document as JSON."""
        headers = {"Content-Type": "application/json"}
        answer = self._answer("POST", self._path, headers, json.dumps(document))
        body = answer.read()
        if answer.status >= HTTPStatus.BAD_REQUEST:
            raise Refused(f"{answer.status} {body[:500]!r}")

    def __enter__(self) -> Self:
        """Return the client, to be closed at the end of the block."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close the connection."""
        self._connection.close()


@contextmanager
def oxigraph(quads: Path, folder: Path) -> Iterator[Peer]:
    """Serve a file of N-Quads by Oxigraph's server. Raises Missing."""
    program = _oxigraph(folder)
    place = ["--location", str(folder / "oxigraph")]
    subprocess.run([program, "load", *place, "--file", str(quads)], check=True, capture_output=True)
    subprocess.run([program, "optimize", *place], check=True, capture_output=True)
    port = _free_port()
    command = [program, "serve-read-only", *place, "--bind", f"127.0.0.1:{port}"]
    with _running("Oxigraph server", command, f"http://127.0.0.1:{port}/query", folder) as peer:
        yield peer


def _oxigraph(folder: Path) -> str:
    """Return the program: what is there already, or what is installed for this run alone."""
    here = str(Path(sys.executable).parent)
    if program := shutil.which("oxigraph") or shutil.which("oxigraph", path=here):
        return program
    target = folder / "pip"
    command = [sys.executable, "-m", "pip", "install", "-q", "--no-deps", "--target", str(target), OXIGRAPH]
    fetched = subprocess.run(command, capture_output=True, text=True, check=False)
    found = shutil.which("oxigraph", path=str(target / "bin"))
    if found is None:
        raise Missing(f"no oxigraph on the PATH, and pip could not install {OXIGRAPH}: {fetched.stderr[-200:]}")
    return found


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
    # It writes several lines for every query, which the others do not.
    logging = folder / "log4j2.properties"
    logging.write_text(_LOGGING)
    options = [f"-Dlog4j{version}.configurationFile=file:{logging}" for version in ("", "2")]
    serve = ["--localhost", "--port", str(port), "--config", str(configuration)]
    # Compilers that stay can be told apart from the work itself: what has ended leaves no account.
    options += ["-Xmx2g", "-XX:-UseDynamicNumberOfCompilerThreads"]
    command = [java, *options, "-jar", str(jar), *serve]
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


def _compiling(pid: int) -> float:
    """Return the seconds that a Java runtime has spent on compiling, which no query has to pay for in the long run."""
    spent = 0
    for task in Path(f"/proc/{pid}/task").iterdir():
        with suppress(OSError):  # a thread may end while it is looked at
            if _COMPILER.match((task / "comm").read_text()):
                spent += int((task / "schedstat").read_text().split()[0])
    return spent / 1e9


def family(pid: int) -> list[int]:
    """Return a process and its descendants."""
    found = [pid]
    for task in Path(f"/proc/{pid}/task").glob("*/children"):
        found += [each for child in task.read_text().split() for each in family(int(child))]
    return found

"""A local Neo4j beside a data folder: started detached, found again by its record, stopped by its identity."""

from __future__ import annotations

import json
import os
import secrets
import shutil
import socket
import subprocess
import time
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final

from stratagraph.service.neo4j import process_identity
from stratagraph.service.neo4j.errors import StartFailed
from stratagraph.service.neo4j.runtime import LTS, PLUGINS, Runtime, line_of, obtain

FOLDER: Final = "neo4j"
"""Below the data folder."""
USER: Final = "neo4j"
START_SECONDS: Final = 180.0
STOP_SECONDS: Final = 60.0
_RECORD: Final = "server.json"
_LINE: Final = "line"
_PASSWORD: Final = "password"  # noqa: S105  the name of a file
_TAIL: Final = 20
_HANDSHAKE: Final = bytes.fromhex("6060b017 00000005 00000404 00000000 00000000")
"""Bolt's magic number and the versions that would do."""

_CONF: Final = """\
# Written by 'stratagraph neo4j up' at each start.
server.default_listen_address=127.0.0.1
server.bolt.listen_address=127.0.0.1:{port}
server.bolt.advertised_address=127.0.0.1:{port}
server.http.enabled=false
server.https.enabled=false
dbms.usage_report.enabled=false
server.memory.heap.max_size={heap}
server.memory.pagecache.size=256m
# One statement, of whatever user, can't take the heap from all others.
db.memory.transaction.max=384m
# APOC asks for these to tell the schema, and LlamaIndex to read what it found.
dbms.security.procedures.unrestricted=apoc.any.property,apoc.meta.*,apoc.schema.*
# No file of this machine is for LOAD CSV.
dbms.security.allow_csv_import_from_file_urls=false
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """A local server as the data folder knows it."""

    pid: int
    started: str
    port: int
    version: str

    @property
    def url(self) -> str:
        """Where it speaks Bolt."""
        return f"bolt://127.0.0.1:{self.port}"

    @property
    def alive(self) -> bool:
        """Tell whether that very process still runs."""
        return process_identity.is_alive(self.pid, self.started)


class LocalNeo4j:
    """The local server of one data folder, running or not."""

    def __init__(self, data: Path) -> None:
        self.home = data.absolute() / FOLDER  # the server itself runs in another folder
        self._log = self.home / "logs" / "console.log"
        self._logged = 0

    @property
    def password_file(self) -> Path:
        """Where the password stands, for this user only."""
        return self.home / _PASSWORD

    def record(self) -> Record | None:
        """Return the record of the last start, if any."""
        try:
            return Record(**json.loads((self.home / _RECORD).read_text(encoding="utf-8")))
        # Another version may have written a record with other fields.
        except (OSError, ValueError, TypeError):
            return None

    def running(self) -> Record | None:
        """Return the record of the server that runs now."""
        record = self.record()
        return record if record is not None and record.alive else None

    def password(self) -> str:
        """Return the password, made up at the first start."""
        return self.password_file.read_text(encoding="utf-8").strip()

    def up(self, version: str = "", heap: str = "1g", *, apoc: bool = False) -> Record:
        """Start the server unless it runs; return once it takes connections.

        Without a version it is the line that was started here last, for data can't go back; at first the long-term one.
        With ``apoc`` its procedures are there from now on.

        Raises:
            StratagraphError: Java or Maven is missing, or the server did not start.
        """
        running = self.running()
        if running is not None:
            self._wait(running)  # the process that started it may have been killed meanwhile
            return running
        line = line_of(version or self._line())
        runtime = obtain(line, apoc=apoc)
        self._prepare(runtime)
        self._plug_in(runtime)
        # Before the start: once a version has opened the data, an older one can't.
        (self.home / _LINE).write_text(line, encoding="utf-8")
        port = _free_port()
        conf = self.home / "conf" / "neo4j.conf"
        conf.write_text(_CONF.format(port=port, heap=heap), encoding="utf-8")
        record = self._start(runtime, port, heap)
        self._wait(record)
        return record

    def down(self) -> bool:
        """Stop the server; return whether one ran."""
        record = self.record()
        ran = record is not None and process_identity.end(record.pid, record.started, STOP_SECONDS)
        (self.home / _RECORD).unlink(missing_ok=True)
        return ran

    def _line(self) -> str:
        """Return the line that was started here last."""
        try:
            return (self.home / _LINE).read_text(encoding="utf-8")
        except OSError:
            return LTS

    def _prepare(self, runtime: Runtime) -> None:
        """Make the folders and, before the first start, the password."""
        for folder in (self.home, *(self.home / name for name in ("conf", "logs", PLUGINS))):
            folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        # Neo4j takes an initial password before its first start, and never again.
        if (self.home / "data" / "dbms" / "auth.ini").exists():
            return
        secret = self.password_file
        # Made anew, so that its mode is the one given here and not that of a file that stood there.
        secret.unlink(missing_ok=True)
        with os.fdopen(os.open(secret, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
            file.write(secrets.token_urlsafe(24))
        places = {"NEO4J_HOME": str(self.home), "NEO4J_CONF": str(self.home / "conf")}
        # @FILE: the password must not stand in the list of processes.
        said = subprocess.run(  # noqa: S603  ours
            runtime.admin("dbms", "set-initial-password", f"@{secret}"),
            env=os.environ | places,
            capture_output=True,
            text=True,
            check=False,
        )
        if said.returncode:
            raise StartFailed(reason="the password could not be set", log="", tail=said.stdout + said.stderr)

    def _plug_in(self, runtime: Runtime) -> None:
        """Put what was fetched beside the user's own plugins."""
        for jar in runtime.apoc.glob("*.jar") if runtime.apoc else ():
            shutil.copy(jar, self.home / PLUGINS / jar.name)

    def _start(self, runtime: Runtime, port: int, heap: str) -> Record:
        with suppress(OSError):
            self._logged = self._log.with_name("neo4j.log").stat().st_size
        with self._log.open("w", encoding="utf-8") as log:
            process = subprocess.Popen(  # noqa: S603  ours
                runtime.server(self.home, heap),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                # In a session of its own Ctrl-C in this terminal does not reach it.
                start_new_session=True,
                cwd=self.home,
            )
        start = process_identity.started(process.pid) or ""
        process.returncode = 0  # it outlives us; nobody waits for it
        record = Record(pid=process.pid, started=start, port=port, version=runtime.release.version)
        (self.home / _RECORD).write_text(json.dumps(asdict(record)), encoding="utf-8")
        return record

    def _wait(self, record: Record) -> None:
        """Wait until Bolt is spoken there; a server that never does is stopped."""
        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline:
            process_identity.note_end(record.pid)
            if not record.alive:
                raise self._failed("the process ended")
            if _speaks_bolt(record.port):
                return
            time.sleep(0.1)
        self.down()
        raise self._failed(f"it took more than {START_SECONDS:g} s")

    def _failed(self, reason: str) -> StartFailed:
        """Tell what the server itself gives as the reason, else the end of a log."""
        said = self._log.with_name("neo4j.log")
        with suppress(OSError):
            lines = said.read_bytes()[self._logged :].decode(errors="replace").splitlines()
            faults = [place for place, line in enumerate(lines) if " ERROR " in line]
            if faults:
                told = [line for line in lines[faults[-1] :] if not line.startswith("\tat ")]
                return StartFailed(reason=reason, log=str(said), tail="\n".join(told[:_TAIL]))
        for name in (self._log.name, "neo4j.log", "debug.log"):
            log = self._log.with_name(name)
            with suppress(OSError):
                if lines := log.read_text(encoding="utf-8", errors="replace").splitlines():
                    return StartFailed(reason=reason, log=str(log), tail="\n".join(lines[-_TAIL:]))
        return StartFailed(reason=reason, log=str(self._log), tail="(nothing was written)")


def _speaks_bolt(port: int) -> bool:
    """Tell whether what listens there answers a Bolt handshake: another program may have taken the port."""
    with suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1) as connection:
        connection.sendall(_HANDSHAKE)
        return len(connection.recv(4)) > 0
    return False


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])

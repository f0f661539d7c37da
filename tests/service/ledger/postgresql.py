"""A real PostgreSQL server for the tests: Debian's, on the loopback, in a fresh folder, stopped by who started it."""

from __future__ import annotations

import os
import pwd
import secrets
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg

WHERE = "/usr/lib/postgresql"


def binaries() -> Path | None:
    """Return the folder of initdb and pg_ctl, or None."""
    folders = sorted(Path(WHERE).glob("*/bin"), reverse=True)
    if found := shutil.which("pg_config"):
        told = subprocess.run([found, "--bindir"], capture_output=True, text=True, check=True).stdout.strip()
        folders.insert(0, Path(told))
    return next((folder for folder in folders if (folder / "initdb").exists()), None)


@contextmanager
def server(folder: Path) -> Iterator[str]:
    """Run a server on the data in ``folder``, made where it is not there; yield its address without a database."""
    bin_ = binaries()
    assert bin_ is not None
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    if not folder.exists():
        initialise(bin_, folder)
    options = f"-p {port} -c listen_addresses=127.0.0.1 -c unix_socket_directories=''"
    run(bin_ / "pg_ctl", "-D", folder, "-w", "-o", options, "-l", folder / "log", "start")
    try:
        password = (folder / "password").read_text()
        yield f"postgresql://test:{password}@127.0.0.1:{port}"
    finally:
        run(bin_ / "pg_ctl", "-D", folder, "-w", "-m", "immediate", "stop")


def initialise(bin_: Path, folder: Path) -> None:
    folder.mkdir(mode=0o700)
    password = secrets.token_hex(16)
    with tempfile.NamedTemporaryFile("w", dir="/tmp") as file:  # the server's user must be able to read it
        file.write(password)
        file.flush()
        if owner := _owner():
            os.chown(folder, owner.pw_uid, owner.pw_gid)
            os.chown(file.name, owner.pw_uid, owner.pw_gid)
        arguments = ("--auth=scram-sha-256", "--username=test", f"--pwfile={file.name}", "--encoding=UTF8")
        run(bin_ / "initdb", "-D", folder, "--no-sync", *arguments)
    (folder / "password").write_text(password)


def database(address: str, name: str) -> str:
    """Create a database and return its URL."""
    with psycopg.connect(f"{address}/postgres", autocommit=True) as connection:
        connection.execute(f'CREATE DATABASE "{name}"'.encode())
    return f"{address}/{name}"


def run(program: Path, *arguments: object) -> None:
    """Run a program of the server, which refuses to run as root, as the user who owns the data."""
    owner = _owner()
    subprocess.run(
        [program, *map(str, arguments)],
        user=owner.pw_uid if owner else None,
        group=owner.pw_gid if owner else None,
        extra_groups=[] if owner else None,
        env={"PATH": os.environ["PATH"], "LC_ALL": "C.UTF-8"},
        cwd="/",
        check=True,
        stdout=subprocess.DEVNULL,
        timeout=120,
    )


def _owner() -> pwd.struct_passwd | None:
    if os.geteuid():
        return None
    known = {entry.pw_name: entry for entry in pwd.getpwall()}
    return known.get("postgres") or known["nobody"]

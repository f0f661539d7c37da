"""Commands: run without a shell, bounded, ended with all that they started, and heard when they fail."""

from __future__ import annotations

import os
import sys
import threading
import time
from pathlib import Path
from typing import Any

import pytest

from stratagraph.service.sources.errors import FetchFailed
from stratagraph.service.sources.fetching.command_output import read_command
from stratagraph.service.sources.fetching.run_limits import Limits
from stratagraph.service.sources.source import source_of


def read(*command: str, stopping: threading.Event | None = None, **given: Any) -> bytes:
    source = source_of("s", {"command": command, "limit_seconds": 30, **given})
    limits = Limits(
        source.place,
        seconds=source.limit_seconds,
        most_bytes=source.limit_bytes,
        stopping=stopping or threading.Event(),
    )
    (document,) = read_command(source, limits).reading.files
    return document.data


def test_what_a_command_writes_is_the_document_and_no_shell_reads_it() -> None:
    assert read("echo", "$HOME;", "ls") == b"$HOME; ls\n"


def test_a_command_knows_its_secrets_and_not_the_services(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("STRATAGRAPH_TOKEN", "ours")
    (tmp_path / "key").write_text("hunter2\n")
    assert b"KEY=hunter2\n" in (told := read("env", environment={"KEY": {"file": str(tmp_path / "key")}}))
    assert b"STRATAGRAPH" not in told


def test_what_fails_is_told_without_its_secrets(tmp_path: Path) -> None:
    (tmp_path / "key").write_text("hunter2")
    script = 'echo half; echo "bad key $KEY" >&2; exit 3'
    with pytest.raises(FetchFailed, match=r"ended with status 3: bad key \*\*\*"):
        read("sh", "-c", script, environment={"KEY": {"file": str(tmp_path / "key")}})


@pytest.mark.parametrize(
    ("command", "said"),
    [
        (("true",), "wrote nothing"),
        (("/nowhere/at/all",), "can't be run"),
        (("sh", "-c", "kill -9 $$"), "ended by signal 9"),
        (("yes",), "more than 1 MiB"),
    ],
)
def test_what_is_no_document_is_refused(command: tuple[str, ...], said: str) -> None:
    with pytest.raises(FetchFailed, match=said):
        read(*command, limit_mib=1)


def test_at_the_time_limit_all_that_a_command_started_is_ended(tmp_path: Path) -> None:
    note = tmp_path / "pid"
    script = (
        "import subprocess, time; p = subprocess.Popen(['sleep', '600']); "
        f"open({str(note)!r}, 'w').write(str(p.pid)); time.sleep(600)"
    )
    with pytest.raises(FetchFailed, match="not done within"):
        read(sys.executable, "-c", script, limit_seconds=1.5)
    if note.exists():  # else the machine is too slow today to have started it
        wait_until_gone(int(note.read_text()))


def test_a_service_that_ends_waits_for_no_command() -> None:
    stopping = threading.Event()
    stopping.set()
    with pytest.raises(FetchFailed, match="service ended"):
        read("sleep", "600", stopping=stopping)


def wait_until_gone(pid: int) -> None:
    for _ in range(100):
        try:
            os.kill(pid, 0)
        except ProcessLookupError:
            return
        if (stat := Path(f"/proc/{pid}/stat")).exists() and stat.read_text().rpartition(")")[2].split()[0] == "Z":
            return  # dead, and whoever adopted it has not looked yet
        time.sleep(0.05)
    raise AssertionError(f"process {pid} lives on")

"""Which process is which: a number alone may belong to another by now, a number with its start time may not."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from contextlib import suppress
from pathlib import Path
from typing import Final

_START: Final = 19
"""Place of the start time in /proc/PID/stat, counted after the name."""


def started(pid: int) -> str | None:
    """Return when a process started, as the system writes it; None when there is no such process."""
    stat = Path(f"/proc/{pid}/stat")
    # On systems without /proc, such as macOS, ``ps`` is asked.
    if stat.parent.parent.joinpath("self").exists():
        try:
            # The name of a program may have spaces and parentheses itself; behind the last one come the other fields.
            state, *fields = stat.read_text(encoding="utf-8").rpartition(")")[2].split()
        except OSError:
            return None
        # A zombie has ended: it only waits for its parent to notice.
        return None if state == "Z" else fields[_START - 1]
    said = subprocess.run(  # noqa: S603  a number
        ["ps", "-o", "lstart=", "-p", str(pid)],  # noqa: S607  wherever the system keeps it
        capture_output=True,
        text=True,
        check=False,
    )
    return said.stdout.strip() or None


def is_alive(pid: int, start: str) -> bool:
    """Tell whether the very process still runs."""
    return started(pid) == start


def end(pid: int, start: str, seconds: float) -> bool:
    """Ask the very process to end, and kill it when it does not; return whether it ran."""
    if not is_alive(pid, start):
        return False
    with suppress(ProcessLookupError):
        os.kill(pid, signal.SIGTERM)
    deadline = time.monotonic() + seconds
    while is_alive(pid, start) and time.monotonic() < deadline:
        note_end(pid)
        time.sleep(0.05)
    if is_alive(pid, start):
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    note_end(pid)
    return True


def note_end(pid: int) -> None:
    """Take note of the end of a child of ours; others' children are no concern."""
    with suppress(ChildProcessError):
        os.waitpid(pid, os.WNOHANG)

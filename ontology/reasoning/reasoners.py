"""The reasoner's processes: each is started for a question, and kept for the next one while anyone wants that."""

from __future__ import annotations

import json
import os
import selectors
import signal
import subprocess
import sys
import time
from collections.abc import Generator
from contextlib import contextmanager, suppress
from pathlib import Path
from tempfile import TemporaryFile
from threading import Lock
from typing import Any, Final


class ReasonerProcess:
    """HermiT in a process of its own, with the Java runtime in it or below it; all are stopped together."""

    def __init__(self, java: str) -> None:
        """Start the process; it tells by its first answer whether it lives."""
        self.java = java
        # A file and no pipe: a pipe that nobody reads fills up, and then the process stands still.
        self._complaints = TemporaryFile()  # noqa: SIM115 - closed with the process
        self._process = subprocess.Popen(  # noqa: S603 - our own interpreter on our own module
            [sys.executable, "-m", "stratagraph.ontology.reasoning.hermit", java],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._complaints,
            # A group of its own, by which ``stop`` also reaches a Java that was started below it.
            start_new_session=True,
        )

    @property
    def alive(self) -> bool:
        """Say whether the process can be asked."""
        return self._process.poll() is None

    def ask(self, file: Path, deadline: float) -> dict[str, Any]:
        """Return what the process says of an N-Triples file, or a ``failure``; after one it may be good for nothing."""
        end = time.monotonic() + deadline
        questions, answers = self._process.stdin, self._process.stdout
        assert questions
        assert answers
        try:
            questions.write(json.dumps(str(file)).encode() + b"\n")
            questions.flush()
        except BrokenPipeError:
            return self._ended()
        # A pipe can't be read with a deadline, only waited for.
        with selectors.DefaultSelector() as selector:
            selector.register(answers, selectors.EVENT_READ)
            if not selector.select(max(0.0, end - time.monotonic())):
                return {"failure": f"no end after {deadline:g} seconds", "spent": True}
        line = answers.readline()
        return json.loads(line) if line else self._ended()

    def stop(self) -> None:
        """End the process and what it started, at once."""
        if self.alive:
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()
        for stream in (self._process.stdin, self._process.stdout, self._complaints):
            assert stream
            with suppress(BrokenPipeError):
                stream.close()

    def _ended(self) -> dict[str, Any]:
        status = self._process.wait()
        self._complaints.seek(0)
        said = self._complaints.read().decode(errors="replace").strip().rpartition("\n")[2]
        return {"failure": said or f"exit status {status}", "spent": True}


class Reasoners:
    """Processes that wait for a question; they end with the last one who wants them kept."""

    def __init__(self) -> None:
        """Begin without any."""
        self._lock = Lock()
        self._idle: list[ReasonerProcess] = []
        self._wanted = 0

    @contextmanager
    def kept(self) -> Generator[None]:
        """Let what is asked inside share a process, for starting one takes longer than most answers."""
        with self._lock:
            self._wanted += 1
        try:
            yield
        finally:
            with self._lock:
                self._wanted -= 1
                ended = [] if self._wanted else self._idle
                if ended:
                    self._idle = []
            # Without the lock: processes take their time to end.
            for process in ended:
                process.stop()

    def ask(self, java: str, file: Path, deadline: float) -> dict[str, Any]:
        """Let a process that waits, or a new one, judge an N-Triples file."""
        process = self._take(java)
        # If anything interrupts the question, the process is in the middle of an answer and can't be asked again.
        answer: dict[str, Any] = {"spent": True}
        try:
            answer = process.ask(file, deadline)
        finally:
            if answer.get("spent") or not self._put_back(process):
                process.stop()
        return answer

    def _take(self, java: str) -> ReasonerProcess:
        with self._lock:
            fitting = [process for process in self._idle if process.java == java]
            if fitting:
                self._idle.remove(fitting[0])
        if fitting and fitting[0].alive:
            return fitting[0]
        for dead in fitting[:1]:
            dead.stop()
        return ReasonerProcess(java)

    def _put_back(self, process: ReasonerProcess) -> bool:
        with self._lock:
            if self._wanted:
                self._idle.append(process)
            return bool(self._wanted)


REASONERS: Final = Reasoners()
"""Those of this process."""

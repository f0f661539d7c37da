"""A worker process, of whichever query language, seen from the service: start, ask, listen, kill."""

from __future__ import annotations

import asyncio
import logging
import os
import signal
import sys
from typing import ClassVar, Final, Protocol, Self

import orjson

from stratagraph.ontology.errors import StratagraphError
from stratagraph.service.workers.errors import (
    AnswerTooLarge,
    DeadlineExceeded,
    EvaluationFailed,
    OutOfMemory,
    WorkerDied,
)
from stratagraph.service.workers.frames import Say, receive
from stratagraph.service.workers.limits import QuerySettings

log = logging.getLogger(__name__)

_PASSED_ON: Final = ("PATH", "PYTHONPATH", "LANG", "LC_ALL", "LD_LIBRARY_PATH", "VIRTUAL_ENV")
_LOG_BYTES: Final = 4096


def environment() -> dict[str, str]:
    """Return the environment of a process of ours: what Python needs, and no secrets."""
    passed_on = {name: os.environ[name] for name in _PASSED_ON if name in os.environ}
    # One arena: glibc would reserve 64 MiB of address space per thread and core.
    return {**passed_on, "MALLOC_ARENA_MAX": "1"}


class Packed(Protocol):
    """A question that can be sent."""

    def pack(self) -> bytes:
        """Return the frame that asks it."""


class Worker:
    """One process, which answers one question at a time; each query language has a class of its own."""

    program: ClassVar[str]
    """The module that the process runs."""
    language: ClassVar[str]

    def __init__(self, process: asyncio.subprocess.Process, settings: QuerySettings) -> None:
        self.worn = False
        self._process = process
        self._settings = settings
        self._late = False
        self._log = bytearray()
        self._ear = asyncio.create_task(self._listen_to_errors())

    @classmethod
    async def start(cls, settings: QuerySettings) -> Self:
        """Start a process."""
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            cls.program,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            env=environment(),
        )
        return cls(process, settings)

    @property
    def pid(self) -> int:
        """The process's number."""
        return self._process.pid

    async def ask(self, question: Packed) -> None:
        """Send a question; the answer comes through ``hear``."""
        await self.send(question.pack())

    async def hear(self) -> bytes | None:
        """Return the next piece of the answer, or None at its end.

        Raises:
            StratagraphError: what became of the query instead.
        """
        try:
            say, body = await receive(self._out)
        except (asyncio.IncompleteReadError, ConnectionError):
            raise await self._exit_reason() from None
        if say is Say.FAULT:
            raise self._fault(**orjson.loads(body))
        if say is Say.END:
            self.worn = orjson.loads(body)["worn"]
        return body if say is Say.DATA else None

    def kill(self, *, late: bool = False) -> None:
        """End the process at once; ``late``: because its query passed the deadline."""
        self._late = self._late or late
        if self._process.returncode is None:
            self._process.kill()

    async def stop(self) -> None:
        """End the process and wait until it is gone."""
        self.kill()
        transport = self._process._transport  # type: ignore[attr-defined]  # noqa: SLF001  no public way to close the pipes
        # Before the waiting: asyncio takes a process for gone only once its pipes are, and one whose output nobody
        # reads any more is never read to its end.
        transport.close()
        # Not awaited itself: whoever is cancelled while it waits would cancel it for the next one too.
        await asyncio.wait([self._ear])
        await self._process.wait()

    @property
    def alive(self) -> bool:
        """Tell whether the process has not ended, as far as is known."""
        return self._process.returncode is None

    @property
    def _out(self) -> asyncio.StreamReader:
        assert self._process.stdout is not None  # a pipe was asked for
        return self._process.stdout

    async def send(self, frame: bytes) -> None:
        assert self._process.stdin is not None  # a pipe was asked for
        try:
            self._process.stdin.write(frame)
            await self._process.stdin.drain()
        except ConnectionError:
            raise await self._exit_reason() from None

    async def _listen_to_errors(self) -> None:
        assert self._process.stderr is not None  # a pipe was asked for
        while text := await self._process.stderr.read(_LOG_BYTES):
            room = _LOG_BYTES - len(self._log)
            self._log += text[:room]

    async def _exit_reason(self) -> StratagraphError:
        self.kill()
        await asyncio.wait([self._ear])
        code = await self._process.wait()
        if self._late:
            return DeadlineExceeded(seconds=self._settings.query_seconds)
        text = self._log.decode(errors="replace").strip()
        log.warning("%s worker %s ended with %s: %s", self.language, self.pid, code, text.partition("\n")[0])
        if "memory allocation" in text or "bad_alloc" in text or "MemoryError" in text:
            return self._out_of_memory()
        return WorkerDied(cause=signal.Signals(-code).name if code < 0 else f"exit code {code}")

    def _out_of_memory(self) -> OutOfMemory:
        return OutOfMemory(megabytes=self._settings.memory_bytes >> 20)

    def _fault(self, kind: str, detail: str) -> StratagraphError:
        if kind == "rows":
            return AnswerTooLarge(limit=self._settings.rows, unit="rows")
        if kind == "bytes":
            return AnswerTooLarge(limit=self._settings.answer_bytes, unit="bytes")
        if kind == "memory":
            self.worn = True
            return self._out_of_memory()
        return EvaluationFailed(detail=detail)

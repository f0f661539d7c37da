"""A worker process seen from the service: start, ask, listen, kill."""

from __future__ import annotations

import asyncio
import logging
import os
import signal
import sys
from typing import Final, Protocol

import orjson

from stratagraph.ontology.errors import StratagraphError
from stratagraph.service.sparql.checkpoints import Checkpoint
from stratagraph.service.sparql.errors import (
    AnswerTooLarge,
    DeadlineExceeded,
    EvaluationFailed,
    GraphNotWritable,
    OutOfMemory,
    QuerySyntax,
    WorkerDied,
)
from stratagraph.service.sparql.frames import Say, pack, receive
from stratagraph.service.sparql.settings import QuerySettings

log = logging.getLogger(__name__)

_PASSED_ON: Final = ("PATH", "PYTHONPATH", "LANG", "LC_ALL", "LD_LIBRARY_PATH", "VIRTUAL_ENV")
_LAST_WORDS: Final = 4096


class Packed(Protocol):
    """A question that can be sent."""

    def pack(self) -> bytes:
        """Return the frame that asks it."""


class Worker:
    """One process; it holds at most one open checkpoint and answers one question at a time."""

    def __init__(self, process: asyncio.subprocess.Process, settings: QuerySettings) -> None:
        self.checkpoint: Checkpoint | None = None
        self.worn = False
        self._process = process
        self._settings = settings
        self._late = False
        self._last_words = bytearray()
        self._ear = asyncio.create_task(self._listen_to_errors())

    @classmethod
    async def start(cls, settings: QuerySettings) -> Worker:
        """Start a process. It gets no secrets: only the environment that Python needs."""
        environment = {name: os.environ[name] for name in _PASSED_ON if name in os.environ}
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "stratagraph.service.sparql.worker",
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            # One arena: glibc would reserve 64 MiB of address space per thread and core.
            env={**environment, "MALLOC_ARENA_MAX": "1"},
        )
        return cls(process, settings)

    @property
    def pid(self) -> int:
        """The process's number."""
        return self._process.pid

    async def open(self, checkpoint: Checkpoint) -> None:
        """Let the process open a checkpoint in place of the one it has."""
        await self._say(pack(Say.OPEN, {"path": str(checkpoint.path)}))
        await self.hear()
        self.checkpoint = checkpoint

    async def ask(self, question: Packed) -> None:
        """Send a question; the answer comes through ``hear``."""
        await self._say(question.pack())

    async def hear(self) -> bytes | None:
        """Return the next piece of the answer, or None at its end.

        Raises:
            StratagraphError: what became of the query instead.
        """
        try:
            say, body = await receive(self._out)
        except (asyncio.IncompleteReadError, ConnectionError):
            raise await self._obituary() from None
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
        await self._ear
        await self._process.wait()
        transport = self._process._transport  # type: ignore[attr-defined]  # noqa: SLF001  no public way to close the pipes
        transport.close()

    @property
    def alive(self) -> bool:
        """Tell whether the process has not ended, as far as is known."""
        return self._process.returncode is None

    @property
    def _out(self) -> asyncio.StreamReader:
        assert self._process.stdout is not None  # a pipe was asked for
        return self._process.stdout

    async def _say(self, frame: bytes) -> None:
        assert self._process.stdin is not None  # a pipe was asked for
        try:
            self._process.stdin.write(frame)
            await self._process.stdin.drain()
        except ConnectionError:
            raise await self._obituary() from None

    async def _listen_to_errors(self) -> None:
        assert self._process.stderr is not None  # a pipe was asked for
        while words := await self._process.stderr.read(_LAST_WORDS):
            room = _LAST_WORDS - len(self._last_words)
            self._last_words += words[:room]

    async def _obituary(self) -> StratagraphError:
        self.kill()
        await self._ear
        code = await self._process.wait()
        if self._late:
            return DeadlineExceeded(seconds=self._settings.query_seconds)
        words = self._last_words.decode(errors="replace").strip()
        log.warning("SPARQL worker %s ended with %s: %s", self.pid, code, words.partition("\n")[0])
        if "memory allocation" in words or "bad_alloc" in words or "MemoryError" in words:
            return self._out_of_memory()
        return WorkerDied(cause=signal.Signals(-code).name if code < 0 else f"exit code {code}")

    def _out_of_memory(self) -> OutOfMemory:
        return OutOfMemory(megabytes=self._settings.memory_bytes >> 20)

    def _fault(self, kind: str, detail: str) -> StratagraphError:
        if kind == "syntax":
            return QuerySyntax(detail=detail)
        if kind == "rows":
            return AnswerTooLarge(limit=self._settings.rows, unit="rows")
        if kind == "bytes":
            return AnswerTooLarge(limit=self._settings.answer_bytes, unit="bytes")
        if kind == "unwritable":
            return GraphNotWritable(detail=detail)
        if kind == "memory":
            self.worn = True
            return self._out_of_memory()
        return EvaluationFailed(detail=detail)

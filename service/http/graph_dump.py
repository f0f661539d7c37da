"""``/api/graph``: the whole graph, or a system of it, in one document that is written as it is read."""

from __future__ import annotations

import asyncio
import logging
import sys
from asyncio.subprocess import DEVNULL, PIPE, Process
from collections.abc import Awaitable, Callable, Mapping
from contextlib import ExitStack
from enum import StrEnum
from functools import partial
from typing import Annotated, Final

from anyio import to_thread
from fastapi import APIRouter, HTTPException, Query, Request
from starlette.responses import Response, StreamingResponse
from starlette.types import Receive, Scope, Send

from stratagraph.ontology.errors import StratagraphError
from stratagraph.ontology.facts import Iri
from stratagraph.queries.names import resolve_name
from stratagraph.service.engine.engine import Engine
from stratagraph.service.http.documents.graph_dump import ANSWERS
from stratagraph.service.http.head import wants_head_only
from stratagraph.service.http.headers import SEQUENCE
from stratagraph.service.http.leaving import send_unless_gone
from stratagraph.service.http.negotiation import choose
from stratagraph.service.http.pace import Pace, TakenTooSlowly
from stratagraph.service.http.parameters import Language
from stratagraph.service.views.dump import OFFERED
from stratagraph.service.views.snapshots import Snapshot
from stratagraph.service.waiting import in_thread, let_go
from stratagraph.service.workers.process import environment

log = logging.getLogger(__name__)

MOST: Final = 2
"""Dumps that are written at the same time."""
PIECE: Final = 1 << 17
_WORKER: Final = "stratagraph.service.http.graph_dump_worker"


class GraphForm(StrEnum):
    """How the graph is written."""

    TRIG = "trig"
    NQUADS = "nquads"
    JSONLD = "jsonld"
    TURTLE = "turtle"
    GRAPHML = "graphml"
    CSV = "csv"
    MLBOM = "mlbom"


MEDIA_TYPES: Final = dict(zip(GraphForm, OFFERED, strict=True))


class TooManyDumps(StratagraphError, slug="too-many-dumps", status=503):
    """As many dumps as may be are being written."""

    text = "Others are taking the whole graph just now. Try again in {retry_after} s."

    retry_after: int


class GraphDumps:
    """Writes the graph in processes of their own, so that neither commits nor other reads wait for them."""

    def __init__(self, engine: Engine, pace: Callable[[], Pace] = Pace) -> None:
        self._engine = engine
        self._pace = pace
        self._running = 0

    async def head(self, media_type: str, *, system: str | None = None) -> Response:
        """Return the head of the answer that ``begin`` would give, and keep nothing. Raises as ``begin``."""
        self._refuse_beyond()

        def look() -> int:
            with self._engine.snapshots.newest() as snapshot:
                if system:
                    self._found(snapshot, system)
                return snapshot.sequence

        # An empty piece, and an end by itself: what comes in pieces has other headers than what comes at once.
        headers = _headers(await to_thread.run_sync(look))
        return StreamingResponse(iter((b"",)), headers=headers, media_type=media_type)

    async def begin(self, media_type: str, *, system: str | None = None, language: str = "en") -> _Dump:
        """Pin the newest sequence and begin to write it, or a system of it, which is given by name.

        Raises:
            TooManyDumps: others are being written.
            SnapshotLost: the disk took no checkpoint.
            UnknownName, AmbiguousName: no asset, or several, answer to the name of the system.
        """
        self._refuse_beyond()
        self._running += 1
        held = ExitStack()
        try:
            sequence, command = await in_thread(partial(self._hold, held, media_type, language, system))
            process = await asyncio.create_subprocess_exec(
                *command, stdin=DEVNULL, stdout=PIPE, limit=PIECE, env=environment()
            )
        except BaseException:
            await self._end(held)
            raise
        headers = _headers(sequence)
        return _Dump(process, self._pace(), headers=headers, media_type=media_type, end=partial(self._end, held))

    def _hold(self, held: ExitStack, media_type: str, language: str, system: str | None) -> tuple[int, tuple[str, ...]]:
        """Pin a snapshot until what is held is let go of; return its sequence, and the command that writes it."""
        snapshot = held.enter_context(self._engine.snapshots.newest())
        part = self._found(snapshot, system) if system else ""
        folder = self._engine.snapshots.checkpoint(snapshot)
        return snapshot.sequence, (sys.executable, "-m", _WORKER, str(folder), media_type, language, part)

    async def _end(self, held: ExitStack) -> None:
        """Let go of what was written, or is given up."""
        try:
            await let_go(held.close)
        finally:
            self._running -= 1

    def _refuse_beyond(self) -> None:
        if self._running >= MOST:
            raise TooManyDumps(retry_after=10)

    def _found(self, snapshot: Snapshot, system: str) -> Iri:
        return resolve_name(snapshot.triples, self._engine.model, system, self._engine.settings.base)


def _headers(sequence: int) -> dict[str, str]:
    return {SEQUENCE: str(sequence), "Vary": "Accept"}


class _Dump(Response):
    """A document that is sent while it is written. One that is cut never gets its last chunk."""

    def __init__(
        self,
        process: Process,
        pace: Pace,
        *,
        headers: Mapping[str, str],
        media_type: str,
        end: Callable[[], Awaitable[None]],
    ) -> None:
        super().__init__(headers=headers, media_type=media_type)
        del self.headers["content-length"]
        self._process = process
        self._pace = pace
        self._end = end

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:  # noqa: ARG002  ASGI's signature
        """Send the pieces while watching for the client to hang up."""
        try:
            await send_unless_gone(receive, self._send(send))
        finally:
            await asyncio.shield(self._close())

    async def _send(self, send: Send) -> None:
        assert self._process.stdout is not None  # a pipe was asked for
        await send({"type": "http.response.start", "status": 200, "headers": self.raw_headers})
        while piece := await self._process.stdout.read(PIECE):
            try:
                await self._pace.send(send, piece)
            except TakenTooSlowly:
                log.warning("a client took the graph too slowly, or not at all; its answer was cut")
                return
        if code := await self._process.wait():
            log.error("the process that wrote the graph ended with %d; the answer was cut", code)
            return
        await send({"type": "http.response.body", "body": b"", "more_body": False})

    async def _close(self) -> None:
        """End the process, and let go of what it read only once it is gone."""
        if self._process.returncode is None:
            self._process.kill()
            transport = self._process._transport  # type: ignore[attr-defined]  # noqa: SLF001  no public way
            transport.close()
            await self._process.wait()
        await self._end()


def router(engine: Engine) -> APIRouter:
    """Return the route that gives the whole graph."""
    routes = APIRouter(prefix="/api", tags=["graph"])
    dumps = GraphDumps(engine)

    @routes.get(
        "/graph",
        summary="The whole graph, or one system of it, as RDF, GraphML, CSV or a bill of materials",
        response_class=Response,
        responses=ANSWERS,
    )
    async def graph(
        request: Request,
        format: Annotated[  # noqa: A002  the parameter's public name
            GraphForm | None, Query(description="How it is written; else as Accept says.")
        ] = None,
        system: Annotated[
            str | None, Query(min_length=1, description="Only this asset and what is part of it: name, label or IRI.")
        ] = None,
        lang: Language = "en",
    ) -> Response:
        accepted = choose(",".join(request.headers.getlist("accept")) or None, OFFERED)
        media_type = MEDIA_TYPES[format] if format else accepted
        if media_type is None:
            raise HTTPException(406, f"The graph is offered as {', '.join(OFFERED)}")
        if wants_head_only(request.scope):
            return await dumps.head(media_type, system=system)
        return await dumps.begin(media_type, system=system, language=lang)

    return routes

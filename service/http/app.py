"""The HTTP application over one engine."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from fastapi import Depends, FastAPI

from stratagraph import __version__
from stratagraph.service.auditing.desk import AuditDesk
from stratagraph.service.engine.engine import Engine
from stratagraph.service.engine.erasure import READ, until_gone
from stratagraph.service.http import (
    advice,
    api,
    batches,
    compliance,
    cypher,
    graph_dump,
    health,
    history,
    metrics,
    ontology,
    otlp,
    problems,
    redactions,
    refusals,
    root_cause,
    sameness,
    schema,
    sources,
    sparql,
    static_pages,
)
from stratagraph.service.http.access import AccessGuard, asker
from stratagraph.service.http.access_tokens import TokenFile
from stratagraph.service.http.bodies import BodyGuard
from stratagraph.service.http.compression import Compression
from stratagraph.service.http.description import describe, operation_id
from stratagraph.service.http.documents.problem import EVERYWHERE
from stratagraph.service.http.documents.problem import problems as told_everywhere
from stratagraph.service.http.doors import Doors
from stratagraph.service.http.graphs import Graphs, graphs
from stratagraph.service.http.head import HeadLikeGet
from stratagraph.service.http.heads import HeadGuard
from stratagraph.service.http.intake import Intake
from stratagraph.service.http.origin import OriginGuard, is_loopback
from stratagraph.service.http.parameters import OneSpelling, strict
from stratagraph.service.http.places import Places
from stratagraph.service.http.sequence import SequenceGate
from stratagraph.service.http.shortcut import Shortcut
from stratagraph.service.http.shutdown import ShutdownNotice
from stratagraph.service.http.tongue import Tongue
from stratagraph.service.neo4j.cypher.pool import CypherPool
from stratagraph.service.neo4j.target import find_target
from stratagraph.service.past.past_stores import Pasts
from stratagraph.service.reception import Reception
from stratagraph.service.settings import PASTS_FOLDER, UPLOADS_FOLDER, Settings
from stratagraph.service.sources.source_register import SourceRegister
from stratagraph.service.sources.source_runs import SourceRuns
from stratagraph.service.sparql.pool import QueryPool
from stratagraph.service.workers.limits import QuerySettings

DESCRIPTION = """
A knowledge graph and ontology service for LLM operations.

Every answer carries `Stratagraph-Sequence`, the ledger sequence it was computed at. A request may send
`Stratagraph-At-Least: N`: it waits for that sequence, or gets 503.
"""


def create_app(engine: Engine, *, guarded: bool = True, lasting: bool = True) -> FastAPI:
    """Assemble the routes; the app answers for as long as the engine is open.

    ``guarded``: ask for access tokens where the settings say so.
    ``lasting``: have processes for queries ready, and keep a log; who asks a question or two starts them only if it is
    a query, and tells what went wrong itself.
    """
    settings = engine.settings
    pasts = Pasts(engine.ledger, engine.model, settings.data / PASTS_FOLDER)
    engine.erasure.add("stores of the past", lambda: READ if until_gone(pasts.forget_redacted) else None)
    graph = graphs(engine, pasts)
    places = Places(settings.long_reads)
    desk = AuditDesk(engine, pasts, places)
    pool = QueryPool(engine.checkpoints(), _query_settings(settings), pasts, engine.arrivals)

    cypher_pool = CypherPool(
        _cypher_settings(settings), target=lambda: find_target(settings), shared=settings.cypher_shared
    )

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        await pool.start(ahead=lasting)
        desk.start(lasting=lasting)
        try:
            yield
        finally:
            # Side by side: a supervisor kills what takes longer than some seconds to end.
            await asyncio.gather(desk.stop(), pool.stop(), cypher_pool.stop())
            pasts.close()

    app = FastAPI(
        title="Stratagraph",
        version=__version__,
        description=DESCRIPTION,
        lifespan=lifespan,
        docs_url=None,  # a page of our own, which asks no foreign host for anything
        redoc_url=None,
        generate_unique_id_function=operation_id,
    )
    describe(app)
    # A command that asks a question or two prints the error itself: a line of a log beside it would be noise.
    problems.install(app, logged=lasting)
    # Who opens the data themselves may run what they like anyway.
    commands = settings.source_commands or not guarded
    app.state.source_runs = SourceRuns(engine, SourceRegister(settings.sources, engine, commands=commands))
    _add_routes(app, engine, Reads(graph, places, desk), pool, cypher_pool)
    # Innermost of all layers: a query goes through every check that any request goes through.
    app.add_middleware(
        Shortcut, path="/sparql", methods=frozenset({"GET", "POST"}), handler=sparql.handler(pool, client=asker)
    )
    _add_layers(app, engine, guarded=guarded)
    return app


@dataclass(frozen=True, slots=True)
class Reads:
    """What routes read by: graphs at any moment, places for what takes long, and audits."""

    graphs: Graphs
    places: Places
    desk: AuditDesk


def _add_routes(app: FastAPI, engine: Engine, reads: Reads, pool: QueryPool, cypher_pool: CypherPool) -> None:
    """Include every route; those with parameters of their own protocol are not held to ours."""
    intake = Intake(engine.settings.data / UPLOADS_FOLDER)
    reception = app.state.reception = Reception(engine)
    for router in (
        api.router(engine, reads.graphs, reads.desk, reads.places),
        batches.router(engine, intake),
        history.router(engine, reception, app.state.source_runs),
        sources.router(engine, app.state.source_runs),
        schema.router(engine),
        graph_dump.router(engine),
        redactions.router(engine),
        metrics.router(engine),
        root_cause.router(engine, reads.places),
        compliance.router(engine, reads.graphs, reads.desk, reads.places),
        ontology.router(engine),
        advice.router(engine),
        sameness.router(engine),
        health.router(engine, reception, app.state.source_runs.register),
        cypher.router(cypher_pool, lambda: engine.neo4j.status().sequence, client=asker),
    ):
        app.include_router(router, dependencies=[Depends(strict)], responses=told_everywhere(*EVERYWHERE))
    # These have protocols of their own, and write their errors as those want them; the pages take any address.
    for router in (
        otlp.router(reception.receiver, intake),
        sparql.router(pool, client=asker),
        static_pages.router(),
    ):
        app.include_router(router)


def _add_layers(app: FastAPI, engine: Engine, *, guarded: bool) -> None:
    """Put around all routes what every request goes through; the one added last sees it first."""
    settings = engine.settings
    app.add_middleware(SequenceGate, engine=engine)
    app.add_middleware(Doors, opening=engine.opening)
    app.add_middleware(Compression)
    app.add_middleware(HeadLikeGet)
    app.add_middleware(OneSpelling)
    app.add_middleware(BodyGuard, unbounded=(batches.PATH, refusals.TELEMETRY, "/sparql"))
    if guarded:
        always = not is_loopback(settings.host)
        app.add_middleware(AccessGuard, tokens=TokenFile(settings.tokens), always=always)
    app.add_middleware(OriginGuard, allowed=settings.allowed_hosts, origins=settings.allowed_origins)
    app.add_middleware(HeadGuard)
    app.add_middleware(Tongue)
    app.add_middleware(ShutdownNotice)


def _query_settings(settings: Settings) -> QuerySettings:
    return QuerySettings(
        workers=settings.query_workers,
        query_seconds=settings.query_seconds,
        memory_bytes=settings.query_memory_mib << 20,
        rows=settings.query_rows,
    )


def _cypher_settings(settings: Settings) -> QuerySettings:
    return QuerySettings(
        workers=settings.cypher_workers,
        query_seconds=settings.cypher_seconds,
        memory_bytes=settings.query_memory_mib << 20,
        rows=settings.cypher_rows,
    )

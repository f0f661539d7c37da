"""Is the service alive, is it ready, and how is it doing?"""

from __future__ import annotations

from typing import Any, Final

from anyio import CapacityLimiter, to_thread
from fastapi import APIRouter, Request, Response

from stratagraph.ontology.sentences import say
from stratagraph.service.engine.engine import Engine
from stratagraph.service.http.documents.ledger import Liveness, Readiness
from stratagraph.service.http.documents.media import texts
from stratagraph.service.http.exposition import MEDIA_TYPES, expose, registry
from stratagraph.service.http.tongue import spoken
from stratagraph.service.reception import Reception
from stratagraph.service.sources.source_register import SourceRegister
from stratagraph.service.views.projector import State, Status

WATCHERS: Final = 2
"""Probes and scrapes that are answered at once; they come every few seconds, and each takes milliseconds."""


def router(engine: Engine, reception: Reception, register: SourceRegister) -> APIRouter:
    """Return the routes /health/live, /health/ready and /metrics."""
    routes = APIRouter(tags=["health"])
    scraped = registry(engine, reception, register)
    # A monitor must be answered when nobody else is: in threads that nothing else can take.
    own = CapacityLimiter(WATCHERS)

    @routes.get("/health/live", summary="Whether the process answers at all", responses={200: {"model": Liveness}})
    async def live() -> dict[str, str]:
        # In the loop itself: threads may all be busy, and this only asks whether anybody is there.
        return {"status": "live"}

    @routes.get(
        "/health/ready",
        summary="Whether the views have caught up with the ledger",
        responses={200: {"model": Readiness}, 503: {"model": Readiness, "description": "Some view is behind"}},
    )
    async def ready(response: Response) -> dict[str, Any]:
        if not engine.opening.is_whole:
            response.status_code = 503
            restoring = list(engine.opening.restoring)
            return {"status": "opening", "sequence": engine.sequence, "views": {}, "restoring": restoring}
        sequence, lags = await to_thread.run_sync(lambda: (engine.ledger.sequence(), engine.lags()), limiter=own)
        remote = engine.neo4j.status()
        caught_up = not any(lags.values())
        response.status_code = 200 if caught_up else 503
        return {
            "status": "ready" if caught_up else "behind",
            "sequence": sequence,
            "views": {name: {"lag": lag} for name, lag in lags.items()} | _remote(remote),
        }

    @routes.get(
        "/metrics",
        name="exposition",
        summary="The service and the estate, for Prometheus",
        response_class=Response,
        responses={200: {"content": texts(MEDIA_TYPES)}},
    )
    async def metrics(request: Request) -> Response:
        accept = request.headers.get("accept", "")
        told = await to_thread.run_sync(lambda: expose(scraped, accept), limiter=own)
        return Response(told.body, media_type=told.media_type, headers={"Vary": "Accept", "Cache-Control": "no-store"})

    return routes


def _remote(status: Status) -> dict[str, dict[str, Any]]:
    """Say how a view is doing that others do without: it never makes the service unready."""
    if status.state is State.ABSENT:
        return {}
    problem = {"problem": say(status.problem, spoken())} if status.problem else {}
    return {status.name: {"lag": status.lag, "sequence": status.sequence, "state": status.state.value, **problem}}

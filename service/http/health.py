"""Is the service alive, is it ready, and how is it doing?"""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Response
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, Counter, Gauge, generate_latest

from stratagraph.service.engine import Engine
from stratagraph.service.http.documents.ledger import Liveness, Readiness
from stratagraph.service.http.documents.media import texts
from stratagraph.service.projector import State, Status


def router(engine: Engine) -> APIRouter:
    """Return the routes /health/live, /health/ready and /metrics."""
    routes = APIRouter(tags=["health"])

    @routes.get("/health/live", summary="Whether the process answers at all", responses={200: {"model": Liveness}})
    def live() -> dict[str, str]:
        return {"status": "live"}

    @routes.get(
        "/health/ready",
        summary="Whether the views have caught up with the ledger",
        responses={200: {"model": Readiness}, 503: {"model": Readiness, "description": "Some view is behind"}},
    )
    def ready(response: Response) -> dict[str, Any]:
        lags = engine.lags()
        remote = engine.neo4j.status()
        caught_up = not any(lags.values())
        response.status_code = 200 if caught_up else 503
        return {
            "status": "ready" if caught_up else "behind",
            "sequence": engine.ledger.head().sequence,
            "views": {name: {"lag": lag} for name, lag in lags.items()} | _remote(remote),
        }

    @routes.get(
        "/metrics",
        name="exposition",
        summary="The service's own metrics, for Prometheus",
        response_class=Response,
        responses={200: {"content": texts([CONTENT_TYPE_LATEST])}},
    )
    def metrics() -> Response:
        return Response(_exposition(engine), media_type=CONTENT_TYPE_LATEST)

    return routes


def _remote(status: Status) -> dict[str, dict[str, Any]]:
    """Say how a view is doing that others do without: it never makes the service unready."""
    if status.state is State.ABSENT:
        return {}
    problem = {"problem": status.problem} if status.problem else {}
    return {status.name: {"lag": status.lag, "sequence": status.sequence, "state": status.state.value, **problem}}


def _exposition(engine: Engine) -> bytes:
    registry = CollectorRegistry()
    Gauge("stratagraph_ledger_sequence", "Newest ledger sequence", registry=registry).set(engine.ledger.head().sequence)
    lag = Gauge("stratagraph_view_lag_sequences", "Sequences that a view is behind", ["view"], registry=registry)
    for name, behind in engine.lags().items():
        lag.labels(name).set(behind)
    remote = engine.neo4j.status()
    if remote.state is not State.ABSENT:
        lag.labels(remote.name).set(remote.lag)
        up = Gauge("stratagraph_view_up", "Whether a remote view answers", ["view"], registry=registry)
        up.labels(remote.name).set(remote.state is not State.DOWN)
    counter = Counter("stratagraph_batches", "Batches since the start, by outcome", ["outcome"], registry=registry)
    for outcome, count in engine.outcomes().items():
        counter.labels(outcome).inc(count)
    return generate_latest(registry)

"""Sources that are read by themselves: added, run by hand, paused, removed."""

from __future__ import annotations

from datetime import UTC, datetime
from functools import partial
from http import HTTPStatus
from typing import Annotated, Any, Final

from anyio import CapacityLimiter, to_thread
from fastapi import APIRouter, Path, Query, Response

from stratagraph.service.engine.engine import Engine
from stratagraph.service.http.batches import DryRun, Writer, told_of
from stratagraph.service.http.documents.ledger import SourceRunReceipt
from stratagraph.service.http.documents.problem import problems
from stratagraph.service.http.documents.sources import NamedSource, RemovedSource
from stratagraph.service.http.receipts import remarked
from stratagraph.service.http.sequence import answered_at
from stratagraph.service.http.tongue import in_tongue
from stratagraph.service.sources.schedule import next_run
from stratagraph.service.sources.source import Source
from stratagraph.service.sources.source_register import LivingSource
from stratagraph.service.sources.source_runs import Ran, SourceRuns
from stratagraph.service.sources.source_state import Outcome

MOST_BY_HAND: Final = 16
"""Runs by hand at once: each waits for its source, and takes none of the threads that others are answered by."""

Name = Annotated[str, Path(min_length=1, max_length=200, description="The source's name.")]
Replace = Annotated[bool, Query(description="Put it in the place of one of this name that was added before.")]
Accept = Annotated[bool, Query(description="Close what the source no longer says, however much it is.")]


def router(engine: Engine, runs: SourceRuns) -> APIRouter:
    """Return the routes that change and run sources; /api/sources itself lists them."""
    routes = APIRouter(prefix="/api/sources", tags=["ledger"])
    _add_runs(routes, engine, runs)

    @routes.post(
        "",
        status_code=201,
        summary="Add a source that is read by itself",
        responses={201: {"model": NamedSource}, **problems(400, 403, 409, 503)},
    )
    def add_source(source: Source, replace: Replace = False) -> dict[str, Any]:
        return _told(engine, runs, runs.register.add(source, replace=replace))

    @routes.post(
        "/{name}/pause",
        summary="Read a source no more until it is resumed",
        responses={200: {"model": NamedSource}, **problems(404, 503)},
    )
    def pause_source(name: Name) -> dict[str, Any]:
        return _told(engine, runs, runs.register.pause(name, paused=True))

    @routes.post(
        "/{name}/resume",
        summary="Read a source that was paused again",
        responses={200: {"model": NamedSource}, **problems(404, 503)},
    )
    def resume_source(name: Name) -> dict[str, Any]:
        return _told(engine, runs, runs.register.pause(name, paused=False))

    @routes.delete(
        "/{name}",
        summary="Forget a source; what it said stays until it is withdrawn",
        responses={200: {"model": RemovedSource}, **problems(404, 409, 503)},
    )
    def remove_source(name: Name) -> dict[str, Any]:
        runs.register.remove(name)
        answered_at(engine.ledger.sequence())
        return {"source": name, "statements": sum(Writer(engine).scopes(name).values())}

    return routes


def _add_runs(routes: APIRouter, engine: Engine, runs: SourceRuns) -> None:
    """Add what runs a source now, for whoever waits for it."""
    hands = CapacityLimiter(MOST_BY_HAND)

    @routes.post(
        "/{name}/run",
        summary="Read a source now, or find out what that would change",
        responses={200: {"model": SourceRunReceipt}, **problems(400, 404, 409, 413, 415, 502, 503)},
    )
    async def run_source(
        response: Response, name: Name, dry_run: DryRun = False, accept: Accept = False
    ) -> dict[str, Any]:
        run = partial(runs.rehearse, name) if dry_run else partial(runs.run, name, accept=accept)
        ran = await to_thread.run_sync(run, limiter=hands)
        assert ran is not None  # only one that is due at a time is left out
        response.status_code = HTTPStatus.OK
        answer: dict[str, Any] = await to_thread.run_sync(partial(_answer, engine, ran, dry_run=dry_run), limiter=hands)
        return answer


def _answer(engine: Engine, ran: Ran, *, dry_run: bool) -> dict[str, Any]:
    receipt = None
    if ran.committed is not None:
        committed = told_of(engine, ran.committed, dry_run=dry_run)
        receipt = remarked(committed, ran.loaded) if ran.loaded else committed
        if receipt["sequence"] is not None:
            answered_at(receipt["sequence"])
    told: dict[str, Any] = in_tongue(
        {
            "source": ran.source.name,
            "unchanged": ran.committed is None,
            "documents": ran.documents,
            "gone": list(ran.gone),
            "skipped": list(ran.skipped),
            "reason": None if ran.refusal is None else str(ran.refusal),
            "receipt": receipt,
        }
    )
    return told


def _told(engine: Engine, runs: SourceRuns, each: LivingSource) -> dict[str, Any]:
    answered_at(engine.ledger.sequence())
    told: dict[str, Any] = in_tongue({"source": each.source.name, "living": living_document(each, runs)})
    return told


def living_document(each: LivingSource, runs: SourceRuns) -> dict[str, Any]:
    """Return how a source is doing, as plain data."""
    source, state, now = each.source, each.state, datetime.now(UTC)
    due = None if state.paused else next_run(source, state.started, now, since=now)
    return {
        "kind": source.kind,
        "place": source.place,
        "schedule": source.schedule,
        "configured": each.configured,
        "paused": state.paused,
        "status": status(each, runs),
        "lastRun": _time(state.started),
        "lastSuccess": _time(state.succeeded),
        "nextRun": _time(due),
        "seconds": state.seconds,
        "lagSeconds": None if state.succeeded is None else max((now - state.succeeded).total_seconds(), 0),
        "opened": state.opened,
        "closed": state.closed,
        "closing": state.closing,
        "reason": state.error,
        "runs": {outcome.value: count for outcome, count in state.runs.items()},
        "description": source.document(),
    }


def status(each: LivingSource, runs: SourceRuns) -> str:
    """Return what became of the last run; of one that a process left behind when it died, that."""
    outcome = each.state.outcome
    if outcome is None:
        return "never"
    if outcome is Outcome.RUNNING and not runs.is_running(each.source.name):
        return "interrupted"
    return outcome.value


def _time(moment: datetime | None) -> str | None:
    return moment.isoformat() if moment else None

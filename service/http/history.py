"""What the ledger has seen: batches, sources and its signed head."""

from __future__ import annotations

from dataclasses import asdict
from datetime import UTC, datetime
from typing import Annotated, Any, Final

import orjson
from fastapi import APIRouter, Query

from stratagraph.ontology.observations import METRICS, SPANS
from stratagraph.service.engine.engine import Engine
from stratagraph.service.engine.tally import Aside, ConsumedTopic, Tally
from stratagraph.service.http.documents.ledger import BatchList, LedgerHead, SourceList
from stratagraph.service.http.documents.problem import problems
from stratagraph.service.http.parameters import Language
from stratagraph.service.http.sequence import answered_at
from stratagraph.service.http.sources import living_document
from stratagraph.service.http.tongue import in_tongue
from stratagraph.service.ledger.history import BatchRecord, ScopeRecord, SourceRecord
from stratagraph.service.reception import Reception
from stratagraph.service.sources.source_runs import SourceRuns
from stratagraph.service.telemetry.aggregator import Backlog

_SIGNALS: Final = {SPANS: ("traces", "logs"), METRICS: ("metrics",)}
"""What telemetry's sources are made of."""


def router(engine: Engine, reception: Reception, runs: SourceRuns) -> APIRouter:
    """Return the routes below /api that read the ledger's history."""
    routes = APIRouter(prefix="/api", tags=["ledger"])

    @routes.get(
        "/batches",
        summary="The newest batches, newest first, with their outcomes",
        responses={200: {"model": BatchList}, **problems(400, 503)},
    )
    def batches(
        limit: Annotated[int, Query(ge=1, le=1000, description="Most batches of one answer.")] = 50,
        source: Annotated[str | None, Query(description="Only this source's.")] = None,
    ) -> dict[str, Any]:
        # The ledger may be ahead of the views for a moment: this answer is of the newest batch that it could show.
        before = engine.ledger.sequence()
        records = list(engine.ledger.batches(limit=limit, source=source))
        answered_at(max([before, *(record.sequence for record in records)]))
        return {"batches": [_batch(record) for record in records]}

    @routes.get(
        "/sources",
        summary="Every source: its newest run, how that went, and its scopes",
        responses={200: {"model": SourceList}, **problems(400, 503)},
    )
    def sources(
        source: Annotated[str | None, Query(description="Only this source.")] = None,
        lang: Language = "en",  # noqa: ARG001  the middleware has read it
    ) -> dict[str, Any]:
        before = engine.ledger.sequence()
        records = list(engine.ledger.sources(source=source))
        answered_at(max([before, *(record.newest.sequence for record in records)]))
        told = [_source(record) for record in records]
        for one in told:
            if one["source"] in _SIGNALS:
                first = list(engine.settings.telemetry_metrics_first)
                one["telemetry"] = {**_arrived(engine.tally, *_SIGNALS[one["source"]]), "metricsFirst": first}
        living = {each.source.name: each for each in runs.register.all() if source in (None, each.source.name)}
        for one in told:
            if each := living.pop(one["source"], None):
                one["living"] = living_document(each, runs)
        # Those that were never read to the end are in no ledger.
        told += [{"source": name, "living": living_document(each, runs)} for name, each in living.items()]
        answer: dict[str, Any] = in_tongue({"sources": told, "spool": _backlog(reception.backlog)})
        return answer

    @routes.get(
        "/ledger",
        summary="The signed head; keep it elsewhere to exclude a rollback later",
        responses={200: {"model": LedgerHead}, **problems(400, 503)},
    )
    def ledger() -> dict[str, Any]:
        head = engine.ledger.head()
        answered_at(head.sequence)
        return {"head": orjson.loads(head.to_json())}

    return routes


def _batch(record: BatchRecord) -> dict[str, Any]:
    return {
        "sequence": record.sequence,
        "time": record.time.isoformat(),
        "kind": record.kind,
        "source": record.source,
        "run": record.run,
        "method": record.method.value,
        "outcome": record.outcome.value,
        "opened": record.opened,
        "closed": record.closed,
        "observations": record.observed,
        "hash": record.batch_hash,
        "ontology": record.ontology_hash,
        "note": record.note,
    }


def _source(record: SourceRecord) -> dict[str, Any]:
    return {
        "source": record.source,
        "newest": _batch(record.newest),
        "scopes": [_scope(scope) for scope in record.scopes],
    }


def _arrived(tally: Tally, *signals: str) -> dict[str, Any]:
    """Return what became of telemetry since the start; the names that nobody knew, the most frequent first."""
    arrived = tally.arrived_of(*signals)
    unmapped = sorted(arrived.unmapped.items(), key=lambda each: (-each[1], each[0]))
    return {
        "since": datetime.fromtimestamp(tally.since, UTC).isoformat(),
        "accepted": arrived.accepted,
        "rejected": arrived.rejected,
        "duplicates": arrived.duplicates,
        "movedBack": arrived.moved_back,
        "overflow": arrived.overflow,
        "dropped": arrived.dropped,
        "setAside": [_aside(one) for one in tally.asides_of(*signals)],
        "unmapped": [{"attribute": name, "count": count} for name, count in unmapped],
        "kafka": [_topic(one) for one in tally.consumed()],
    }


def _aside(one: Aside) -> dict[str, Any]:
    return {
        "time": datetime.fromtimestamp(one.time, UTC).isoformat(),
        "signal": one.signal,
        "what": one.what,
        "problem": one.problem,
        "size": one.size,
    }


def _topic(one: ConsumedTopic) -> dict[str, Any]:
    return {
        "topic": one.topic,
        "signal": one.signal,
        "partitions": [asdict(partition) for partition in one.partitions],
        "messages": one.messages,
        "malformed": one.malformed,
        "unkeyed": one.unkeyed,
    }


def _backlog(backlog: Backlog) -> dict[str, Any]:
    """Return what was acknowledged and is not committed yet."""
    return {
        "bytes": backlog.size,
        "limit": backlog.limit,
        "requests": backlog.requests,
        "spans": backlog.spans,
        "incomplete": backlog.incomplete,
        "oldestSeconds": round(backlog.oldest, 3),
    }


def _scope(record: ScopeRecord) -> dict[str, Any]:
    return {
        "name": record.name,
        "lastSeen": record.last_seen.isoformat() if record.last_seen else None,
        "silenceSeconds": record.silence.total_seconds() if record.silence else None,
        "openClaims": record.open_claims,
    }

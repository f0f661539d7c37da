"""The whole way of telemetry into one engine: a reader for each signal, the door, and what commits what they tell."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import fields
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from stratagraph.loaders.genai.roster import Named, Roster
from stratagraph.loaders.genai.sampling import Declared
from stratagraph.loaders.genai.subjects import ASSET_CLASSES
from stratagraph.loaders.otlp_traces import SOURCE as TELEMETRY
from stratagraph.loaders.support import Support
from stratagraph.ontology.facts import Iri, Observation
from stratagraph.ontology.namespaces import RDF
from stratagraph.ontology.observations import SPANS
from stratagraph.service.engine.engine import Engine
from stratagraph.service.engine.tally import Arrival
from stratagraph.service.settings import MEMORY_FOLDER, SPOOL_FOLDER
from stratagraph.service.telemetry.aggregator import Aggregator, Backlog, Pace
from stratagraph.service.telemetry.logs import Logs
from stratagraph.service.telemetry.memory import SpanMemory
from stratagraph.service.telemetry.metrics import Metrics
from stratagraph.service.telemetry.reader import Counts, Reader
from stratagraph.service.telemetry.receiver import Receiver
from stratagraph.service.telemetry.signals import Signal
from stratagraph.service.telemetry.traces import Traces


class Reception:
    """Receives telemetry for an engine, for as long as that is open."""

    def __init__(self, engine: Engine) -> None:
        self._tally = engine.tally
        settings = engine.settings
        memory = SpanMemory(
            settings.data / MEMORY_FOLDER,
            seconds=settings.telemetry_memory_seconds,
            most=settings.telemetry_memory_spans,
        )
        readers = readers_of(engine, memory)
        self._aggregator = Aggregator(
            readers,
            engine,
            settings.data / SPOOL_FOLDER,
            limit=settings.telemetry_spool_bytes,
            pace=Pace(
                every=settings.telemetry_commit_seconds,
                most=settings.telemetry_commit_spans,
                lateness=settings.telemetry_lateness_seconds,
            ),
            watch=self.watch,
        )
        self.receiver = Receiver(
            readers=readers,
            keep=self._aggregator.keep,
            limit=settings.request_mib << 20,
            signals=tuple(map(Signal, settings.telemetry_signals)),
            watch=self.watch,
        )

    def start(self) -> None:
        """Begin to commit what was received."""
        self._aggregator.start()

    def stop(self) -> None:
        """End, once nothing more is received; what waits still is committed by the next process."""
        self._aggregator.stop()

    def flush(self) -> None:
        """Commit all that was acknowledged, whatever it waits for. Raises what keeps it from being committed."""
        self._aggregator.flush()

    @property
    def backlog(self) -> Backlog:
        """What was acknowledged and is not committed yet."""
        return self._aggregator.backlog

    def watch(self, signal: Signal, counts: Counts) -> None:
        """Count what became of what came in."""
        self._tally.telemetry(signal, Arrival(**{each.name: getattr(counts, each.name) for each in fields(Counts)}))


def readers_of(engine: Engine, memory: SpanMemory | None = None) -> dict[Signal, Reader[Any, Any]]:
    """Return a reader for each signal, at its start: its state goes with what it reads, a spool or a partition."""
    settings = engine.settings
    metrics = Metrics(
        model=engine.model,
        base=settings.base,
        series=settings.telemetry_series,
        past=partial(_spans_told, engine),
        window=timedelta(seconds=settings.telemetry_window_seconds),
    )
    late = settings.telemetry_late_seconds
    roster = Roster(most_assets=settings.telemetry_assets, before=partial(named_before, engine))
    traces = Traces(
        model=engine.model,
        prices=engine.prices,
        base=settings.base,
        memory=memory,
        declared=Declared.of(settings.telemetry_sampled, settings.telemetry_metrics_first),
        roster=roster,
        support=_support(engine, roster),
        told=metrics.hear,
        window=timedelta(seconds=settings.telemetry_window_seconds),
        late=None if late is None else timedelta(seconds=late),
    )
    # In this order: logs begin where the traces do, and metrics count what spans have not told.
    return _by_signal(traces, Logs(traces), metrics)


def _spans_told(engine: Engine, subject: Iri, start: datetime, end: datetime) -> Iterator[Observation]:
    """Yield what spans told of a subject."""
    return (seen for seen in engine.ledger.observations_about(subject, start, end) if seen.source == SPANS)


def _support(engine: Engine, roster: Roster) -> Support:
    """Return what tells which facts nothing shows any more; the ledger knows what was told before, and by others."""
    ledger = engine.ledger
    others = ledger.shared or engine.settings.kafka_brokers is not None
    alone = not others and not ledger.batches(limit=1, source=TELEMETRY)
    counted = partial(ledger.counted, TELEMETRY)
    return Support(engine.model, engine.settings.base, counted=counted, whole=alone, roster=roster)


def _by_signal(*readers: Reader[Any, Any]) -> dict[Signal, Reader[Any, Any]]:
    return {reader.signal: reader for reader in readers}


def named_before(engine: Engine) -> Named:
    """Return what telemetry has named before this process."""
    typed = (claim for claim in engine.ledger.claims_on(ASSET_CLASSES) if claim.fact.predicate == RDF.type)
    sources = engine.ledger.sources(source=TELEMETRY)
    return Named(
        assets=[claim.fact.subject for claim in typed if claim.source == TELEMETRY],
        scopes=[scope.name for source in sources for scope in source.scopes],
    )

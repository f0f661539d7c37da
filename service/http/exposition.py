"""The service and the estate, for Prometheus: gauges as of the scrape, counters that the engine keeps."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from typing import Final

from prometheus_client import CollectorRegistry
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric, SummaryMetricFamily
from prometheus_client.exposition import choose_encoder
from prometheus_client.registry import Collector

from stratagraph import __version__
from stratagraph.queries import catalog
from stratagraph.queries.outcome import Outcome
from stratagraph.service.engine.engine import Engine
from stratagraph.service.engine.tally import Arrival
from stratagraph.service.http.negotiation import media_ranges
from stratagraph.service.reception import Reception
from stratagraph.service.sources.source_register import SourceRegister
from stratagraph.service.sources.source_state import Outcome as RunOutcome
from stratagraph.service.views.projector import State

MEDIA_TYPES: Final = ("text/plain", "application/openmetrics-text")
"""The formats that a scrape may ask for."""
LONGEST_LABEL: Final = 200
"""Characters of an asset's name in a label; there may be a line for each of hundreds of assets and many metrics."""
MOST_SOURCES: Final = 200
"""Sources that are told one by one: those seen last."""

_SUFFIXES: Final = {"s": "_seconds", "By": "_bytes", "1": "_ratio"}
"""How Prometheus spells the units that are no counts of something."""
_VERSION: Final = re.compile(r"version\s*=\s*\"?([^\s;\"]*)")
_VERSIONS: Final = {"0.0.1", "0.0.4", "1.0.0"}
"""Versions of the two formats that clients ask for and get, or get the next older one."""
_NOT_IN_NAMES: Final = re.compile(r"[^a-z0-9]+")


class Estate(Collector):
    """Tells how the service is doing, what the estate consists of, and what was observed of it.

    A scrape evaluates no rule and reads no observation: verdicts are those of the last audit, amounts are counted as
    they come in. Labels have few values, whatever the estate is like: see ``MOST_SOURCES`` and ``tally.MOST_ASSETS``.
    """

    def __init__(self, engine: Engine, reception: Reception, register: SourceRegister | None) -> None:
        self._engine = engine
        self._register = register
        self._reception = reception
        self._counted: tuple[int, dict[str, int]] | None = None

    def collect(self) -> Iterator[Metric]:
        """Yield every metric."""
        yield from self._service()
        yield from self._ingest()
        yield from self._consumed()
        yield from self._backlog()
        yield from self._housekeeping()
        yield from self._sources()
        yield from self._living()
        yield self._assets()
        yield from self._verdicts()
        yield from self._observed()

    def _service(self) -> Iterator[Metric]:
        engine = self._engine
        built = GaugeMetricFamily("stratagraph_build", "The version that runs; always 1", labels=["version"])
        built.add_metric([__version__], 1)
        yield built
        yield GaugeMetricFamily("stratagraph_ledger_sequence", "Newest ledger sequence", engine.ledger.sequence())
        lag = GaugeMetricFamily("stratagraph_view_lag_sequences", "Sequences that a view is behind", labels=["view"])
        for name, behind in engine.lags().items():
            lag.add_metric([name], behind)
        remote = engine.neo4j.status()
        if remote.state is not State.ABSENT:
            lag.add_metric([remote.name], remote.lag)
            up = GaugeMetricFamily("stratagraph_view_up", "Whether a remote view answers", labels=["view"])
            up.add_metric([remote.name], remote.state is not State.DOWN)
            yield up
        yield lag

    def _ingest(self) -> Iterator[Metric]:
        tally = self._engine.tally
        arrived, spans, points = tally.arrived, tally.arrived_of("traces"), tally.arrived_of("metrics")
        told = (
            ("stratagraph_batches", "Batches since the start, by outcome", "outcome", tally.batches),
            ("stratagraph_facts", "Facts opened and closed by batches since the start", "change", tally.facts),
            ("stratagraph_spans", "Spans of telemetry since the start, by outcome", "outcome", _outcomes(spans)),
            ("stratagraph_points", "Points of metrics since the start, by outcome", "outcome", _outcomes(points)),
            ("stratagraph_set_aside", "Traces, series and requests that can't be told", "signal", tally.set_aside),
        )
        for name, text, label, counts in told:
            family = CounterMetricFamily(name, text, labels=[label])
            for value, count in sorted(counts.items()):
                family.add_metric([value], count, created=tally.since)
            yield family
        remarks = (
            ("duplicate_spans", "Accepted spans that told of a call once more", spans.duplicates),
            ("moved_back_spans", "Accepted spans that ended after the receiver's clock", spans.moved_back),
            ("duplicate_points", "Accepted points that came again, or of which spans told", points.duplicates),
            ("overflow_names", "Names beyond what telemetry may add, counted together", arrived.overflow),
            ("dropped_telemetry", "Things told by telemetry that was acknowledged and then refused", arrived.dropped),
            ("unmapped_attributes", "Attributes that no convention known here has", sum(arrived.unmapped.values())),
        )
        for name, text, count in remarks:
            yield CounterMetricFamily(f"stratagraph_{name}", f"{text}, since the start", count, created=tally.since)
        text = "Observations committed since the start"
        yield CounterMetricFamily("stratagraph_observations", text, tally.observations, created=tally.since)

    def _consumed(self) -> Iterator[Metric]:
        """Tell what telemetry is consumed from Kafka; nothing, where none is."""
        topics, since = self._engine.tally.consumed(), self._engine.tally.since
        if not topics:
            return
        text = "Partitions of a topic that this service owns"
        partitions = GaugeMetricFamily("stratagraph_kafka_partitions", text, labels=["topic"])
        text = "Messages in those partitions that are still to be read"
        lag = GaugeMetricFamily("stratagraph_kafka_lag_messages", text, labels=["topic"])
        text = "Messages of a topic since the start, by outcome"
        messages = CounterMetricFamily("stratagraph_kafka_messages", text, labels=["topic", "outcome"])
        text = "Messages without a key in a topic of several partitions, since the start"
        unkeyed = CounterMetricFamily("stratagraph_kafka_unkeyed_messages", text, labels=["topic"])
        for one in topics:
            partitions.add_metric([one.topic], len(one.partitions))
            lag.add_metric([one.topic], sum(each.lag for each in one.partitions))
            messages.add_metric([one.topic, "malformed"], one.malformed, created=since)
            messages.add_metric([one.topic, "read"], one.messages - one.malformed, created=since)
            unkeyed.add_metric([one.topic], one.unkeyed, created=since)
        yield from (partitions, lag, messages, unkeyed)

    def _backlog(self) -> Iterator[Metric]:
        """Tell what was acknowledged and is not committed yet."""
        backlog = self._reception.backlog
        told = (
            ("spool_bytes", "What telemetry that waits to be committed takes on the disk", backlog.size),
            ("spool_limit_bytes", "What it may take before senders are told to come again", backlog.limit),
            ("waiting_requests", "Telemetry requests that wait for the next commit", backlog.requests),
            ("waiting_spans", "Spans, data points and log records in them", backlog.spans),
            ("incomplete_spans", "Spans that wait for others of their trace", backlog.incomplete),
            ("oldest_waiting_seconds", "How long the oldest telemetry waits", backlog.oldest),
        )
        for name, text, count in told:
            yield GaugeMetricFamily(f"stratagraph_telemetry_{name}", text, count)

    def _housekeeping(self) -> Iterator[Metric]:
        """Tell when the house was kept last; nothing, where it was not yet."""
        kept, since = self._engine.housekeeping, self._engine.tally.since
        if kept.last is not None:
            text = "When housekeeping ended last, in seconds since 1970"
            yield GaugeMetricFamily("stratagraph_housekeeping_timestamp_seconds", text, kept.last)
        text = "Entries of the ledger made by housekeeping since the start"
        yield CounterMetricFamily("stratagraph_housekeeping_entries", text, kept.entries, created=since)
        text = "Tasks of housekeeping that failed since the start"
        yield CounterMetricFamily("stratagraph_housekeeping_failures", text, kept.failures, created=since)

    def _sources(self) -> Iterator[Metric]:
        seen: dict[str, datetime] = {}
        for record in self._engine.ledger.sources():
            times = (record.newest.time, *(scope.last_seen for scope in record.scopes if scope.last_seen))
            seen[record.source] = max(times)
        text = "When a source was last heard of, in seconds since 1970"
        family = GaugeMetricFamily("stratagraph_source_last_seen_timestamp_seconds", text, labels=["source"])
        for source in sorted(seen, key=lambda source: seen[source], reverse=True)[:MOST_SOURCES]:
            family.add_metric([source], seen[source].timestamp())
        yield family
        yield GaugeMetricFamily("stratagraph_sources", "Sources that the ledger knows", len(seen))

    def _living(self) -> Iterator[Metric]:
        """Tell how the sources are doing that are read by themselves; nothing, where there is none."""
        living = self._register.all()[:MOST_SOURCES] if self._register else []
        if not living:
            return
        text = "When a source that is read by itself was last read to the end, in seconds since 1970"
        succeeded = GaugeMetricFamily("stratagraph_source_last_success_timestamp_seconds", text, labels=["source"])
        text = "How long the last run of a source took"
        took = GaugeMetricFamily("stratagraph_source_run_duration_seconds", text, labels=["source"])
        text = "What became of the last run of a source: 1 for one of the outcomes, 0 for the others"
        state = GaugeMetricFamily("stratagraph_source_state", text, labels=["source", "outcome"])
        text = "Runs of a source, by outcome"
        runs = CounterMetricFamily("stratagraph_source_runs", text, labels=["source", "outcome"])
        for each in living:
            name, known = each.source.name, each.state
            if known.succeeded is not None:
                succeeded.add_metric([name], known.succeeded.timestamp())
            if known.seconds is not None:
                took.add_metric([name], known.seconds)
            for outcome in RunOutcome:
                state.add_metric([name, outcome.value], known.outcome is outcome)
                if outcome is not RunOutcome.RUNNING:
                    runs.add_metric([name, outcome.value], known.runs.get(outcome, 0))
        yield from (succeeded, took, state, runs)

    def _assets(self) -> Metric:
        family = GaugeMetricFamily("stratagraph_assets", "Assets of the estate, by level", labels=["level"])
        for level, count in self._levels().items():
            family.add_metric([level], count)
        return family

    def _levels(self) -> dict[str, int]:
        """Return the number of assets by level, counted once per sequence."""
        engine = self._engine
        if self._counted is None or self._counted[0] != engine.sequence:
            with engine.reading() as snapshot:
                told = catalog.levels(snapshot.triples, engine.model)
                self._counted = snapshot.sequence, {level["level"]: level["count"] for level in told}
        return self._counted[1]

    def _verdicts(self) -> Iterator[Metric]:
        """Tell the last audit of all frameworks, and how old it is; nothing, where none was asked for yet."""
        audit = self._engine.audits.last
        if audit is None:
            return
        counts = Counter((verdict.rule.framework, verdict.outcome) for verdict in audit.verdicts)
        text = "Verdicts of the last audit, by framework and outcome"
        family = GaugeMetricFamily("stratagraph_verdicts", text, labels=["framework", "outcome"])
        for framework in sorted({rule.framework for rule in audit.rules}):
            for outcome in Outcome:
                family.add_metric([framework, outcome.value], counts[framework, outcome])
        yield family
        text = "When the last audit was made, in seconds since 1970"
        yield GaugeMetricFamily("stratagraph_audit_timestamp_seconds", text, audit.time.timestamp())
        yield GaugeMetricFamily("stratagraph_audit_sequence", "Sequence of the last audit", audit.sequence)

    def _observed(self) -> Iterator[Metric]:
        """Tell what was observed since the start, one metric of ours as one of Prometheus'."""
        base, model = self._engine.settings.base, self._engine.model
        families: dict[str, CounterMetricFamily | SummaryMetricFamily] = {}
        for measure, (count, total) in sorted(self._engine.tally.amounts.items()):
            info = model.metrics.get(measure.metric)
            if info is None:
                continue
            name = f"stratagraph_{_NOT_IN_NAMES.sub('_', info.notation.lower())}"
            text = f"{model.label(measure.metric)} observed since the start, by asset"
            labels = {
                "asset": _label(measure.asset.removeprefix(base)),
                "source": measure.source,
                "basis": "estimated" if measure.estimated else "measured",
            }
            if info.unit.startswith("{"):
                # What is counted, or money: what the unit is of must not be added up over units.
                adding = families.setdefault(name, CounterMetricFamily(name, text, labels=[*labels, "unit"]))
                assert isinstance(adding, CounterMetricFamily)  # a name is of one metric, and a metric has one unit
                adding.add_metric([*labels.values(), measure.unit], total, created=self._engine.tally.since)
            else:
                name += _SUFFIXES.get(info.unit, "")
                summing = families.setdefault(name, SummaryMetricFamily(name, text, labels=[*labels]))
                assert isinstance(summing, SummaryMetricFamily)  # as above
                summing.add_metric([*labels.values()], count, total)
        yield from families.values()


def _outcomes(arrived: Arrival) -> dict[str, int]:
    return {"accepted": arrived.accepted, "rejected": arrived.rejected}


def _label(name: str) -> str:
    """Return a name as the value of a label: a long one cut, and with a digest, for two series must not be one."""
    if len(name) <= LONGEST_LABEL:
        return name
    return f"{name[:LONGEST_LABEL]}...{sha256(name.encode()).hexdigest()[:8]}"


@dataclass(frozen=True, slots=True)
class Exposition:
    """What a scrape gets, in the format that it asked for."""

    body: bytes
    media_type: str


def registry(engine: Engine, reception: Reception, register: SourceRegister | None = None) -> CollectorRegistry:
    """Return the registry of an application, for its whole life."""
    made = CollectorRegistry(auto_describe=False)
    made.register(Estate(engine, reception, register))
    return made


def expose(metrics: CollectorRegistry, accept: str) -> Exposition:
    """Write the metrics in the format that an Accept header likes best: OpenMetrics, or Prometheus' own."""
    encode, media_type = choose_encoder(_liked_best(accept))
    return Exposition(encode(metrics), media_type)


def _liked_best(accept: str) -> str:
    """Return the part of an Accept header that is liked best of those that can be had; the library weighs nothing."""
    liked = {
        part: ranges[0].quality
        for part in accept.split(",")
        if set(_VERSION.findall(part)) <= _VERSIONS and (ranges := media_ranges(part))
    }
    best = max(liked, key=lambda part: liked[part], default="")
    return best if liked.get(best, 0) > 0 else ""

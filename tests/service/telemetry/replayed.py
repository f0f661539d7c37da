"""Captures as a bad world sends them: cut, shuffled, sent again, in both encodings, to processes that are killed."""

from __future__ import annotations

import base64
import json
from collections import defaultdict
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from pathlib import Path
from random import Random
from typing import Any, Final

from google.protobuf.json_format import MessageToDict
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from stratagraph.loaders.otlp import MediaType
from stratagraph.loaders.otlp_traces import SOURCE
from stratagraph.loaders.support import Support
from stratagraph.ontology.facts import Batch, Fact, Iri, Observation
from stratagraph.ontology.observations import remainder
from stratagraph.service.engine.committer import single_valued
from stratagraph.service.ledger.ledger import Ledger
from stratagraph.service.telemetry.aggregator import Aggregator, Pace
from stratagraph.service.telemetry.memory import SpanMemory
from stratagraph.service.telemetry.receiver import Receiver
from stratagraph.service.telemetry.signals import Signal
from stratagraph.service.telemetry.traces import Traces
from tests.loaders.transformed import MODEL

LATENESS: Final = 60.0
MEMORY: Final = 3600.0
SECOND: Final = 10**9
_SINGLE: Final = single_valued(MODEL)
_IDS: Final = ("traceId", "spanId", "parentSpanId")
Figures = dict[tuple[Iri, Iri, str, bool, datetime], tuple[int, float, bytes]]


class Killed(BaseException):
    """The process ends here."""


class Clock:
    """The time that a test hands in."""

    def __init__(self) -> None:
        self.now = 1_800_000_000 * SECOND

    def __call__(self) -> int:
        return self.now

    def pass_by(self, seconds: float) -> None:
        self.now += int(seconds * SECOND)


@dataclass
class Books:
    """A ledger; a process may be killed before or behind a commit."""

    ledger: Ledger
    killed: str = ""

    def commit(self, batch: Batch) -> object:
        if self.killed == "before":
            raise Killed
        receipt = self.ledger.commit(batch, ontology_hash=MODEL.hash, single_valued=_SINGLE)
        if self.killed == "behind":
            raise Killed
        return receipt

    def mark(self, owner: str, marks: Mapping[str, bytes | None]) -> None:
        self.ledger.mark(owner, marks)
        if self.killed:
            raise Killed

    def marks(self, owner: str) -> dict[str, bytes]:
        return self.ledger.marks(owner)


class World:
    """One ledger and one spool, and the process that serves them now."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.clock = Clock()
        self.books = Books(Ledger.open(folder / "ledger.db"))
        self.kills = 0
        self._begin()

    def _begin(self) -> None:
        ledger = self.books.ledger
        whole = not ledger.batches(limit=1, source=SOURCE)
        support = Support(MODEL, counted=partial(ledger.counted, SOURCE), whole=whole)
        memory = SpanMemory(self.folder / "told", seconds=MEMORY, most=10**6, clock=self.clock)
        readers = {Signal.TRACES: Traces(model=MODEL, support=support, memory=memory)}
        self.aggregator = Aggregator(
            readers,
            self.books,
            self.folder / "spool",
            limit=1 << 22,
            pace=Pace(lateness=LATENESS),
            watch=lambda *_: None,
            clock=self.clock,
        )
        self.receiver = Receiver(readers=readers, keep=self.aggregator.keep, clock=self.clock)

    def send(self, sent: ExportTraceServiceRequest, *, as_json: bool = False) -> None:
        body = json_of(sent) if as_json else sent.SerializeToString()
        self.receiver.receive(Signal.TRACES, body, MediaType.JSON if as_json else MediaType.PROTOBUF)

    def drain(self) -> None:
        """Let what can be told be told."""
        while self.aggregator.step():
            pass

    def kill(self, when: str) -> None:
        """End the process in the middle of the next commit, or between two, and begin another."""
        self.kills += 1
        self.books.killed = when
        with suppress(Killed):
            self.aggregator.step()
        self.books.killed = ""
        self._begin()

    def end(self) -> None:
        """Wait until nothing waits."""
        for _ in range(4):  # a trace is held for some time after it was told
            self.clock.pass_by(LATENESS + 1)
            self.drain()

    @property
    def released(self) -> bool:
        """Whether nothing that was sent is in the spool any more."""
        return self.aggregator.backlog.size < 100

    @property
    def facts(self) -> set[Fact]:
        return {claim.fact for claim in self.books.ledger.open_claims() if claim.source == SOURCE}

    @property
    def figures(self) -> Figures:
        """What is left in each window; extremes that were taken away are known to a hair only."""
        series: dict[Any, list[Observation]] = defaultdict(list)
        for change in self.books.ledger.changes(0):
            for seen in change.observations:
                series[seen.subject, seen.metric, seen.unit, seen.estimated, seen.start].append(seen)
        left = {key: remainder(parts) for key, parts in series.items()}
        return {key: (one.count, round(one.total, 9), one.sketch) for key, one in left.items() if one is not None}

    def close(self) -> None:
        self.books.ledger.close()


@dataclass
class BadWorld:
    """How a capture is sent; everything arrives within the lateness."""

    chance: Random
    restarts: bool = True
    log: list[str] = field(default_factory=list)

    def send(self, world: World, sent: Iterable[ExportTraceServiceRequest]) -> None:
        chance = self.chance
        requests = self._cut([one for each in sent for one in singles(each)])
        pause = 0.8 * LATENESS / max(1, len(requests))
        for request in requests:
            world.send(request, as_json=chance.random() < 0.4)
            world.clock.pass_by(chance.uniform(0, pause))
            if chance.random() < 0.4:
                world.drain()
            if self.restarts and chance.random() < 0.15:
                world.kill(chance.choice(["before", "behind"]))
        world.end()

    def _cut(self, spans: list[ExportTraceServiceRequest]) -> list[ExportTraceServiceRequest]:
        chance = self.chance
        spans = [*spans, *chance.choices(spans, k=len(spans) // 4)]
        chance.shuffle(spans)
        requests = []
        while spans:
            size = chance.choice([1, 2, 5, 20, 60])
            request = ExportTraceServiceRequest()
            for one in spans[:size]:
                request.MergeFrom(one)
            del spans[:size]
            requests.append(request)
        return [*requests, *chance.choices(requests, k=len(requests) // 5)]


def singles(sent: ExportTraceServiceRequest) -> Iterable[ExportTraceServiceRequest]:
    """Yield a request for each span, as a collector may cut and merge them."""
    for resource in sent.resource_spans:
        for scope in resource.scope_spans:
            for span in scope.spans:
                one = ExportTraceServiceRequest()
                made = one.resource_spans.add(resource=resource.resource, schema_url=resource.schema_url)
                made.scope_spans.add(scope=scope.scope, schema_url=scope.schema_url, spans=[span])
                yield one


def json_of(sent: ExportTraceServiceRequest) -> bytes:
    """Return a request as OTLP/JSON, whose ids are hexadecimal."""

    def hexed(value: Any) -> Any:
        if isinstance(value, list):
            return [hexed(each) for each in value]
        if not isinstance(value, dict):
            return value
        return {
            name: base64.b64decode(each).hex() if name in _IDS and isinstance(each, str) else hexed(each)
            for name, each in value.items()
        }

    return json.dumps(hexed(MessageToDict(sent, use_integers_for_enums=True))).encode()

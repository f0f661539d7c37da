"""What spans cost in one tree, on the whole way and by stage: run by telemetry.py, once for each tree and shape.

Usage: telemetry_parts.py SHAPE SIZE FILE FOLDER [stages]
FILE holds request bodies of SIZE spans each, every one behind its length. Prints one JSON line per figure, in
microseconds of processor time a span; all threads of the process count, and the views have caught up at the end.
"""

from __future__ import annotations

import gc
import importlib
import struct
import sys
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

from measure import report
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from stratagraph.loaders.genai.normalise import normalise
from stratagraph.loaders.genai.story import Story
from stratagraph.loaders.otlp import MediaType
from stratagraph.ontology.model import load_model
from stratagraph.service.engine.engine import Engine
from stratagraph.service.settings import Settings

LENGTH: Final = struct.Struct("<I")
ROUNDS: Final = 3
PATIENCE: Final = 60.0
SINGLE: Final = 1
COMMIT_SECONDS: Final = 1.0
"""Processor time between two commits: a service does so whose one processor is never idle."""
MICROSECONDS: Final = 1e6

Receive = Callable[[bytes], object]


def main() -> None:
    shape, size, file, folder, *more = sys.argv[1:]
    everything = unpacked(Path(file).read_bytes())
    # Every so-manieth, for bodies stand by workload: each round, and what is sent before, has some of every one.
    first, *parts = (everything[at :: ROUNDS + 1] for at in range(ROUNDS + 1))
    whole, baselines, shares = [], [], Counter[str]()
    as_served()
    with Engine(Settings(data=Path(folder))) as engine:
        stream = Stream(engine)
        # Not counted: tables are read then, and the first commits make the assets.
        stream.send(first)
        # Each round has spans of its own: texts that were looked through before would cost less than what is new.
        for bodies in parts:
            spans = sum(map(bare, bodies))
            before = bare_seconds(bodies)
            seconds = stream.send(bodies)
            # The whole way stands between two of the bare one: other work on the machine slows both.
            baselines.append((before + bare_seconds(bodies)) / 2 / spans * MICROSECONDS)
            whole.append(seconds.total() / spans * MICROSECONDS)
            shares.update({part: taken / spans * MICROSECONDS / ROUNDS for part, taken in seconds.items()})
    runs = [round(ours / baseline, 2) for ours, baseline in zip(whole, baselines, strict=True)]
    unit = "ms a span" if int(size) == SINGLE else "us a span"
    scale = 1e-3 if int(size) == SINGLE else 1.0
    middle = sorted(range(ROUNDS), key=runs.__getitem__)[ROUNDS // 2]
    name = f"{shape} spans in batches of {size}"
    sent = sum(sum(map(bare, bodies)) for bodies in parts)
    report(
        name,
        whole[middle] * scale,
        baseline=baselines[middle] * scale,
        unit=unit,
        spans=sent,
        runs=runs,
        commits=stream.commits,
    )
    if more:
        for part, taken in shares.items():
            report(f"{part}, {name}", taken, unit="us a span")
        report_stages(shape, size, parts)


def unpacked(data: bytes) -> list[bytes]:
    """Return the bodies that stand in a file one behind the other."""
    found, at = [], 0
    while at < len(data):
        (length,) = LENGTH.unpack_from(data, at)
        found.append(data[at + LENGTH.size : at + LENGTH.size + length])
        at += LENGTH.size + length
    return found


def bare(body: bytes) -> int:
    """Parse a request and turn its spans' attributes into tuples: the least that any receiver does."""
    told = []
    for resource in ExportTraceServiceRequest.FromString(body).resource_spans:
        for scope in resource.scope_spans:
            for span in scope.spans:
                pairs = [
                    (item.key, getattr(item.value, item.value.WhichOneof("value") or "string_value"))
                    for item in span.attributes
                ]
                told.append((span.trace_id, span.span_id, span.name, tuple(pairs)))
    return len(told)


def bare_seconds(bodies: list[bytes]) -> float:
    gc.collect()
    begun = time.process_time()
    for body in bodies:
        bare(body)
    return time.process_time() - begun


class Stream:
    """Requests that go into an engine one behind the other, committed as often as a service does that is busy."""

    def __init__(self, engine: Engine) -> None:
        """Begin with an engine that holds nothing."""
        engine.start()
        self._engine = engine
        self._receive, self._commit = receiving(engine)
        self.commits = 0

    def send(self, bodies: list[bytes]) -> Counter[str]:
        """Return the processor time until everything is in the ledger and the views, by what it went to."""
        taken = Counter[str]()
        gc.collect()
        last = time.process_time()
        for body in bodies:
            begun = time.process_time()
            self._receive(body)
            now = time.process_time()
            taken["received"] += now - begun
            if now - last >= COMMIT_SECONDS:
                self._committed(taken)
                last = time.process_time()
        self._committed(taken)
        return taken

    def _committed(self, taken: Counter[str]) -> None:
        begun = time.process_time()
        self._commit()
        self._engine.wait_for(self._engine.sequence, PATIENCE)
        taken["committed"] += time.process_time() - begun
        self.commits += 1


def as_served() -> None:
    """Let the collector walk as seldom as the command line has it, where the tree says so."""
    few = getattr(importlib.import_module("stratagraph.service.gc_pause"), "FEW_COLLECTIONS", None)
    if few is not None:
        gc.set_threshold(few)


def receiving(engine: Engine) -> tuple[Receive, Callable[[], object]]:
    """Return what takes a body, and what is called when all have come: as the tree at hand has it."""
    try:
        reception: Any = importlib.import_module("stratagraph.service.reception")
    except ModuleNotFoundError:
        # Before the spool each request was a commit.
        receiver: Any = importlib.import_module("stratagraph.service.telemetry.receiver")
        taking = receiver.Receiver(commit=engine.commit, model=engine.model)
        return lambda body: taking.traces(body, MediaType.PROTOBUF), lambda: None
    made = reception.Reception(engine)
    signals: Any = importlib.import_module("stratagraph.service.telemetry.signals")
    # Without a thread that drains once a second: how many spans share a commit must not go by how busy the machine is.
    return lambda body: made.receiver.receive(signals.Signal.TRACES, body, MediaType.PROTOBUF), getattr(
        made, "flush", lambda: None
    )


def report_stages(shape: str, size: str, parts: list[list[bytes]]) -> None:
    """Print what each stage costs by itself, over spans that no stage saw before."""
    # The whole way went through these texts, and what they hold is remembered.
    importlib.import_module("stratagraph.loaders.genai.personal_data")._COUNTED.clear()  # noqa: SLF001  # for this
    # The earlier build has some of them elsewhere.
    statements_of: Any = importlib.import_module("stratagraph.loaders.statements").Statements
    watch, model = _Watch(), load_model()
    spans = sum(bare(body) for bodies in parts for body in bodies)
    for bodies in parts:
        gc.collect()
        story, statements = Story(), statements_of(model=model)
        for body in bodies:
            message = watch.timed("parse", ExportTraceServiceRequest.FromString, body)
            found = watch.timed("normalise", normalise, message)
            watch.timed("take", story.take, found.records)
        told = watch.timed("settle", story.settle)
        watch.timed("state", statements.of, told)
        watch.timed("measure", statements.measures.observations)
        watch.timed("batch", statements.subjects.scopes)
    for stage, seconds in watch.taken.items():
        report(f"{stage}, {shape} spans in batches of {size}", seconds / spans * MICROSECONDS, unit="us a span")


class _Watch:
    """Adds up the processor time of each stage."""

    def __init__(self) -> None:
        self.taken: dict[str, float] = {}

    def timed(self, stage: str, work: Callable[..., Any], *arguments: Any) -> Any:
        begun = time.process_time()
        result = work(*arguments)
        self.taken[stage] = self.taken.get(stage, 0.0) + time.process_time() - begun
        return result


if __name__ == "__main__":
    main()

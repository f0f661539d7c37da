"""Sample telemetry: recorded and synthetic trace requests that come with the package, brought up to date.

Each folder holds request bodies and a manifest with a line per body in the order of arrival. How they came about
is in scripts/record-telemetry and scripts/synthesise-telemetry.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from datetime import datetime
from importlib.resources import files
from typing import Final

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.trace.v1.trace_pb2 import Span

SAMPLES: Final = ("eduvest", "banco-aureo", "porklog")
_MICROSECONDS: Final = 10**6


def load_samples(now: datetime) -> Iterator[bytes]:
    """Yield the request bodies (protobuf, uncompressed), each sample's newest span ending at ``now``."""
    for sample in SAMPLES:
        yield from (request.SerializeToString() for request in shifted(read_sample(sample), now))


def read_sample(sample: str) -> list[ExportTraceServiceRequest]:
    """Return one sample's requests as recorded."""
    folder = files("stratagraph.loaders.samples") / sample
    lines = (folder / "manifest.jsonl").read_text(encoding="utf-8").splitlines()
    names = [json.loads(line)["file"] for line in lines]
    return [ExportTraceServiceRequest.FromString((folder / name).read_bytes()) for name in names]


def shifted(requests: Iterable[ExportTraceServiceRequest], now: datetime) -> list[ExportTraceServiceRequest]:
    """Return the requests with all times moved by one amount, so that the newest span ends at ``now``."""
    moved = [ExportTraceServiceRequest.FromString(request.SerializeToString()) for request in requests]
    every = [span for request in moved for span in spans(request)]
    if every:
        # By way of whole microseconds: a float of nanoseconds since 1970 is off by a hundred of them.
        end = int(now.timestamp()) * 10**9 + now.microsecond * (10**9 // _MICROSECONDS)
        distance = end - max(span.end_time_unix_nano for span in every)
        for span in every:
            _move(span, distance)
    return moved


def spans(request: ExportTraceServiceRequest) -> Iterator[Span]:
    """Yield every span of a request."""
    for resource in request.resource_spans:
        for scope in resource.scope_spans:
            yield from scope.spans


def _move(span: Span, distance: int) -> None:
    """Move a span and its events by so many nanoseconds."""
    span.start_time_unix_nano += distance
    span.end_time_unix_nano += distance
    for event in span.events:
        event.time_unix_nano += distance

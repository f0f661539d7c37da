"""Requests of traces made of recorded ones: as many as are asked for, each copy with ids, names of responses and times
of its own.
"""

from __future__ import annotations

import gzip
import hashlib
import itertools
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean
from typing import Final

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.resource.v1.resource_pb2 import Resource
from opentelemetry.proto.trace.v1.trace_pb2 import ScopeSpans, Span

from stratagraph.loaders.genai.aliases import load_aliases
from stratagraph.loaders.samples import SAMPLES, read_sample

CAPTURES: Final = Path(__file__).parent.parent.parent / "shared" / "telemetry"
RICH: Final = 12
LEAN: Final = 7
"""Attributes of a span on average, from which a capture is rich and below which it is lean."""
SHAPES: Final = ("rich", "mixed", "lean")
BETWEEN: Final = 20_000_000
"""Nanoseconds from the beginning of one copy to that of the next."""
_RESPONSES: Final = frozenset(alias.key for alias in load_aliases().attributes["response"])


_ORDER: Final = "4711"
"""What everybody in the recorded workloads asks for."""


@dataclass(frozen=True, slots=True)
class Sent:
    """A span with what stood around it."""

    source: str
    resource: Resource
    scope: ScopeSpans
    span: Span


def captures() -> dict[str, list[ExportTraceServiceRequest]]:
    """Return the requests of every recorded workload by name: the samples of the repository where there are no more."""
    found = {folder.name: _read(folder) for folder in sorted(CAPTURES.glob("*")) if any(folder.glob("*-traces.pb*"))}
    return found or {sample: read_sample(sample) for sample in SAMPLES}


def _read(folder: Path) -> list[ExportTraceServiceRequest]:
    bodies = ((file.suffix, file.read_bytes()) for file in sorted(folder.glob("*-traces.pb*")))
    plain = (gzip.decompress(body) if suffix == ".gz" else body for suffix, body in bodies)
    return [ExportTraceServiceRequest.FromString(body) for body in plain]


def of_shape(shape: str) -> dict[str, list[Sent]]:
    """Return the spans of the workloads of a shape."""
    found = {name: list(_sent(name, requests)) for name, requests in captures().items()}
    wanted = {"rich": lambda mean: mean >= RICH, "lean": lambda mean: mean < LEAN, "mixed": lambda _: True}[shape]
    return {name: sent for name, sent in found.items() if wanted(fmean(len(each.span.attributes) for each in sent))}


def _sent(name: str, requests: Iterable[ExportTraceServiceRequest]) -> Iterator[Sent]:
    for request in requests:
        for resource in request.resource_spans:
            for scope in resource.scope_spans:
                for span in scope.spans:
                    yield Sent(name, resource.resource, scope, span)


def bodies(shape: str, size: int, total: int, end: int, seed: int = 0) -> Iterator[bytes]:
    """Yield request bodies of ``size`` spans each, about ``total`` spans in all, the newest ending before ``end``.

    Rich and lean spans come as an SDK sends them, of one service each; mixed ones as a Collector does, of all.
    """
    workloads = of_shape(shape)
    copies = max(1, total // sum(map(len, workloads.values())))
    rounds = [
        [list(_copied(sent, copy * len(workloads) + place + seed, end)) for copy in range(copies)]
        for place, sent in enumerate(workloads.values())
    ]
    streams = [itertools.chain.from_iterable(itertools.chain.from_iterable(zip(*rounds, strict=True)))]
    if shape != "mixed":
        streams = [itertools.chain.from_iterable(each) for each in rounds]
    for stream in streams:
        for batch in _batched(stream, size):
            yield _request(batch).SerializeToString()


def _batched(stream: Iterable[Sent], size: int) -> Iterator[list[Sent]]:
    waiting = iter(stream)
    while batch := list(itertools.islice(waiting, size)):
        yield batch


def _copied(sent: list[Sent], number: int, end: int) -> Iterator[Sent]:
    """Yield a workload once more, so that nothing but the names of things ties it to another copy."""
    distance = end - max(each.span.end_time_unix_nano for each in sent) - number * BETWEEN
    for each in sent:
        span = Span()
        span.CopyFrom(each.span)
        span.trace_id = _fresh(span.trace_id, number)
        span.span_id = _fresh(span.span_id, number)
        if span.parent_span_id:
            span.parent_span_id = _fresh(span.parent_span_id, number)
        for link in span.links:
            link.trace_id, link.span_id = _fresh(link.trace_id, number), _fresh(link.span_id, number)
        span.start_time_unix_nano += distance
        span.end_time_unix_nano += distance
        for event in span.events:
            event.time_unix_nano += distance
        for item in span.attributes:
            text = item.value.string_value
            if item.key in _RESPONSES and text:
                item.value.string_value = f"{text}-{number}"
            elif _ORDER in text:
                # What is said differs from one conversation to the next.
                item.value.string_value = text.replace(_ORDER, f"{1000 + number}")
        yield Sent(each.source, each.resource, each.scope, span)


def _fresh(identity: bytes, number: int) -> bytes:
    return hashlib.blake2b(identity, digest_size=len(identity), key=number.to_bytes(8)).digest()


def _request(batch: Iterable[Sent]) -> ExportTraceServiceRequest:
    """Return one request of spans, grouped by what stood around them, as exporters group them."""
    request = ExportTraceServiceRequest()
    resources: dict[tuple[str, bytes], int] = {}
    scopes: dict[tuple[int, str, str, str], ScopeSpans] = {}
    for each in batch:
        known = each.source, each.resource.SerializeToString(deterministic=True)
        if known not in resources:
            resources[known] = len(request.resource_spans)
            request.resource_spans.add().resource.CopyFrom(each.resource)
        place = resources[known]
        told = place, each.scope.scope.name, each.scope.scope.version, each.scope.schema_url
        if told not in scopes:
            scopes[told] = request.resource_spans[place].scope_spans.add(schema_url=each.scope.schema_url)
            scopes[told].scope.CopyFrom(each.scope.scope)
        scopes[told].spans.append(each.span)
    return request

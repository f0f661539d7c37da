"""Spans of a sender whose clock is ahead: moved back to the receiver's time, so that figures up to now show them."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.trace.v1.trace_pb2 import ResourceSpans, Span

TOLERATED: Final = timedelta(seconds=5)
"""How far clocks that are looked after may differ: beyond, somebody is told."""
_NANOSECONDS: Final = 10**9


@dataclass(frozen=True, slots=True)
class MovedBack:
    """How many spans were moved, and how far ahead of the receiver's clock the last of them ended."""

    spans: int = 0
    most: timedelta = timedelta()

    @property
    def worth_telling(self) -> bool:
        """Whether the sender's clock is further ahead than clocks that are looked after."""
        return self.most > TOLERATED


def move_back(request: ExportTraceServiceRequest, *, now: datetime, until: datetime) -> MovedBack:
    """Move what ends after ``now`` back to it, in place; what ends after ``until`` is left for its refusal.

    What one service tells of one trace is moved alike: a clock is wrong as a whole, and the order of calls counts.
    """
    latest, refused = (int(each.timestamp() * _NANOSECONDS) for each in (now, until))
    spans, most = 0, 0
    for resource in request.resource_spans:
        for found in _ahead(resource, latest, refused).values():
            by = max(span.end_time_unix_nano for span in found) - latest
            _move(found, by)
            spans += len(found)
            most = max(most, by)
    return MovedBack(spans, timedelta(seconds=most / _NANOSECONDS))


def _ahead(resource: ResourceSpans, latest: int, refused: int) -> dict[bytes, list[Span]]:
    """Return the spans of a service that end ahead of the clock, by trace."""
    found: dict[bytes, list[Span]] = defaultdict(list)
    for scope in resource.scope_spans:
        for span in scope.spans:
            if latest < span.end_time_unix_nano <= refused:
                found[span.trace_id].append(span)
    return found


def _move(spans: list[Span], by: int) -> None:
    for span in spans:
        span.end_time_unix_nano -= by
        span.start_time_unix_nano = max(0, span.start_time_unix_nano - by)
        for event in span.events:
            event.time_unix_nano = max(0, event.time_unix_nano - by)

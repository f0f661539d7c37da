"""Logs to call records: what events say of calls, agents and guardrails. Other lines of a log are counted, not kept."""

from __future__ import annotations

from collections import Counter
from copy import deepcopy
from datetime import datetime
from typing import Final

from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.common.v1.common_pb2 import KeyValue
from opentelemetry.proto.logs.v1.logs_pb2 import LogRecord, ScopeLogs
from opentelemetry.proto.trace.v1.trace_pb2 import Status

from stratagraph.loaders.genai.attribute_values import LONGEST_NAME, BadAttribute
from stratagraph.loaders.genai.evaluations import evaluation
from stratagraph.loaders.genai.events import Event, EventKind, event_of, kind_of, name_of
from stratagraph.loaders.genai.normalise import (
    EARLIEST,
    LATEST,
    Bounds,
    Normalised,
    SpanReader,
    count_names,
)
from stratagraph.loaders.genai.record import MODEL_CALLS, CallRecord, RecordKind, Service
from stratagraph.loaders.genai.sampling import NOTHING_DECLARED, Declared
from stratagraph.loaders.genai.senders import provenance_of, sender_of

LINES: Final = "(log lines)"
"""Stands for the records that tell of no call."""
_TRACE_BYTES: Final = 16
_SPAN_BYTES: Final = 8


def normalise_logs(
    request: ExportLogsServiceRequest,
    *,
    heard: int | None = None,
    until: datetime | None = None,
    declared: Declared = NOTHING_DECLARED,
) -> Normalised:
    """Return what the events of a request tell, and leave in it only those, without their content.

    ``heard`` is when it came, in nanoseconds: an event is not later than that. An event after ``until`` is refused: its
    sender's clock is wrong. ``declared``: what is sampled.
    """
    result = Normalised()
    latest = int(until.timestamp() * 1e9) if until else LATEST
    for resource in request.resource_logs:
        service, weight = sender_of(resource.resource, declared)
        for scope in resource.scope_logs:
            spans = SpanReader(service, provenance_of(scope), Bounds(earliest=0, latest=LATEST), weight)
            _ScopeReader(spans, service, scope, result, latest).read(heard)
    return result


class _ScopeReader:
    """Reads the log records of one instrumentation scope."""

    def __init__(self, spans: SpanReader, service: Service, scope: ScopeLogs, result: Normalised, latest: int) -> None:
        self._spans = spans
        self._sender = "\0".join((*service.identity, scope.scope.name)).encode(errors="replace")
        self._service = service
        self._scope = scope
        self._result = result
        self._latest = latest
        self._unmapped: Counter[tuple[str, ...]] = Counter()

    def read(self, heard: int | None) -> None:
        """Add the records of the scope to the result, and leave in the scope the events that they came from."""
        kept = []
        for log in self._scope.log_records:
            name = name_of(log)
            kind = kind_of(log, name)
            if kind is None:
                self._result.unmapped[LINES] += 1
                continue
            try:
                # A request may be taken in part: a wrong record costs none of the others.
                records = self._records(log, kind, name, heard)
            except BadAttribute as error:
                self._result.rejections.append(f"log record {name[:LONGEST_NAME]}: {error}")
                continue
            if records:
                kept.append(log)
                self._result.records += records
        for names, times in self._unmapped.items():
            count_names(self._result.unmapped, names, times)
        left = [deepcopy(log) for log in kept]
        self._scope.ClearField("log_records")
        self._scope.log_records.extend(left)

    def _records(self, log: LogRecord, kind: EventKind, name: str, heard: int | None) -> list[CallRecord]:
        """Return what an event tells; nothing where it belongs to no call. Raises BadAttribute."""
        _check_ids(log)
        time = self._time(log, heard)
        event = event_of(log, kind, name, time, self._sender)
        if kind is EventKind.EVALUATION:
            holder = CallRecord(
                event.span.trace_id, event.span.parent_span_id, service=self._service, end=time
            )._replace(provenance=self._spans.provenance, weight=self._spans.weight)
            told = evaluation(holder, log.attributes, time)
            return [told] if told else []
        if kind is EventKind.OTHER:
            self._unmapped[name,] += 1
        if kind is EventKind.GUARDRAIL:
            return self._guardrail(event)
        return self._call(event)

    def _time(self, log: LogRecord, heard: int | None) -> int:
        """Return when an event happened. Raises BadAttribute."""
        time = log.time_unix_nano or log.observed_time_unix_nano or heard or 0
        if not EARLIEST <= time <= LATEST:
            reason = "is missing, or not in nanoseconds: it is before the year 2000 or beyond 2100"
            raise BadAttribute(key="time_unix_nano", reason=reason)
        if time > self._latest:
            raise BadAttribute(key="time_unix_nano", reason="is to come: the clock of the sender is ahead")
        return min(time, heard) if heard else time

    def _guardrail(self, event: Event) -> list[CallRecord]:
        """Return the run of a guardrail, where its name and what it decided are told. Raises BadAttribute."""
        if not any(item.key == "openinference.span.kind" for item in event.span.attributes):
            event.span.attributes.append(KeyValue(key="openinference.span.kind"))
            event.span.attributes[-1].value.string_value = RecordKind.GUARDRAIL
        record = self._spans.record(event.span, self._unmapped)
        return [record] if record.guardrail and record.guardrail != event.name else []

    def _call(self, event: Event) -> list[CallRecord]:
        """Return what an event says of a call: by itself it proves one only where that cannot be doubted.

        Raises BadAttribute.
        """
        if event.kind is EventKind.EXCEPTION:
            event.span.status.code = Status.STATUS_CODE_ERROR
        record = self._spans.record(event.span, self._unmapped)
        named = record.kind in MODEL_CALLS or (record.kind is RecordKind.OTHER and bool(event.name))
        alone = not event.span.parent_span_id
        # A span that is not recorded may be counted by the weight of those that are; and a record outside of any span
        # may belong to one that comes without it.
        recorded = bool(record.response) if alone else event.sampled
        proves = named and recorded and event.kind is not EventKind.OTHER and self._spans.weight == 1
        if alone and not proves and event.personal is None:
            return []
        kind = RecordKind.OTHER
        if proves:
            kind = record.kind if record.kind in MODEL_CALLS else RecordKind.LLM
        answered = bool(record.response or record.usage.known or record.finish)
        # A line of a log may tell of a failure that was coped with.
        failed = record.failed and bool(event.name)
        return [
            record._replace(
                kind=kind,
                event=True,
                personal=event.personal,
                failed=failed,
                hidden=not (answered or failed),
                wrote=answered,
            )
        ]


def _check_ids(log: LogRecord) -> None:
    """Refuse ids that identify nothing; none at all is right for a log. Raises BadAttribute."""
    for name, told, size in (("trace_id", log.trace_id, _TRACE_BYTES), ("span_id", log.span_id, _SPAN_BYTES)):
        if told and len(told) != size:
            raise BadAttribute(key=name, reason=f"is neither empty nor {size} bytes")
    if not any(log.trace_id) or not any(log.span_id):
        log.trace_id = log.span_id = b""

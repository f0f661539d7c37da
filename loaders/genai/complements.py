"""What log records say more of the spans that they belong to, and what they tell by themselves where none came."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from functools import reduce
from typing import Final, TypeAlias

from stratagraph.loaders.genai.personal_data import PersonalData
from stratagraph.loaders.genai.record import MODEL_CALLS, CallRecord, ErrorClass, SpanKey

_NEAR: Final = 5_000_000_000
"""Nanoseconds by which an event may lie outside of the call with its response's name."""
_Lone: TypeAlias = tuple[bytes, bytes, str]
"""Trace, span and response of a call that only log records tell of."""


def complemented(records: Iterable[CallRecord]) -> list[CallRecord]:
    """Return the spans among the records, with what log records say more of them.

    A call that is told by log records alone stands in the place of its span. What only says more is dropped where there
    is no span.
    """
    listed = list(records)
    events = sorted((record for record in listed if record.event), key=_by_time)
    if not events:
        return listed
    spans = {record.key: record for record in listed if not record.event}
    by_response = _by_response(spans.values())
    content: dict[SpanKey, PersonalData] = {}
    lone: dict[_Lone, list[CallRecord]] = defaultdict(list)
    for event in events:
        call = _call(event, spans, by_response)
        if call is not None:
            spans[call] = _said_more(spans[call], event)
            if event.personal is not None:
                before = content.get(call)
                content[call] = event.personal if before is None else before.joined(event.personal)
        elif event.kind in MODEL_CALLS:
            lone[event.trace, event.parent, event.response].append(event)
    for key, personal in content.items():
        own = spans[key].personal
        # Messages are parts of a call's content, and its span may bring all of it.
        spans[key] = spans[key]._replace(personal=personal if own is None else own.greatest(personal))
    return [*spans.values(), *_by_themselves(lone, spans)]


def _by_time(record: CallRecord) -> tuple[int, bytes, bytes]:
    return record.start, record.trace, record.span


def _by_response(spans: Iterable[CallRecord]) -> Mapping[str, Sequence[SpanKey]]:
    found: dict[str, list[SpanKey]] = defaultdict(list)
    for span in sorted(spans, key=_by_time):
        if span.kind in MODEL_CALLS and span.response:
            found[span.response].append(span.key)
    return found


def _call(
    event: CallRecord, spans: Mapping[SpanKey, CallRecord], by_response: Mapping[str, Sequence[SpanKey]]
) -> SpanKey | None:
    """Return the span that an event says more of: its own, or the call with its response at that time."""
    own = spans.get((event.trace, event.parent))
    if own is not None and (own.kind in MODEL_CALLS or event.kind not in MODEL_CALLS):
        return own.key
    for key in by_response.get(event.response, ()):
        if spans[key].start - _NEAR <= event.start <= spans[key].end + _NEAR:
            return key
    return None


def _said_more(span: CallRecord, event: CallRecord) -> CallRecord:
    """Return a span with what it leaves unknown filled in from an event: what the span says stands."""
    failed = span.failed or event.failed
    error = span.error
    if failed and error in {None, ErrorClass.OTHER}:
        error = event.error or error
    if span.kind not in MODEL_CALLS:
        return span._replace(failed=failed, error=error)
    return span._replace(
        usage=span.usage.filled(event.usage),
        requested=span.requested or event.requested,
        answered="" if failed else span.answered or ("" if span.used else event.answered),
        response=span.response or ("" if failed else event.response),
        provider=span.provider or ("" if span.engine else event.provider),
        engine=span.engine or ("" if span.provider else event.engine),
        agent=span.agent or event.agent,
        stream=event.stream if span.stream is None else span.stream,
        finish=span.finish or event.finish,
        offered=tuple(sorted({*span.offered, *event.offered})),
        failed=failed,
        error=error,
    )


def _by_themselves(lone: Mapping[_Lone, list[CallRecord]], spans: Mapping[SpanKey, CallRecord]) -> list[CallRecord]:
    """Return the calls that only log records tell of: one for a span that did not come, else one for a response."""
    told: dict[SpanKey, CallRecord] = {}
    # Records with a response first: the others of the same span are messages of the same call.
    for (trace, parent, response), events in sorted(
        lone.items(), key=lambda item: (item[0][:2], not item[0][2], item[0])
    ):
        there = (trace, parent) in spans
        if there and not response:
            continue
        first = events[0]
        key = (trace, first.span) if there or not parent else (trace, parent)
        if key in told and response:
            key = trace, first.span
        whole = reduce(_joined, events[1:], first)
        if key in told:
            told[key] = _joined(told[key], whole)
        else:
            told[key] = whole._replace(span=key[1], parent=parent if there else b"")
    return list(told.values())


def _joined(first: CallRecord, second: CallRecord) -> CallRecord:
    """Return what two events of one call tell together."""
    more = _said_more(first, second)
    personal = first.personal
    if second.personal is not None:
        personal = second.personal if personal is None else personal.joined(second.personal)
    return more._replace(
        end=max(first.end, second.end), hidden=first.hidden and second.hidden and not more.failed, personal=personal
    )

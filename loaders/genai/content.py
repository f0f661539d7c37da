"""What people wrote, models answered, and tools took and gave: counted for personal data in passing, and taken out.

What is taken out of a message leaves the count of what it held in its place, so that the message tells the same when it
is read again. Names stay, for they tell that something was written.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import Final

from opentelemetry.proto.common.v1.common_pb2 import AnyValue, KeyValue
from opentelemetry.proto.trace.v1.trace_pb2 import Span

from stratagraph.loaders.genai.aliases import load_aliases
from stratagraph.loaders.genai.personal_data import NOTHING_PERSONAL, PersonalData, personal_data
from stratagraph.loaders.genai.plans import Plan
from stratagraph.loaders.genai.record import CallRecord, RecordKind

MOST_TEXTS: Final = 500
"""Texts of one span or log record that are looked at."""
_MOST_VALUES: Final = 5_000
_BESIDE: Final = frozenset({"role", "type", "id", "name", "finish_reason", "tool_call_id"})
"""Fields of messages that hold nothing that anybody wrote: they come where content does not, too."""
_LEFT: Final = "stratagraph.personal_data"
"""What stands in the place of the content that came: how much was found, by kind."""


def without_content(record: CallRecord, span: Span, attributes: Sequence[KeyValue], plan: Plan) -> CallRecord:
    """Return a span's record with the count of what its content held, and take that out of the span.

    What else is read from the same attribute keeps it where it is until the span is told.
    """
    needed = plan.needed | plan.judged if record.kind is RecordKind.GUARDRAIL else plan.needed
    for place in plan.described:
        if place not in needed:
            attributes[place].value.Clear()
    out: list[AnyValue] = []
    kept: list[AnyValue] = []
    for place in plan.content:
        (kept if place in needed else out).append(attributes[place].value)
    for event in span.events:
        out += content_of(event.name, event.attributes)
    found = take_out(out, beside=kept) if out or kept else None
    return record if found is None else record.carrying(found)


def content_of(event: str, attributes: Iterable[KeyValue]) -> list[AnyValue]:
    """Return the content of an event that is looked through: everything where its name says that it is a message.

    Where in a program something failed is taken out of it at once.
    """
    table = load_aliases()
    message = event.startswith(table.content_events)
    found = []
    for item in attributes:
        if item.key in table.traces:
            item.value.Clear()
        elif (item.key in table.content and item.key not in table.described) or (
            message and not item.key.startswith(("gen_ai.", "event."))
        ):
            found.append(item.value)
    return found


def take_out(values: Iterable[AnyValue], *, beside: Iterable[AnyValue] = ()) -> PersonalData | None:
    """Return what values and those beside them hold, and take it out of the values; None where nothing was written."""
    listed, others = list(values), list(beside)
    inside = personal_in(listed) if listed else None
    for value in listed:
        value.Clear()
    if inside is not None:
        listed[0].CopyFrom(_left(inside))
    outside = personal_in(others) if others else None
    return inside.joined(outside) if inside is not None and outside is not None else inside or outside


@lru_cache(maxsize=1_000)
def _left(found: PersonalData) -> AnyValue:
    """Return what stands in the place of content that held so much."""
    left = AnyValue()
    counts = left.kvlist_value.values.add(key=_LEFT).value.array_value.values
    counts.extend(AnyValue(int_value=count) for count in found)
    return left


def personal_in(values: Iterable[AnyValue]) -> PersonalData | None:
    """Return what values hold; of very many texts only the first are looked at."""
    found: PersonalData | None = None
    texts = 0
    # One loop, for it runs through every value of every span: those inside a value come next, in their order.
    waiting = list(values)[::-1]
    for _ in range(_MOST_VALUES):
        if not waiting or texts == MOST_TEXTS:
            break
        value = waiting.pop()
        text = value.string_value
        one = personal_data(text) if text else _inside(value, waiting)
        if one is not None:
            texts += 1
            if found is None or one is not NOTHING_PERSONAL:
                found = one if found is None else found.joined(one)
    return found


def _inside(value: AnyValue, waiting: list[AnyValue]) -> PersonalData | None:
    """Return what was counted before in the place of a value, or let what is inside it wait; vectors hold no text."""
    kind = value.WhichOneof("value")
    if kind == "kvlist_value":
        pairs = value.kvlist_value.values
        if len(pairs) == 1 and pairs[0].key == _LEFT:
            return _counted(pairs[0].value)
        waiting += [item.value for item in reversed(pairs) if item.key not in _BESIDE]
    elif kind == "array_value" and not _is_vector(value.array_value.values):
        waiting += reversed(value.array_value.values)
    return None


def _counted(value: AnyValue) -> PersonalData:
    """Return what was found when the content was taken out."""
    counts = [max(0, one.int_value) for one in value.array_value.values]
    return PersonalData(*counts) if len(counts) == len(NOTHING_PERSONAL) else NOTHING_PERSONAL


def _is_vector(values: Sequence[AnyValue]) -> bool:
    return bool(values) and values[0].WhichOneof("value") in {"double_value", "int_value"}
